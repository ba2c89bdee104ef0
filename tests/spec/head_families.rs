//! Every head against the definition of what it says: its distribution, summed or integrated outcome by outcome.

use crate::support::{holds, q, rational, rationals, real, reals, refuted};
use dropout_oracle::certified::{Bounded, Interval};
use dropout_oracle::head::{
    Bernoulli, Gaussian, GaussianWithVariance, Head, LogProbability, Normalised, Poisson, Softmax,
};
use dropout_oracle::{Rational, Real};
use itertools::{Itertools, iproduct};
use nalgebra::{DVector, dvector};
use num_traits::{One, Zero};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

// `error` is the gradient of `loss`.

/// Central differences with step h are off by h²/6 of the third derivative, and by the roundings of two losses below 100
/// (a few dozen each), divided by 2h.
fn is_the_gradient(
    loss: impl Fn(&DVector<f64>) -> f64,
    error: &DVector<f64>,
    output: &DVector<f64>,
    third_derivative: f64,
) -> TestCaseResult {
    let h = 1.0 / 4096.0;
    let allowed = h * h / 6.0 * third_derivative + 64.0 * 100.0 * f64::EPSILON / (2.0 * h);
    for i in 0..output.len() {
        let at = |step: f64| loss(&DVector::from_fn(output.len(), |j, _| output[j] + if i == j { step } else { 0.0 }));
        let slope = (at(h) - at(-h)) / (2.0 * h);
        prop_assert!((slope - error[i]).abs() < allowed, "{slope} is not entry {i} of {error}");
    }
    Ok(())
}

fn checks_gradient(head: &impl Head<f64>, z: &DVector<f64>, y: &DVector<f64>, third: f64) -> TestCaseResult {
    is_the_gradient(|z| head.loss(z, y).unwrap(), &head.error(z, y).unwrap(), z, third)
}

/// Means within ±3 and variances from ½ to 3½.
fn means_and_variances() -> impl Strategy<Value = DVector<f64>> + Clone {
    (reals(2), prop::collection::vec(0.5..3.5, 2))
        .prop_map(|(m, v)| DVector::from_iterator(4, m.iter().copied().chain(v)))
}

#[test]
fn head_error_is_the_gradient_of_the_loss() {
    // Third derivatives: at most √3/18 for each logit of a softmax or logistic function, e^(3 + h) for a rate, and
    // 3(m − y)²/v⁴ + 1/v³ for a variance.
    holds(64, (reals(3), reals(3)), |(z, y)| checks_gradient(&Softmax, &z, &y, 0.1 * y.sum().abs()));
    holds(64, (reals(2), reals(2)), |(z, y)| checks_gradient(&Bernoulli, &z, &y.map(Real::logistic), 0.1));
    holds(64, (reals(2), reals(2)), |(z, y)| checks_gradient(&Poisson, &z, &y, 21.0));
    holds(64, (means_and_variances(), reals(2)), |(z, y)| checks_gradient(&GaussianWithVariance, &z, &y, 1800.0));
}

/// A quadratic loss: central differences with any step are exact, and so are rationals.
#[test]
fn head_error_is_the_gradient_of_the_gaussian_loss_in_rationals() {
    holds(64, (rationals(2), rationals(2), 1i64..=6, rational()), |(m, y, n, step)| {
        prop_assume!(!step.is_zero());
        let head = Gaussian::new(q(n, 4)).unwrap();
        for i in 0..2 {
            let at = |s: &Rational| {
                let mut moved = m.clone();
                moved[i] += s.clone();
                head.loss(&moved, &y).unwrap()
            };
            let slope = (at(&step) - at(&-step.clone())) / (q(2, 1) * step.clone());
            prop_assert_eq!(slope, head.error(&m, &y).unwrap()[i].clone());
        }
        Ok(())
    });
}

/// p − y is the gradient only for targets that sum to 1.
#[test]
fn head_error_mutant_forgets_the_sum_of_a_soft_target() {
    refuted(16, (reals(3), reals(3)), |(z, y)| {
        let error = Head::<f64>::expected(&Softmax, &z) - &y;
        is_the_gradient(|z| Softmax.loss(z, &y).unwrap(), &error, &z, 1.0)
    });
}

#[test]
fn head_error_mutant_takes_the_log_rate_for_the_rate() {
    refuted(16, (reals(2), reals(2)), |(z, y)| is_the_gradient(|z| Poisson.loss(z, &y).unwrap(), &(&z - &y), &z, 21.0));
}

