//! What training under dropout converges to, its expected gradients, and a trajectory with known masks.

use super::builder::{Suite, TestBuilder};
use super::draw::{Draw, agreed, exact, exactly, f64s, indicator};
use super::ensembles::{F64, near};
use super::format::{Bitset, Budget, Expected, Input, Numbers, VectorFile};
use crate::certified::Interval;
use crate::conformance::Dtype;
use crate::data::Examples;
use crate::head::{Gaussian, Softmax};
use crate::law::{FiniteLaw, Independent, Rescaled};
use crate::network::{linear_regression, softmax_regression};
use crate::penalty::LeastSquares;
use crate::scalar::{Rational, Scalar};
use crate::train::Momentum;
use crate::train::objective::{enumerated, sampled};
use nalgebra::{DMatrix, DVector};
use num_traits::Zero;

const SOLVED: Budget = Budget {
    ulps: 1 << 16,
    unit: "largest",
    reason: "a relative error of 10⁻¹¹ in f64: a system of three well-conditioned equations by any stable solver",
};

/// The law of inverted dropout with one drop rate p for all units.
fn inverted(units: usize, p: f64) -> Rescaled<Rational, Independent<Rational>> {
    let keep = DVector::from_element(units, Rational::ONE - exact(p));
    Independent::new(keep).and_then(Rescaled::inverted).expect("p is a drop rate below 1")
}

/// Rows of numbers as a matrix.
fn matrix(rows: usize, columns: usize, numbers: &[f64]) -> DMatrix<Rational> {
    DMatrix::from_row_iterator(rows, columns, exactly(numbers))
}

/// The weights that minimise the expected squared loss.
pub fn ridge() -> VectorFile {
    let about = "The weights w that minimise the expected squared loss of linear regression without bias under inverted dropout of its \
                 inputs with drop rate p: w = (X'X + p/(1-p) diag(X'X))^-1 X'y. Training to convergence must arrive there. X has one \
                 example a row.";
    let mut draw = Draw::new(8);
    let mut suite = Suite::new("ridge", about, &draw);
    let (rows, features) = (6, 3);
    let tests = [0.1, 0.2, 0.5, 0.9].map(|p| {
        let (x, y) = (draw.dyadics(rows * features), draw.dyadics(rows));
        let problem = LeastSquares::new(matrix(rows, features, &x), exactly(&y).into()).expect("the lengths fit");
        let by_definition = problem.minimiser(&inverted(features, p)).expect("a unique minimiser");
        let keep = DVector::from_element(features, Rational::ONE - exact(p));
        let by_theorem = problem.ridge_coefficients(&keep).and_then(|lambda| problem.ridge(&lambda));
        let w = agreed(by_definition, by_theorem.expect("a unique minimiser"));
        TestBuilder::new(format!("ridge/p-{p}"), "the minimiser")
            .flags(&["not-the-real-minimiser"])
            .input("p", Input::Numbers(Numbers::scalar(p)))
            .input("X", Input::Numbers(f64s(&[rows, features], &x)))
            .input("y", Input::Numbers(f64s(&[rows], &y)))
            .expect("w", Expected::rationals(&[features], w.iter(), SOLVED))
    });
    suite.group(Dtype::F64, "inverted", tests);
    suite.finish()
}

/// The mean over all masks of the gradient of a training step.
pub fn expected_gradients() -> VectorFile {
    let about = "The mean over all masks of the gradient that a training step goes down, under inverted dropout of the inputs with drop \
                 rate p, for one example. Linear regression: the loss is (y - f)^2/2. Softmax regression: -ln p(class). weight has shape \
                 outputs x inputs. A single sampled gradient is unbiased for it.";
    let mut draw = Draw::new(9);
    let mut suite = Suite::new("expected_gradients", about, &draw);
    let linear = [0.1, 0.5, 0.8].map(|p| linear_gradient(&mut draw, p));
    let softmax = [0.1, 0.5, 0.8].map(|p| softmax_gradient(&mut draw, p));
    suite.group(Dtype::F64, "inverted", linear.into_iter().chain(softmax));
    suite.finish()
}

