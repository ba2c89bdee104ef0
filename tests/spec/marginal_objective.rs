//! Claim marginal.objective: the dropout objective of logistic units and its gradient, exactly; training on it.

use crate::support::{holds, refuted};
use dropout_oracle::approximation::fast_dropout;
use dropout_oracle::data::Examples;
use dropout_oracle::head::Bernoulli;
use dropout_oracle::law::{Independent, Law, Rescaled};
use dropout_oracle::marginal::objective::{Objective, objective};
use dropout_oracle::network::{Affine, Layer, Mlp, Network};
use dropout_oracle::train::objective::{enumerated, sampled};
use dropout_oracle::train::{Minimum, QuasiNewton};
use nalgebra::{DMatrix, DVector, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

/// 2⁻⁵³.
const U: f64 = f64::EPSILON / 2.0;

type Masks = Rescaled<f64, Independent<f64>>;
/// Features and targets.
type Pairs = Vec<(DVector<f64>, DVector<f64>)>;
/// The units, their law, examples.
type Case = (Affine<f64>, Masks, Pairs);

/// One to two outputs on `inputs` features, two examples with targets in [0, 1], either convention.
fn case(inputs: usize) -> impl Strategy<Value = Case> + Clone {
    let numbers = |n: usize| prop::collection::vec(-2.0..2.0f64, n);
    let keep = prop::collection::vec((1i32..=8).prop_map(|k| f64::from(k) / 8.0), inputs);
    (1usize..=2, keep, any::<bool>()).prop_flat_map(move |(outputs, keep, inverted)| {
        let targets = prop::collection::vec((0i32..=4).prop_map(|k| f64::from(k) / 4.0), 2 * outputs);
        (numbers(inputs * outputs), numbers(outputs), numbers(2 * inputs), targets).prop_map(move |(w, b, x, t)| {
            let law = Independent::new(keep.clone().into()).unwrap();
            let law = if inverted { Rescaled::inverted(law).unwrap() } else { Rescaled::unscaled(law) };
            let examples = (0..2).map(|r| {
                let x = DVector::from_column_slice(&x[r * inputs..(r + 1) * inputs]);
                (x, DVector::from_column_slice(&t[r * outputs..(r + 1) * outputs]))
            });
            let affine = Affine::new(DMatrix::from_vec(outputs, inputs, w), b.into()).unwrap();
            (affine, law, examples.collect())
        })
    })
}

/// The objective by enumeration, as the mean over examples, of a network of one dropout and one affine layer.
fn by_enumeration((affine, law, examples): &Case) -> (f64, Affine<f64>) {
    let (inputs, targets) = examples.iter().cloned().unzip();
    let network = Mlp::new(affine.inputs(), vec![Layer::dropout(affine.inputs()), Layer::Affine(affine.clone())]);
    let network: Mlp<f64> = network.unwrap();
    let mean = enumerated(&network, &Bernoulli, law, &Examples::new(inputs, targets).unwrap()).unwrap();
    let count = examples.len() as f64;
    let gradient = &mean.gradient[0];
    (mean.loss * count, Affine { weight: &gradient.weight * count, bias: &gradient.bias * count })
}

/// A rule that claims the objective with its gradient.
type Rule = fn(&Case) -> Objective;

fn exact((affine, law, examples): &Case) -> Objective {
    objective(affine, law, examples).unwrap()
}

/// The claim: loss and gradient lie within their errors of the enumerated ones, and the errors are small.
fn objective_is_the_enumerated_one(rule: Rule, case: &Case) -> TestCaseResult {
    let (loss, gradient) = by_enumeration(case);
    let found = rule(case);
    // A logit is below 2 + 4·8·inputs, hence a loss; each is rounded about 4n + 12 times.
    let n = case.0.inputs() as f64;
    let slack = (2.0 + 32.0 * n) * (4.0 * n + 12.0) * U;
    prop_assert!((found.loss.value - loss).abs() <= found.loss.error + 2.0 * slack, "{found:?} {loss}");
    let off = (&found.gradient.weight - &gradient.weight).amax().max((&found.gradient.bias - &gradient.bias).amax());
    prop_assert!(off <= found.error + 16.0 * slack, "off by {off:e}, {found:?}");
    prop_assert!(found.error < 1e-11 && found.loss.error < 1e-11, "the bound is loose: {found:?}");
    Ok(())
}

#[test]
fn marginal_objective_holds_by_enumeration() {
    holds(32, case(6), |case| objective_is_the_enumerated_one(exact, &case));
}

#[test]
fn marginal_objective_mutant_is_fast_dropout() {
    refuted(16, case(5), |case| {
        let rule: Rule = |(affine, law, examples)| {
            let (loss, gradient) = fast_dropout::objective(affine, law, examples).unwrap();
            Objective { gradient, ..with_loss(&exact(&(affine.clone(), law.clone(), examples.clone())), loss) }
        };
        objective_is_the_enumerated_one(rule, &case)
    });
}

#[test]
fn marginal_objective_mutant_is_the_loss_of_the_mean_network() {
    refuted(16, case(5), |case| {
        let rule: Rule = |(affine, law, examples)| {
            let sure = Rescaled::new(Independent::new(law.mean().map(|_| 1.0)).unwrap(), law.mean()).unwrap();
            objective(affine, &sure, examples).unwrap()
        };
        objective_is_the_enumerated_one(rule, &case)
    });
}

fn with_loss(objective: &Objective, loss: f64) -> Objective {
    let mut other = objective.clone();
    other.loss.value = loss;
    other
}

/// The last layer of a network with hidden units and dropout there: its gradient with the features fixed is the exact one.
#[test]
fn marginal_objective_holds_for_the_last_layer_of_a_network() {
    let first = Affine::new(DMatrix::from_fn(5, 3, |i, j| (i + 2 * j) as f64 / 4.0 - 1.0), DVector::zeros(5)).unwrap();
    let last = Affine::new(DMatrix::from_fn(1, 5, |_, j| j as f64 / 2.0 - 1.0), dvector![0.25]).unwrap();
    let relu = || Layer::Unit(dropout_oracle::network::PiecewiseLinear::Relu);
    let network: Mlp<f64, dropout_oracle::network::PiecewiseLinear> =
        Mlp::new(3, vec![Layer::Affine(first.clone()), relu(), Layer::dropout(5), Layer::Affine(last.clone())])
            .unwrap();
    let features: Mlp<f64, dropout_oracle::network::PiecewiseLinear> =
        Mlp::new(3, vec![Layer::Affine(first), relu()]).unwrap();
    let law = Independent::new(DVector::from_element(5, 0.5)).and_then(Rescaled::inverted).unwrap();
    let (x, t) = (dvector![1.0, -0.5, 2.0], dvector![1.0]);
    let whole =
        enumerated(&network, &Bernoulli, &law, &Examples::new(vec![x.clone()], vec![t.clone()]).unwrap()).unwrap();
    let h = features.output(&x, &DVector::zeros(0)).unwrap();
    let exact = objective(&last, &law, &[(h, t)]).unwrap();
    // A handful of roundings of numbers below 20.
    assert!((whole.loss - exact.loss.value).abs() < exact.loss.error + 1e-13);
    assert!((&whole.gradient[1].weight - &exact.gradient.weight).amax() < exact.error + 1e-13);
}

/// 60 examples with 12 features, of which the targets follow two with noise.
fn data_set() -> (Pairs, Masks) {
    let number = |k: usize| ((k * k * 7919 + k * 104_729 + 12_345) % 1009) as f64 / 504.5 - 1.0;
    let examples = (0..60).map(|r| {
        let x = DVector::from_fn(12, |j, _| number(12 * r + j));
        let t = if x[0] - 0.5 * x[1] + 0.7 * number(5000 + r) > 0.0 { 1.0 } else { 0.0 };
        (x, dvector![t])
    });
    (examples.collect(), Independent::new(DVector::from_element(12, 0.5)).and_then(Rescaled::inverted).unwrap())
}

fn unit(parameters: &DVector<f64>) -> Affine<f64> {
    Affine::new(DMatrix::from_fn(1, 12, |_, j| parameters[j]), dvector![parameters[12]]).unwrap()
}

fn flat(gradient: &Affine<f64>) -> DVector<f64> {
    DVector::from_iterator(13, gradient.weight.iter().chain(&gradient.bias).copied())
}

fn train(
    objective: impl Fn(&Affine<f64>) -> dropout_oracle::Result<(f64, Affine<f64>)>,
    tolerance: f64,
    steps: usize,
) -> Minimum {
    let method = QuasiNewton { tolerance, steps };
    let flattened = |w: &DVector<f64>| {
        let (loss, gradient) = objective(&unit(w))?;
        Ok((loss, flat(&gradient)))
    };
    method.minimise(DVector::zeros(13), flattened).unwrap()
}

/// Deterministic dropout training: the minimiser of the exact objective is stationary, and of the exact objective fast
/// dropout's optimum misses .57 %, that of 40 fixed masks an example .19 %.
#[test]
fn marginal_objective_trains_below_fast_and_sampled_dropout() {
    let (examples, law) = data_set();
    let value = |w: &DVector<f64>| objective(&unit(w), &law, &examples).unwrap().loss.value;
    let trained = train(|u| objective(u, &law, &examples).map(|o| (o.loss.value, o.gradient)), 1e-9, 100);
    assert!(trained.gradient <= 1e-9, "{trained:?}");
    let fast = train(|u| fast_dropout::objective(u, &law, &examples), 1e-9, 100);
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let masks: Vec<DVector<f64>> = (0..40 * 60).map(|_| law.sample(&mut rng)).collect();
    let rows: Vec<usize> = (0..40 * 60).map(|r| r / 40).collect();
    let (inputs, targets) = examples.iter().cloned().unzip();
    let set = Examples::new(inputs, targets).unwrap();
    let by_samples = train(
        |u| {
            let network: Mlp<f64> = Mlp::new(12, vec![Layer::dropout(12), Layer::Affine(u.clone())])?;
            let mean = sampled(&network, &Bernoulli, &set, &rows, |r| masks[r].clone())?;
            let gradient = &mean.gradient[0];
            Ok((60.0 * mean.loss, Affine { weight: &gradient.weight * 60.0, bias: &gradient.bias * 60.0 }))
        },
        1e-6,
        60,
    );
    let (of_fast, of_samples) = (value(&fast.point) - trained.value, value(&by_samples.point) - trained.value);
    // .57 % and .19 % of 29.1.
    assert!(of_fast > 0.004 * trained.value && of_fast < 0.007 * trained.value, "{of_fast}");
    assert!(of_samples > 0.001 * trained.value && of_samples < 0.003 * trained.value, "{of_samples}");
}

/// Outside its condition: the optimum of another law is no stationary point.
#[test]
fn marginal_objective_fails_for_another_law() {
    let (examples, law) = data_set();
    let trained = train(|u| objective(u, &law, &examples).map(|o| (o.loss.value, o.gradient)), 1e-6, 100);
    let other = Independent::new(DVector::from_element(12, 0.8)).and_then(Rescaled::inverted).unwrap();
    let elsewhere = objective(&unit(&trained.point), &other, &examples).unwrap();
    assert!(flat(&elsewhere.gradient).amax() > 0.1);
}
