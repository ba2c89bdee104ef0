//! Claims ws.gaussian and ws.canonical-link: where the sub-models differ in their natural parameter alone, the normalised
//! geometric mean is the member of the family at its mean; weight scaling is that where the parameter is multi-affine.

use crate::mean_output::{Rule, drop_rates, scaled_output, unscaled, weight_scaling};
use crate::support::{holds, keeps, mean_over, q, rational_matrix, rationals, real_matrix, reals, refuted};
use approx::assert_relative_eq;
use dropout_oracle::ensemble::nwgm::BinaryMeans;
use dropout_oracle::ensemble::{Ensemble, expectation};
use dropout_oracle::head::{Bernoulli, Gaussian, GaussianWithVariance, Head, LogProbability, Poisson, Softmax};
use dropout_oracle::law::{FiniteLaw, Independent, Law, Uniform};
use dropout_oracle::network::{
    Activation, Affine, Layer, Mlp, Network, PiecewiseLinear, deep_linear, linear_regression, softmax_regression,
};
use dropout_oracle::scalar::dot;
use dropout_oracle::{Mask, Rational, Real, Scalar};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// A deep linear net with 2 inputs, 2 hidden and 2 output units; its input; keep probabilities; A, for the precision.
type GaussianCase = ([Affine<Rational>; 2], DVector<Rational>, DVector<Rational>, DMatrix<Rational>);

fn gaussian_cases() -> impl Strategy<Value = GaussianCase> + Clone {
    let affine = || (rational_matrix(2, 2), rationals(2)).prop_map(|(w, b)| Affine::new(w, b).unwrap());
    ([affine(), affine()], rationals(2), keeps(4), rational_matrix(2, 2))
}

/// ws.gaussian: Σ_μ π(μ) (y−m_μ)ᵀP(y−m_μ) = (y−m)ᵀP(y−m) + tr(P Cov m_μ) for every y, so that the geometric mean of the
/// densities N(m_μ, P⁻¹) is proportional to N(m, P⁻¹), with the rule's m and with the same, not isotropic, covariance.
fn rule_gives_the_gaussian(rule: Rule, (layers, x, keep, a): &GaussianCase) -> TestCaseResult {
    let precision = a * a.transpose() + DMatrix::identity(2, 2);
    let network = deep_linear(2, layers.to_vec()).unwrap();
    let law = Independent::new(keep.clone()).unwrap();
    let form = |y: &DVector<Rational>, m: &DVector<Rational>| dot(&(y - m), &(&precision * (y - m)));
    let mean = rule(&network, x, &law);
    let expected = |y: &DVector<Rational>| {
        mean_over(&law, |multipliers| dvector![form(y, &network.output(x, multipliers).unwrap())])[0].clone()
    };
    // tr(P Cov m_μ), with the covariance around the true mean.
    let centre = mean_over(&law, |multipliers| network.output(x, multipliers).unwrap());
    let trace = expected(&centre);
    // A quadratic function of two variables is settled by six values.
    for (i, j) in [(0, 0), (1, 0), (2, 0), (0, 1), (0, 2), (1, 1)] {
        let y = dvector![q(i, 1), q(j, 1)];
        prop_assert_eq!(expected(&y), form(&y, &mean) + trace.clone());
    }
    Ok(())
}

#[test]
fn ws_gaussian_holds_for_any_covariance_and_deep_linear_means() {
    holds(12, gaussian_cases(), |case| rule_gives_the_gaussian(weight_scaling, &case));
}

#[test]
fn ws_gaussian_mutant_scales_by_the_drop_rates() {
    refuted(8, gaussian_cases(), |case| rule_gives_the_gaussian(drop_rates, &case));
}

#[test]
fn ws_gaussian_mutant_does_not_scale() {
    refuted(8, gaussian_cases(), |case| rule_gives_the_gaussian(unscaled, &case));
}

#[test]
fn ws_gaussian_mutant_scales_the_output_and_its_bias() {
    refuted(8, gaussian_cases(), |case| rule_gives_the_gaussian(scaled_output, &case));
}

/// Total mass, mean and variance of a density, by the trapezoidal rule: for sums of normal densities of variance 1, steps of
/// ¼ are exact far beyond f64 (the error falls like exp(−2π²·16)).
fn moments(range: f64, log_density: impl Fn(f64) -> f64) -> [f64; 3] {
    let points = (range * 4.0) as i32;
    let moment = |k: i32| {
        let term = |i: i32| 0.25 * (f64::from(i) / 4.0).powi(k) * Real::exp(log_density(f64::from(i) / 4.0));
        (-points..=points).map(term).sum::<f64>()
    };
    [moment(0), moment(1), moment(2) - moment(1) * moment(1)]
}

