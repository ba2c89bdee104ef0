//! Every prediction of [`Ensemble`] against brute force: the [`naive`] forward pass over lists of masks, and heads as
//! densities over all their outcomes, multiplied up and normalised as equations 7.53 to 7.55 say.

use crate::naive::{self, LawTwin, NaiveUnit, forward, laws};
use crate::naive_heads::{Outcomes, bernoulli, gaussian, gaussian_with_variance, poisson, softmax};
use crate::support::{holds, keeps, q, rationals, refuted};
use dropout_oracle::ensemble::{Ensemble, Prediction};
use dropout_oracle::head::{Gaussian, LogProbability};
use dropout_oracle::law::FiniteLaw;
use dropout_oracle::network::{
    Activation, Affine, Layer, Mlp, Network, PiecewiseLinear, Unit, deep_linear, linear_regression, softmax_regression,
};
use dropout_oracle::{Rational, Real, Result, Scalar};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const INPUTS: usize = 2;

/// f(x, μ) by hand.
type Forward<T> = Box<dyn Fn(&[T], &[T]) -> Vec<T>>;

/// A network of the library, and the same one by hand.
type Twin<T> = (Box<dyn Network<T>>, Forward<T>);

fn twin<T: Scalar, A: Unit<T> + NaiveUnit<T> + 'static>(network: Mlp<T, A>, layers: Vec<Layer<T, A>>) -> Twin<T> {
    (Box::new(network), Box::new(move |x, multipliers| forward(&layers, x, multipliers)))
}

/// An affine map made of the next of `numbers`.
fn affine<T: Scalar>(outputs: usize, inputs: usize, numbers: &mut std::slice::Iter<T>) -> Affine<T> {
    let weight = DMatrix::from_fn(outputs, inputs, |_, _| numbers.next().unwrap().clone());
    Affine::new(weight, DVector::from_fn(outputs, |_, _| numbers.next().unwrap().clone())).unwrap()
}

/// Inputs and hidden units are droppable, the latter in the other order.
fn perceptron<T: Scalar, A: Unit<T> + NaiveUnit<T> + 'static>(unit: A, outputs: usize, numbers: &[T]) -> Twin<T> {
    let mut numbers = numbers.iter();
    let layers = vec![
        Layer::dropout(INPUTS),
        Layer::Affine(affine(2 * unit.pieces(), INPUTS, &mut numbers)),
        Layer::Unit(unit),
        Layer::Dropout(vec![1, 0]),
        Layer::Affine(affine(outputs, 2, &mut numbers)),
    ];
    twin(Mlp::new(INPUTS, layers.clone()).unwrap(), layers)
}

/// Every kind of network that is arithmetic.
fn piecewise_linear<T: Scalar + 'static>(outputs: usize, numbers: &[T]) -> Vec<Twin<T>> {
    let (first, last) = (affine(2, INPUTS, &mut numbers.iter()), affine(outputs, INPUTS, &mut numbers[6..].iter()));
    let dropped = |affine: &Affine<T>| vec![Layer::dropout(INPUTS), Layer::Affine(affine.clone())];
    let softmax = softmax_regression(last.weight.clone(), last.bias.clone()).unwrap();
    let deep = deep_linear(INPUTS, vec![first.clone(), last.clone()]).unwrap();
    let mut twins: Vec<Twin<T>> =
        vec![twin(softmax, dropped(&last)), twin(deep, [dropped(&first), dropped(&last)].concat())];
    if outputs == 1 {
        let linear = linear_regression(last.weight.row(0).transpose(), last.bias[0].clone()).unwrap();
        twins.push(twin(linear, dropped(&last)));
    }
    let units = [PiecewiseLinear::Identity, PiecewiseLinear::Relu, PiecewiseLinear::Maxout { pieces: 2 }];
    twins.extend(units.map(|unit| perceptron(unit, outputs, numbers)));
    twins
}

/// Every kind of network.
fn every_kind(outputs: usize, numbers: &[f64]) -> Vec<Twin<f64>> {
    let mut twins = piecewise_linear(outputs, numbers);
    let maxout = PiecewiseLinear::Maxout { pieces: 3 };
    let units = [maxout.into(), Activation::Tanh, Activation::Logistic];
    twins.extend(units.map(|unit: Activation| perceptron(unit, outputs, numbers)));
    twins
}

/// The numbers of a network, its input, and keep probabilities of at least ½.
type Case<T> = (DVector<T>, DVector<T>, DVector<Rational>);

fn exact_cases() -> impl Strategy<Value = Case<Rational>> + Clone {
    (rationals(30), rationals(INPUTS), keeps(4).prop_map(|keep| keep.map(|p| (p + q(1, 1)) / q(2, 1))))
}

/// As [`exact_cases`], with numbers up to 0.4 and inputs up to 1: under no law does a multiplier exceed 2, a hidden unit 2,
/// or an output 3.6.
fn cases() -> impl Strategy<Value = Case<f64>> + Clone {
    let numbers = |len, size: f64| prop::collection::vec(-size..size, len).prop_map(DVector::from_vec);
    exact_cases().prop_flat_map(move |(_, _, keep)| (numbers(30, 0.4), numbers(INPUTS, 1.0), Just(keep)))
}

