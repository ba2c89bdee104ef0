//! Logistic regression without noise: the expected loss under dropout goes down by L-BFGS.

use super::course::Course;
use super::method::Expectation;
use super::run::{Done, Job, Log};
use super::{Failure, score};
use dropout_oracle::approximation::fast_dropout;
use dropout_oracle::network::{Affine, Layer, Mlp, Network};
use dropout_oracle::train::QuasiNewton;
use dropout_oracle::{Error, Model, marginal};
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

/// Examples a task.
const BLOCK: usize = 16;

/// Goes down the mean of E_μ ℓ(f(x, μ), y) over the examples, plus λ/2 Σ w², from the weights of `model`, which is one
/// affine layer after dropout of all inputs.
pub fn train(job: &Job<'_>, expectation: Expectation, tolerance: f64, model: &mut Model) -> Result<Done, Failure> {
    let examples: Vec<_> = job.sets.train.iter().map(|(x, y)| (x.clone(), y.clone())).collect();
    let l2 = job.training.regularisers.l2.unwrap_or(0.0);
    let start = flat(model.network().affine().next().expect("a network has an affine layer"));
    let law = model.law().clone();
    let shape = (model.network().outputs(), model.network().inputs());
    // Sums of blocks, added in their order: the same bits for any number of threads.
    let loss = |affine: &Affine<f64>| -> Result<(f64, DVector<f64>), Error> {
        let block = |block: &[(DVector<f64>, DVector<f64>)]| match expectation {
            Expectation::Exact => {
                marginal::objective::objective(affine, &law, block).map(|sum| (sum.loss.value, flat(&sum.gradient)))
            }
            Expectation::FastDropout => {
                fast_dropout::objective(affine, &law, block).map(|(loss, gradient)| (loss, flat(&gradient)))
            }
        };
        let blocks: Vec<_> = examples.par_chunks(BLOCK).map(block).collect();
        let (mut loss, mut gradient) = (0.0, DVector::zeros(start.len()));
        for block in blocks {
            let (term, slope) = block?;
            loss += term;
            gradient += slope;
        }
        let count = examples.len() as f64;
        Ok((loss / count, gradient / count))
    };
    let method = QuasiNewton { tolerance, steps: job.training.steps as usize };
    let minimum = method.minimise(start.clone(), |point| {
        let affine = unflat(point, shape)?;
        let (value, mut gradient) = loss(&affine)?;
        affine.weight.iter().zip(gradient.iter_mut()).for_each(|(w, g)| *g += l2 * w);
        Ok((value + 0.5 * l2 * affine.weight.norm_squared(), gradient))
    })?;
    let affine = unflat(&minimum.point, shape)?;
    let mut course = Course::default();
    course.stepped(loss(&affine)?.0);
    let network = Mlp::new(shape.1, vec![Layer::dropout(shape.1), Layer::Affine(affine)])?;
    *model = Model::new(network, model.head_kind().clone(), model.keep().clone(), model.convention())?;
    let validation = job.sets.validation.as_ref().map(|set| score::weight_scaling(model, set)).transpose()?;
    let steps = minimum.steps as u64;
    course.look(steps, validation);
    job.log.map(|path| Log::new(path, &course.looks)).transpose()?;
    Ok(Done { course, steps, kept_step: steps, slope: Some(minimum.gradient) })
}

/// Weights, column by column, and biases.
fn flat(affine: &Affine<f64>) -> DVector<f64> {
    let numbers = affine.weight.iter().chain(&affine.bias);
    DVector::from_vec(numbers.copied().collect())
}

/// The inverse of [`flat`].
fn unflat(numbers: &DVector<f64>, (outputs, inputs): (usize, usize)) -> Result<Affine<f64>, Error> {
    let (weight, bias) = numbers.as_slice().split_at(outputs * inputs);
    Affine::new(DMatrix::from_column_slice(outputs, inputs, weight), DVector::from_column_slice(bias))
}
