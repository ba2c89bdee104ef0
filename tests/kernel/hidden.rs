//! One hidden layer with dropout before and after it: eight masks of the inputs at once, against the definition.

use crate::properties::{holds, refuted};
use dropout_oracle::ensemble::Prediction;
use dropout_oracle::kernel::{Enumeration, InstructionSet, Subtree, Sums};
use dropout_oracle::model::{Convention, HeadKind};
use dropout_oracle::network::{Activation, Affine, Layer, Mlp, PiecewiseLinear};
use dropout_oracle::{Model, Result};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseResult;

const RELU: Activation = Activation::PiecewiseLinear(PiecewiseLinear::Relu);
const MAXOUT: Activation = Activation::PiecewiseLinear(PiecewiseLinear::Maxout { pieces: 2 });

/// A network with one hidden layer, and an input of ones.
#[derive(Debug)]
struct Hidden {
    model: Model,
    x: DVector<f64>,
    /// The largest sum of the sizes of a logit's terms.
    size: f64,
}

impl Hidden {
    /// Dropout on the first units of each layer, as many as there are keep probabilities.
    fn new(first: Affine<f64>, unit: Activation, last: Affine<f64>, keep: [&[f64]; 2], head: HeadKind) -> Self {
        let (inputs, h) = (first.inputs(), last.inputs());
        let term = |sum: f64, a: f64| sum + a.abs();
        let pieces = first.outputs() / h;
        let activation = |j: usize| {
            let size = |z: usize| first.weight.row(z).iter().fold(first.bias[z].abs(), |sum, a| term(sum, *a));
            (pieces * j..pieces * (j + 1)).map(size).fold(1.0, f64::max)
        };
        let size = |y: usize| (0..h).fold(last.bias[y].abs(), |sum, j| term(sum, last.weight[(y, j)] * activation(j)));
        let size = (0..last.outputs()).map(size).fold(0.0, f64::max);
        let [dropped, hidden] = keep.map(|keep| Layer::Dropout((0..keep.len()).collect()));
        let layers = vec![dropped, Layer::Affine(first), Layer::Unit(unit), hidden, Layer::Affine(last)];
        let keep = DVector::from_vec(keep.concat());
        let model = Model::new(Mlp::new(inputs, layers).unwrap(), head, keep, Convention::Standard).unwrap();
        Self { model, x: DVector::from_element(inputs, 1.0), size }
    }

    /// Weights from a fixed formula.
    fn formula(keep: [&[f64]; 2], unit: Activation, classes: usize, size: f64) -> Self {
        let affine = |outputs, inputs, size: f64| {
            let number = |seed: usize| size * ((seed * seed % 97) as f64 / 48.5 - 1.0);
            let weight = DMatrix::from_fn(outputs, inputs, |y, i| number(7 * i + 13 * y + i * y));
            Affine::new(weight, DVector::from_fn(outputs, |y, _| number(5 * y + 3))).unwrap()
        };
        let [inputs, hidden] = keep.map(|keep| keep.len().max(1));
        Self::new(affine(hidden, inputs, 0.5), unit, affine(classes, hidden, size), keep, HeadKind::Softmax)
    }

    fn sums(&self, instructions: InstructionSet) -> Sums {
        let enumeration = Enumeration::new(&self.model, &self.x).unwrap().with_variance();
        enumeration.with_instructions(instructions).sums(Subtree::ROOT).unwrap()
    }

    /// Both ways round each of the n + m + 2 terms of a logit, and the few operations of a unit, relatively to the logit's
    /// size; a probability depends on the difference of two. The kernel adds its own bound.
    fn allowed(&self) -> f64 {
        let (units, classes) = (self.model.keep().len(), self.model.network().affine().last().unwrap().outputs());
        let terms = (self.x.len() + 2 * units + 10) as f64;
        (4.0 * terms * self.size + (classes + units + 140) as f64) * f64::EPSILON / 2.0
    }
}

/// Up to five inputs and nine hidden units, droppable or not; weights of the last layer from 10⁻³ to 10⁴, zeros and
/// duplicates among them; keep probabilities near 0 and 1, the same and different.
fn hidden(head: HeadKind) -> impl Strategy<Value = Hidden> {
    let shape = (1..=5usize, 1..=9usize, if head == HeadKind::Softmax { 2..=4usize } else { 1..=3 });
    let size = select(vec![1e-3, 1.0, 1.0, 5.0, 20.0, 100.0, 700.0, 1e4]);
    let unit = select(vec![RELU, MAXOUT, Activation::Tanh, Activation::Logistic, PiecewiseLinear::Identity.into()]);
    (shape, size, unit).prop_flat_map(move |((inputs, hidden, outputs), size, unit)| {
        let pieces = if unit == MAXOUT { 2 } else { 1 };
        let number = || prop_oneof![8 => -1.0..1.0, 1 => Just(0.0), 1 => Just(0.25)];
        let affine = move |outputs: usize, inputs: usize, size: f64| {
            prop::collection::vec(number(), outputs * (inputs + 1)).prop_map(move |numbers| {
                let all = DMatrix::from_vec(outputs, inputs + 1, numbers) * size;
                Affine::new(all.columns(0, inputs).into_owned(), all.column(inputs).into_owned()).unwrap()
            })
        };
        let keeps = |most: usize| {
            let common = select(vec![1e-300, 1e-9, 0.5, 0.5, 0.8, 1.0 - f64::EPSILON / 2.0]);
            let own = select(vec![0.01, 0.3, 0.5, 0.9, 1.0]);
            let same = (common, 0..=most).prop_map(|(p, units)| vec![p; units]);
            prop_oneof![same, prop::collection::vec(own, 0..=most)]
        };
        let head = head.clone();
        (affine(hidden * pieces, inputs, 1.0), affine(outputs, hidden, size), keeps(inputs), keeps(hidden)).prop_map(
            move |(first, last, dropped, hidden)| Hidden::new(first, unit, last, [&dropped, &hidden], head.clone()),
        )
    })
}

