//! A network is the function f(x, μ) that its layers spell out, and says what is wrong with layers that spell nothing.

use crate::naive::{NaiveUnit, forward};
use crate::support::{holds, q, rational_matrix, rationals, real_matrix, reals, refuted};
use dropout_oracle::network::{
    Activation, Affine, Layer, Mlp, Network, PiecewiseLinear, Recurrent, Residual, Unit, deep_linear,
    linear_regression, recurrent::Dropped, softmax_regression,
};
use dropout_oracle::{Error, Rational, Scalar};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use std::fmt::Debug;

const PIECEWISE_LINEAR: [PiecewiseLinear; 4] = [
    PiecewiseLinear::Identity,
    PiecewiseLinear::Relu,
    PiecewiseLinear::Maxout { pieces: 1 },
    PiecewiseLinear::Maxout { pieces: 3 },
];

/// Dropout of some units out of `width`, in any order.
fn some_dropout<T: Scalar, A: Unit<T> + Debug>(width: usize) -> impl Strategy<Value = Layer<T, A>> {
    prop::sample::subsequence((0..width).collect::<Vec<_>>(), 0..=width).prop_shuffle().prop_map(Layer::Dropout)
}

fn affine<T: Scalar, A: Unit<T> + Debug>(
    weight: impl Strategy<Value = DMatrix<T>>,
    bias: impl Strategy<Value = DVector<T>>,
) -> impl Strategy<Value = Layer<T, A>> {
    (weight, bias).prop_map(|(weight, bias)| Layer::Affine(Affine::new(weight, bias).unwrap()))
}

/// Two inputs, two layers of two units, two outputs, dropout wherever it can stand; x; and a multiplier for every unit.
type Case<T, A> = (Vec<Layer<T, A>>, DVector<T>, DVector<T>);

fn case<T, A, M, V>(unit: A, matrix: fn(usize, usize) -> M, vector: fn(usize) -> V) -> impl Strategy<Value = Case<T, A>>
where
    T: Scalar,
    A: Unit<T> + Debug,
    M: Strategy<Value = DMatrix<T>>,
    V: Strategy<Value = DVector<T>>,
{
    let fed = 2 * unit.pieces();
    let hidden = move || (affine(matrix(fed, 2), vector(fed)), some_dropout(fed), some_dropout(2));
    let ends = (some_dropout(2), affine(matrix(2, 2), vector(2)), some_dropout(2));
    (hidden(), hidden(), ends, vector(2), vector(4 * 2 + 2 * fed)).prop_map(
        move |(first, second, ends, x, multipliers)| {
            let unit = || Layer::Unit(unit.clone());
            let layers = [
                vec![ends.0, first.0, first.1, unit(), first.2],
                vec![second.0, second.1, unit(), second.2, ends.1, ends.2],
            ]
            .concat();
            let units =
                layers.iter().map(|layer| if let Layer::Dropout(units) = layer { units.len() } else { 0 }).sum();
            (layers, x, multipliers.rows(0, units).into_owned())
        },
    )
}

/// How far the network is from the definition, in the largest entry.
fn distance<T: Scalar, A: Unit<T> + NaiveUnit<T>>(
    output: impl Fn(&Mlp<T, A>, &DVector<T>, &DVector<T>) -> DVector<T>,
    (layers, x, multipliers): &Case<T, A>,
) -> T {
    let network = Mlp::new(x.len(), layers.clone()).unwrap();
    let off = output(&network, x, multipliers) - DVector::from(forward(layers, x.as_slice(), multipliers.as_slice()));
    off.iter().fold(T::zero(), |largest, off| largest.maximum(off.clone()).maximum(-off.clone()))
}

fn is_the_definition(
    output: impl Fn(&Mlp<Rational, PiecewiseLinear>, &DVector<Rational>, &DVector<Rational>) -> DVector<Rational>,
    case: &Case<Rational, PiecewiseLinear>,
) -> TestCaseResult {
    prop_assert!(distance(output, case).is_zero());
    Ok(())
}

