//! Claim ens.binary-decision: with two classes and fair masks, weight scaling decides as the arithmetic mean does, and is
//! the more confident.
//!
//! With base-2 exponentials and even weights every number is rational, and the claim is checked without rounding. (Base 2
//! is base e with all logits times ln 2.)

use crate::support::q;
use dropout_oracle::ensemble::Ensemble;
use dropout_oracle::head::{Bernoulli, Softmax};
use dropout_oracle::law::{Independent, Uniform};
use dropout_oracle::network::{linear_regression, softmax_regression};
use dropout_oracle::{Mask, Rational, Real};
use itertools::{Itertools, iproduct};
use nalgebra::{DVector, dmatrix, dvector};
use num_traits::{Pow, Zero};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// The logit is 2(w·d) + b, over three fair masks d.
#[derive(Clone, Copy, Debug)]
struct Case {
    w: [i64; 3],
    b: i64,
}

impl Case {
    /// 5³ weights times 7 biases.
    fn all() -> impl Iterator<Item = Self> {
        let w = (0..3).map(|_| -2..=2).multi_cartesian_product();
        iproduct!(w, -3..=3).map(|(w, b)| Self { w: [w[0], w[1], w[2]], b })
    }
    fn logit(self, d: Mask) -> i64 {
        (0..3).filter(|&i| d.keeps(i)).map(|i| 2 * self.w[i]).sum::<i64>() + self.b
    }
    fn arithmetic_mean(self) -> Rational {
        let masks = Mask::all(3).unwrap();
        masks.map(|d| logistic(self.logit(d))).fold(Rational::zero(), |sum, p| sum + p) / q(8, 1)
    }
    fn weight_scaling(self) -> Rational {
        logistic(self.w.iter().sum::<i64>() + self.b)
    }
}

/// 2^z/(1 + 2^z).
fn logistic(z: i64) -> Rational {
    let power = q(2, 1).pow(z.unsigned_abs() as usize);
    if z >= 0 { power.clone() / (power + q(1, 1)) } else { q(1, 1) / (power + q(1, 1)) }
}

/// AM and WS.
type Rule = fn(Case) -> (Rational, Rational);

fn predictors(case: Case) -> (Rational, Rational) {
    (case.arithmetic_mean(), case.weight_scaling())
}

/// AM and WS lie on the same side of ½, WS no nearer to it.
fn decide_alike(rule: Rule, case: Case) -> TestCaseResult {
    let (arithmetic, scaled) = rule(case);
    let (arithmetic, scaled) = (arithmetic - q(1, 2), scaled - q(1, 2));
    let zero = Rational::zero();
    prop_assert_eq!(arithmetic > zero, scaled > zero, "they decide differently");
    prop_assert_eq!(arithmetic < zero, scaled < zero, "they decide differently");
    prop_assert!(arithmetic.clone().max(-arithmetic) <= scaled.clone().max(-scaled), "AM is the more confident");
    Ok(())
}

/// No case left out: 875 regressions, all 8 masks.
#[test]
fn ens_binary_decision_holds_exhaustively_over_small_weights() {
    Case::all().for_each(|case| decide_alike(predictors, case).unwrap_or_else(|e| panic!("{case:?}: {e}")));
}

fn refuted_by_some_case(rule: Rule) {
    assert!(Case::all().any(|case| decide_alike(rule, case).is_err()), "the mutant passes");
}

#[test]
fn ens_binary_decision_mutant_halves_the_bias_too() {
    refuted_by_some_case(|case| (case.arithmetic_mean(), logistic(case.w.iter().sum::<i64>() + case.b / 2)));
}

#[test]
fn ens_binary_decision_mutant_forgets_to_halve_the_weights() {
    refuted_by_some_case(|case| (case.arithmetic_mean(), logistic(2 * case.w.iter().sum::<i64>() + case.b)));
}

#[test]
fn ens_binary_decision_mutant_leaves_out_the_empty_mask() {
    refuted_by_some_case(|case| {
        let sum = case.arithmetic_mean() * q(8, 1) - logistic(case.b);
        (sum / q(7, 1), case.weight_scaling())
    });
}

/// What the library serves in f64 is the same two numbers. Logits below 20 carry a few roundings of 20·2⁻⁵³ and the
/// logistic function shrinks them; 8 terms are added.
#[test]
fn ens_binary_decision_holds_for_the_predictions_in_f64() {
    for case in Case::all() {
        let ln_2 = Real::ln(2f64);
        let weights = DVector::from_iterator(3, case.w.iter().map(|w| 2.0 * *w as f64 * ln_2));
        let network = linear_regression(weights, case.b as f64 * ln_2).unwrap();
        let law = Uniform::new(3);
        let ensemble = Ensemble::new(&network, &Bernoulli, &law).unwrap();
        let prediction = ensemble.predict(&DVector::from_element(3, 1.0)).unwrap();
        let (arithmetic, scaled) = predictors(case);
        let rounding = 8.0 * 20.0 * f64::EPSILON;
        assert!((prediction.arithmetic_mean[0] - arithmetic.to_f64().value()).abs() < rounding);
        assert!((prediction.weight_scaling[0] - scaled.to_f64().value()).abs() < rounding);
    }
}

/// KEEP probability .2: the mean logit is −.2, the mean probability above one half.
#[test]
fn ens_binary_decision_fails_for_other_keep_probabilities() {
    let network = linear_regression(dvector![-6.0], 1.0).unwrap();
    let law = Independent::new(dvector![0.2]).unwrap();
    let prediction = Ensemble::new(&network, &Bernoulli, &law).unwrap().predict(&dvector![1.0]).unwrap();
    assert_eq!(format!("{:.4}", prediction.weight_scaling[0]), "0.4502"); // σ(−.2)
    assert_eq!(format!("{:.3}", prediction.arithmetic_mean[0]), "0.586");
}

/// Three classes, fair masks: WS and NGM pick the third, AM the first.
#[test]
fn ens_binary_decision_fails_for_three_classes() {
    let network = softmax_regression(dmatrix![-3.0; 1.0; 0.0], dvector![1.0, -1.0, 0.0]).unwrap();
    let law = Uniform::new(1);
    let ensemble = Ensemble::new(&network, &Softmax, &law).unwrap();
    assert_eq!(ensemble.weight_scaled_output(&dvector![1.0]).unwrap().as_slice(), [-0.5, -0.5, 0.0]);
    let prediction = ensemble.predict(&dvector![1.0]).unwrap();
    assert_eq!(prediction.geometric_mean.expected.imax(), 2);
    assert_eq!(prediction.weight_scaling.imax(), 2);
    let shown = prediction.arithmetic_mean.iter().map(|p| format!("{p:.4}")).join(" ");
    assert_eq!(shown, "0.3643 0.2792 0.3565");
}
