//! A partial result as a file; `schemas/partial-1.schema.json` says the same to programs.

use super::{Forest, Partial, Plan, Shard};
use crate::file::Fingerprint;
use crate::file::sealed::{seal, unseal};
use crate::kernel::{Subtree, Sums};
use nalgebra::DVector;
use serde::{Deserialize, Serialize};

/// The first field of every such file.
const FORMAT: &str = "dropout-oracle/partial-1";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    network: Fingerprint,
    inputs: Fingerprint,
    plan: Plan,
    shard: Shard,
    done: Vec<Tree>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tree {
    row: usize,
    depth: u32,
    index: u64,
    expected: Vec<String>,
    log_coordinates: Vec<String>,
    squares: Vec<String>,
}

fn to_hex(numbers: &DVector<f64>) -> Vec<String> {
    numbers.iter().map(|x| format!("{:016x}", x.to_bits())).collect()
}

fn from_hex(digits: &[String]) -> Option<DVector<f64>> {
    let bits: Option<Vec<f64>> =
        digits.iter().map(|hex| u64::from_str_radix(hex, 16).ok().map(f64::from_bits)).collect();
    bits.map(DVector::from)
}

pub(super) fn write(partial: &Partial) -> Vec<u8> {
    let trees = partial.done.iter().enumerate().flat_map(|(row, forest)| {
        forest.trees().map(move |(subtree, sums)| Tree {
            row,
            depth: subtree.depth(),
            index: subtree.index(),
            expected: to_hex(&sums.expected),
            log_coordinates: to_hex(&sums.log_coordinates),
            squares: to_hex(&sums.squares),
        })
    });
    let contents = Contents {
        network: partial.network.clone(),
        inputs: partial.inputs.clone(),
        plan: partial.plan.clone(),
        shard: partial.shard,
        done: trees.collect(),
    };
    seal(FORMAT, &contents)
}

pub(super) fn read(bytes: &[u8]) -> Result<Partial, String> {
    let Contents { network, inputs, plan, shard, done: trees } = unseal(bytes, FORMAT, "partial result")?;
    let mut done = vec![Forest::default(); plan.rows()];
    for tree in trees {
        let subtree = Subtree::new(tree.depth, tree.index).ok_or("a subtree that does not exist")?;
        let numbers = |digits| from_hex(digits).ok_or("a number is not written in hexadecimal");
        let sums = Sums {
            expected: numbers(&tree.expected)?,
            log_coordinates: numbers(&tree.log_coordinates)?,
            squares: numbers(&tree.squares)?,
        };
        let forest = done.get_mut(tree.row).ok_or("an input that does not exist")?;
        forest.insert(subtree, sums).map_err(|_| "masks are there twice")?;
    }
    Ok(Partial { network, inputs, plan, shard, done })
}
