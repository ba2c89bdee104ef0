//! Claims ws.softmax and ens.dyadic: weight scaling is exact for softmax regression.
//!
//! The derivation of equations 7.60–7.66 is checked step by step. With integer logits and base-2 exponentials every
//! probability is rational, and so is the 2^n-th power of every expression in it: each equality is then `==`.

use crate::support::{any_law, every_law, holds, keeps, mean_over, q, rational_matrix, rationals, refuted};
use dropout_oracle::ensemble::Ensemble;
use dropout_oracle::head::Softmax;
use dropout_oracle::law::{FiniteLaw, Independent, Law, NonEmpty, Uniform};
use dropout_oracle::network::{Network, softmax_regression};
use dropout_oracle::{Mask, Rational};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use num_traits::{One, Pow, Zero};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const INPUTS: usize = 4;
const CLASSES: usize = 3;

/// W (classes × inputs), b, v.
type Regression = (DMatrix<Rational>, DVector<Rational>, DVector<Rational>);

fn regression() -> impl Strategy<Value = Regression> + Clone {
    (rational_matrix(CLASSES, INPUTS), rationals(CLASSES), rationals(INPUTS))
}

/// A rule that claims to give the logits of the normalised geometric mean.
type Rule = fn(&Regression, &dyn FiniteLaw<Rational>) -> DVector<Rational>;

/// The project's rule: the network at the mean multipliers.
fn weight_scaling((w, b, v): &Regression, law: &dyn FiniteLaw<Rational>) -> DVector<Rational> {
    softmax_regression(w.clone(), b.clone()).unwrap().output(v, &law.mean()).unwrap()
}

/// ws.softmax: the mean logits are the rule's, up to a constant that normalisation removes.
fn rule_gives_the_mean_logits(rule: Rule, case: &Regression, law: &dyn FiniteLaw<Rational>) -> TestCaseResult {
    let (w, b, v) = case;
    let network = softmax_regression(w.clone(), b.clone()).unwrap();
    let mean = mean_over(law, |multipliers| network.output(v, multipliers).unwrap());
    let off = rule(case, law) - mean;
    prop_assert!(off.iter().all(|o| *o == off[0]), "off by {}", off);
    Ok(())
}

#[test]
fn ws_softmax_holds_for_any_joint_law_of_the_mask() {
    holds(64, (regression(), any_law(INPUTS)), |(case, law)| rule_gives_the_mean_logits(weight_scaling, &case, &law));
}

#[test]
fn ws_softmax_holds_for_every_law_of_the_library() {
    holds(32, (regression(), keeps(INPUTS)), |(case, keep)| {
        every_law(INPUTS, &keep).iter().try_for_each(|law| rule_gives_the_mean_logits(weight_scaling, &case, &**law))
    });
}

/// Every softmax regression with 2 classes, 3 inputs and weights in {−1, 0, 1}: no case left out.
#[test]
fn ws_softmax_holds_exhaustively_over_small_weights() {
    let v = dvector![q(1, 1), q(2, 1), q(-3, 1)];
    for code in 0..3i64.pow(6) {
        let w = DMatrix::from_fn(2, 3, |i, j| q(code / 3i64.pow((3 * i + j) as u32) % 3 - 1, 1));
        let case = (w, dvector![q(1, 2), q(0, 1)], v.clone());
        rule_gives_the_mean_logits(weight_scaling, &case, &Uniform::new(3)).unwrap();
    }
}

#[test]
fn ws_softmax_mutant_scales_by_the_drop_rate() {
    fn drop_rate((w, b, v): &Regression, law: &dyn FiniteLaw<Rational>) -> DVector<Rational> {
        let drop = law.mean().map(|p| Rational::one() - p);
        softmax_regression(w.clone(), b.clone()).unwrap().output(v, &drop).unwrap()
    }
    refuted(32, (regression(), any_law(INPUTS)), |(case, law)| rule_gives_the_mean_logits(drop_rate, &case, &law));
}

#[test]
fn ws_softmax_mutant_scales_the_bias_too() {
    fn bias_scaled(case: &Regression, law: &dyn FiniteLaw<Rational>) -> DVector<Rational> {
        weight_scaling(case, law) - &case.1 * (Rational::one() - law.mean()[0].clone())
    }
    refuted(32, (regression(), any_law(INPUTS)), |(case, law)| rule_gives_the_mean_logits(bias_scaled, &case, &law));
}

#[test]
fn ws_softmax_mutant_halves_whatever_the_law() {
    fn halved((w, b, v): &Regression, _: &dyn FiniteLaw<Rational>) -> DVector<Rational> {
        let half = DVector::from_element(v.len(), q(1, 2));
        softmax_regression(w.clone(), b.clone()).unwrap().output(v, &half).unwrap()
    }
    refuted(32, (regression(), any_law(INPUTS)), |(case, law)| rule_gives_the_mean_logits(halved, &case, &law));
}

