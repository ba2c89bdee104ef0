//! From all shards to the whole.

use super::{Partial, Shard, ShardError};
use crate::kernel::{Subtree, Sums};
use itertools::Itertools;
use std::path::PathBuf;

/// The sums over all masks, one an input, from the shards of one work: the same bits as one run gives.
///
/// The parts may come from different numbers of shards, as long as each mask is there once.
///
/// # Errors
/// [`ShardError::Foreign`] for parts of different work, [`ShardError::Doubled`] where two have the same masks,
/// [`ShardError::Missing`] unless all masks are there.
pub fn merge(parts: &[(PathBuf, Partial)]) -> Result<Vec<Sums>, ShardError> {
    let Some(((_, first), _)) = parts.split_first() else {
        return Err(ShardError::Missing { missing: 1, items: 1, hint: "there is not one shard".into() });
    };
    let mut whole = Partial { done: vec![Default::default(); first.done.len()], ..first.clone() };
    let mut owners: Vec<Vec<(Subtree, Shard)>> = vec![Vec::new(); first.done.len()];
    for (path, part) in parts {
        first.same_work(part, path)?;
        for (row, forest) in part.done.iter().enumerate() {
            for (subtree, sums) in forest.trees() {
                let earlier = owners[row].iter().find(|(other, _)| other.overlaps(subtree));
                if let Some((_, shard)) = earlier {
                    return Err(ShardError::Doubled { first: *shard, second: part.shard, row });
                }
                owners[row].push((subtree, part.shard));
                whole.done[row].insert(subtree, sums.clone()).expect("no masks in common");
            }
        }
    }
    whole.shard = Shard::WHOLE;
    let missing = whole.open().count() as u64;
    if missing > 0 {
        return Err(ShardError::Missing { missing, items: whole.plan.items(), hint: hint(parts) });
    }
    Ok(whole.done.iter().map(|forest| forest.whole().expect("nothing is missing").clone()).collect())
}

/// Which shards are absent, and which have not come to their end.
fn hint(parts: &[(PathBuf, Partial)]) -> String {
    let of = parts[0].1.shard.of();
    let absent =
        (0..of).filter(|index| !parts.iter().any(|(_, part)| part.shard == Shard::new(*index, of).expect("below")));
    let absent = absent.map(|index| format!("{index}/{of}")).join(", ");
    let unfinished = parts.iter().filter(|(_, part)| part.open().next().is_some());
    let unfinished = unfinished.map(|(path, _)| path.display().to_string()).join(", ");
    let mut hints = Vec::new();
    if !absent.is_empty() {
        hints.push(format!("no file holds shard {absent}"));
    }
    if !unfinished.is_empty() {
        hints.push(format!("not finished: {unfinished} (run the shard again with it as --checkpoint)"));
    }
    hints.join("; ")
}