// In rationals: the outputs, and the Gaussian head, whose geometric mean is arithmetic. Everything is ==.

#[test]
fn brute_force_agrees_exactly_for_gaussian_heads_in_rationals() {
    holds(6, exact_cases(), |(numbers, x, keep)| {
        for (network, by_hand) in piecewise_linear(2, numbers.as_slice()) {
            for (law, masks) in laws(&keep.as_slice()[..network.units()]) {
                let ensemble = Ensemble::new(&*network, &Gaussian::new(q(3, 4)).unwrap(), &*law).unwrap().predict(&x);
                let prediction = ensemble.unwrap();
                let f = |multipliers: &[Rational]| by_hand(x.as_slice(), multipliers);
                let mean = naive::mean(&masks, f);
                prop_assert_eq!(prediction.arithmetic_mean.as_slice(), &*mean);
                prop_assert_eq!(prediction.geometric_mean.expected.as_slice(), &*mean);
                let square = |y: Vec<Rational>| {
                    y.iter()
                        .zip(&mean)
                        .fold(q(0, 1), |sum, (y, m)| sum + (y.clone() - m.clone()) * (y.clone() - m.clone()))
                };
                let variance = naive::mean(&masks, |multipliers| vec![square(f(multipliers))]);
                prop_assert_eq!(prediction.geometric_mean.log_mass, -variance[0].clone() / q(3, 2));
                let multipliers = naive::mean(&masks, <[_]>::to_vec);
                prop_assert_eq!(prediction.weight_scaling.as_slice(), &*f(&multipliers));
                prop_assert_eq!(law.mean(), DVector::from(multipliers));
            }
        }
        Ok(())
    });
}

/// Outputs made variances: ½ + z²/(1 + z²), in [½, 3/2), for the second half of them.
struct WithVariances(Box<dyn Network<f64>>);

fn with_variances(output: &[f64]) -> Vec<f64> {
    let variance = |(k, z): (usize, &f64)| if k < output.len() / 2 { *z } else { 0.5 + z * z / (1.0 + z * z) };
    output.iter().enumerate().map(variance).collect()
}

impl Network<f64> for WithVariances {
    fn inputs(&self) -> usize {
        self.0.inputs()
    }
    fn units(&self) -> usize {
        self.0.units()
    }
    fn outputs(&self) -> usize {
        self.0.outputs()
    }
    fn output(&self, x: &DVector<f64>, multipliers: &DVector<f64>) -> Result<DVector<f64>> {
        Ok(with_variances(self.0.output(x, multipliers)?.as_slice()).into())
    }
}

/// The networks of [`every_kind`], as this head needs them.
fn networks_for(head: &Outcomes, numbers: &[f64]) -> Vec<Twin<f64>> {
    let twins = every_kind(head.outputs, numbers);
    if head.outputs == head.targets() {
        return twins;
    }
    let varying = |(network, by_hand): Twin<f64>| -> Twin<f64> {
        (Box::new(WithVariances(network)), Box::new(move |x, multipliers| with_variances(&by_hand(x, multipliers))))
    };
    twins.into_iter().map(varying).collect()
}

/// The ensemble under test.
type Tested<'a> = Ensemble<'a, dyn Network<f64>, dyn LogProbability<f64>, dyn FiniteLaw<f64>>;

/// A way to the three predictions.
type Predict = fn(&Tested, &DVector<f64>) -> Prediction<f64>;

fn predict(ensemble: &Tested, x: &DVector<f64>) -> Prediction<f64> {
    ensemble.predict(x).unwrap()
}

/// Equal up to 10⁻¹³ = 900u, relative to numbers of `size` and at least 1: two sums of at most 161 terms make up to 322u, and
/// where an outcome has any weight, its probability is the exponential of a mean over at most 16 sub-models of logarithms below
/// 50 in size, with some 10 roundings of 50u. (Measured: 4·10⁻¹⁵.)
fn close(found: f64, expected: f64, size: f64) -> TestCaseResult {
    prop_assert!((found - expected).abs() <= 1e-13 * size.max(1.0), "{found}, by brute force {expected}");
    Ok(())
}