/// The means, their squares and ln Z are those of the definition, on every instruction set, in the same bits.
fn is_the_definition(predict: impl Fn(&Hidden) -> Result<Prediction<f64>>, case: &Hidden) -> TestCaseResult {
    let (fast, slow) = (predict(case).unwrap(), case.model.ensemble().predict(&case.x).unwrap());
    for (a, b) in fast.arithmetic_mean.iter().zip(&slow.arithmetic_mean) {
        prop_assert!((a - b).abs() <= case.allowed() * b + 1e-150, "{a:e}, by definition {b:e}, size {}", case.size);
    }
    let (a, b) = (fast.geometric_mean.log_mass, slow.geometric_mean.log_mass);
    let allowed = 4.0 * case.allowed() * (1.0 + 2.0 * case.size);
    prop_assert!((a - b).abs() <= allowed, "ln Z {a:e}, by definition {b:e}, allowed {allowed:e}");
    let sums: Vec<_> = InstructionSet::available().into_iter().map(|set| case.sums(set)).collect();
    prop_assert!(sums.windows(2).all(|pair| pair[0] == pair[1]), "{sums:?}");
    for (square, mean) in sums[0].squares.iter().zip(&sums[0].expected) {
        prop_assert!(*square <= mean * (1.0 + case.allowed()) + 1e-150, "a mean square of {square} for {mean}");
    }
    Ok(())
}

fn fast(case: &Hidden) -> Result<Prediction<f64>> {
    dropout_oracle::kernel::enumerate(&case.model, &case.x)
}

#[test]
fn classes_are_the_definition_at_any_scale() {
    holds(96, hidden(HeadKind::Softmax), |case| is_the_definition(fast, &case));
}

#[test]
fn answers_are_the_definition_at_any_scale() {
    holds(48, hidden(HeadKind::Bernoulli), |case| is_the_definition(fast, &case));
}

/// More units than a block, a low and a middle table take; none at all; the same keep probability for all, one half, and
/// different ones.
#[test]
fn every_shape_of_a_block_is_the_definition() {
    let different: Vec<_> = (0..13).map(|i| 0.35 + 0.05 * f64::from(i)).collect();
    for (inputs, hidden) in [(13, 0), (11, 1), (11, 2), (10, 3), (9, 4), (8, 5), (3, 11), (1, 12), (0, 5)] {
        for unit in [RELU, Activation::Tanh] {
            for keep in [&[0.5; 13][..], &[0.8; 13], &different] {
                let case = Hidden::formula([&keep[..inputs], &keep[..hidden]], unit, 10, 0.7);
                is_the_definition(fast, &case).unwrap();
            }
        }
    }
}

/// The network without its last hidden unit's dropout.
#[test]
fn the_mutant_that_keeps_a_unit_is_refused() {
    let kept = |case: &Hidden| {
        let mut keep = case.model.keep().clone();
        keep.iter_mut().last().into_iter().for_each(|p| *p = 1.0);
        let (network, head) = (case.model.network().clone(), case.model.head_kind().clone());
        dropout_oracle::kernel::enumerate(&Model::new(network, head, keep, Convention::Standard)?, &case.x)
    };
    refuted(64, hidden(HeadKind::Softmax), |case| is_the_definition(kept, &case));
}

/// Mean squares, one forward pass a mask.
#[test]
fn the_variance_is_that_of_the_definition() {
    for keep in [[&[0.5; 6][..], &[0.5; 5]], [&[0.8; 7], &[0.6; 2]], [&[0.3; 4], &[0.2, 0.4, 0.6, 0.8, 0.9]]] {
        let case = Hidden::formula(keep, RELU, 4, 1.0);
        let ensemble =
            dropout_oracle::Ensemble::new(case.model.network(), &dropout_oracle::head::Softmax, case.model.law());
        let slow = ensemble.unwrap().total_variance(&case.x).unwrap().between;
        let enumeration = Enumeration::new(&case.model, &case.x).unwrap().with_variance();
        let sums = enumeration.sums(Subtree::ROOT).unwrap();
        for (k, (a, b)) in enumeration.variance(&sums).unwrap().iter().zip(&slow).enumerate() {
            assert!((a - b).abs() <= 4.0 * case.allowed() * sums.squares[k], "entry {k}: {a:e}, by definition {b:e}");
        }
    }
}

/// Activations beyond all numbers are refused by name, not summed.
#[test]
fn activations_beyond_all_numbers_are_refused_by_name() {
    let huge =
        |sign: f64| Affine::new(DMatrix::from_row_slice(1, 2, &[1e308, sign * 1e308]), DVector::zeros(1)).unwrap();
    let last = Affine::new(DMatrix::from_element(2, 1, 1.0), DVector::zeros(2)).unwrap();
    let case = Hidden::new(huge(1.0), PiecewiseLinear::Identity.into(), last, [&[0.5; 2], &[0.5]], HeadKind::Softmax);
    let error = Enumeration::new(&case.model, &case.x).unwrap().sums(Subtree::ROOT).unwrap_err();
    assert!(error.to_string().starts_with("the sum of the sizes of a logit's terms is"), "{error}");
}
