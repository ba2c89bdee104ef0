//! Claim marginal.logistic: one logistic unit under independent noise, exactly and without enumeration.
//!
//! Three ways to the same mean: the certified integral, enumeration of the masks, and the exact law of an integer-valued
//! logit. Biases and weights are dyadic, so that every logit is exact and only its σ is rounded.

use crate::support::{holds, q, refuted};
use dropout_oracle::ensemble::expectation;
use dropout_oracle::law::{FiniteLaw, Independent, Tied, Uniform};
use dropout_oracle::marginal::{Certified, Lattice, Logit, Term};
use dropout_oracle::scalar::dot;
use dropout_oracle::{Error, Rational, Real, Scalar};
use nalgebra::{DVector, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use std::f64::consts::PI;

/// 2⁻⁵³.
const U: f64 = f64::EPSILON / 2.0;

/// Weights, KEEP probabilities, bias.
type Unit = (DVector<f64>, DVector<f64>, f64);

/// Up to `most` units, with weights of any sign up to `scale`, zeros and duplicates among them.
fn unit(most: usize, scale: i32) -> impl Strategy<Value = Unit> + Clone {
    let number = move || (-64 * scale..=64 * scale).prop_map(|k| f64::from(k) / 64.0);
    let weight = prop_oneof![6 => number(), 1 => Just(0.0), 1 => Just(1.0)];
    let keep = (1i32..=16).prop_map(|k| f64::from(k) / 16.0);
    (prop::collection::vec((weight, keep), 0..=most), number()).prop_map(|(units, bias)| {
        let (weights, keep): (Vec<_>, Vec<_>) = units.into_iter().unzip();
        (weights.into(), keep.into(), bias)
    })
}

/// E g(S), by enumeration. With n units each term is a product of n + 1 factors and added n times: 2n + 1 roundings,
/// and 3 for g.
fn enumerated(law: &impl FiniteLaw<f64>, (weights, _, bias): &Unit, g: fn(f64) -> f64) -> (f64, f64) {
    let mean = expectation(law, |d| Ok(dvector![g(bias + dot(d, weights))])).unwrap()[0];
    (mean, (2.0 * law.units() as f64 + 6.0) * U * mean)
}

/// A rule that claims to give E σ(S) and E ln(1 + e^S) with a bound on the error of each.
type Rule = fn(&Unit) -> [Certified; 2];

/// The project's rule.
fn characteristic_function((weights, keep, bias): &Unit) -> [Certified; 2] {
    let logit = Logit::masked(weights, keep, *bias).unwrap();
    [logit.expected_logistic().unwrap(), logit.expected_softplus().unwrap()]
}

/// The claim: the truth lies within the stated error, and the stated error is a few roundings of numbers of size
/// max(1, largest logit): at most 40.
fn certified_mean_is_the_enumerated_one(rule: Rule, case: &Unit, law: &impl FiniteLaw<f64>) -> TestCaseResult {
    let size = 1.0 + case.2.abs() + case.0.iter().map(|w| w.abs()).sum::<f64>();
    for (certified, g) in rule(case).into_iter().zip([Real::logistic, Real::softplus]) {
        let (mean, slack) = enumerated(law, case, g);
        let off = (certified.value - mean).abs();
        prop_assert!(off <= certified.error + slack, "off by {off:e}, certified {certified:?}");
        prop_assert!(certified.error <= 40.0 * U * size, "the bound is loose: {certified:?}");
    }
    Ok(())
}

fn independent(case: &Unit) -> Independent<f64> {
    Independent::new(case.1.clone()).unwrap()
}

#[test]
fn marginal_logistic_holds_by_enumeration() {
    holds(64, unit(10, 4), |case| {
        certified_mean_is_the_enumerated_one(characteristic_function, &case, &independent(&case))
    });
}

/// Weights and bias up to ±64: logits up to ±700, where σ is 0 or 1 to rounding under most masks.
#[test]
fn marginal_logistic_holds_for_logits_up_to_700() {
    holds(24, unit(10, 64), |case| {
        certified_mean_is_the_enumerated_one(characteristic_function, &case, &independent(&case))
    });
}

/// Keep probabilities near 0 and 1, no unit, one unit, many equal ones, units that cannot matter; 14 units.
#[test]
fn marginal_logistic_holds_at_the_edges() {
    let tiny = 1.0 / (1u64 << 30) as f64;
    let keep = |p: f64, n| DVector::from_element(n, p);
    let weights = |w: f64, n| DVector::from_element(n, w);
    let cases: Vec<Unit> = vec![
        (weights(1.0, 0), keep(1.0, 0), 0.75),
        (weights(1.0, 0), keep(1.0, 0), -700.0),
        (weights(-3.0, 1), keep(0.5, 1), 1.5),
        (weights(700.0, 1), keep(tiny, 1), -350.0),
        (weights(2.5, 8), keep(tiny, 8), -1.0),
        (weights(2.5, 8), keep(1.0 - tiny, 8), -19.0),
        (weights(2.5, 8), keep(1.0 - f64::EPSILON, 8), -19.0),
        (weights(0.0, 5), keep(0.5, 5), 2.0),
        (weights(2.5, 5), keep(1.0, 5), -12.0),
        (weights(6.0, 14), keep(0.5, 14), -42.0),
        (dvector![0.125, 1.0, 64.0, -128.0, 64.0, -1.0, 512.0], keep(0.25, 7), 0.5),
    ];
    for case in cases {
        certified_mean_is_the_enumerated_one(characteristic_function, &case, &independent(&case)).unwrap();
    }
}

/// 120 units, against the exact law of S: only σ(s) is rounded, by 3u of itself. E S is near 0, sd(S) from 1 to 200.
#[test]
fn marginal_logistic_holds_for_120_units_by_the_exact_law() {
    for (step, bias) in [(1.0 / 16.0, -2i64), (1.0, 3), (16.0, -1)] {
        let weights: Vec<i64> = (0..120).map(|j| (j * j + 3 * j) % 9 - 4).collect();
        let keep = DVector::from_fn(120, |j, _| Rational::ratio(1 + j as i64 % 4, 4));
        let law = Lattice::new(&weights, &Independent::new(keep.clone()).unwrap()).unwrap();
        let bias = bias - Scalar::to_f64(&law.expectation(Rational::from)).round() as i64;
        let case = (
            DVector::from_fn(120, |j, _| weights[j] as f64 * step),
            keep.map(|p| Scalar::to_f64(&p)),
            bias as f64 * step,
        );
        for (certified, g) in characteristic_function(&case).into_iter().zip([Real::logistic, Real::softplus]) {
            let g: fn(f64) -> f64 = g;
            let exact = law.expectation(|s| Rational::try_from(g((s + bias) as f64 * step)).unwrap());
            let exact = Scalar::to_f64(&exact);
            let off = (certified.value - exact).abs();
            assert!(off <= certified.error + 4.0 * U * exact, "off by {off:e}, certified {certified:?}");
            assert!(certified.error <= 100.0 * U * (1.0 + exact), "{certified:?}");
        }
    }
}

/// The bound does not grow with the number of units: 15 roundings for 4000 of them. σ(S) + σ(−S) = 1 is a check that
/// needs no enumeration.
#[test]
fn marginal_logistic_holds_its_bound_for_4000_units() {
    let weights = DVector::from_fn(4000, |j, _| ((j * j) % 11) as f64 / 64.0 - 0.0625);
    let keep = DVector::from_fn(4000, |j, _| (1 + j % 8) as f64 / 9.0);
    let bias = 1.0 - dot(&weights, &keep);
    let mean = |sign: f64| Logit::masked(&(&weights * sign), &keep, bias * sign).unwrap().expected_logistic().unwrap();
    let (one, other) = (mean(1.0), mean(-1.0));
    assert!((one.value + other.value - 1.0).abs() <= one.error + other.error + U);
    assert!(one.error <= 15.0 * U && one.value > 0.5 && one.value < 0.7311, "{one:?}");
}

/// Any other independent noise with a known characteristic function: N(1, σ²) on every input, against a quadrature, and
/// mixed with masks, against the enumeration of the masks.
#[test]
fn marginal_logistic_holds_for_gaussian_noise() {
    for (mean, variance) in [(0.0, 1.0), (1.3, 2.2), (-4.0, 0.01), (3.0, 25.0)] {
        let whole = Logit::new(0.0, vec![Term::Gaussian { mean, variance }]).unwrap();
        let (half, sd) = (variance / 2.0, f64::sqrt(variance));
        let halves = vec![Term::Gaussian { mean: mean / 4.0, variance: half }; 2];
        let halves = Logit::new(mean / 2.0, halves).unwrap().expected_logistic().unwrap();
        let certified = whole.expected_logistic().unwrap();
        let by_quadrature = gaussian_mean(|z| Real::logistic(mean + sd * z));
        // The sum over 720 nodes rounds by at most 724u; aliasing and truncation are below 10⁻¹⁶ for sd ≤ 5.
        assert!((certified.value - by_quadrature).abs() <= certified.error + 724.0 * U + 1e-16, "{mean} {variance}");
        assert!((certified.value - halves.value).abs() <= certified.error + halves.error);
    }
    let noisy = |bias| vec![Term::Gaussian { mean: bias, variance: 2.0 }];
    let alone = |bias| Logit::new(0.0, noisy(bias)).unwrap().expected_softplus().unwrap();
    let mut terms = noisy(0.5);
    terms.push(Term::Masked { weight: 3.0, keep: 0.25 });
    let mixed = Logit::new(0.0, terms).unwrap().expected_softplus().unwrap();
    let (dropped, kept) = (alone(0.5), alone(3.5));
    let by_masks = 0.75 * dropped.value + 0.25 * kept.value;
    assert!((mixed.value - by_masks).abs() <= mixed.error + dropped.error + kept.error + 4.0 * U * by_masks);
}

/// E g(Z), Z ~ N(0, 1), by the trapezoidal rule on [−9, 9] with step 1/40: the tail is below 10⁻¹⁸, and g with poles at
/// distance π/sd from the real line aliases by 2e^(−80π²/sd), below 10⁻⁶⁰ for sd ≤ 5.
fn gaussian_mean(g: impl Fn(f64) -> f64) -> f64 {
    let nodes = (-360..=360).map(|k| f64::from(k) / 40.0);
    nodes.map(|z| g(z) * Real::exp(-z * z / 2.0)).sum::<f64>() / 40.0 / (2.0 * PI).sqrt()
}

/// The closed form of the aliasing error, at steps so long that it is far from zero.
#[test]
fn marginal_logistic_aliases_as_poisson_says() {
    let (sinh, cosh) = (pxfm::f_sinh, pxfm::f_cosh);
    for (x, h) in [(3.0, 0.9), (-7.0, 0.4), (0.5, 1.5)] {
        let omega = 2.0 * PI / h;
        let [logistic, softplus] = trapezoid(&(dvector![], dvector![], x), h, 0.5).map(|c| c.value);
        let images = || (1..=20).map(|m| f64::from(m) * omega);
        let alias: f64 = images().map(|y| sinh(x) / (cosh(x) + cosh(y))).sum();
        let log_alias: f64 = images().map(|y| Real::ln((cosh(x) + cosh(y)) / (1.0 + cosh(y)))).sum();
        // Fewer than 100 terms below 10, each with a few roundings.
        assert!((logistic - Real::logistic(x) - alias).abs() < 4000.0 * U, "{x} {h}");
        assert!((softplus - Real::softplus(x) - log_alias).abs() < 4000.0 * U, "{x} {h}");
        assert!(alias.abs() > 1e-4 && log_alias > 1e-5, "the error is there to be seen");
    }
}

/// The formula written down without any care: step `h`, `zero` times the node at 0, no bound on the error.
fn trapezoid((weights, keep, bias): &Unit, h: f64, zero: f64) -> [Certified; 2] {
    let (mut logistic, mut softplus) = (0.0, 0.0);
    for t in (1..).map(|k| f64::from(k) * h).take_while(|t| *t < 14.0) {
        let start = (pxfm::f_cos(bias * t), pxfm::f_sin(bias * t));
        let (re, im) = weights.iter().zip(keep).fold(start, |(re, im), (a, p)| {
            let (c, s) = (1.0 - p + p * pxfm::f_cos(a * t), p * pxfm::f_sin(a * t));
            (re * c - im * s, re * s + im * c)
        });
        logistic += im / pxfm::f_sinh(PI * t);
        softplus += (1.0 - re) / (t * pxfm::f_sinh(PI * t));
    }
    let mean = bias + dot(weights, keep);
    let variance: f64 = weights.iter().zip(keep).map(|(a, p)| p * (1.0 - p) * a * a).sum();
    let exactly = |value| Certified { value, error: 16.0 * U };
    [
        exactly(0.5 + h * (zero * mean / PI + logistic)),
        exactly(mean / 2.0 + Real::ln(2.0) + h * (zero * (mean * mean + variance) / (2.0 * PI) + softplus)),
    ]
}

fn mutant_is_refused(mutant: Rule) {
    refuted(32, unit(6, 4), |case| certified_mean_is_the_enumerated_one(mutant, &case, &independent(&case)));
}

#[test]
fn marginal_logistic_mutant_takes_too_long_a_step() {
    mutant_is_refused(|case| trapezoid(case, 0.5, 0.5));
}

#[test]
fn marginal_logistic_mutant_counts_the_node_at_zero_fully() {
    mutant_is_refused(|case| trapezoid(case, 0.05, 1.0));
}

#[test]
fn marginal_logistic_mutant_claims_to_be_exact() {
    mutant_is_refused(|case| characteristic_function(case).map(|c| Certified { error: 0.0, ..c }));
}

#[test]
fn marginal_logistic_mutant_hides_behind_a_wide_bound() {
    mutant_is_refused(|case| characteristic_function(case).map(|c| Certified { value: c.value, error: 1e-6 }));
}

/// Weight scaling is E σ's first approximation, not its value.
#[test]
fn marginal_logistic_mutant_is_weight_scaling() {
    mutant_is_refused(|case| {
        let mean = case.2 + dot(&case.0, &case.1);
        [mean.logistic(), mean.softplus()].map(|value| Certified { value, error: 8.0 * U * (1.0 + value) })
    });
}

/// Outside its condition: two units that share one mask have another characteristic function than two independent ones.
#[test]
fn marginal_logistic_fails_for_tied_masks() {
    let case = (dvector![2.0, 2.0], dvector![0.5, 0.5], -2.0);
    let tied = Tied::new(Uniform::<f64>::new(1), vec![0, 0]).unwrap();
    certified_mean_is_the_enumerated_one(characteristic_function, &case, &independent(&case)).unwrap();
    assert!(certified_mean_is_the_enumerated_one(characteristic_function, &case, &tied).is_err());
}

#[test]
fn marginal_logistic_refuses_what_it_cannot_bound() {
    let far = Logit::masked(&dvector![1e9], &dvector![0.5], 0.0).unwrap();
    assert!(matches!(far.expected_logistic(), Err(Error::Domain { .. })));
    let masked = |w: f64, p: f64| Logit::masked(&dvector![w], &dvector![p], 0.0);
    assert!(matches!(masked(f64::NAN, 0.5), Err(Error::NotFinite { .. })));
    assert!(matches!(masked(1e300, 0.5), Err(Error::Domain { .. })));
    assert!(matches!(masked(1.0, 0.0), Err(Error::KeepProbability { unit: 0, .. })));
    let negative = Logit::new(0.0, vec![Term::Gaussian { mean: 0.0, variance: -1.0 }]);
    assert!(matches!(negative, Err(Error::Domain { .. })));
}

/// What the rounding bound assumes of the functions that it calls: cos x − 1, sin x − x and e^x − 1 within one ulp,
/// relatively, however small x is. Judged by Taylor series in exact arithmetic.
#[test]
fn marginal_logistic_rests_on_functions_within_one_ulp() {
    let series = |x: f64, first: i64, step: i64, sign: i64| {
        let x = Rational::try_from(x).unwrap();
        let (mut term, mut sum) = (q(1, 1), q(0, 1));
        for k in 1..=30 {
            term = term * &x / q(k, 1);
            if k >= first && (k - first) % step == 0 {
                sum += &term * q(if (k - first) / step % 2 == 0 { 1 } else { sign }, 1);
            }
        }
        Scalar::to_f64(&sum)
    };
    for k in 0..40 {
        // 30 terms leave 10⁻²⁴ at x = 2.2; the sum's own rounding to f64 is the third half ulp.
        let x = 2.2 / f64::from(1 << (k % 20)) * (1.0 - f64::from(k) / 97.0);
        let near = |value: f64, truth: f64| (value - truth).abs() <= 3.0 * U * truth.abs();
        assert!(near(pxfm::f_cosm1(x), -series(x, 2, 2, -1)), "cos({x}) − 1");
        assert!(near(pxfm::f_sinmx(x), -series(x, 3, 2, -1)), "sin({x}) − {x}");
        assert!(near(pxfm::f_expm1(-x), series(-x, 1, 1, 1)), "exp(−{x}) − 1");
    }
}