/// The three predictions, each from the sub-models' densities at all outcomes.
fn agrees(
    predict: Predict,
    head: &Outcomes,
    (network, by_hand): &Twin<f64>,
    (law, masks): &LawTwin<f64>,
    x: &DVector<f64>,
) -> TestCaseResult {
    let ensemble = Ensemble::new(&**network, &*head.head, &**law).unwrap();
    let prediction = predict(&ensemble, x);
    let parameters: Vec<_> =
        masks.iter().map(|(multipliers, weight)| (by_hand(x.as_slice(), multipliers), *weight)).collect();
    let scaled = by_hand(x.as_slice(), &naive::mean(masks, <[_]>::to_vec));
    type LogP<'a> = &'a dyn Fn(&[f64]) -> f64;
    let over_masks = |term: &dyn Fn(&[f64]) -> f64| parameters.iter().map(|(theta, weight)| weight * term(theta)).sum();
    let am = head.moments(|log_p: LogP| over_masks(&|theta| Real::exp(log_p(theta))));
    let ngm = head.moments(|log_p: LogP| Real::exp(over_masks(log_p)));
    let ws = head.moments(|log_p: LogP| Real::exp(log_p(&scaled)));
    let means = [
        (prediction.arithmetic_mean, am.clone()),
        (prediction.geometric_mean.expected, ngm.clone()),
        (prediction.weight_scaling, ws),
    ];
    for (found, by_force) in means {
        prop_assert_eq!(found.len(), by_force.len() - 1);
        found.iter().zip(&by_force[1..]).try_for_each(|(found, sum)| close(*found, sum / by_force[0], found.abs()))?;
    }
    close(am[0], 1.0, 1.0)?;
    close(prediction.geometric_mean.log_mass, Real::ln(ngm[0]), 1.0)
}

fn agrees_everywhere(predict: Predict, (numbers, x, keep): &Case<f64>, head: &Outcomes) -> TestCaseResult {
    let keep = keep.map(|p| Scalar::to_f64(&p));
    for twin in networks_for(head, numbers.as_slice()) {
        for law in laws(&keep.as_slice()[..twin.0.units()]) {
            agrees(predict, head, &twin, &law, x)?;
        }
    }
    Ok(())
}

#[test]
fn brute_force_agrees_for_softmax_heads() {
    holds(12, cases(), |case| agrees_everywhere(predict, &case, &softmax()));
}

#[test]
fn brute_force_agrees_for_bernoulli_heads() {
    holds(12, cases(), |case| agrees_everywhere(predict, &case, &bernoulli()));
}

#[test]
fn brute_force_agrees_for_poisson_heads() {
    let head = poisson(1);
    holds(4, cases(), |case| agrees_everywhere(predict, &case, &head));
}

#[test]
fn brute_force_agrees_for_gaussian_heads() {
    let head = gaussian();
    holds(4, cases(), |case| agrees_everywhere(predict, &case, &head));
}

#[test]
fn brute_force_agrees_for_gaussian_heads_with_their_own_variance() {
    let head = gaussian_with_variance(1);
    holds(4, cases(), |case| agrees_everywhere(predict, &case, &head));
}

/// Two counts or two normal variables at a time, in one law: the joint geometric mean, over all pairs of outcomes.
#[test]
fn brute_force_agrees_for_two_outputs_at_once() {
    for head in [poisson(2), gaussian_with_variance(2)] {
        holds(1, cases(), |(numbers, x, keep)| {
            let tanh = networks_for(&head, numbers.as_slice()).swap_remove(6);
            let law = laws(keep.map(|p| Scalar::to_f64(&p)).as_slice()).swap_remove(1);
            agrees(predict, &head, &tanh, &law, &x)
        });
    }
}

/// Each prediction alone has the bits that it has among the three.
#[test]
fn brute_force_agrees_for_each_prediction_alone() {
    fn one_by_one(ensemble: &Tested, x: &DVector<f64>) -> Prediction<f64> {
        let alone = Prediction {
            arithmetic_mean: ensemble.arithmetic_mean(x).unwrap(),
            geometric_mean: ensemble.geometric_mean(x).unwrap(),
            weight_scaling: ensemble.weight_scaling(x).unwrap(),
        };
        assert_eq!(alone, predict(ensemble, x));
        alone
    }
    holds(4, cases(), |case| agrees_everywhere(one_by_one, &case, &softmax()));
    holds(4, cases(), |case| agrees_everywhere(one_by_one, &case, &bernoulli()));
}

#[test]
fn brute_force_mutant_swaps_the_two_means() {
    fn swapped(ensemble: &Tested, x: &DVector<f64>) -> Prediction<f64> {
        let mut prediction = predict(ensemble, x);
        std::mem::swap(&mut prediction.arithmetic_mean, &mut prediction.geometric_mean.expected);
        prediction
    }
    refuted(4, cases(), |case| agrees_everywhere(swapped, &case, &softmax()));
}

#[test]
fn brute_force_mutant_gives_weight_scaling_for_the_geometric_mean() {
    fn scaled(ensemble: &Tested, x: &DVector<f64>) -> Prediction<f64> {
        let mut prediction = predict(ensemble, x);
        prediction.geometric_mean.expected = prediction.weight_scaling.clone();
        prediction
    }
    refuted(4, cases(), |case| agrees_everywhere(scaled, &case, &bernoulli()));
}

#[test]
fn brute_force_mutant_gives_the_mass_after_normalisation() {
    fn normalised(ensemble: &Tested, x: &DVector<f64>) -> Prediction<f64> {
        let mut prediction = predict(ensemble, x);
        prediction.geometric_mean.log_mass = 0.0;
        prediction
    }
    refuted(4, cases(), |case| agrees_everywhere(normalised, &case, &softmax()));
}
