//! Subtrees join into the same whole in whatever order they come.

use dropout_oracle::kernel::{Subtree, Sums};
use dropout_oracle::shard::{Forest, Plan, Shard};
use nalgebra::dvector;
use quickcheck::{Gen, QuickCheck};

/// Numbers whose sum depends on the order of addition.
fn leaf(index: u64) -> Sums {
    let x = 1.0 / (index as f64 + 3.0);
    Sums { expected: dvector![x], log_coordinates: dvector![-x, x * x], squares: dvector![x / 3.0] }
}

fn in_order(depth: u32, order: impl Iterator<Item = u64>) -> Forest {
    let mut forest = Forest::default();
    for index in order {
        forest.insert(Subtree::new(depth, index).unwrap(), leaf(index)).unwrap();
    }
    forest
}

#[test]
fn any_order_gives_the_same_bits() {
    fn same(seed: u64) -> bool {
        let depth = 6;
        // A permutation of 0 … 63: multiplication by an odd number, and a shift.
        let permuted = (0..64u64).map(|i| (i.wrapping_mul(2 * (seed % 32) + 1) + (seed >> 8)) % 64);
        let (straight, permuted) = (in_order(depth, 0..64), in_order(depth, permuted));
        straight == permuted && straight.whole().is_some() && straight.trees().count() == 1
    }
    QuickCheck::new().tests(200).rng(Gen::from_size_and_seed(64, 3)).quickcheck(same as fn(u64) -> bool);
}

#[test]
fn what_is_there_is_not_added_twice() {
    let mut forest = in_order(3, 0..4);
    let half = Subtree::new(1, 0).unwrap();
    assert!(forest.covers(half) && forest.covers(Subtree::new(3, 2).unwrap()) && !forest.covers(Subtree::ROOT));
    for twice in [Subtree::new(3, 1).unwrap(), half, Subtree::ROOT, Subtree::new(9, 5).unwrap()] {
        assert_eq!(forest.insert(twice, leaf(0)), Err(half));
    }
    assert!(forest.insert(Subtree::new(1, 1).unwrap(), leaf(9)).is_ok());
    assert!(forest.whole().is_some());
}

/// The shares of any number of shards are disjoint and make the whole.
#[test]
fn shares_divide_the_work() {
    let plan = Plan::new([3, 0, 5]);
    for of in 1..60 {
        let shares: Vec<_> =
            (0..of).flat_map(|index| plan.share(Shard::new(index, of).unwrap()).collect::<Vec<_>>()).collect();
        assert!(shares.iter().copied().eq(plan.share(Shard::WHOLE)), "{of} shards");
    }
}

#[test]
fn shards_are_written_as_fractions() {
    assert_eq!("2/5".parse::<Shard>().unwrap().to_string(), "2/5");
    for wrong in ["5/5", "0/0", "1", "a/b", "-1/2", "1/2/3"] {
        assert!(wrong.parse::<Shard>().unwrap_err().contains("write i/N"), "{wrong}");
    }
}
