//! Generalised linear models with canonical link: the dropout penalty sees the inputs, not the labels.

use crate::support::*;
use approx::assert_relative_eq;
use dropout_oracle::Ensemble;
use dropout_oracle::Real;
use dropout_oracle::head::{Bernoulli, Gaussian, Head, Poisson, Softmax};
use dropout_oracle::law::{FiniteLaw, FixedCount, Independent, Rescaled, Tied, Uniform};
use dropout_oracle::network::{Affine, softmax_regression};
use dropout_oracle::penalty::{Canonical, Glm};
use nalgebra::{DMatrix, DVector, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const INPUTS: usize = 3;
const EXAMPLES: usize = 2;

/// W and b for three outputs, and two rows of inputs. Logits stay below 3·3·3/8 + 3/8 times the largest multiplier.
type Model = (Affine<f64>, DMatrix<f64>);

fn models() -> impl Strategy<Value = Model> + Clone {
    (real_matrix(3, INPUTS), reals(3), real_matrix(EXAMPLES, INPUTS))
        .prop_map(|(w, b, x)| (Affine::new(w / 8.0, b / 8.0).unwrap(), x))
}

/// KEEP probabilities of at least 1/4, so that inverted multipliers are at most 4.
fn keeping() -> impl Strategy<Value = DVector<f64>> + Clone {
    prop::collection::vec(0.25..=1.0, INPUTS).prop_map(DVector::from_vec)
}

fn heads() -> [Box<dyn Canonical<f64>>; 4] {
    [Box::new(Softmax), Box::new(Bernoulli), Box::new(Poisson), Box::new(Gaussian::new(2.0).unwrap())]
}

fn laws(keep: &DVector<f64>) -> [Box<dyn FiniteLaw<f64>>; 4] {
    let independent = Independent::new(keep.clone()).unwrap();
    [
        Box::new(Rescaled::inverted(independent.clone()).unwrap()),
        Box::new(independent),
        Box::new(FixedCount::new(INPUTS, 2).unwrap()),
        Box::new(Tied::new(Uniform::<f64>::new(2), vec![0, 1, 0]).unwrap()),
    ]
}

/// Targets for every head: classes, answers, counts, numbers; one-hot so that softmax takes them.
fn labels() -> [DVector<f64>; 3] {
    [dvector![1.0, 0.0, 0.0], dvector![0.0, 1.0, 0.0], dvector![0.0, 0.0, 1.0]]
}

// glm.penalty

type Penalty = fn(&Affine<f64>, &dyn Canonical<f64>, &dyn FiniteLaw<f64>, &DMatrix<f64>) -> f64;

fn exact(weights: &Affine<f64>, head: &dyn Canonical<f64>, law: &dyn FiniteLaw<f64>, inputs: &DMatrix<f64>) -> f64 {
    Glm::new(weights, head, law).unwrap().penalty(inputs).unwrap()
}

/// For every head, law and label: E loss(x̃) = loss(E x̃) + R, with one R for all labels, which is the ensemble's
/// disagreement −ln Z.
fn rule_gives_the_penalty(rule: Penalty, (weights, inputs): &Model, keep: &DVector<f64>) -> TestCaseResult {
    let (heads, laws) = (heads(), laws(keep));
    for (head, law) in itertools::iproduct!(&heads, &laws) {
        let penalty = rule(weights, &**head, &**law, inputs);
        let output = |n: usize, mu: &DVector<f64>| weights.apply(&inputs.row(n).transpose().component_mul(mu));
        let over = |f: &dyn Fn(usize) -> f64| (0..EXAMPLES).map(f).sum::<f64>();
        let partition = |n: usize| mean_over(&**law, |mu| dvector![head.log_partition(&output(n, mu))])[0].abs();
        // Logits below 15 with 4 roundings each move e^η by 60 u relative, and A and the loss by less; 8 masks, 2
        // examples and a few operations more stay below 200 u of the terms, A and η·y.
        let tolerance = 200.0 * f64::EPSILON * (over(&|n| partition(n)) + 15.0 * EXAMPLES as f64);
        for label in labels() {
            let loss = |n: usize, mu: &DVector<f64>| head.loss(&output(n, mu), &label).unwrap();
            let expected = over(&|n| mean_over(&**law, |mu| dvector![loss(n, mu)])[0]);
            let excess = expected - over(&|n| loss(n, &law.mean()));
            prop_assert!((excess - penalty).abs() <= tolerance, "label {label}: {excess} against {penalty}");
        }
        let network = softmax_regression(weights.weight.clone(), weights.bias.clone()).unwrap();
        let ensemble = Ensemble::new(&network, &**head, &**law).unwrap();
        let disagreement = over(&|n| -ensemble.geometric_mean(&inputs.row(n).transpose()).unwrap().log_mass);
        prop_assert!((disagreement - penalty).abs() <= tolerance, "−ln Z {disagreement} against {penalty}");
        prop_assert!(penalty >= -tolerance, "Jensen: {penalty}");
    }
    Ok(())
}

#[test]
fn glm_penalty_holds_for_every_head_law_and_label() {
    holds(24, (models(), keeping()), |(model, keep)| rule_gives_the_penalty(exact, &model, &keep));
}

#[test]
fn glm_penalty_mutant_is_the_quadratic_approximation() {
    let quadratic: Penalty = |w, head, law, x| Glm::new(w, head, law).unwrap().quadratic_penalty(x).unwrap();
    refuted(24, (models(), keeping()), |(model, keep)| rule_gives_the_penalty(quadratic, &model, &keep));
}

#[test]
fn glm_penalty_mutant_compares_with_the_network_that_is_not_scaled() {
    let unscaled: Penalty = |w, head, law, x| {
        let partition =
            |n: usize, mu: &DVector<f64>| head.log_partition(&w.apply(&x.row(n).transpose().component_mul(mu)));
        let kept = DVector::from_element(INPUTS, 1.0);
        let excess = |n| mean_over(law, |mu| dvector![partition(n, mu)])[0] - partition(n, &kept);
        (0..EXAMPLES).map(excess).sum()
    };
    refuted(24, (models(), keeping()), |(model, keep)| rule_gives_the_penalty(unscaled, &model, &keep));
}

/// Outside the canonical link the excess does depend on the label: squared error behind a logistic unit.
#[test]
fn glm_penalty_fails_for_a_link_that_is_not_canonical() {
    let loss = |logit: f64, label: f64| (Real::logistic(logit) - label) * (Real::logistic(logit) - label);
    // One input x = 1, weight 1, inverted dropout with p = ½: logits 0 and 2 against 1.
    let excess = |label| (loss(0.0, label) + loss(2.0, label)) / 2.0 - loss(1.0, label);
    assert!((excess(0.0) - excess(1.0)).abs() > 0.04, "{} {}", excess(0.0), excess(1.0));
}

/// Outside "E x̃ = x": standard dropout against the network that is not scaled. The excess of label 1 and that of label 0
/// differ by the drop in the mean logit.
#[test]
fn glm_penalty_fails_without_weight_scaling() {
    let loss = |logit: f64, label: f64| Head::loss(&Bernoulli, &dvector![logit], &dvector![label]).unwrap();
    let excess = |label| (loss(0.0, label) + loss(1.0, label)) / 2.0 - loss(1.0, label);
    assert_relative_eq!(excess(1.0) - excess(0.0), 0.5, max_relative = 4.0 * f64::EPSILON);
}

/// Inputs without labels have a penalty too, and penalties add up: with α times the penalty of m unlabelled inputs, scaled
/// back by n/(n + αm), unlabelled copies of the n labelled inputs change nothing (semi-supervised dropout).
#[test]
fn glm_penalty_holds_on_unlabelled_inputs() {
    holds(24, (models(), keeping(), 0.1..2.0), |((weights, inputs), keep, discount)| {
        let law = Rescaled::inverted(Independent::new(keep).unwrap()).unwrap();
        let glm = Glm::new(&weights, &Softmax, &law).unwrap();
        let unlabelled = DMatrix::from_fn(3 * EXAMPLES, INPUTS, |n, j| inputs[(n % EXAMPLES, j)]);
        let (labelled, unlabelled) = (glm.penalty(&inputs).unwrap(), glm.penalty(&unlabelled).unwrap());
        let semi_supervised: f64 = (labelled + discount * unlabelled) / (1.0 + 3.0 * discount);
        // A dozen additions of penalties, which are positive but carry the cancellation of A's below 20.
        prop_assert!((semi_supervised - labelled).abs() < 12.0 * 20.0 * f64::EPSILON);
        Ok(())
    });
}

/// The laws above have the means that they are meant to have.
#[test]
fn glm_penalty_covers_laws_with_and_without_scaling() {
    let keep = dvector![0.25, 0.5, 0.75];
    let means: Vec<_> = laws(&keep).iter().map(|law| law.mean()).collect();
    assert_eq!((&means[0], &means[1]), (&dvector![1.0, 1.0, 1.0], &keep));
}