// `log_probability` is a probability, `expected` its mean.

/// Outcomes y, each with the width of the cell that it stands for: 1 where they are counted.
type Outcomes = Vec<(DVector<f64>, f64)>;

fn classes() -> Outcomes {
    (0..3).map(|y| (DVector::from_fn(3, |k, _| f64::from(k == y)), 1.0)).collect()
}

fn bits() -> Outcomes {
    iproduct!(0..2, 0..2).map(|(a, b)| (dvector![f64::from(a), f64::from(b)], 1.0)).collect()
}

/// Two counts up to 45. Beyond, with rates below e^1.5 = 4.5, there is less than 4.5^46/46! < 10⁻²⁷.
fn counts() -> Outcomes {
    iproduct!(0..=45, 0..=45).map(|(a, b)| (dvector![f64::from(a), f64::from(b)], 1.0)).collect()
}

/// The real line from −27 to 27, in eighths. For means within ±3 and variances v from ½ to 4 that is 12 standard
/// deviations to each side (10⁻³²), and the trapezoidal rule is off by 2e^(−2π²v·64) < 10⁻²⁷⁰.
fn line() -> Outcomes {
    (-216..=216).map(|i| (dvector![f64::from(i) / 8.0], 0.125)).collect()
}

/// Up to 2116 outcomes below 45 are added, each with a few dozen roundings of a logarithm that grows only as the
/// probability falls.
const ROUNDING: f64 = 2116.0 * 45.0 * f64::EPSILON;

/// The probabilities add up to 1 and have the mean `expected`.
fn is_a_distribution(
    head: &impl LogProbability<f64>,
    expected: &DVector<f64>,
    output: &DVector<f64>,
    outcomes: &Outcomes,
) -> TestCaseResult {
    let probability = |y: &DVector<f64>, cell: f64| cell * Real::exp(head.log_probability(output, y).unwrap());
    let total: f64 = outcomes.iter().map(|(y, cell)| probability(y, *cell)).sum();
    prop_assert!((total - 1.0).abs() < ROUNDING, "the probabilities sum to {total}");
    let mean = outcomes.iter().fold(DVector::zeros(expected.len()), |sum, (y, cell)| sum + y * probability(y, *cell));
    prop_assert!((&mean - expected).amax() < ROUNDING, "the mean is {mean}, not {expected}");
    Ok(())
}

fn checks_distribution(head: &impl LogProbability<f64>, z: &DVector<f64>, outcomes: &Outcomes) -> TestCaseResult {
    is_a_distribution(head, &head.expected(z), z, outcomes)
}

/// Log rates within ±1.5.
fn log_rates() -> impl Strategy<Value = DVector<f64>> + Clone {
    reals(2).prop_map(|z| z / 2.0)
}

/// One mean within ±3 and one variance from ½ to 4.
fn mean_and_variance() -> impl Strategy<Value = DVector<f64>> + Clone {
    (real(), 0.5..4.0).prop_map(|(m, v)| dvector![m, v])
}

#[test]
fn head_log_probability_sums_to_one_with_mean_expected() {
    holds(32, reals(3), |z| checks_distribution(&Softmax, &z, &classes()));
    holds(32, reals(2), |z| checks_distribution(&Bernoulli, &z, &bits()));
    holds(8, log_rates(), |z| checks_distribution(&Poisson, &z, &counts()));
    holds(16, mean_and_variance(), |z| {
        checks_distribution(&Gaussian::new(z[1]).unwrap(), &dvector![z[0]], &line())?;
        checks_distribution(&GaussianWithVariance, &z, &line())
    });
}

#[test]
fn head_expected_mutant_takes_the_output_for_the_mean() {
    refuted(4, log_rates(), |z| is_a_distribution(&Poisson, &z, &z, &counts()));
    refuted(4, reals(2), |z| is_a_distribution(&Bernoulli, &z, &z, &bits()));
}

