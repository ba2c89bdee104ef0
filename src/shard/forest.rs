//! Sums of subtrees, joined as far as they go.

use crate::kernel::{Subtree, Sums};
use std::collections::BTreeMap;

/// The parts of one tree that are done. Two halves become their parent at once, so that few numbers stand for many masks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forest {
    trees: BTreeMap<Subtree, Sums>,
}

impl Forest {
    /// Adds the sums of a subtree, unless some of its masks are here already: then it says which subtree has them.
    pub fn insert(&mut self, subtree: Subtree, sums: Sums) -> Result<(), Subtree> {
        if let Some(other) = self.trees.keys().find(|other| other.overlaps(subtree)) {
            return Err(*other);
        }
        let (mut subtree, mut sums) = (subtree, sums);
        while let Some((sibling, parent)) = subtree.family() {
            let Some(other) = self.trees.remove(&sibling) else { break };
            let (left, right) = if subtree < sibling { (sums, other) } else { (other, sums) };
            (subtree, sums) = (parent, left.join(&right));
        }
        self.trees.insert(subtree, sums);
        Ok(())
    }

    /// The largest subtrees that are done, with their sums.
    pub fn trees(&self) -> impl Iterator<Item = (Subtree, &Sums)> {
        self.trees.iter().map(|(subtree, sums)| (*subtree, sums))
    }

    /// Whether all masks of a subtree are done.
    pub fn covers(&self, subtree: Subtree) -> bool {
        self.trees.keys().any(|other| other.depth() <= subtree.depth() && other.overlaps(subtree))
    }

    /// The sums over all masks, if all are done.
    pub fn whole(&self) -> Option<&Sums> {
        self.trees.get(&Subtree::ROOT)
    }
}