/// The densities themselves: NGM has weight scaling's mean and the sub-models' variance 1, AM the same mean and 1 + Var m_μ.
#[test]
fn ws_gaussian_holds_for_the_densities_by_quadrature() {
    holds(8, (reals(2), real_matrix(1, 2), -1.0..1.0, keeps(4)), |(hidden, last, bias, keep)| {
        let diagonal = Affine::new(DMatrix::from_diagonal(&hidden), DVector::zeros(2)).unwrap();
        let network = deep_linear(2, vec![diagonal, Affine::new(last, dvector![bias]).unwrap()]).unwrap();
        let law = Independent::new(keep.map(|p| Scalar::to_f64(&p))).unwrap();
        let head = Gaussian::new(1.0).unwrap();
        let (ensemble, x) = (Ensemble::new(&network, &head, &law).unwrap(), dvector![0.5, 0.5]);
        let prediction = ensemble.predict(&x).unwrap();
        let scaled = prediction.weight_scaling[0];
        let geometric =
            |y| ensemble.expected_log_probability(&x, &dvector![y]).unwrap() - prediction.geometric_mean.log_mass;
        let arithmetic = |y| ensemble.log_arithmetic_mean(&x, &dvector![y]).unwrap();
        let variance =
            expectation(&law, |multipliers| Ok(network.output(&x, multipliers)?.map(|m| (m - scaled) * (m - scaled))))
                .unwrap()[0];
        // |m_μ| ≤ 3·3·½·2 + 1 = 10: ±20 leaves out a mass of e^−50. Where there is mass, ln p_μ(y) is below 200 in size, and
        // its mean carries some 8 roundings: 8·200·2⁻⁵³ < 2e-13, relative, in each density. Second moments are at most 101.
        for (found, expected) in moments(20.0, geometric).into_iter().zip([1.0, scaled, 1.0]) {
            prop_assert!((found - expected).abs() < 4e-11, "NGM: {found}, not {expected}");
        }
        for (found, expected) in moments(20.0, arithmetic).into_iter().zip([1.0, scaled, 1.0 + variance]) {
            prop_assert!((found - expected).abs() < 4e-11, "AM: {found}, not {expected}");
        }
        Ok(())
    });
}

/// Σ depends on the mask: of N(0, 1) and N(2, 4) NGM is N(0.4, 1.6), while the means' mean, AM's and WS's, is 1.
#[test]
fn ws_gaussian_fails_where_the_variance_depends_on_the_mask() {
    let network = softmax_regression(dmatrix![2.0; 3.0], dvector![0.0, 1.0]).unwrap(); // (2d, 1 + 3d)
    let (head, law) = (GaussianWithVariance, Uniform::new(1));
    let ensemble = Ensemble::new(&network, &head, &law).unwrap();
    let x = dvector![1.0];
    let prediction = ensemble.predict(&x).unwrap();
    assert_relative_eq!(prediction.geometric_mean.expected[0], 0.4, max_relative = f64::EPSILON); // one division
    assert_eq!((prediction.arithmetic_mean[0], prediction.weight_scaling[0]), (1.0, 1.0));
    let coordinates = expectation(&law, |mu| Ok(head.log_coordinates(&network.output(&x, mu)?))).unwrap();
    assert_eq!(head.variance(&coordinates)[0], 1.6);
    // The same in rationals: precisions are averaged, and means are weighted by them.
    let (precision, half) = (|v: i64| q(1, v), q(1, 2));
    let variance = q(1, 1) / (half.clone() * (precision(1) + precision(4)));
    assert_eq!(variance, q(8, 5));
    assert_eq!(variance * half * (q(0, 1) * precision(1) + q(2, 1) * precision(4)), q(2, 5));
}

/// The mean is not multi-affine: with relu(d₀ + d₁ − 1), NGM is still N(E m_μ, σ²), but that is not weight scaling's.
#[test]
fn ws_gaussian_fails_for_a_mean_with_a_kink() {
    let network = Mlp::new(
        2,
        vec![
            Layer::dropout(2),
            Layer::Affine(Affine::new(dmatrix![q(1, 1), q(1, 1)], dvector![q(-1, 1)]).unwrap()),
            Layer::Unit(PiecewiseLinear::Relu),
        ],
    )
    .unwrap();
    let (head, law) = (Gaussian::new(q(1, 1)).unwrap(), Uniform::new(2));
    let prediction = Ensemble::new(&network, &head, &law).unwrap().predict(&dvector![q(1, 1), q(1, 1)]).unwrap();
    assert_eq!(prediction.geometric_mean.expected[0], q(1, 4));
    assert_eq!(prediction.weight_scaling[0], q(0, 1));
}