#[test]
fn network_is_its_layers_in_order_exactly_in_rationals() {
    for unit in PIECEWISE_LINEAR {
        holds(24, case(unit, rational_matrix, rationals), |case| {
            is_the_definition(|network, x, multipliers| network.output(x, multipliers).unwrap(), &case)
        });
    }
}

#[test]
fn network_is_its_layers_in_order_to_the_last_bit_in_floating_point() {
    for unit in PIECEWISE_LINEAR {
        holds(24, case(unit, real_matrix, reals), |case| {
            prop_assert_eq!(distance(|network, x, multipliers| network.output(x, multipliers).unwrap(), &case), 0.0);
            Ok(())
        });
    }
}

fn small(len: usize) -> impl Strategy<Value = DVector<f64>> {
    reals(len).prop_map(|v| v / 3.0)
}

fn small_matrix(rows: usize, columns: usize) -> impl Strategy<Value = DMatrix<f64>> {
    real_matrix(rows, columns).prop_map(|m| m / 3.0)
}

#[test]
fn network_has_tanh_and_logistic_units() {
    for unit in [Activation::Tanh, Activation::Logistic] {
        holds(48, case(unit, small_matrix, small), |case| {
            let gap = distance(|network, x, multipliers| network.output(x, multipliers).unwrap(), &case);
            // All numbers are at most 1. The two ways to a unit differ by at most 4u; the next layer doubles that and adds
            // 9 roundings: 4u, 21u after the second layer of units, 51u at the output, with u = 2⁻⁵³.
            prop_assert!(gap <= 51.0 * f64::unit_roundoff(), "gap {gap:e}");
            Ok(())
        });
    }
}

#[test]
fn network_mutant_takes_the_multipliers_from_the_last_layer_on() {
    refuted(24, case(PiecewiseLinear::Relu, rational_matrix, rationals), |case| {
        let reversed = |network: &Mlp<_, _>, x: &DVector<_>, multipliers: &DVector<Rational>| {
            let reversed = DVector::from_iterator(multipliers.len(), multipliers.iter().rev().cloned());
            network.output(x, &reversed).unwrap()
        };
        is_the_definition(reversed, &case)
    });
}

#[test]
fn network_mutant_scales_the_last_bias() {
    refuted(24, case(PiecewiseLinear::Relu, rational_matrix, rationals), |case| {
        let scaled = |network: &Mlp<Rational, _>, x: &DVector<_>, multipliers: &DVector<_>| {
            let mut network = network.clone();
            network.affine_mut().last().unwrap().bias *= q(1, 2);
            network.output(x, multipliers).unwrap()
        };
        is_the_definition(scaled, &case)
    });
}

/// Whatever the multipliers of its inputs, a layer adds its bias whole: at μ = 0 it is all that is left.
#[test]
fn network_never_scales_a_bias() {
    holds(32, (rational_matrix(3, 2), rationals(3), rationals(2), rationals(2)), |(weight, bias, x, multipliers)| {
        let network = softmax_regression(weight.clone(), bias.clone()).unwrap();
        prop_assert_eq!(network.output(&x, &DVector::zeros(2)).unwrap(), bias.clone());
        let without = softmax_regression(weight, DVector::zeros(3)).unwrap();
        prop_assert_eq!(network.output(&x, &multipliers).unwrap() - bias, without.output(&x, &multipliers).unwrap());
        Ok(())
    });
}

/// Multiplying a unit is multiplying the weights that leave it: V = W diag(μ), the parameter map of weight scaling.
#[test]
fn network_multipliers_scale_the_columns_of_the_next_weight() {
    holds(32, (rational_matrix(3, 2), rationals(3), rationals(2), rationals(2)), |(weight, bias, x, multipliers)| {
        let scaled = &weight * DMatrix::from_diagonal(&multipliers);
        let (whole, by_unit) =
            (softmax_regression(scaled, bias.clone()).unwrap(), softmax_regression(weight, bias).unwrap());
        let ones = DVector::from_element(2, q(1, 1));
        prop_assert_eq!(whole.output(&x, &ones).unwrap(), by_unit.output(&x, &multipliers).unwrap());
        Ok(())
    });
}

