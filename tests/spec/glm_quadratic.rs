//! The quadratic approximation of the dropout penalty: what it is in terms of the data, where it is good (small weights)
//! and where it is not (small drop rates).

use crate::support::*;
use dropout_oracle::head::{Bernoulli, Gaussian, Poisson, Softmax};
use dropout_oracle::law::{FixedCount, Independent, Rescaled};
use dropout_oracle::network::Affine;
use dropout_oracle::penalty::{Canonical, Glm};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const INPUTS: usize = 3;

/// Inverted dropout with one DROP rate δ for all inputs.
fn dropping(delta: f64) -> Rescaled<f64, Independent<f64>> {
    Rescaled::inverted(Independent::new(DVector::from_element(INPUTS, 1.0 - delta)).unwrap()).unwrap()
}

fn scaled(weights: &Affine<f64>, by: f64) -> Affine<f64> {
    Affine { weight: &weights.weight * by, bias: weights.bias.clone() }
}

// glm.quadratic: the formulas

/// ½ δ/(1 − δ) Σ_ij x_ij² W_jᵀ A″(x_i W) W_j, with W_j the column of input j: Wager's matrix form, example by example.
type Form = fn(&Affine<f64>, &dyn Canonical<f64>, f64, &DMatrix<f64>) -> f64;

/// ½ tr(A″ C) summed over the examples, with C_kl = δ/(1 − δ) Σ_j x_j² W_kj W_lj. For one output it is
/// ½ δ/(1 − δ) βᵀ diag(XᵀVX) β.
fn wager(weights: &Affine<f64>, head: &dyn Canonical<f64>, delta: f64, inputs: &DMatrix<f64>) -> f64 {
    let w = &weights.weight;
    let per_example = inputs.row_iter().map(|row| {
        let v = head.curvature(&weights.apply(&row.transpose()));
        let c = |k: usize, l: usize| (0..INPUTS).map(|j| row[j] * row[j] * w[(k, j)] * w[(l, j)]).sum::<f64>();
        (0..w.nrows()).flat_map(|k| (0..w.nrows()).map(move |l| (k, l))).map(|(k, l)| v[(k, l)] * c(l, k)).sum::<f64>()
    });
    0.5 * delta / (1.0 - delta) * per_example.sum::<f64>()
}

/// The same from the Fisher information: its blocks that belong to one input each.
fn by_information(weights: &Affine<f64>, head: &dyn Canonical<f64>, delta: f64, inputs: &DMatrix<f64>) -> f64 {
    let (law, k) = (dropping(delta), weights.outputs());
    let information = Glm::new(weights, head, &law).unwrap().fisher_information(inputs).unwrap();
    let block = |j: usize| {
        let w = weights.weight.column(j).into_owned();
        w.dot(&(information.view((j * k, j * k), (k, k)) * &w))
    };
    0.5 * delta / (1.0 - delta) * (0..INPUTS).map(block).sum::<f64>()
}

fn models() -> impl Strategy<Value = (Affine<f64>, DMatrix<f64>)> + Clone {
    (real_matrix(3, INPUTS), reals(3), real_matrix(2, INPUTS))
        .prop_map(|(w, b, x)| (Affine::new(w / 4.0, b / 4.0).unwrap(), x))
}

fn heads() -> [Box<dyn Canonical<f64>>; 4] {
    [Box::new(Softmax), Box::new(Bernoulli), Box::new(Poisson), Box::new(Gaussian::new(2.0).unwrap())]
}