/// Several outputs are independent: ln p of a vector is the sum over its entries. (Two numbers below 100 are added.)
#[test]
fn head_gaussian_outputs_are_independent() {
    holds(32, (means_and_variances(), reals(2)), |(z, y)| {
        let one = |i: usize| GaussianWithVariance.log_probability(&dvector![z[i], z[i + 2]], &dvector![y[i]]).unwrap();
        prop_assert!(
            (GaussianWithVariance.log_probability(&z, &y).unwrap() - one(0) - one(1)).abs()
                < 64.0 * 100.0 * f64::EPSILON
        );
        let (head, m) = (Gaussian::new(z[2]).unwrap(), z.rows(0, 2).into_owned());
        let one = |i: usize| head.log_probability(&dvector![m[i]], &dvector![y[i]]).unwrap();
        prop_assert!((head.log_probability(&m, &y).unwrap() - one(0) - one(1)).abs() < 64.0 * 100.0 * f64::EPSILON);
        Ok(())
    });
}

// `log_coordinates` determine ln p linearly, so `normalise` of their mean is equation 7.55.

/// loss = −a(y)·coordinates, with the a(y) of the head.
fn is_linear(
    head: &impl Head<f64>,
    z: &DVector<f64>,
    y: &DVector<f64>,
    a: impl IntoIterator<Item = f64>,
) -> TestCaseResult {
    let coordinates = head.log_coordinates(z);
    let product: f64 = coordinates.iter().zip_eq(a).map(|(c, a)| a * c).sum();
    prop_assert!((head.loss(z, y).unwrap() + product).abs() < 64.0 * 100.0 * f64::EPSILON); // numbers below 100
    Ok(())
}

#[test]
fn head_log_coordinates_give_the_loss_linearly() {
    holds(64, (reals(3), reals(3)), |(z, y)| is_linear(&Softmax, &z, &y, y.iter().copied()));
    holds(64, (reals(2), reals(2)), |(z, y)| {
        is_linear(&Bernoulli, &z, &y, y.iter().flat_map(|&y| [y, 1.0 - y]))?;
        is_linear(&Poisson, &z, &y, y.iter().copied().chain([-1.0]))?;
        is_linear(&Gaussian::new(0.5).unwrap(), &z, &y, y.iter().map(|y| y / 0.5).chain([-1.0]))
    });
    holds(64, (means_and_variances(), reals(2)), |(z, y)| {
        is_linear(&GaussianWithVariance, &z, &y, y.iter().copied().chain([-1.0]).chain(y.iter().map(|y| -y * y / 2.0)))
    });
    holds(64, (rationals(2), rationals(2)), |(m, y)| {
        let head = Gaussian::new(q(3, 2)).unwrap();
        let coordinates = head.log_coordinates(&m);
        let product = (0..2).fold(Rational::zero(), |sum, i| sum + coordinates[i].clone() * y[i].clone() / q(3, 2));
        prop_assert_eq!(head.loss(&m, &y).unwrap(), coordinates[2].clone() - product);
        Ok(())
    });
}

/// Three sub-models with their weights.
type Drawn = Vec<(DVector<f64>, f64)>;

fn drawn(output: impl Strategy<Value = DVector<f64>> + Clone) -> impl Strategy<Value = Drawn> + Clone {
    prop::collection::vec((output, 1..5), 3).prop_map(|submodels| {
        let total: i32 = submodels.iter().map(|(_, weight)| weight).sum();
        submodels.into_iter().map(|(output, weight)| (output, f64::from(weight) / f64::from(total))).collect()
    })
}

/// The mass of Π p_μ(y)^π(μ) over all outcomes, and its mean once normalised, are those that `normalise` finds from the
/// mean coordinates.
fn normalises_the_product<H: LogProbability<f64>>(
    head: &H,
    normalise: impl Fn(&DVector<f64>) -> Normalised<f64>,
    drawn: &Drawn,
    outcomes: &Outcomes,
) -> TestCaseResult {
    let product = |y: &DVector<f64>, cell: f64| {
        cell * Real::exp(drawn.iter().map(|(z, weight)| weight * head.log_probability(z, y).unwrap()).sum::<f64>())
    };
    let mass: f64 = outcomes.iter().map(|(y, cell)| product(y, *cell)).sum();
    let coordinates = drawn.iter().map(|(z, weight)| head.log_coordinates(z) * *weight).reduce(|sum, c| sum + c);
    let found = normalise(&coordinates.expect("three sub-models"));
    // A mass of at least e^−30 is divided by.
    prop_assert!((found.log_mass - Real::ln(mass)).abs() < 64.0 * ROUNDING, "{} is not ln {mass}", found.log_mass);
    let zero = DVector::zeros(found.expected.len());
    let mean = outcomes.iter().fold(zero, |sum, (y, cell)| sum + y * (product(y, *cell) / mass));
    prop_assert!((&found.expected - &mean).amax() < 64.0 * ROUNDING, "{} is not {mean}", found.expected);
    Ok(())
}

