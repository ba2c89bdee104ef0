//! Masks and scales in IEEE formats: what their roundings can do, and what a multiplication by 0 does.

use dropout_oracle::conformance::Dtype;
use itertools::iproduct;

/// A way to compute x/q in a format.
type Way = fn(Dtype, f64, f64) -> f64;

/// x/q, rounded once: f64 has more than twice the digits of the formats below, and two.
fn divided(dtype: Dtype, x: f64, q: f64) -> f64 {
    dtype.rounded(x / q)
}

/// The largest distance of a way from x/q, rounded once, in units in the last place, over these significands of x and q.
fn farthest(dtype: Dtype, way: Way, (x, q): (u32, u32)) -> u64 {
    let significand = |steps: u32, i: u32| 1.0 + f64::from(i) / f64::from(steps);
    let pairs = iproduct!((0..x).map(|i| significand(x, i)), (0..q).map(|i| significand(q, i) / 2.0));
    let rank = |value: f64| dtype.rank(dtype.round(value)).expect("a number");
    pairs.map(|(x, q)| rank(way(dtype, x, q)).abs_diff(rank(divided(dtype, x, q)))).max().expect("some pairs")
}

/// All significands of bfloat16 in x and q, and all of binary16 in x with every eighth in q.
const ALL: [(Dtype, (u32, u32)); 2] = [(Dtype::BF16, (128, 128)), (Dtype::F16, (1024, 128))];

fn stays_within_one_ulp(way: Way) -> bool {
    ALL.iter().all(|&(dtype, steps)| farthest(dtype, way, steps) <= 1)
}

#[test]
fn mask_rounding_holds_for_the_three_ways_to_scale() {
    assert!(stays_within_one_ulp(|dtype, x, q| dtype.rounded(x * dtype.rounded(1.0 / q))));
    assert!(stays_within_one_ulp(|dtype, x, q| dtype.rounded(x * Dtype::F32.rounded(1.0 / q))));
    assert!(stays_within_one_ulp(divided));
    // So bit equality is the wrong test: the first way differs somewhere.
    assert_eq!(farthest(Dtype::BF16, |dtype, x, q| dtype.rounded(x * dtype.rounded(1.0 / q)), (128, 128)), 1);
}

/// A drop rate of .1 in bfloat16, and 1 − p of it rounded once more: x/q is farther off than one unit, and means another p.
#[test]
fn mask_rounding_fails_where_the_rate_itself_is_rounded() {
    let (dtype, p) = (Dtype::BF16, 0.1);
    let narrow = dtype.rounded(1.0 - dtype.rounded(p));
    let rank = |value: f64| Dtype::F32.rank(Dtype::F32.round(value)).unwrap();
    assert!(rank(1.0 / narrow).abs_diff(rank(1.0 / (1.0 - p))) > 1000);
}

#[test]
fn mask_rounding_mutant_scales_by_a_byte() {
    assert!(!stays_within_one_ulp(|dtype, x, q| dtype.rounded(x * (256.0 / q).round() / 256.0 * (1.0 + 1.0 / 64.0))));
}

#[test]
fn mask_rounding_mutant_scales_twice() {
    assert!(!stays_within_one_ulp(|dtype, x, q| dtype.rounded(x / q / q)));
}

/// What becomes of a dropped number.
type Dropped = fn(f64) -> f64;

/// Over all 2^16 numbers of both half formats: whether what is finite becomes a zero, and what is not becomes one too.
fn zeros(dropped: Dropped) -> (bool, bool) {
    let numbers = iproduct!([Dtype::F16, Dtype::BF16], 0..1u64 << 16).map(|(dtype, bits)| dtype.value(bits));
    let all_zero = |finite: bool| numbers.clone().filter(|x| x.is_finite() == finite).all(|x| dropped(x) == 0.0);
    (all_zero(true), all_zero(false))
}

#[test]
fn mask_selection_holds_for_every_number() {
    let (selects, multiplies): (Dropped, Dropped) = (|_| 0.0, |x| x * 0.0);
    assert_eq!(zeros(selects), (true, true));
    assert!(zeros(multiplies).0);
}

#[test]
fn mask_selection_fails_for_infinities_and_nan() {
    assert!(!zeros(|x| x * 0.0).1);
    assert!([f64::INFINITY, f64::NEG_INFINITY, f64::NAN].iter().all(|x| (x * 0.0).is_nan()));
}

#[test]
fn mask_selection_mutant_multiplies_by_a_small_number() {
    assert!(!zeros(|x| x * 1e-30).0);
}
