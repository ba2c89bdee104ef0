//! The networks of all experiments: small classifiers with inverted dropout.

use crate::data::Examples;
use crate::error::Result;
use crate::model::{Convention, HeadKind, Model};
use crate::network::{Activation, Affine, Layer, Mlp};
use crate::train::initial;
use nalgebra::{DMatrix, DVector};

/// Hidden layers of `unit`s, as many as `hidden` has entries, each with dropout; below them dropout on the inputs, unless
/// these are always kept. Both numbers are KEEP probabilities.
pub(super) struct Classifier<'a> {
    pub hidden: &'a [usize],
    pub unit: Activation,
    pub keep_input: f64,
    pub keep_hidden: f64,
}

impl Classifier<'_> {
    /// With the inputs and classes of the examples and weights drawn by the seed.
    pub fn untrained(&self, examples: &Examples, seed: u64) -> Result<Model> {
        let (inputs, classes) = (examples.inputs()[0].len(), examples.targets()[0].len());
        let affine = |outputs, inputs| Affine::new(DMatrix::zeros(outputs, inputs), DVector::zeros(outputs));
        let (mut layers, mut keep, mut width) = (Vec::new(), Vec::new(), inputs);
        if self.keep_input != 1.0 {
            layers.push(Layer::dropout(inputs));
            keep.extend(vec![self.keep_input; inputs]);
        }
        for &units in self.hidden {
            layers.extend([Layer::Affine(affine(units, width)?), Layer::Unit(self.unit), Layer::dropout(units)]);
            keep.extend(vec![self.keep_hidden; units]);
            width = units;
        }
        layers.push(Layer::Affine(affine(classes, width)?));
        let mut network = Mlp::new(inputs, layers)?;
        initial::he_uniform(&mut network, seed);
        Model::new(network, HeadKind::Softmax, keep.into(), Convention::Inverted)
    }
}
