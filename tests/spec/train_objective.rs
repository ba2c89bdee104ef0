//! The dropout objective by enumeration, its gradient, and the minibatch that estimates both.

use crate::support::{any_law, holds, mean_over, q, rationals, reals, refuted};
use crate::train_gradient::{central, flat, network, numbers};
use dropout_oracle::data::Examples;
use dropout_oracle::ensemble::Ensemble;
use dropout_oracle::head::{Gaussian, Head, Softmax};
use dropout_oracle::law::{FiniteLaw, Independent, Law, Table, Uniform};
use dropout_oracle::network::mlp::PiecewiseLinearMlp;
use dropout_oracle::network::{Activation, Network, PiecewiseLinear};
use dropout_oracle::train::Objective;
use dropout_oracle::train::objective::{enumerated, sampled};
use dropout_oracle::{Error, Rational};
use nalgebra::{DVector, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// One input and two hidden units, all of them droppable.
const WIDTHS: [usize; 3] = [1, 2, 1];
const UNITS: usize = 3;

/// Numbers of the network, inputs and targets of two examples, a joint law of the masks.
type Case = (DVector<Rational>, DVector<Rational>, DVector<Rational>, Table<Rational>);

fn case() -> impl Strategy<Value = Case> + Clone {
    // Sevenths, so that hardly any pre-activation is exactly zero.
    let weights = prop::collection::vec((-9i64..=9).prop_map(|n| q(2 * n + 1, 7)), numbers(&WIDTHS));
    (weights.prop_map(DVector::from_vec), rationals(2), rationals(2), any_law(UNITS))
}

fn head() -> Gaussian<Rational> {
    Gaussian::new(q(1, 1)).unwrap()
}

fn examples(x: &DVector<Rational>, y: &DVector<Rational>) -> Examples<Rational> {
    let each = |v: &DVector<Rational>| v.iter().map(|v| dvector![v.clone()]).collect();
    Examples::new(each(x), each(y)).unwrap()
}

type Enumerate = fn(&PiecewiseLinearMlp<Rational>, &Table<Rational>, &Examples<Rational>) -> Objective<Rational>;

/// The project's.
fn enumerate(
    network: &PiecewiseLinearMlp<Rational>,
    law: &Table<Rational>,
    examples: &Examples<Rational>,
) -> Objective<Rational> {
    enumerated(network, &head(), law, examples).unwrap()
}

/// The mean over examples and masks, written out.
fn by_definition(
    network: &PiecewiseLinearMlp<Rational>,
    law: &Table<Rational>,
    examples: &Examples<Rational>,
) -> Rational {
    let losses = examples.iter().map(|(x, y)| {
        mean_over(law, |mu| dvector![head().loss(&network.output(x, mu).unwrap(), y).unwrap()])[0].clone()
    });
    losses.fold(q(0, 1), |sum, loss| sum + loss) / q(examples.count() as i64, 1)
}

/// The loss is the mean by definition, and the gradient its derivative, exactly: a quadratic in each weight.
fn check(enumerate: Enumerate, (weights, x, y, law): &Case) -> TestCaseResult {
    let (network, examples) = (network(&WIDTHS, &PiecewiseLinear::Relu, weights), examples(x, y));
    let objective = enumerate(&network, law, &examples);
    let loss = |network: &PiecewiseLinearMlp<Rational>| by_definition(network, law, &examples);
    prop_assert_eq!(&objective.loss, &loss(&network));
    for (index, derivative) in flat(&objective.gradient).iter().enumerate() {
        let difference = central(&network, index, q(1, 1 << 20), loss);
        prop_assume!(difference == central(&network, index, q(1, 1 << 21), loss)); // no kink in between
        prop_assert_eq!(&difference, derivative, "number {}", index);
    }
    Ok(())
}

#[test]
fn train_objective_holds_for_any_joint_law() {
    holds(24, case(), |case| check(enumerate, &case));
}

/// All masks alike, whatever π.
#[test]
fn train_objective_mutant_forgets_the_weights_of_the_masks() {
    refuted(24, case(), |case| {
        check(|network, _, examples| enumerated(network, &head(), &Uniform::new(UNITS), examples).unwrap(), &case)
    });
}

/// The right loss, with the gradient of the weight-scaled network.
#[test]
fn train_objective_mutant_goes_down_the_weight_scaled_network() {
    refuted(24, case(), |case| {
        check(
            |network, law, examples| {
                let rows: Vec<usize> = (0..examples.count()).collect();
                let scaled = sampled(network, &head(), examples, &rows, |_| law.mean()).unwrap();
                Objective { gradient: scaled.gradient, ..enumerate(network, law, examples) }
            },
            &case,
        )
    });
}

/// Only the first example counts.
#[test]
fn train_objective_mutant_leaves_out_an_example() {
    refuted(24, case(), |case| {
        check(
            |network, law, examples| {
                let one = Examples::new(examples.inputs()[..1].to_vec(), examples.targets()[..1].to_vec()).unwrap();
                enumerate(network, law, &one)
            },
            &case,
        )
    });
}

/// How the mean of two rows is estimated from their masks.
type Estimate = fn(&PiecewiseLinearMlp<Rational>, &Examples<Rational>, [&DVector<Rational>; 2]) -> Objective<Rational>;

fn estimate(
    network: &PiecewiseLinearMlp<Rational>,
    examples: &Examples<Rational>,
    masks: [&DVector<Rational>; 2],
) -> Objective<Rational> {
    sampled(network, &head(), examples, &[0, 1], |row| masks[row].clone()).unwrap()
}

/// The estimate's mean over the masks of both rows, drawn independently, is the enumerated objective and gradient.
fn unbiased(estimate: Estimate, (weights, x, y, law): &Case) -> TestCaseResult {
    let (network, examples) = (network(&WIDTHS, &PiecewiseLinear::Relu, weights), examples(x, y));
    let numbers =
        |objective: Objective<Rational>| DVector::from_vec([vec![objective.loss], flat(&objective.gradient)].concat());
    let mean = mean_over(law, |first| mean_over(law, |second| numbers(estimate(&network, &examples, [first, second]))));
    prop_assert_eq!(mean, numbers(enumerate(&network, law, &examples)));
    Ok(())
}

#[test]
fn train_minibatch_holds_unbiased_with_a_mask_a_row() {
    holds(16, case(), |case| unbiased(estimate, &case));
}

/// One mask for the whole minibatch has the same mean gradient (and another covariance: claim l2.batch-mask).
#[test]
fn train_minibatch_holds_unbiased_with_one_mask_for_all_rows() {
    holds(16, case(), |case| unbiased(|net, examples, [mask, _]| estimate(net, examples, [mask, mask]), &case));
}

#[test]
fn train_minibatch_mutant_adds_the_rows_without_dividing() {
    refuted(16, case(), |case| {
        unbiased(
            |network, examples, masks| {
                let mut objective = estimate(network, examples, masks);
                objective.gradient.iter_mut().for_each(|affine| affine.weight *= q(2, 1));
                objective
            },
            &case,
        )
    });
}

/// In f64 and for classes, the objective is the mean −ln p of the ensemble's sub-models.
#[test]
fn train_objective_holds_as_the_ensembles_expected_loss() {
    let widths = [2, 3, 3];
    holds(16, (reals(numbers(&widths)), reals(2)), |(weights, x)| {
        let network = network(&widths, &Activation::Tanh, &weights);
        let law = Independent::new(dvector![1.0, 0.75, 0.5, 0.25, 0.5]).unwrap();
        let examples = Examples::classes(vec![x.clone(), -x], &[0, 2], 3).unwrap();
        let objective = enumerated(&network, &Softmax, &law, &examples).unwrap();
        let ensemble = Ensemble::new(&network, &Softmax, &law).unwrap();
        let losses = examples.iter().map(|(x, y)| -ensemble.expected_log_probability(x, y).unwrap());
        let mean = losses.sum::<f64>() / 2.0;
        // The same 2·32 losses below 2⁵, added in two orders: a dozen roundings at most of either sum.
        prop_assert!((objective.loss - mean).abs() <= 24.0 * 32.0 * f64::EPSILON / 2.0);
        Ok(())
    });
}

#[test]
fn train_objective_has_the_shapes_of_the_layers() {
    let weights = DVector::from_element(numbers(&WIDTHS), q(1, 1));
    let network = network(&WIDTHS, &PiecewiseLinear::Relu, &weights);
    let examples = examples(&dvector![q(1, 1)], &dvector![q(0, 1)]);
    let law = Uniform::<Rational>::new(UNITS);
    let objective = enumerated(&network, &head(), &law, &examples).unwrap();
    let shapes = objective.gradient.iter().map(|affine| (affine.weight.shape(), affine.bias.len()));
    assert_eq!(shapes.collect::<Vec<_>>(), [((2, 1), 2), ((1, 2), 1)]);
    assert_eq!(law.submodels(), Ok(8));
    let wrong = enumerated(&network, &head(), &Uniform::new(UNITS + 1), &examples);
    assert!(matches!(wrong, Err(Error::Shape { expected: 3, found: 4, .. })));
}

#[test]
fn train_examples_that_do_not_fit_are_named() {
    let (one, two) = (dvector![1.0], dvector![1.0, 2.0]);
    let named = |x: Vec<DVector<f64>>, y: Vec<DVector<f64>>| Examples::new(x, y).unwrap_err().to_string();
    assert_eq!(named(vec![], vec![]), "number of examples: expected 1, found 0");
    assert_eq!(named(vec![one.clone()], vec![]), "targets, one an example: expected 1, found 0");
    let ones = vec![one.clone(), one.clone()];
    assert_eq!(
        named(vec![one.clone(), two.clone()], ones.clone()),
        "length of the input of example 1: expected 1, found 2"
    );
    assert_eq!(named(ones.clone(), vec![two, one.clone()]), "length of the target of example 1: expected 2, found 1");
    assert!(named(ones.clone(), vec![one.clone(), dvector![f64::NAN]]).contains("a target of example 1 is NaN"));
    assert!(named(vec![one.clone(), dvector![f64::INFINITY]], ones.clone()).contains("an input of example 1 is inf"));
    assert!(matches!(Examples::classes(ones, &[0, 2], 2), Err(Error::Domain { .. })));
}