/// A rule for the natural parameter of the geometric mean.
type Member = fn(&Mlp<f64>, &dyn LogProbability<f64>, &DVector<f64>, &Independent<f64>) -> DVector<f64>;

/// The claim's: the mean of the natural parameters.
fn mean_parameter(
    network: &Mlp<f64>,
    _: &dyn LogProbability<f64>,
    x: &DVector<f64>,
    law: &Independent<f64>,
) -> DVector<f64> {
    expectation(law, |multipliers| network.output(x, multipliers)).unwrap()
}

/// A net 2-2-K with tanh units and dropout at both layers, whose outputs are natural parameters, or only its linear part.
type LinkCase = (DMatrix<f64>, DMatrix<f64>, DVector<f64>, DVector<f64>, DVector<Rational>);

fn link_cases() -> impl Strategy<Value = LinkCase> + Clone {
    let small = |rows, columns| real_matrix(rows, columns).prop_map(|m| m / 3.0);
    (small(2, 2), small(2, 2), reals(2), reals(2), keeps(4))
}

type HeadAndOutcomes = (Box<dyn LogProbability<f64>>, Vec<DVector<f64>>);

/// Every head of the library with a canonical link, and outcomes y to compare it at.
fn canonical_heads() -> Vec<HeadAndOutcomes> {
    let grid = |values: &[f64]| {
        itertools::iproduct!(values, values).map(|(&a, &b)| dvector![a, b]).collect::<Vec<DVector<f64>>>()
    };
    vec![
        (Box::new(Softmax), vec![dvector![1.0, 0.0], dvector![0.0, 1.0]]),
        (Box::new(Bernoulli), grid(&[0.0, 1.0])),
        (Box::new(Poisson), grid(&[0.0, 1.0, 2.0, 7.0])),
        (Box::new(Gaussian::new(0.5).unwrap()), grid(&[-1.0, 0.0, 2.0])),
    ]
}

/// ws.canonical-link: Σ_μ π(μ) ln p_μ(y) and ln p(y) at the rule's parameter differ by ln Z, whatever y.
fn rule_gives_the_member(rule: Member, unit: Activation, (first, last, bias, x, keep): &LinkCase) -> TestCaseResult {
    let network = Mlp::new(
        2,
        vec![
            Layer::dropout(2),
            Layer::Affine(Affine::new(first.clone(), DVector::zeros(2)).unwrap()),
            Layer::Unit(unit),
            Layer::dropout(2),
            Layer::Affine(Affine::new(last.clone(), bias.clone()).unwrap()),
        ],
    )
    .unwrap();
    let law = Independent::new(keep.map(|p| Scalar::to_f64(&p))).unwrap();
    for (head, outcomes) in canonical_heads() {
        let ensemble = Ensemble::new(&network, &*head, &law).unwrap();
        let parameter = rule(&network, &*head, x, &law);
        let geometric = ensemble.geometric_mean(x).unwrap();
        for y in outcomes {
            let log_p = ensemble.expected_log_probability(x, &y).unwrap();
            let off = log_p - geometric.log_mass - head.log_probability(&parameter, &y).unwrap();
            // ln p(y) is made of parameter·y, at most (3 + 2·6)·14, of ln y! < 20, and of a log-partition function that
            // outgrows them only where it is most of ln p(y): 30 roundings, of numbers of that size.
            let size = log_p.abs() + head.log_probability(&parameter, &y).unwrap().abs() + 300.0;
            prop_assert!(off.abs() < 30.0 * f64::unit_roundoff() * size, "off by {off:e} at {y}");
        }
        // Expected values are at most the larger of 15 and e to the largest parameter, which carries those roundings itself.
        let gap = (geometric.expected - head.expected(&parameter)).amax();
        prop_assert!(gap < 30.0 * 15.0 * f64::EPSILON * Real::exp(parameter.amax()), "gap {gap:e}");
    }
    Ok(())
}

const LINEAR: Activation = Activation::PiecewiseLinear(PiecewiseLinear::Identity);

/// For any network at all: the geometric mean is the member at the mean natural parameter.
#[test]
fn ws_canonical_link_holds_for_every_head_behind_a_nonlinear_net() {
    holds(32, link_cases(), |case| rule_gives_the_member(mean_parameter, Activation::Tanh, &case));
}

fn scaled_parameter(
    network: &Mlp<f64>,
    _: &dyn LogProbability<f64>,
    x: &DVector<f64>,
    law: &Independent<f64>,
) -> DVector<f64> {
    network.output(x, &law.mean()).unwrap()
}

