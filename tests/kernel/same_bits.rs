//! The bits of a result depend on the network and the input: not on threads, instructions, or how the tree is cut.

use crate::cases::Case;
use dropout_oracle::kernel::{Enumeration, InstructionSet, Subtree, Sums};
use dropout_oracle::model::HeadKind;
use dropout_oracle::network::{Activation, PiecewiseLinear};

/// The bits of every number.
fn bits(sums: &Sums) -> Vec<u64> {
    sums.expected.iter().chain(&sums.log_coordinates).chain(&sums.squares).map(|x| x.to_bits()).collect()
}

/// Narrow and wide tables, few and many classes, equal and different keep probabilities, one tile and eight.
fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::formula(19, 3, 0.5, 0.5, HeadKind::Softmax),
        Case::formula(18, 10, 0.3, 0.8, HeadKind::Softmax),
        Case::formula(17, 2, 1e4, 0.3, HeadKind::Softmax),
        Case::formula(18, 2, 1.0, 0.7, HeadKind::Bernoulli),
        Case::formula(3, 6, 1.0, 0.5, HeadKind::Softmax),
    ];
    let keep: Vec<_> = (0..17).map(|i| 0.3 + 0.04 * f64::from(i)).collect();
    let case = Case::formula(17, 4, 0.7, 0.5, HeadKind::Softmax);
    let affine = case.model.network().affine().next().unwrap().clone();
    cases.push(Case::new(affine.weight, affine.bias, &keep, HeadKind::Softmax, case.model.convention()));
    // Units without effect: inputs that are 0, ReLU units below their threshold.
    let mut case = Case::formula(20, 3, 0.5, 0.5, HeadKind::Softmax);
    case.x.rows_mut(2, 2).fill(0.0);
    cases.push(case);
    let relu = || PiecewiseLinear::Relu.into();
    cases.push(Case::hidden(4, 19, relu(), HeadKind::Bernoulli));
    // Eight masks of the inputs at once: few hidden units, many, none; more than one block.
    cases.push(Case::hidden(13, 4, relu(), HeadKind::Softmax));
    cases.push(Case::hidden(6, 12, Activation::Tanh, HeadKind::Bernoulli));
    cases.push(Case::hidden(10, 2, Activation::Logistic, HeadKind::Softmax));
    cases
}

fn whole(case: &Case, instructions: InstructionSet) -> Vec<u64> {
    let enumeration = Enumeration::new(&case.model, &case.x).unwrap().with_variance().with_instructions(instructions);
    bits(&enumeration.sums(Subtree::ROOT).unwrap())
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    for case in cases() {
        let portable = whole(&case, InstructionSet::available()[0]);
        for instructions in InstructionSet::available() {
            assert_eq!(whole(&case, instructions), portable, "{instructions} on {:?}", case.model);
        }
    }
}

#[test]
fn every_number_of_threads_gives_the_same_bits() {
    for case in cases() {
        let expected = whole(&case, InstructionSet::detect());
        for threads in [1, 2, 3, 7] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert_eq!(pool.install(|| whole(&case, InstructionSet::detect())), expected, "{threads} threads");
        }
    }
}

/// The sums of all subtrees at a depth, put together by `join`.
fn cut(case: &Case, depth: u32, join: impl Fn(Vec<Sums>) -> Sums) -> Vec<u64> {
    let enumeration = Enumeration::new(&case.model, &case.x).unwrap().with_variance();
    let part = |index| enumeration.sums(Subtree::new(depth, index).unwrap()).unwrap();
    bits(&join((0..1 << depth).map(part).collect()))
}

/// Halves into their parent, up to the root.
fn as_a_tree(mut parts: Vec<Sums>) -> Sums {
    while parts.len() > 1 {
        parts = parts.chunks(2).map(|pair| pair[0].clone().join(&pair[1])).collect();
    }
    parts.remove(0)
}

/// One after the other.
fn in_a_row(parts: Vec<Sums>) -> Sums {
    parts.into_iter().reduce(|sum, part| sum.join(&part)).unwrap()
}

#[test]
fn every_cut_of_the_tree_gives_the_same_bits() {
    for case in cases() {
        let depth = Enumeration::new(&case.model, &case.x).unwrap().depth();
        for depth in 0..=depth {
            assert_eq!(cut(&case, depth, as_a_tree), whole(&case, InstructionSet::detect()), "depth {depth}");
        }
    }
}

/// A merge that adds the shards in a row gives other bits.
#[test]
fn the_mutant_that_joins_in_a_row_is_refused() {
    let case = &cases()[0];
    assert_ne!(cut(case, 3, in_a_row), whole(case, InstructionSet::detect()));
}

/// The bits themselves, so that every machine that runs this test is compared with every other.
#[test]
fn the_bits_are_the_published_ones() {
    let digest = |case: &Case| {
        let bits = whole(case, InstructionSet::detect());
        bits.iter().fold(0u64, |digest, bits| digest.rotate_left(7) ^ bits)
    };
    let digests: Vec<_> = cases().iter().map(digest).collect();
    let published = [
        0x143bf34455ab76f0,
        0xc57f34d03d0d87d2,
        0x77e2198fe88b3693,
        0x6ce018986e76b37e,
        0xf25eb54bee64df85,
        0xb5a8df7f931f92bb,
        0x67b0c149d632d023,
        0xcba4b38d10f10044,
        0x49ec4df216cd1412,
        0x80a4216dfd73e3fd,
        0x12dcde750ba63475,
    ];
    assert_eq!(digests, published, "{digests:#018x?}");
}

/// A subtree below the leaves is refused by name.
#[test]
fn a_subtree_below_the_leaves_is_refused() {
    let case = &cases()[0];
    let error = Enumeration::new(&case.model, &case.x).unwrap().sums(Subtree::new(4, 0).unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "depth of a subtree of a tree of depth 3 is 4; it must be at most the depth of the tree"
    );
}
