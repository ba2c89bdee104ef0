//! The gradient of a sub-model, given its mask: `Mlp::backpropagate` against differences of the loss.
//!
//! With piecewise linear units and squared loss the loss is a quadratic function of each single weight, away from kinks:
//! every path from input to output meets a weight once. Central differences of quadratics are exact, so there the check
//! is `==` in rationals. Everywhere else it is a central difference in f64 with a stated bound.

use crate::support::{holds, q, rationals, reals, refuted};
use dropout_oracle::head::{Bernoulli, Gaussian, GaussianWithVariance, Head, Poisson, Softmax};
use dropout_oracle::network::backpropagation::Gradient;
use dropout_oracle::network::{Activation, Affine, Layer, Mlp, Network, PiecewiseLinear, Unit};
use dropout_oracle::{Error, Rational, Scalar};
use nalgebra::{DMatrix, DVector, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// A network with dropout before every affine layer, its numbers taken from `weights` in the order of [`flat`].
pub fn network<T: Scalar, A: Unit<T>>(widths: &[usize], unit: &A, weights: &DVector<T>) -> Mlp<T, A> {
    let mut weights = weights.iter().cloned();
    let (last, mut inputs) = (widths.len() - 1, widths[0]);
    let mut layers = Vec::new();
    for (depth, &outputs) in widths.iter().enumerate().skip(1) {
        let weight = DMatrix::from_iterator(outputs, inputs, weights.by_ref().take(outputs * inputs));
        let bias = DVector::from_iterator(outputs, weights.by_ref().take(outputs));
        layers.push(Layer::dropout(inputs));
        layers.push(Layer::Affine(Affine::new(weight, bias).unwrap()));
        inputs = outputs;
        if depth < last {
            layers.push(Layer::Unit(unit.clone()));
            inputs /= unit.pieces();
        }
    }
    Mlp::new(widths[0], layers).unwrap()
}

/// How many numbers [`network`] takes at most (as many as without maxout).
pub fn numbers(widths: &[usize]) -> usize {
    widths.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum()
}

/// Weights column by column, then the bias, layer by layer.
pub fn flat<T: Scalar>(gradient: &Gradient<T>) -> Vec<T> {
    gradient.iter().flat_map(|affine| affine.weight.iter().chain(&affine.bias)).cloned().collect()
}

/// The network with number `index`, counted as in [`flat`], moved by `step`.
pub fn moved<T: Scalar, A: Unit<T>>(network: &Mlp<T, A>, index: usize, step: T) -> Mlp<T, A> {
    let mut network = network.clone();
    let mut all = network.affine_mut().flat_map(|affine| affine.weight.iter_mut().chain(affine.bias.iter_mut()));
    *all.nth(index).unwrap() += step;
    drop(all);
    network
}

/// A central difference: (f(θ + h) − f(θ − h)) / 2h for one number of the network.
pub fn central<T: Scalar, A: Unit<T>>(network: &Mlp<T, A>, index: usize, h: T, f: impl Fn(&Mlp<T, A>) -> T) -> T {
    (f(&moved(network, index, h.clone())) - f(&moved(network, index, -h.clone()))) / (h.clone() + h)
}

/// An implementation of the gradient of ℓ(f(x, μ), y).
type Backpropagate<T, A> = fn(&Mlp<T, A>, &DVector<T>, &DVector<T>, &dyn Head<T>, &DVector<T>) -> Gradient<T>;

/// The project's.
fn backpropagate<T: Scalar, A: Unit<T>>(
    network: &Mlp<T, A>,
    x: &DVector<T>,
    multipliers: &DVector<T>,
    head: &dyn Head<T>,
    target: &DVector<T>,
) -> Gradient<T> {
    network.backpropagate(x, multipliers, |output| head.error(output, target)).unwrap().1
}

const WIDTHS: [usize; 3] = [2, 4, 1];

const PIECEWISE_LINEAR: [PiecewiseLinear; 3] =
    [PiecewiseLinear::Identity, PiecewiseLinear::Relu, PiecewiseLinear::Maxout { pieces: 2 }];

/// Numbers, x, μ (any real multipliers, 0 and 1 among them), y.
type Exact = (DVector<Rational>, DVector<Rational>, DVector<Rational>, DVector<Rational>);

fn exact() -> impl Strategy<Value = Exact> + Clone {
    let multiplier = prop_oneof![Just(q(0, 1)), Just(q(1, 1)), Just(q(5, 4)), Just(q(-1, 3))];
    let multipliers = prop::collection::vec(multiplier, 2 + 4).prop_map(DVector::from_vec);
    // Sevenths, so that hardly any pre-activation is exactly zero.
    let weights = prop::collection::vec((-9i64..=9).prop_map(|n| q(2 * n + 1, 7)), numbers(&WIDTHS));
    (weights.prop_map(DVector::from_vec), rationals(2), multipliers, rationals(1))
}

fn exact_check(
    backpropagate: Backpropagate<Rational, PiecewiseLinear>,
    unit: PiecewiseLinear,
    (weights, x, multipliers, target): &Exact,
) -> TestCaseResult {
    let network = network(&WIDTHS, &unit, weights);
    let multipliers = multipliers.rows(0, network.units()).into_owned();
    let head = Gaussian::new(q(2, 3)).unwrap();
    let gradient = flat(&backpropagate(&network, x, &multipliers, &head, target));
    let loss = |network: &Mlp<_, _>| head.loss(&network.output(x, &multipliers).unwrap(), target).unwrap();
    for (index, derivative) in gradient.iter().enumerate() {
        let difference = central(&network, index, q(1, 1 << 20), loss);
        // Two steps give the same difference for a quadratic, and (with these weights) not across a kink.
        prop_assume!(difference == central(&network, index, q(1, 1 << 21), loss));
        prop_assert_eq!(&difference, derivative, "number {} of a network with {:?} units", index, unit);
    }
    Ok(())
}

#[test]
fn train_gradient_holds_exactly_for_piecewise_linear_units() {
    for unit in PIECEWISE_LINEAR {
        holds(24, exact(), |case| exact_check(backpropagate, unit, &case));
    }
}

/// Every multiplier taken for 1: the gradient of the whole network.
#[test]
fn train_gradient_mutant_ignores_the_mask() {
    for unit in PIECEWISE_LINEAR {
        refuted(24, exact(), |case| {
            exact_check(|network, x, mu, head, y| backpropagate(network, x, &mu.map(|_| q(1, 1)), head, y), unit, &case)
        });
    }
}

/// Back-propagation by hand through one hidden layer; `hidden` gives the multipliers used on the way back.
fn by_hand(
    network: &Mlp<Rational, PiecewiseLinear>,
    x: &DVector<Rational>,
    mu: &DVector<Rational>,
    head: &dyn Head<Rational>,
    y: &DVector<Rational>,
    back: fn(&DVector<Rational>) -> DVector<Rational>,
) -> Gradient<Rational> {
    let [Layer::Dropout(_), Layer::Affine(first), Layer::Unit(unit), Layer::Dropout(_), Layer::Affine(second)] =
        network.layers()
    else {
        panic!("one hidden layer")
    };
    let kept = x.component_mul(&mu.rows(0, x.len()));
    let hidden = mu.rows(x.len(), mu.len() - x.len()).into_owned();
    let z = first.apply(&kept);
    let h = unit.activate(&z).component_mul(&hidden);
    let error = head.error(&second.apply(&h), y).unwrap();
    let into_h = (second.weight.transpose() * &error).component_mul(&back(&hidden));
    let into_z = unit.pull_back(&z, &into_h);
    vec![
        Affine { weight: &into_z * kept.transpose(), bias: into_z },
        Affine { weight: &error * h.transpose(), bias: error },
    ]
}

#[test]
fn train_gradient_is_the_chain_rule_by_hand() {
    for unit in PIECEWISE_LINEAR {
        holds(24, exact(), |case| {
            exact_check(|network, x, mu, head, y| by_hand(network, x, mu, head, y, DVector::clone), unit, &case)
        });
    }
}

/// A dropped unit stops its activation and still passes the gradient back.
#[test]
fn train_gradient_mutant_masks_only_forward() {
    for unit in PIECEWISE_LINEAR {
        refuted(24, exact(), |case| {
            exact_check(|network, x, mu, head, y| by_hand(network, x, mu, head, y, |d| d.map(|_| q(1, 1))), unit, &case)
        });
    }
}

/// The bias is not dropped, so nothing scales its gradient.
#[test]
fn train_gradient_mutant_scales_the_bias() {
    refuted(24, exact(), |case| {
        exact_check(
            |network, x, mu, head, y| {
                let mut gradient = backpropagate(network, x, mu, head, y);
                gradient.iter_mut().for_each(|affine| affine.bias *= q(1, 2));
                gradient
            },
            PiecewiseLinear::Identity,
            &case,
        )
    });
}

/// Where pieces of a maxout unit are equal, the first of them counts as the largest.
#[test]
fn train_gradient_at_a_tie_goes_to_the_first_piece() {
    let pulled_back = |z| PiecewiseLinear::Maxout { pieces: 3 }.pull_back(&z, &dvector![q(5, 1)]);
    assert_eq!(pulled_back(dvector![q(1, 1), q(1, 1), q(1, 1)]), dvector![q(5, 1), q(0, 1), q(0, 1)]);
    assert_eq!(pulled_back(dvector![q(0, 1), q(1, 1), q(1, 1)]), dvector![q(0, 1), q(5, 1), q(0, 1)]);
}

/// Outside its conditions: at a kink the loss has no derivative, and the gradient is that of the inactive side.
#[test]
fn train_gradient_fails_at_a_kink() {
    // ½(relu(w) − 1)² at w = 0: slope −1 to the right, 0 to the left.
    let weights = dvector![q(0, 1), q(0, 1), q(1, 1), q(0, 1)];
    let network = network(&[1, 1, 1], &PiecewiseLinear::Relu, &weights);
    let (x, mu, y) = (dvector![q(1, 1)], dvector![q(1, 1), q(1, 1)], dvector![q(1, 1)]);
    let head = Gaussian::new(q(1, 1)).unwrap();
    let gradient = flat(&backpropagate(&network, &x, &mu, &head, &y));
    let loss = |network: &Mlp<_, _>| head.loss(&network.output(&x, &mu).unwrap(), &y).unwrap();
    assert_eq!(gradient[0], q(0, 1));
    assert!(central(&network, 0, q(1, 1 << 20), loss) < q(-1, 4));
}

/// x, numbers of a 2-3-3-2 network (6 pre-activations a layer for maxout), multipliers.
fn rounded() -> impl Strategy<Value = (DVector<f64>, DVector<f64>, DVector<f64>)> + Clone {
    let multiplier = prop_oneof![Just(0.0), Just(1.0), Just(1.25)];
    let multipliers = prop::collection::vec(multiplier, 2 + 3 + 3).prop_map(DVector::from_vec);
    (reals(2).prop_map(|x| x / 3.0), reals(numbers(&[2, 6, 6, 2])).prop_map(|w| w / 6.0), multipliers)
}

fn rounded_check(
    unit: Activation,
    head: &dyn Head<f64>,
    target: &DVector<f64>,
    (x, numbers, multipliers): &(DVector<f64>, DVector<f64>, DVector<f64>),
) -> TestCaseResult {
    let hidden = 3 * Unit::<f64>::pieces(&unit);
    let mut network = network(&[2, hidden, hidden, 2], &unit, numbers);
    // A last bias of 9 makes a good variance, and no harm to other heads.
    network.affine_mut().last().unwrap().bias[1] += if head.targets(2) == 1 { 9.0 } else { 0.0 };
    let gradient = flat(&backpropagate(&network, x, multipliers, head, target));
    let output = network.output(x, multipliers).unwrap();
    let loss = |network: &Mlp<_, _>| head.loss(&network.output(x, multipliers).unwrap(), target).unwrap();
    // |w| ≤ ½, |x| ≤ 1 and |μ| ≤ 1.25 keep every number of the network below 2⁴ and its error below 2⁹ roundings; the
    // loss carries that times its slope, and some roundings of its own.
    let error =
        1024.0 * f64::unit_roundoff() * (1.0 + loss(&network).abs() + head.error(&output, target).unwrap().abs().sum());
    const H: f64 = 1.0 / 4096.0;
    for (index, derivative) in gradient.iter().enumerate() {
        let (near, far) = (central(&network, index, H, loss), central(&network, index, 2.0 * H, loss));
        // The truncation error of the difference grows as h², so the two differ by three times that of the nearer one;
        // across a kink they differ by more.
        prop_assume!((far - near).abs() < 1e-3 * (1.0 + near.abs()));
        let bound = (far - near).abs() + 2.0 * error / H;
        prop_assert!((derivative - near).abs() <= bound, "{unit:?}, number {index}: {derivative} {near} {bound:e}");
    }
    Ok(())
}

#[test]
fn train_gradient_holds_for_every_activation_and_head() {
    let units = PIECEWISE_LINEAR.map(Activation::from).into_iter().chain([Activation::Tanh, Activation::Logistic]);
    let gaussian = Gaussian::new(0.5).unwrap();
    let heads: [(&dyn Head<f64>, DVector<f64>); 6] = [
        (&Softmax, dvector![0.0, 1.0]),
        (&Softmax, dvector![0.25, 0.75]),
        (&Bernoulli, dvector![1.0, 0.0]),
        (&gaussian, dvector![1.0, -2.0]),
        (&GaussianWithVariance, dvector![1.5]),
        (&Poisson, dvector![3.0, 0.0]),
    ];
    for unit in units {
        for (head, target) in &heads {
            holds(4, rounded(), |case| rounded_check(unit, *head, target, &case));
        }
    }
}

#[test]
fn train_gradient_mutant_keeps_the_softmax_error_unsigned() {
    struct Unsigned;
    impl Head<f64> for Unsigned {
        fn check(&self, outputs: usize) -> dropout_oracle::Result<()> {
            Head::<f64>::check(&Softmax, outputs)
        }
        fn expected(&self, output: &DVector<f64>) -> DVector<f64> {
            Softmax.expected(output)
        }
        fn loss(&self, output: &DVector<f64>, target: &DVector<f64>) -> dropout_oracle::Result<f64> {
            Softmax.loss(output, target)
        }
        fn error(&self, output: &DVector<f64>, target: &DVector<f64>) -> dropout_oracle::Result<DVector<f64>> {
            Ok(target - Softmax.expected(output))
        }
        fn log_coordinates(&self, output: &DVector<f64>) -> DVector<f64> {
            Softmax.log_coordinates(output)
        }
        fn normalise(
            &self,
            coordinates: &DVector<f64>,
        ) -> dropout_oracle::Result<dropout_oracle::head::Normalised<f64>> {
            Softmax.normalise(coordinates)
        }
    }
    let target = dvector![0.0, 1.0];
    refuted(4, rounded(), |case| rounded_check(Activation::Tanh, &Unsigned, &target, &case));
}

#[test]
fn train_gradient_names_a_wrong_shape() {
    let network = network(&[1, 1], &PiecewiseLinear::Identity, &dvector![1.0, 0.0]);
    let one = dvector![1.0];
    let shape = |result: Result<_, Error>| matches!(result.map(drop), Err(Error::Shape { expected: 1, found: 2, .. }));
    assert!(shape(network.backpropagate(&dvector![1.0, 1.0], &one, |f| Ok(f.clone()))));
    assert!(shape(network.backpropagate(&one, &dvector![1.0, 1.0], |f| Ok(f.clone()))));
    assert!(shape(network.backpropagate(&one, &one, |_| Ok(dvector![1.0, 1.0]))));
}