/// Outside the condition "m is the law's own mean": masks conditioned on not being empty have m = 2^(n−1)/(2^n − 1).
#[test]
fn ws_softmax_fails_with_halved_weights_for_non_empty_masks() {
    let law = NonEmpty::new(Independent::new(DVector::from_element(4, q(1, 2))).unwrap()).unwrap();
    assert_eq!(law.mean()[0], q(8, 15));
    let case = (
        dmatrix![q(1, 1), q(1, 1), q(1, 1), q(1, 1); q(0, 1), q(0, 1), q(0, 1), q(0, 1)],
        dvector![q(0, 1), q(0, 1)],
        DVector::from_element(4, q(1, 1)),
    );
    rule_gives_the_mean_logits(weight_scaling, &case, &law).unwrap();
    let halved = |_: &Regression, _: &dyn FiniteLaw<Rational>| dvector![q(2, 1), q(0, 1)];
    assert!(rule_gives_the_mean_logits(halved, &case, &law).is_err());
}

/// The same equality for the served f64 predictions: NGM by definition against WS.
#[test]
fn ws_softmax_holds_for_the_predictions_in_f64() {
    holds(64, (regression(), keeps(INPUTS)), |((w, b, v), keep)| {
        let f64s = |m: &DVector<Rational>| m.map(|x| dropout_oracle::Scalar::to_f64(&x));
        let network = softmax_regression(w.map(|x| dropout_oracle::Scalar::to_f64(&x)), f64s(&b)).unwrap();
        let law = Independent::new(f64s(&keep)).unwrap();
        let prediction = Ensemble::new(&network, &Softmax, &law).unwrap().predict(&f64s(&v)).unwrap();
        // Logits below 6·6·4 + 6 = 150 carry a few roundings of 150·2⁻⁵³; softmax is 1-Lipschitz in the largest.
        let gap = (prediction.geometric_mean.expected - prediction.weight_scaling).amax();
        prop_assert!(gap < 16.0 * 150.0 * f64::EPSILON, "gap {gap:e}");
        Ok(())
    });
}

// The derivation, step by step, in exact rationals: logits are integers, exponentials are powers of two, and v is even
// so that ½ wᵀv is an integer too.

/// W, b, v with integer logits under every mask.
fn dyadic() -> impl Strategy<Value = (DMatrix<i64>, DVector<i64>, DVector<i64>)> + Clone {
    let integers = |len| prop::collection::vec(-3i64..=3, len);
    (integers(2 * 3), integers(2), integers(3))
        .prop_map(|(w, b, v)| (DMatrix::from_vec(2, 3, w), DVector::from_vec(b), DVector::from_vec(v) * 2))
}

/// 2^k for any integer k.
fn power_of_two(k: i64) -> Rational {
    let two = q(2, 1);
    if k >= 0 { two.pow(k as usize) } else { Rational::one() / two.pow(-k as usize) }
}

/// One softmax regression whose exponentials are rational.
struct Dyadic {
    w: DMatrix<i64>,
    b: DVector<i64>,
    v: DVector<i64>,
}

impl Dyadic {
    fn masks(&self) -> impl Iterator<Item = Mask> {
        Mask::all(self.v.len()).unwrap()
    }
    /// W_yᵀ(d ∘ v) + b_y.
    fn logit(&self, y: usize, d: Mask) -> i64 {
        (0..self.v.len()).filter(|&i| d.keeps(i)).map(|i| self.w[(y, i)] * self.v[i]).sum::<i64>() + self.b[y]
    }
    /// exp of the logit, base 2.
    fn exp(&self, y: usize, d: Mask) -> Rational {
        power_of_two(self.logit(y, d))
    }
    fn partition(&self, d: Mask) -> Rational {
        self.exp(0, d) + self.exp(1, d)
    }
    /// P(y | v; d).
    fn probability(&self, y: usize, d: Mask) -> Rational {
        self.exp(y, d) / self.partition(d)
    }
    fn product(&self, f: impl Fn(Mask) -> Rational) -> Rational {
        self.masks().map(f).fold(Rational::one(), |product, factor| product * factor)
    }
    /// P̃(y)^(2^n), the right-hand side of equation 7.60 before the root.
    fn unnormalised(&self, y: usize) -> Rational {
        self.product(|d| self.probability(y, d))
    }
}

fn each_dyadic(step: impl Fn(&Dyadic, usize)) {
    holds(48, dyadic(), |(w, b, v)| {
        let regression = Dyadic { w, b, v };
        (0..2).for_each(|y| step(&regression, y));
        Ok(())
    });
}