fn linear_gradient(draw: &mut Draw, p: f64) -> TestBuilder {
    let (x, w, b, y) = (draw.dyadics(4), draw.weights(4), draw.weight(), draw.dyadic());
    let examples = Examples::new(vec![exactly(&x).into()], vec![vec![exact(y)].into()]).expect("one example");
    let net = linear_regression(exactly(&w).into(), exact(b)).expect("finite weights");
    let head = Gaussian::new(Rational::ONE).expect("a positive variance");
    let objective = enumerated(&net, &head, &inverted(4, p), &examples).expect("few masks");
    // E (f − y) μ_j x_j = (f̄ − y) x_j + p/(1 − p) w_j x_j², with f̄ the output of evaluation
    let (xs, ws) = (exactly(&x), exactly(&w));
    let error = xs.iter().zip(&ws).fold(exact(b) - exact(y), |f, (x, w)| f + x.clone() * w.clone());
    let odds = exact(p) / (Rational::ONE - exact(p));
    let by_theorem: Vec<Rational> = xs
        .iter()
        .zip(&ws)
        .map(|(x, w)| error.clone() * x.clone() + odds.clone() * w.clone() * x.clone() * x.clone())
        .collect();
    let weight = agreed(objective.gradient[0].weight.iter().cloned().collect(), by_theorem);
    let bias = agreed(objective.gradient[0].bias[0].clone(), error);
    TestBuilder::new(format!("expected_gradients/linear/p-{p}"), "linear regression")
        .flags(&["gradient-mask", "scaled-twice"])
        .input("p", Input::Numbers(Numbers::scalar(p)))
        .input("weight", Input::Numbers(f64s(&[1, 4], &w)))
        .input("bias", Input::Numbers(f64s(&[1], &[b])))
        .input("x", Input::Numbers(f64s(&[4], &x)))
        .input("y", Input::Numbers(f64s(&[1], &[y])))
        .expect("weight_gradient", Expected::rationals(&[1, 4], &weight, F64))
        .expect("bias_gradient", Expected::rationals(&[1], [&bias], F64))
}

fn softmax_gradient(draw: &mut Draw, p: f64) -> TestBuilder {
    let (classes, inputs, class) = (3, 4, 1);
    let (x, w, b) = (draw.weights(inputs), draw.weights(classes * inputs), draw.weights(classes));
    let (weights, bias) = (matrix(classes, inputs, &w), DVector::from(exactly(&b)));
    let mut gradient = vec![Interval::zero(); classes * (inputs + 1)];
    for (multipliers, weight) in inverted(inputs, p).support().expect("few masks") {
        let h: Vec<Rational> = exactly(&x).into_iter().zip(&multipliers).map(|(x, m)| x * m.clone()).collect();
        let logit =
            |y: usize| h.iter().enumerate().fold(bias[y].clone(), |u, (j, h)| u + weights[(y, j)].clone() * h.clone());
        let exponentials: Vec<Interval> = (0..classes).map(|y| Interval::from(&logit(y)).exp()).collect();
        let total = exponentials.iter().cloned().fold(Interval::zero(), |sum, e| sum + e);
        for (y, e) in exponentials.into_iter().enumerate() {
            let target = Interval::from(&indicator(y == class));
            let error = (e / total.clone() - target) * Interval::from(&weight);
            for (j, h) in h.iter().enumerate() {
                gradient[y * inputs + j] += error.clone() * Interval::from(h);
            }
            gradient[classes * inputs + y] += error;
        }
    }
    let (weight_gradient, bias_gradient) = gradient.split_at(classes * inputs);
    rounded_softmax_gradient(&x, &w, &b, class, p)
        .iter()
        .zip(&gradient)
        .for_each(|(f64, interval)| near(interval, *f64));
    TestBuilder::new(format!("expected_gradients/softmax/p-{p}"), "softmax regression")
        .flags(&["gradient-mask", "scaled-twice"])
        .input("p", Input::Numbers(Numbers::scalar(p)))
        .input("weight", Input::Numbers(f64s(&[classes, inputs], &w)))
        .input("bias", Input::Numbers(f64s(&[classes], &b)))
        .input("x", Input::Numbers(f64s(&[inputs], &x)))
        .input("class", Input::Integer(class as u64))
        .expect("weight_gradient", Expected::intervals(&[classes, inputs], weight_gradient.iter().cloned(), F64))
        .expect("bias_gradient", Expected::intervals(&[classes], bias_gradient.iter().cloned(), F64))
}

/// The second way: the trainer's objective by enumeration in f64. Weights row by row, then biases.
fn rounded_softmax_gradient(x: &[f64], w: &[f64], b: &[f64], class: usize, p: f64) -> Vec<f64> {
    let net =
        softmax_regression(DMatrix::from_row_slice(b.len(), x.len(), w), b.to_vec().into()).expect("the lengths fit");
    let examples = Examples::classes(vec![x.to_vec().into()], &[class], b.len()).expect("one example");
    let law = Independent::new(DVector::from_element(x.len(), 1.0 - p)).and_then(Rescaled::inverted).expect("a rate");
    let objective = enumerated(&net, &Softmax, &law, &examples).expect("few masks");
    let gradient = &objective.gradient[0];
    gradient.weight.transpose().iter().chain(&gradient.bias).copied().collect()
}