#[test]
fn network_constructors_spell_out_their_layers() {
    let affine = |w: DMatrix<f64>, b: DVector<f64>| Affine::new(w, b).unwrap();
    let (w, b) = (dmatrix![1.0, 2.0; 3.0, 4.0], dvector![5.0, 6.0]);
    let layer = Layer::Affine(affine(w.clone(), b.clone()));
    assert_eq!(softmax_regression(w.clone(), b.clone()).unwrap().layers(), [Layer::dropout(2), layer.clone()]);
    let row = Layer::Affine(affine(dmatrix![1.0, 2.0], dvector![3.0]));
    assert_eq!(linear_regression(dvector![1.0, 2.0], 3.0).unwrap().layers(), [Layer::dropout(2), row.clone()]);
    let deep = deep_linear(2, vec![affine(w, b), affine(dmatrix![1.0, 2.0], dvector![3.0])]).unwrap();
    assert_eq!(deep.layers(), [Layer::dropout(2), layer, Layer::dropout(2), row]);
    assert_eq!((deep.inputs(), deep.units(), deep.outputs()), (2, 4, 1));
    assert_eq!(deep.affine().map(Affine::outputs).collect::<Vec<_>>(), [2, 1]);
}

/// h_t = relu(U h_{t−1} + W(μ ∘ x_t) + b) ∘ μ for three steps of two inputs, then V h_3 + c, with a multiplier for every
/// input and every state in the order of time.
#[test]
fn network_of_steps_is_its_recurrence_exactly_in_rationals() {
    let maps = (rational_matrix(2, 2), rationals(2), rational_matrix(2, 2), rational_matrix(3, 2), rationals(3));
    holds(24, (maps, rationals(6), rationals(12)), |((w, b, u, v, c), x, multipliers)| {
        let affine = |w: &DMatrix<Rational>, b: &DVector<Rational>| Affine::new(w.clone(), b.clone()).unwrap();
        let dropped = Dropped { inputs: true, recurrent: true, readout: true };
        let network =
            Recurrent::new(affine(&w, &b), u.clone(), PiecewiseLinear::Relu, affine(&v, &c), 3, dropped).unwrap();
        prop_assert_eq!((network.inputs(), network.units(), network.outputs()), (6, 12, 3));
        let mut state = [q(0, 1), q(0, 1)];
        for t in 0..3 {
            let (x, mu) = (|i: usize| &x[2 * t + i], |i: usize| &multipliers[4 * t + i]);
            state = [0, 1].map(|j| {
                let from_state = &u[(j, 0)] * &state[0] + &u[(j, 1)] * &state[1];
                let from_input = &w[(j, 0)] * mu(0) * x(0) + &w[(j, 1)] * mu(1) * x(1);
                (from_state + from_input + &b[j]).max(q(0, 1)) * mu(2 + j)
            });
        }
        let expected = DVector::from_fn(3, |k, _| &v[(k, 0)] * &state[0] + &v[(k, 1)] * &state[1] + &c[k]);
        prop_assert_eq!(network.output(&x, &multipliers).unwrap(), expected);
        Ok(())
    });
}

/// Blocks add to what goes through, so that inputs and outputs are as many; there is a multiplier for each block.
#[test]
fn network_of_residual_blocks_says_its_shape() {
    let width = 3;
    let block = Net::new(width, vec![Layer::Affine(Affine::new(DMatrix::identity(3, 3), DVector::zeros(3)).unwrap())]);
    let network = Residual::new(vec![block.unwrap(); 2]).unwrap();
    assert_eq!((network.inputs(), network.units(), network.outputs()), (width, 2, width));
}

/// `map` changes the numbers and nothing else: over integers that f64 holds exactly, the two networks are one function.
#[test]
fn network_is_the_same_function_over_another_number_type() {
    let layers = vec![Layer::Dropout(vec![1]), one_affine(), Layer::Unit(PiecewiseLinear::Maxout { pieces: 3 })];
    let rounded = Net::new(2, layers).unwrap();
    let exact = rounded.map(|w| Rational::try_from(*w).unwrap());
    let (x, multipliers) = (dvector![q(3, 1), q(-1, 1)], dvector![q(7, 1)]);
    let output = exact.output(&x, &multipliers).unwrap();
    assert_eq!(output, dvector![q(3 - 14, 1)]);
    let f64s = |v: &DVector<Rational>| v.map(|v| Scalar::to_f64(&v));
    assert_eq!(rounded.output(&f64s(&x), &f64s(&multipliers)).unwrap(), f64s(&output));
}