/// And where the parameter is multi-affine, that is weight scaling's.
#[test]
fn ws_canonical_link_holds_for_weight_scaling_of_linear_nets() {
    holds(32, link_cases(), |case| rule_gives_the_member(scaled_parameter, LINEAR, &case));
}

#[test]
fn ws_canonical_link_fails_for_weight_scaling_of_nonlinear_nets() {
    refuted(32, link_cases(), |case| rule_gives_the_member(scaled_parameter, Activation::Tanh, &case));
}

/// The natural parameter of the arithmetic mean instead: the link of the mean, not the mean of the link.
#[test]
fn ws_canonical_link_mutant_takes_the_link_of_the_mean() {
    fn link_of_the_mean(
        network: &Mlp<f64>,
        head: &dyn LogProbability<f64>,
        x: &DVector<f64>,
        law: &Independent<f64>,
    ) -> DVector<f64> {
        // ln of the mean probabilities is a softmax's natural parameter; the mutant already dies at the first head.
        Ensemble::new(network, head, law).unwrap().arithmetic_mean(x).unwrap().map(|mean| Real::ln(mean.abs()))
    }
    refuted(32, link_cases(), |case| rule_gives_the_member(link_of_the_mean, Activation::Tanh, &case));
}

#[test]
fn ws_canonical_link_mutant_takes_the_parameter_of_the_full_net() {
    fn full(network: &Mlp<f64>, _: &dyn LogProbability<f64>, x: &DVector<f64>, law: &Independent<f64>) -> DVector<f64> {
        let all = Mask::new(4, 0b1111).unwrap();
        assert_eq!(Law::<f64>::units(law), all.units());
        network.output(x, &all.multipliers()).unwrap()
    }
    refuted(32, link_cases(), |case| rule_gives_the_member(full, LINEAR, &case));
}

/// Poisson rates 1 and 4 with weight ½ each: NGM has rate 2, AM 2.5.
#[test]
fn ws_canonical_link_holds_for_poisson_rates_1_and_4() {
    let (network, law) = (linear_regression(dvector![Real::ln(4.0)], 0.0).unwrap(), Uniform::new(1));
    let prediction = Ensemble::new(&network, &Poisson, &law).unwrap().predict(&dvector![1.0]).unwrap();
    // ln 4 is rounded once, its half and exp once more each.
    assert_relative_eq!(prediction.geometric_mean.expected[0], 2.0, max_relative = 4.0 * f64::EPSILON);
    assert_relative_eq!(prediction.weight_scaling[0], 2.0, max_relative = 4.0 * f64::EPSILON);
    assert_relative_eq!(prediction.arithmetic_mean[0], 2.5, max_relative = 4.0 * f64::EPSILON);
}

/// The identity link: with rates 1 + 3d as the network's output, weight scaling has rate 2.5, NGM still 2.
#[test]
fn ws_canonical_link_fails_for_poisson_rates_as_outputs() {
    let rates = linear_regression(dvector![q(3, 1)], q(1, 1)).unwrap();
    let (x, law) = (dvector![q(1, 1)], Uniform::<Rational>::new(1));
    assert_eq!(
        law.support().unwrap().map(|(mu, _)| rates.output(&x, &mu).unwrap()[0].clone()).collect::<Vec<_>>(),
        [q(1, 1), q(4, 1)]
    );
    assert_eq!(weight_scaling(&rates, &x, &law)[0], q(5, 2));
    // exp(½ ln 1 + ½ ln 4): two roundings.
    assert_relative_eq!(Real::exp(0.5 * Real::ln(4.0f64)), 2.0, max_relative = 4.0 * f64::EPSILON);
}

/// Φ, the probit link's inverse.
fn normal(x: f64) -> f64 {
    0.5 * pxfm::f_erfc(-x / 2f64.sqrt())
}

/// The probit link is not canonical: of Φ(0) and Φ(3) NGM is .9645, weight scaling's Φ(1.5) is .9332.
#[test]
fn ws_canonical_link_fails_for_the_probit_link() {
    let means = BinaryMeans::new(&[(normal(0.0), 0.5), (normal(3.0), 0.5)]).unwrap();
    assert_relative_eq!(means.normalised(), 0.9645, epsilon = 5e-5); // four published digits
    assert_relative_eq!(normal(1.5), 0.9332, epsilon = 5e-5);
    // With the logistic function in place of Φ they agree: σ(1.5).
    let logistic = BinaryMeans::new(&[(Real::logistic(0.0), 0.5), (Real::logistic(3.0), 0.5)]).unwrap();
    assert_relative_eq!(logistic.normalised(), Real::logistic(1.5), max_relative = 16.0 * f64::EPSILON);
}
