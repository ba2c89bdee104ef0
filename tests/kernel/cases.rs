//! Models whose masks enter the logits through a sum, over all that can go wrong with a sum of exponentials.

use dropout_oracle::Model;
use dropout_oracle::model::{Convention, HeadKind};
use dropout_oracle::network::{Activation, Affine, Layer, Mlp};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use proptest::sample::select;

/// A model of one affine layer with dropout on its inputs, and an input.
#[derive(Debug)]
pub struct Case {
    pub model: Model,
    pub x: DVector<f64>,
}

impl Case {
    pub fn new(weight: DMatrix<f64>, bias: DVector<f64>, keep: &[f64], head: HeadKind, convention: Convention) -> Self {
        let inputs = weight.ncols();
        let layers = vec![Layer::dropout(inputs), Layer::Affine(Affine::new(weight, bias).unwrap())];
        let keep = DVector::from_column_slice(keep);
        let model = Model::new(Mlp::new(inputs, layers).unwrap(), head, keep, convention).unwrap();
        Self { model, x: DVector::from_element(inputs, 1.0) }
    }

    /// Weights drawn from a fixed formula: n inputs, C outputs, of about this size.
    pub fn formula(n: usize, outputs: usize, size: f64, keep: f64, head: HeadKind) -> Self {
        let number = |seed: usize| size * ((seed * seed % 97) as f64 / 48.5 - 1.0);
        let weight = DMatrix::from_fn(outputs, n, |y, i| number(7 * i + 13 * y + i * y));
        let bias = DVector::from_fn(outputs, |y, _| number(5 * y + 3));
        Self::new(weight, bias, &vec![keep; n], head, Convention::Standard)
    }

    /// A hidden layer with dropout before and after it.
    pub fn hidden(inputs: usize, hidden: usize, unit: Activation, head: HeadKind) -> Self {
        let [first, last] = [(inputs, hidden), (hidden, 2)].map(|(n, outputs)| {
            let case = Self::formula(n, outputs, 1.0, 0.5, head.clone());
            Layer::Affine(case.model.network().affine().next().unwrap().clone())
        });
        let layers = vec![Layer::dropout(inputs), first, Layer::Unit(unit), Layer::dropout(hidden), last];
        let keep = DVector::from_element(inputs + hidden, 0.8);
        let model = Model::new(Mlp::new(inputs, layers).unwrap(), head, keep, Convention::Inverted).unwrap();
        Self { model, x: DVector::from_element(inputs, 1.0) }
    }

    /// How many classes or answers there are.
    pub fn outputs(&self) -> usize {
        self.model.network().affine().last().unwrap().outputs()
    }

    /// The largest sum of the sizes of the terms of a difference of two logits.
    pub fn range(&self) -> f64 {
        let affine = self.model.network().affine().last().unwrap();
        let factor = self.model.law().factor();
        let size = |y: usize| -> f64 {
            let terms = affine.weight.row(y).iter().zip(factor).map(|(w, s)| (w * s).abs()).sum::<f64>();
            affine.bias[y].abs() + terms
        };
        2.0 * (0..self.outputs()).map(size).fold(0.0, f64::max)
    }
}

/// Up to `most` units; sizes from 10⁻³ to 10⁴, logits near ±700, single weights 10⁶ times the others, zeros, duplicates;
/// keep probabilities near 0 and 1, and 1.
pub fn case(most: usize, head: HeadKind) -> impl Strategy<Value = Case> {
    let shape = (if head == HeadKind::Softmax { 2..=6usize } else { 1..=3 }, 0..=most);
    let size = select(vec![1e-3, 1.0, 5.0, 20.0, 100.0, 700.0, 1e4]);
    let keep = select(vec![1e-300, 1e-9, 0.1, 0.5, 0.5, 0.5, 0.8, 0.8, 1.0 - 1e-9, 1.0 - f64::EPSILON / 2.0, 1.0]);
    (shape, size, keep).prop_flat_map(move |((outputs, n), size, common)| {
        let number = prop_oneof![8 => -1.0..1.0, 1 => Just(0.0), 1 => Just(0.25)];
        let numbers = prop::collection::vec(number, outputs * (n + 1));
        let own = select(vec![0.01, 0.3, 0.5, 0.9, 0.99, 1.0]);
        let keeps = prop_oneof![Just(vec![common; n]), prop::collection::vec(own, n)];
        let extra = prop::option::weighted(0.2, 0..(n + 1));
        let (head, inverted) = (head.clone(), any::<bool>());
        (numbers, keeps, extra, inverted).prop_map(move |(numbers, keeps, extra, inverted)| {
            let mut all = DMatrix::from_vec(outputs, n + 1, numbers) * size;
            if let Some(extra) = extra {
                all.column_mut(extra).scale_mut(1e6);
            }
            // 1/p of a tiny p would leave the range that is enumerated.
            let inverted = inverted && keeps.iter().all(|p| *p > 1e-3);
            let convention = if inverted { Convention::Inverted } else { Convention::Standard };
            Case::new(all.columns(0, n).into_owned(), all.column(n).into_owned(), &keeps, head.clone(), convention)
        })
    })
}