fn form_is_the_quadratic_penalty(
    form: Form,
    (weights, inputs): &(Affine<f64>, DMatrix<f64>),
    delta: f64,
) -> TestCaseResult {
    let law = dropping(delta);
    for head in &heads() {
        let penalty = Glm::new(weights, &**head, &law).unwrap().quadratic_penalty(inputs).unwrap();
        let form = form(weights, &**head, delta, inputs);
        // Curvature e^η with η below 7.5 is the same number in both; a few dozen products and sums of terms whose
        // absolute values add up to at most 3·3 times the penalty's own scale, the sum without A″'s negative entries.
        let scale: f64 = inputs.row_iter().map(|x| head.curvature(&weights.apply(&x.transpose())).abs().sum()).sum();
        let size = scale * delta / (1.0 - delta)
            * inputs.amax()
            * inputs.amax()
            * weights.weight.amax()
            * weights.weight.amax();
        prop_assert!((penalty - form).abs() <= 200.0 * f64::EPSILON * size, "{penalty} against {form}");
    }
    Ok(())
}

#[test]
fn glm_quadratic_holds_in_terms_of_the_data_and_of_the_information() {
    holds(32, (models(), 0.0..0.9), |(model, delta)| {
        form_is_the_quadratic_penalty(wager, &model, delta)?;
        form_is_the_quadratic_penalty(by_information, &model, delta)
    });
}

#[test]
fn glm_quadratic_mutant_has_the_variance_of_the_standard_mask() {
    let mutant: Form = |w, head, delta, x| wager(w, head, delta, x) * (1.0 - delta) * (1.0 - delta);
    refuted(32, (models(), 0.0..0.9), |(model, delta)| form_is_the_quadratic_penalty(mutant, &model, delta));
}

#[test]
fn glm_quadratic_mutant_forgets_the_covariance_of_the_classes() {
    let mutant: Form = |weights, head, delta, inputs| {
        let terms = inputs.row_iter().map(|row| {
            let v = head.curvature(&weights.apply(&row.transpose())).diagonal();
            let w = &weights.weight;
            let c = |k: usize| (0..INPUTS).map(|j| row[j] * row[j] * w[(k, j)] * w[(k, j)]).sum::<f64>();
            (0..3).map(|k| v[k] * c(k)).sum::<f64>()
        });
        0.5 * delta / (1.0 - delta) * terms.sum::<f64>()
    };
    refuted(32, (models(), 0.0..0.9), |(model, delta)| form_is_the_quadratic_penalty(mutant, &model, delta));
}

/// For units that are not independent R^q has the law's off-diagonal covariances in it: exactly k of n kept, Gaussian
/// head, where it is exact.
#[test]
fn glm_quadratic_holds_for_dependent_units() {
    let (law, head) = (FixedCount::new(INPUTS, 2).unwrap(), Gaussian::new(1.0).unwrap());
    holds(32, models(), |(weights, inputs)| {
        let glm = Glm::new(&weights, &head, &law).unwrap();
        let (exact, quadratic) = (glm.penalty(&inputs).unwrap(), glm.quadratic_penalty(&inputs).unwrap());
        // Differences of squares of outputs below 7.5, three of them, twice.
        prop_assert!((exact - quadratic).abs() < 6.0 * 60.0 * 20.0 * f64::EPSILON);
        Ok(())
    });
}

// glm.quadratic: how good it is

fn inputs() -> DMatrix<f64> {
    dmatrix![1.0, -0.5, 2.0; 0.5, 1.0, -1.5]
}

/// One output, weights (0.7, 1.1, 0.4), with or without a bias.
fn one_output(bias: f64) -> Affine<f64> {
    Affine::new(dmatrix![0.7, 1.1, 0.4], dvector![bias]).unwrap()
}

/// Three classes, in which A‴ does not vanish at equal logits.
fn three_classes() -> Affine<f64> {
    Affine::new(dmatrix![0.7, 1.1, 0.4; 0.0, 0.2, 0.0; 0.1, 0.0, 0.1], DVector::zeros(3)).unwrap()
}

fn exact(weights: &Affine<f64>, head: &dyn Canonical<f64>, delta: f64, inputs: &DMatrix<f64>) -> f64 {
    Glm::new(weights, head, &dropping(delta)).unwrap().penalty(inputs).unwrap()
}