type Net = Mlp<f64, PiecewiseLinear>;

/// What was refused, in words.
fn refusal<T>(result: Result<T, Error>) -> String {
    result.err().expect("an error").to_string()
}

fn one_affine() -> Layer<f64, PiecewiseLinear> {
    Layer::Affine(Affine::new(dmatrix![1.0, 2.0; 3.0, 4.0; 5.0, 6.0], dvector![0.0, 0.0, 0.0]).unwrap())
}

#[test]
fn network_refuses_a_bias_of_another_length() {
    let error = softmax_regression(dmatrix![1.0, 2.0], dvector![0.0, 0.0]);
    assert_eq!(refusal(error), "bias of a layer, one entry an output: expected 1, found 2");
}

#[test]
fn network_refuses_numbers_that_are_not_finite() {
    let error = softmax_regression(dmatrix![1.0, f64::NAN], dvector![0.0]);
    assert_eq!(refusal(error), "a weight is NaN; every number must be finite");
    let error = linear_regression(dvector![1.0], f64::NEG_INFINITY);
    assert_eq!(refusal(error), "a bias is -inf; every number must be finite");
    let network = linear_regression(dvector![1e200, 1.0], 0.0).unwrap();
    let error = network.output(&dvector![f64::NAN, 1.0], &dvector![1.0, 1.0]);
    assert_eq!(refusal(error), "an input of the network is NaN; every number must be finite");
    let error = network.output(&dvector![1e200, 1.0], &dvector![1.0, 1.0]);
    assert_eq!(refusal(error), "an output of the network is inf; every number must be finite");
}

#[test]
fn network_refuses_layers_that_do_not_fit() {
    let error = Net::new(3, vec![Layer::Unit(PiecewiseLinear::Relu), one_affine()]);
    assert_eq!(refusal(error), "inputs of the weight of layer 1: expected 3, found 2");
    let width = |rows, columns| Affine::new(DMatrix::from_element(rows, columns, 1.0), DVector::zeros(rows)).unwrap();
    for (inputs, found) in [(1, 2), (2, 1)] {
        let error = deep_linear(3, vec![width(inputs, 3), width(1, found)]);
        assert_eq!(refusal(error), format!("inputs of linear layer 1: expected {inputs}, found {found}"));
    }
}

#[test]
fn network_refuses_droppable_units_that_do_not_exist_or_stand_twice() {
    let error = Net::new(2, vec![one_affine(), Layer::Dropout(vec![0, 3])]);
    assert_eq!(
        refusal(error),
        "droppable unit of layer 1 is 3; it must be below the width of the layer before, counted from 0"
    );
    let error = Net::new(2, vec![Layer::Dropout(vec![1, 0, 1])]);
    assert_eq!(refusal(error), "droppable unit of layer 0 is 1; it must be listed once");
}

#[test]
fn network_refuses_maxout_units_that_do_not_divide_the_layer() {
    for pieces in [0, 2] {
        let error = Net::new(2, vec![one_affine(), Layer::Unit(PiecewiseLinear::Maxout { pieces })]);
        let expected = format!(
            "pieces of the maxout units of layer 1, fed by 3 numbers is {pieces}; it must be a divisor of the width"
        );
        assert_eq!(refusal(error), expected);
    }
}

#[test]
fn network_refuses_inputs_and_multipliers_of_another_length() {
    let network = Net::new(2, vec![Layer::Dropout(vec![1]), one_affine()]).unwrap();
    let error = network.output(&dvector![1.0], &dvector![1.0]);
    assert_eq!(refusal(error), "inputs of the network: expected 2, found 1");
    let error = network.output(&dvector![1.0, 1.0], &dvector![1.0, 1.0]);
    assert_eq!(refusal(error), "multipliers, one a droppable unit: expected 1, found 2");
}