fn checks_normalise<H: LogProbability<f64>>(head: &H, drawn: &Drawn, outcomes: &Outcomes) -> TestCaseResult {
    normalises_the_product(head, |coordinates| head.normalise(coordinates).unwrap(), drawn, outcomes)
}

#[test]
fn head_normalise_is_the_renormalised_product() {
    holds(32, drawn(reals(3)), |submodels| checks_normalise(&Softmax, &submodels, &classes()));
    holds(32, drawn(reals(2)), |submodels| checks_normalise(&Bernoulli, &submodels, &bits()));
    holds(6, drawn(log_rates()), |submodels| checks_normalise(&Poisson, &submodels, &counts()));
    holds(16, drawn(reals(1)), |submodels| checks_normalise(&Gaussian::new(0.5).unwrap(), &submodels, &line()));
    holds(16, drawn(mean_and_variance()), |submodels| checks_normalise(&GaussianWithVariance, &submodels, &line()));
}

#[test]
fn head_normalise_mutant_forgets_to_renormalise() {
    let as_it_stands = |coordinates: &DVector<f64>| Normalised { expected: coordinates.map(Real::exp), log_mass: 0.0 };
    refuted(8, drawn(reals(3)), |submodels| normalises_the_product(&Softmax, as_it_stands, &submodels, &classes()));
}

/// The mean of the means, although the variances differ.
#[test]
fn head_normalise_mutant_forgets_the_precisions() {
    refuted(8, drawn(mean_and_variance()), |submodels| {
        let mean = submodels.iter().map(|(z, weight)| weight * z[0]).sum();
        let head = GaussianWithVariance;
        let at_the_mean = |coordinates: &DVector<f64>| Normalised {
            expected: dvector![mean],
            ..head.normalise(coordinates).unwrap()
        };
        normalises_the_product(&head, at_the_mean, &submodels, &line())
    });
}

/// ln y! against integers; what is no count has probability zero.
#[test]
fn head_poisson_knows_its_factorials() {
    let of = |y: f64| LogProbability::<f64>::log_base_measure(&Poisson, &dvector![y]);
    let mut factorial = 1u64;
    for y in 0..=20u32 {
        factorial *= u64::from(y.max(1));
        // 20 logarithms below 3 are added, up to 43.
        assert!((of(f64::from(y)) + Real::ln(factorial as f64)).abs() < 20.0 * 43.0 * f64::EPSILON);
    }
    assert!([-1.0, 0.5, 2.5, f64::NAN, f64::INFINITY].iter().all(|y| of(*y) == f64::NEG_INFINITY));
    assert_eq!(LogProbability::<f64>::log_base_measure(&Poisson, &dvector![0.0, 1.0]), 0.0);
}

/// Beyond the counts that are summed: ln y! against the exact integer, its logarithm enclosed, and against the sum in
/// the running error bound.
#[test]
fn head_poisson_knows_large_factorials() {
    let mut factorial = Rational::one();
    for y in 1..=1200i64 {
        factorial *= q(y, 1);
        if y < 250 {
            continue;
        }
        let exact = Interval::from(&factorial).ln();
        let found = -LogProbability::<Bounded>::log_base_measure(&Poisson, &dvector![Bounded::exact(y as f64)]);
        let (lo, hi) = (exact - Interval::from(found.value())).to_f64s();
        assert!(lo.abs().max(hi.abs()) <= found.bound(), "ln {y}! is off by more than its bound");
        // 257 additions to a sum below 1200, or the series' roundings of numbers below 8600.
        assert!(found.bound() < 257.0 * 1200.0 * f64::EPSILON, "{y}: {found:?}");
    }
    let of = |y: f64| -LogProbability::<f64>::log_base_measure(&Poisson, &dvector![y]);
    assert_eq!(of(1e15), 3.3538776394910704e16); // 1e15 (ln 1e15 − 1) + ½ ln 2π1e15 = 33538776394910702.37, nearest
    assert_eq!(of(1000.5), f64::INFINITY);
    assert_eq!(of(1e200), 1e200 * (Real::ln(1e200) - 1.0)); // y² overflows and does no harm
}