/// 7.60: P̃(y) is the 2^n-th root of the product of the sub-models' probabilities: 2^n factors, each in (0, 1).
#[test]
fn eq_7_60_is_a_product_over_all_sub_models() {
    each_dyadic(|r, y| {
        assert_eq!(r.masks().count(), 8);
        assert!(r.masks().all(|d| r.probability(0, d) + r.probability(1, d) == Rational::one()));
        let by_hand = (0..8).map(|bits| r.probability(y, Mask::new(3, bits).unwrap()));
        assert_eq!(r.unnormalised(y), by_hand.fold(Rational::one(), |a, b| a * b));
    });
}

/// 7.61 and 7.62: each factor is the softmax of the library's logits, an exponential over a sum of exponentials.
#[test]
fn eq_7_61_and_7_62_write_out_the_softmax() {
    each_dyadic(|r, y| {
        let rational = |x: &i64| q(*x, 1);
        let network = softmax_regression(r.w.map(|x| rational(&x)), r.b.map(|x| rational(&x))).unwrap();
        let v = r.v.map(|x| rational(&x));
        let written_out = r.product(|d| {
            let logits = network.output(&v, &d.multipliers()).unwrap();
            let exp = |k: usize| power_of_two(i64::try_from(logits[k].numerator().clone()).unwrap());
            exp(y) / (exp(0) + exp(1))
        });
        assert_eq!(r.unnormalised(y), written_out);
    });
}

/// 7.63: the root of a quotient is the quotient of the products.
#[test]
fn eq_7_63_splits_numerator_and_denominator() {
    each_dyadic(|r, y| assert_eq!(r.unnormalised(y), r.product(|d| r.exp(y, d)) / r.product(|d| r.partition(d))));
}

/// 7.64: the denominator is the same for every y, so it can be left out of what will be normalised.
#[test]
fn eq_7_64_drops_what_is_constant_in_y() {
    each_dyadic(|r, y| {
        let kept = r.product(|d| r.exp(y, d));
        let other = r.product(|d| r.exp(1 - y, d));
        assert_eq!(r.unnormalised(y) * other, r.unnormalised(1 - y) * kept);
    });
}

/// 7.65: a product of exponentials is the exponential of the sum.
#[test]
fn eq_7_65_adds_the_exponents() {
    each_dyadic(|r, y| assert_eq!(r.product(|d| r.exp(y, d)), power_of_two(r.masks().map(|d| r.logit(y, d)).sum())));
}

/// 7.66: each unit is kept by half of the masks, so the mean exponent is ½ W_yᵀv + b_y.
#[test]
fn eq_7_66_has_half_the_weights_and_the_whole_bias() {
    each_dyadic(|r, y| {
        let scaled = (0..3).map(|i| r.w[(y, i)] * r.v[i]).sum::<i64>() / 2 + r.b[y];
        assert_eq!(r.masks().map(|d| r.logit(y, d)).sum::<i64>(), 8 * scaled);
    });
}

/// ens.dyadic: equation 7.60 itself, its two ends joined, in big integers.
fn dyadic_identity(r: &Dyadic, exponent: impl Fn(&Dyadic, usize) -> i64) -> bool {
    let s = |y| power_of_two(exponent(r, y));
    r.unnormalised(0) * s(1) == r.unnormalised(1) * s(0)
}

/// S_y = 2^n (½ w_y·v + b_y).
fn exponent(r: &Dyadic, y: usize) -> i64 {
    (0..3).map(|i| r.w[(y, i)] * r.v[i]).sum::<i64>() * 4 + 8 * r.b[y]
}

#[test]
fn ens_dyadic_holds_in_big_integers() {
    each_dyadic(|r, _| assert!(dyadic_identity(r, exponent)));
}

#[test]
fn ens_dyadic_mutant_halves_the_bias() {
    let halved = |r: &Dyadic, y: usize| exponent(r, y) - 4 * r.b[y];
    refuted(32, dyadic(), |(w, b, v)| {
        let regression = Dyadic { w, b, v };
        prop_assert!(dyadic_identity(&regression, halved));
        Ok(())
    });
}

/// Outside its conditions: the arithmetic mean of the same sub-models has other odds.
#[test]
fn ens_dyadic_fails_for_the_arithmetic_mean() {
    let r = Dyadic { w: dmatrix![2, 1, 0; 0, 0, 0], b: dvector![0, 1], v: dvector![2, 2, 2] };
    let mean = |y| r.masks().map(|d| r.probability(y, d)).fold(Rational::zero(), |sum, p| sum + p);
    // Odds 2^(S_0/8) : 2^(S_1/8) would be a power of two.
    let odds = mean(0) / mean(1);
    assert!((-64..64).all(|k| odds != power_of_two(k)));
}
