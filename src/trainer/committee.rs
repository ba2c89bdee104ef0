//! Independent networks, each trained by the optimised trainer.

use super::data::Data;
use super::float::Float;
use super::run::Trainer;
use crate::data::Examples;
use crate::error::Result;
use crate::model::Model;
use crate::train::committee::Resampling;
use crate::train::{Committee, Training};
use std::ops::ControlFlow;

/// [`Training::committee`] with [`Trainer`] in place of [`Training::run`]: the same members, seeds and examples.
///
/// ```
/// use dropout_oracle::data::Examples;
/// use dropout_oracle::model::{Convention, HeadKind, Model};
/// use dropout_oracle::network::{Affine, Layer, Mlp};
/// use dropout_oracle::train::{Training, committee::Resampling, initial::he_uniform};
/// use dropout_oracle::trainer::committee;
/// use nalgebra::{DMatrix, DVector, dvector};
/// let untrained = |seed| {
///     let affine = Affine::new(DMatrix::zeros(1, 2), DVector::zeros(1))?;
///     let mut network = Mlp::new(2, vec![Layer::Affine(affine)])?;
///     he_uniform(&mut network, seed);
///     Model::new(network, HeadKind::Bernoulli, dvector![], Convention::Inverted)
/// };
/// let examples = Examples::new(vec![dvector![1.0, 0.0], dvector![0.0, 1.0]], vec![dvector![1.0], dvector![0.0]])?;
/// let bagged = committee::<f32>(&Training::new(100), 3, Resampling::Bootstrap, &examples, untrained)?;
/// assert_eq!(bagged.members().len(), 3);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// As [`Training::committee`], [`Trainer::new`] and [`Trainer::run`].
pub fn committee<F: Float>(
    training: &Training,
    members: u64,
    resampling: Resampling,
    examples: &Examples,
    untrained: impl Fn(u64) -> Result<Model> + Sync,
) -> Result<Committee> {
    training.committee_by(members, resampling, examples, untrained, |training, model, examples| {
        // More examples than there are mean all of them; the trainer takes room for as many as it is told.
        let batch = training.batch.min(examples.count());
        let mut trainer = Trainer::<F>::new(model, training.clone().batch(batch))?;
        trainer.run(&Data::from_examples(examples)?, |_| ControlFlow::Continue(()))?;
        trainer.write_to(model)
    })
}