/// Stochastic gradient descent with known masks.
pub fn sgd() -> VectorFile {
    let about = "Steps of stochastic gradient descent on linear regression under inverted dropout of the inputs with drop rate p and known \
                 masks, one a row and step: loss = mean over the rows of (y - f)^2/2; v <- momentum*v - rate*gradient, w <- w + v. The \
                 masks have shape steps x rows x inputs; weights and bias are given after each step.";
    let mut draw = Draw::new(10);
    let mut suite = Suite::new("sgd", about, &draw);
    let cases = [(0.2, 0.0), (0.5, 0.0), (0.5, 0.5), (0.8, 0.5)];
    let tests = cases.map(|(p, momentum)| trajectory(&mut draw, p, momentum));
    suite.group(Dtype::F64, "inverted", tests);
    suite.finish()
}

fn trajectory(draw: &mut Draw, p: f64, momentum: f64) -> TestBuilder {
    let (steps, rows, inputs, rate) = (4, 3, 4, 0.0625);
    let (x, y) = (draw.weights(rows * inputs), draw.weights(rows));
    let (w, b, kept) = (draw.weights(inputs), draw.weight(), draw.mask(steps * rows * inputs));
    let multiplier = |step, row, j| indicator(kept[(step * rows + row) * inputs + j]) / (Rational::ONE - exact(p));

    let row_of = |row: usize| DVector::from(exactly(&x[row * inputs..][..inputs]));
    let targets = y.iter().map(|&y| DVector::from_element(1, exact(y))).collect();
    let examples = Examples::new((0..rows).map(row_of).collect(), targets).expect("the lengths fit");
    let mut net = linear_regression(exactly(&w).into(), exact(b)).expect("finite weights");
    let mut descent = Momentum::new(&net, exact(momentum));
    let head = Gaussian::new(Rational::ONE).expect("a positive variance");

    let (mut weights, mut bias) = (exactly(&w), exact(b));
    let (mut velocity, mut bias_velocity) = (vec![Rational::ZERO; inputs], Rational::ZERO);
    let (mut weights_after, mut biases_after) = (Vec::new(), Vec::new());
    for step in 0..steps {
        let all: Vec<usize> = (0..rows).collect();
        let masks = |row| DVector::from_fn(inputs, |j, _| multiplier(step, row, j));
        let objective = sampled(&net, &head, &examples, &all, masks).expect("the lengths fit");
        descent.step(&mut net, &objective.gradient, exact(rate));

        // The same, written out.
        let share = exact(rate) / Rational::ratio(rows as i64, 1);
        let h = |row: usize, j: usize| exact(x[row * inputs + j]) * multiplier(step, row, j);
        let error = |row| {
            let f = weights.iter().enumerate().fold(bias.clone(), |f, (j, w)| f + h(row, j) * w.clone());
            f - exact(y[row])
        };
        let errors: Vec<Rational> = (0..rows).map(error).collect();
        for j in 0..inputs {
            let slope = (0..rows).fold(Rational::ZERO, |sum, row| sum + errors[row].clone() * h(row, j));
            velocity[j] = exact(momentum) * velocity[j].clone() - share.clone() * slope;
            weights[j] += velocity[j].clone();
        }
        let slope = errors.into_iter().fold(Rational::ZERO, |sum, error| sum + error);
        bias_velocity = exact(momentum) * bias_velocity - share * slope;
        bias += bias_velocity.clone();

        let affine = net.affine().next().expect("one affine layer");
        weights_after.extend(agreed(affine.weight.as_slice().to_vec(), weights.clone()));
        biases_after.push(agreed(affine.bias[0].clone(), bias.clone()));
    }
    TestBuilder::new(format!("sgd/p-{p}/momentum-{momentum}"), "four steps from given weights")
        .flags(&["gradient-mask", "keep-drop-swapped", "scaled-twice"])
        .input("p", Input::Numbers(Numbers::scalar(p)))
        .input("rate", Input::Numbers(Numbers::scalar(rate)))
        .input("momentum", Input::Numbers(Numbers::scalar(momentum)))
        .input("weight", Input::Numbers(f64s(&[1, inputs], &w)))
        .input("bias", Input::Numbers(f64s(&[1], &[b])))
        .input("x", Input::Numbers(f64s(&[rows, inputs], &x)))
        .input("y", Input::Numbers(f64s(&[rows], &y)))
        .input("masks", Input::Mask(Bitset::new(&[steps, rows, inputs], &kept)))
        .expect("weights", Expected::rationals(&[steps, inputs], &weights_after, F64))
        .expect("biases", Expected::rationals(&[steps], &biases_after, F64))
}
