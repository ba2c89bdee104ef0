//! Under a model's own labels the mean outer product of its gradients, which AdaGrad adds up, is the Hessian that
//! dropout's quadratic penalty is made of: both are the Fisher information.

use crate::support::*;
use approx::assert_relative_eq;
use dropout_oracle::Real;
use dropout_oracle::head::{Bernoulli, Gaussian, LogProbability, Poisson, Softmax};
use dropout_oracle::law::{Rescaled, Uniform};
use dropout_oracle::network::Affine;
use dropout_oracle::penalty::{Canonical, Glm};
use itertools::Itertools;
use nalgebra::{DMatrix, DVector, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const INPUTS: usize = 2;
const OUTPUTS: usize = 2;

/// W and b for two outputs below 2·3·3/8 + 3/8 < 2.7 in size, and two rows of inputs.
type Model = (Affine<f64>, DMatrix<f64>);

fn models() -> impl Strategy<Value = Model> + Clone {
    (real_matrix(OUTPUTS, INPUTS), reals(OUTPUTS), real_matrix(2, INPUTS))
        .prop_map(|(w, b, x)| (Affine::new(w / 8.0, b / 8.0).unwrap(), x))
}

/// Σ_i E_y g gᵀ, with g the gradient of −ln p(y) in W and y from `labels`, drawn by the model itself.
fn outer_products(head: &dyn LogProbability<f64>, labels: &[DVector<f64>], (weights, inputs): &Model) -> DMatrix<f64> {
    let size = OUTPUTS * INPUTS;
    let term = |(row, label): (usize, &DVector<f64>)| {
        let x = inputs.row(row).transpose();
        let output = weights.apply(&x);
        let probability = Real::exp(head.log_probability(&output, label).unwrap());
        let error = head.error(&output, label).unwrap();
        let g = DVector::from_fn(size, |i, _| error[i % OUTPUTS] * x[i / OUTPUTS]);
        DMatrix::from_fn(size, size, |i, j| probability * g[i] * g[j])
    };
    (0..inputs.nrows()).cartesian_product(labels).map(term).fold(DMatrix::zeros(size, size), |sum, g| sum + g)
}

/// All pairs of counts up to `most`.
fn pairs(most: u32) -> Vec<DVector<f64>> {
    (0..=most).cartesian_product(0..=most).map(|(a, b)| dvector![f64::from(a), f64::from(b)]).collect()
}

type Information = fn(&dyn Canonical<f64>, &Model) -> DMatrix<f64>;

fn fisher(head: &dyn Canonical<f64>, (weights, inputs): &Model) -> DMatrix<f64> {
    let law = Rescaled::inverted(Uniform::new(INPUTS)).unwrap();
    Glm::new(weights, head, &law).unwrap().fisher_information(inputs).unwrap()
}

/// Σ_i A″(η_i) ⊗ x_i x_iᵀ is that mean, for classes, answers and counts.
fn rule_gives_the_information(rule: Information, model: &Model) -> TestCaseResult {
    let one_hot = [dvector![1.0, 0.0], dvector![0.0, 1.0]];
    // Rates below e^2.7 < 15 (logits below 2·9/8 + 3/8): counts beyond 80 have probability below 1e−30.
    for (head, information, labels) in [
        (&Softmax as &dyn LogProbability<f64>, rule(&Softmax, model), &one_hot[..]),
        (&Bernoulli, rule(&Bernoulli, model), &pairs(1)),
        (&Poisson, rule(&Poisson, model), &pairs(80)),
    ] {
        let enumerated = outer_products(head, labels, model);
        // ln p of counts holds 80 logarithms and is below 300: e^ln p is off by some 300·100 u, the sum of 81² terms by
        // as much again.
        let off = (information - &enumerated).amax();
        prop_assert!(off <= 4e4 * f64::EPSILON * (1.0 + enumerated.amax()), "off by {off:e}");
    }
    Ok(())
}

#[test]
fn adagrad_fisher_holds_for_the_models_own_labels() {
    holds(8, models(), |model| rule_gives_the_information(fisher, &model));
}

/// AdaGrad scales by the root of the diagonal, dropout's penalty by the diagonal itself.
#[test]
fn adagrad_fisher_mutant_takes_the_root_of_adagrad() {
    let root: Information = |head, model| DMatrix::from_diagonal(&fisher(head, model).diagonal().map(Real::sqrt));
    refuted(8, models(), |model| rule_gives_the_information(root, &model));
}

#[test]
fn adagrad_fisher_mutant_keeps_only_the_diagonal() {
    let diagonal: Information = |head, model| DMatrix::from_diagonal(&fisher(head, model).diagonal());
    refuted(8, models(), |model| rule_gives_the_information(diagonal, &model));
}

/// Away from the weights that the labels come from the two differ: labels of a fair coin, weights that say σ(2). Then
/// E g² = (σ − ½)² + ¼ is more than three times σ(1 − σ).
#[test]
fn adagrad_fisher_fails_away_from_the_true_weights() {
    let sigma = Real::logistic(2.0);
    let square = |label: f64| (sigma - label) * (sigma - label);
    let hessian = Bernoulli.curvature(&dvector![2.0])[0];
    assert_relative_eq!(hessian, sigma * (1.0 - sigma), max_relative = 8.0 * f64::EPSILON);
    assert!((square(0.0) + square(1.0)) / 2.0 > 3.0 * hessian);
}

/// The Hessian is A″, for every head and whatever the label: the derivative of the gradient, by central differences with
/// h = 2⁻¹⁵, whose error is h²/6 of a third derivative below e³ and roundings of e³·8 u/h.
#[test]
fn adagrad_fisher_has_the_hessian_of_the_loss() {
    let h = 1.0 / 32768.0;
    let heads: [Box<dyn Canonical<f64>>; 4] =
        [Box::new(Softmax), Box::new(Bernoulli), Box::new(Poisson), Box::new(Gaussian::new(2.0).unwrap())];
    holds(32, reals(OUTPUTS), |output| {
        for (head, j, label) in itertools::iproduct!(&heads, 0..OUTPUTS, [dvector![1.0, 0.0], dvector![0.0, 1.0]]) {
            let shifted = |by: f64| {
                let mut output = output.clone();
                output[j] += by;
                head.error(&output, &label).unwrap()
            };
            let slope = (shifted(h) - shifted(-h)) / (2.0 * h);
            let off = (slope - head.curvature(&output).column(j)).amax();
            prop_assert!(off < 20.0 / 6.0 * h * h + 160.0 * f64::EPSILON / h, "{off:e}");
        }
        Ok(())
    });
}