fn quadratic(weights: &Affine<f64>, head: &dyn Canonical<f64>, delta: f64, inputs: &DMatrix<f64>) -> f64 {
    Glm::new(weights, head, &dropping(delta)).unwrap().quadratic_penalty(inputs).unwrap()
}

/// By what the relative error |R/R^q − 1| falls when the weights are halved, from 1/32 of their size on, where it is
/// below a tenth of a percent and its leading term stands alone; R itself is above 1e−5 there, so that the roundings of
/// A do not matter.
fn error_falls_by(rule: Form, weights: &Affine<f64>, head: &dyn Canonical<f64>, delta: f64) -> f64 {
    let error = |divisor: f64| {
        let weights = scaled(weights, 1.0 / divisor);
        (exact(&weights, head, delta, &inputs()) / rule(&weights, head, delta, &inputs()) - 1.0).abs()
    };
    error(32.0) / error(64.0)
}

/// Relative error O(scale²): a quarter for each half, to within 5 % of the next order's part.
fn rule_is_good_for_small_weights(
    rule: Form,
    weights: &Affine<f64>,
    head: &dyn Canonical<f64>,
    delta: f64,
) -> TestCaseResult {
    let factor = error_falls_by(rule, weights, head, delta);
    prop_assert!((factor - 4.0).abs() < 0.2, "{factor}");
    Ok(())
}

/// The next term of R is ⅙ A‴(η̄) E(η − η̄)³. It is of higher order where A‴ vanishes at zero weights (logistic units
/// without a bias), at every δ; and absent where the noise is symmetric (δ = ½), for every head.
#[test]
fn glm_quadratic_holds_to_second_order_for_small_weights() {
    for delta in [0.1, 0.5, 0.8] {
        rule_is_good_for_small_weights(quadratic, &one_output(0.0), &Bernoulli, delta).unwrap();
    }
    rule_is_good_for_small_weights(quadratic, &one_output(0.5), &Bernoulli, 0.5).unwrap();
    rule_is_good_for_small_weights(quadratic, &one_output(0.5), &Poisson, 0.5).unwrap();
    rule_is_good_for_small_weights(quadratic, &three_classes(), &Softmax, 0.5).unwrap();
}

#[test]
fn glm_quadratic_mutant_forgets_the_half() {
    let twice: Form = |w, head, delta, x| 2.0 * quadratic(w, head, delta, x);
    assert!(rule_is_good_for_small_weights(twice, &one_output(0.0), &Bernoulli, 0.5).is_err());
}

#[test]
fn glm_quadratic_mutant_has_the_curvature_at_zero() {
    let at_zero: Form = |w, head, delta, x| {
        let moved = Affine { weight: w.weight.clone(), bias: &w.bias * 0.0 };
        quadratic(&moved, head, delta, x)
    };
    assert!(rule_is_good_for_small_weights(at_zero, &one_output(0.5), &Bernoulli, 0.5).is_err());
}

/// Outside both conditions the relative error is only O(scale), and halves with the weights: skewed noise (δ = ¼) on
/// Poisson regression, on a logistic unit with a bias, and on three classes.
#[test]
fn glm_quadratic_fails_at_second_order_for_skewed_noise() {
    let cases: [(Affine<f64>, Box<dyn Canonical<f64>>); 3] = [
        (one_output(0.0), Box::new(Poisson)),
        (one_output(0.5), Box::new(Bernoulli)),
        (three_classes(), Box::new(Softmax)),
    ];
    for (weights, head) in &cases {
        let factor = error_falls_by(quadratic, weights, &**head, 0.25);
        assert!((factor - 2.0).abs() < 0.1, "{factor}");
        assert!(rule_is_good_for_small_weights(quadratic, weights, &**head, 0.25).is_err());
    }
}

// glm.not-small-delta

