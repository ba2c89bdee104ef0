//! Masks as integers and subsets, and the order in which the laws list them.

use dropout_oracle::law::{FiniteLaw, FixedCount, Independent, Tied, Uniform};
use dropout_oracle::{Error, Mask};
use nalgebra::DVector;
use quickcheck::{Gen, QuickCheck, Testable};

/// The same cases every day.
fn check(property: impl Testable) {
    QuickCheck::new().rng(Gen::from_size_and_seed(100, 0x0d20_9007)).tests(400).quickcheck(property);
}

/// The mask that a 0/1 multiplier vector stands for, as an integer.
fn integer(multipliers: &DVector<f64>) -> u64 {
    multipliers.iter().enumerate().map(|(i, &m)| if m == 1.0 { 1 << i } else { 0 }).sum()
}

#[test]
fn mask_is_its_integer() {
    fn property(units: usize, bits: u64) -> bool {
        let units = units % 64;
        let bits = bits & ((1 << units) - 1);
        let mask = Mask::new(units, bits).unwrap();
        let multipliers = mask.multipliers::<f64>();
        (mask.units(), mask.bits(), mask.kept()) == (units, bits, bits.count_ones() as usize)
            && integer(&multipliers) == bits
            && multipliers.sum() == mask.kept() as f64
            && (0..80).all(|i| mask.keeps(i) == (i < 64 && bits >> i & 1 == 1))
    }
    check(property as fn(usize, u64) -> bool);
}

/// Unit 0 comes first, and reading the text backwards gives the integer in base 2.
#[test]
fn mask_text_reads_from_unit_0() {
    fn property(units: usize, bits: u64) -> bool {
        let units = 1 + units % 63;
        let bits = bits & ((1 << units) - 1);
        let text = Mask::new(units, bits).unwrap().to_string();
        let reversed: String = text.chars().rev().collect();
        text.len() == units && u64::from_str_radix(&reversed, 2) == Ok(bits)
    }
    check(property as fn(usize, u64) -> bool);
}

#[test]
fn mask_with_a_bit_too_far_is_refused() {
    fn property(units: usize, bits: u64) -> bool {
        let units = units % 64;
        let fits = bits >> units == 0;
        match Mask::new(units, bits) {
            Ok(_) => fits,
            Err(error) => !fits && matches!(error, Error::Domain { .. }),
        }
    }
    check(property as fn(usize, u64) -> bool);
}

#[test]
fn mask_all_lists_every_integer_once_in_order() {
    for units in 0..=10 {
        let listed: Vec<u64> = Mask::all(units).unwrap().map(Mask::bits).collect();
        assert_eq!(listed, (0..1 << units).collect::<Vec<_>>());
    }
}

/// Sub-model number m of independent units is mask m, for every law with all 2^n masks.
#[test]
fn law_of_independent_units_lists_masks_in_order() {
    let keep = Independent::new(DVector::from_element(5, 0.25)).unwrap();
    for m in 0..32 {
        assert_eq!(integer(&Uniform::<f64>::new(5).submodel(m).0), m);
        assert_eq!(integer(&keep.submodel(m).0), m);
    }
}

/// Pascal's triangle, which overflows nothing up to 63.
fn pascal(n: usize) -> Vec<u64> {
    (0..n).fold(vec![1], |row, _| {
        let next = row.windows(2).map(|pair| pair[0] + pair[1]);
        [1].into_iter().chain(next).chain([1]).collect()
    })
}

/// From a number of units, of kept ones and an index to the mask.
type Unranking = fn(units: usize, kept: usize, index: u64) -> u64;

fn library(units: usize, kept: usize, index: u64) -> u64 {
    integer(&FixedCount::<f64>::new(units, kept).unwrap().submodel(index).0)
}

/// All C(n, k) masks with k of n bits, in increasing order, for n ≤ 9: no case left out.
fn lists_the_subsets_in_order(rule: Unranking) -> bool {
    (0..=9usize).all(|units| {
        (0..=units).all(|kept| {
            let masks: Vec<u64> = (0..pascal(units)[kept]).map(|index| rule(units, kept, index)).collect();
            let all = (0u64..1 << units).filter(|mask| mask.count_ones() as usize == kept);
            all.eq(masks)
        })
    })
}

#[test]
fn law_fixed_count_lists_its_masks_in_order() {
    assert!(lists_the_subsets_in_order(library));
}

/// Reversed units give the same subsets in another order.
#[test]
fn law_fixed_count_mutant_counts_units_from_the_other_end() {
    fn mirrored(units: usize, kept: usize, index: u64) -> u64 {
        (0..units).map(|i| (library(units, kept, index) >> i & 1) << (units - 1 - i)).sum()
    }
    assert!(!lists_the_subsets_in_order(mirrored));
}

#[test]
fn law_fixed_count_has_binomially_many_masks() {
    for units in 0..=63 {
        for (kept, &count) in pascal(units).iter().enumerate() {
            assert_eq!(FixedCount::<f64>::new(units, kept).unwrap().submodels(), Ok(count));
        }
    }
}

/// For up to 63 units, where they cannot be listed: the index is the number of masks with as many bits that are smaller.
#[test]
fn law_fixed_count_ranks_back_to_the_index() {
    fn property(units: usize, kept: usize, index: u64) -> bool {
        let units = 1 + units % 63;
        let kept = kept % (units + 1);
        let index = index % pascal(units)[kept];
        let mask = library(units, kept, index);
        // Below a mask whose highest bits are c_k > … > c_1 come those that agree above c_j and have j bits under it.
        let bits = (0..units).filter(|&i| mask >> i & 1 == 1);
        let rank: u64 = bits.enumerate().map(|(j, c)| pascal(c).get(j + 1).copied().unwrap_or(0)).sum();
        mask.count_ones() as usize == kept && mask >> units == 0 && rank == index
    }
    check(property as fn(usize, usize, u64) -> bool);
}

/// Units of one group share its multiplier, whatever the groups.
#[test]
fn law_tied_units_follow_their_group() {
    fn property(group_of: Vec<usize>, index: u64) -> bool {
        let group_of: Vec<usize> = group_of.into_iter().map(|g| g % 5).collect();
        let groups = Uniform::<f64>::new(5);
        let tied = Tied::new(groups, group_of.clone()).unwrap();
        let (multipliers, weight) = tied.submodel(index % 32);
        let (of_groups, of_group) = groups.submodel(index % 32);
        weight == of_group && group_of.iter().zip(&multipliers).all(|(&g, &m)| m == of_groups[g])
    }
    check(property as fn(Vec<usize>, u64) -> bool);
}