/// What R (1 − δ)/δ tends to as δ → 0.
type Limit = fn(&Affine<f64>, &dyn Canonical<f64>) -> f64;

/// D_A(a ‖ b) = A(a) − A(b) − A′(b)(a − b), for one output. Both heads below have the loss A at the target 0.
fn bregman(head: &dyn Canonical<f64>, a: &DVector<f64>, b: &DVector<f64>) -> f64 {
    head.log_partition(a) - head.log_partition(b) - head.error(b, &dvector![0.0]).unwrap().dot(&(a - b))
}

/// The sum over all examples and inputs of f(η_i − x_ij β_j, η_i): input j alone is lost, or none.
fn each_loss(weights: &Affine<f64>, f: impl Fn(&DVector<f64>, &DVector<f64>) -> f64) -> f64 {
    let inputs = inputs();
    let examples = inputs.row_iter().map(|row| row.transpose());
    examples
        .map(|x| {
            let full = weights.apply(&x);
            (0..INPUTS).map(|j| f(&(&full - weights.weight.column(j) * x[j]), &full)).sum::<f64>()
        })
        .sum()
}

/// Σ_i Σ_j D_A(η_i − x_ij β_j ‖ η_i).
fn sum_of_divergences(weights: &Affine<f64>, head: &dyn Canonical<f64>) -> f64 {
    each_loss(weights, |lost, full| bregman(head, lost, full))
}

/// R^q (1 − δ)/δ, which is the same for every δ.
fn quadratic_limit(weights: &Affine<f64>, head: &dyn Canonical<f64>) -> f64 {
    quadratic(weights, head, 0.5, &inputs())
}

/// R (1 − δ)/δ is off its limit by O(δ), so by half as much at δ/2.
fn rule_is_the_small_delta_limit(rule: Limit, head: &dyn Canonical<f64>) -> TestCaseResult {
    let weights = one_output(0.25);
    let off = |delta: f64| exact(&weights, head, delta, &inputs()) * (1.0 - delta) / delta - rule(&weights, head);
    // A's roundings, below 60 u, are divided by δ: 1e−10, against an error of the order of δ = 1e−4.
    let (coarse, fine) = (off(1.0 / 8192.0), off(1.0 / 16384.0));
    prop_assert!((coarse / fine - 2.0).abs() < 0.01, "{coarse} {fine}");
    Ok(())
}

#[test]
fn glm_not_small_delta_has_a_sum_of_bregman_divergences_as_its_limit() {
    rule_is_the_small_delta_limit(sum_of_divergences, &Bernoulli).unwrap();
    rule_is_the_small_delta_limit(sum_of_divergences, &Poisson).unwrap();
}

#[test]
fn glm_not_small_delta_mutant_is_the_quadratic_penalty() {
    assert!(rule_is_the_small_delta_limit(quadratic_limit, &Bernoulli).is_err());
    assert!(rule_is_the_small_delta_limit(quadratic_limit, &Poisson).is_err());
}

#[test]
fn glm_not_small_delta_mutant_swaps_the_arguments_of_the_divergence() {
    let swapped: Limit = |weights, head| each_loss(weights, |lost, full| bregman(head, full, lost));
    assert!(rule_is_the_small_delta_limit(swapped, &Bernoulli).is_err());
}

/// With squared loss there is nothing beyond second order, and R^q is the limit as well.
#[test]
fn glm_not_small_delta_fails_to_differ_for_squared_loss() {
    let (weights, head) = (one_output(0.25), Gaussian::new(1.0).unwrap());
    let (limit, quadratic) = (sum_of_divergences(&weights, &head), quadratic_limit(&weights, &head));
    // Six divergences of outputs below 3.
    assert!((limit - quadratic).abs() < 6.0 * 9.0 * 8.0 * f64::EPSILON, "{limit} {quadratic}");
    assert!((sum_of_divergences(&weights, &Poisson) - quadratic_limit(&weights, &Poisson)).abs() > 0.1);
}
