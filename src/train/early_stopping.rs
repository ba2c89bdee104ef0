//! Early stopping: the network that did best on examples it was not trained on.

use super::{Progress, Summary, Training};
use crate::data::Examples;
use crate::error::{Error, Result};
use crate::law::Law;
use crate::model::Model;
use crate::network::{Mlp, Network};
use std::ops::ControlFlow;

/// When training stops, judged by the mean loss of the weight-scaled network on validation examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlyStopping {
    /// The number of steps from one look at the validation examples to the next.
    pub every: u64,
    /// After how many looks in a row without a smaller loss than ever before training stops.
    pub patience: u64,
}

/// What came of a training with early stopping.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stopped {
    /// All steps that were taken, those after the best network among them.
    pub summary: Summary,
    /// The number of steps that the best network had behind it; 0 for the untrained one.
    pub best_step: u64,
    /// Its mean validation loss: −ln p(y) without the base measure.
    pub validation_loss: f64,
}

impl EarlyStopping {
    /// Trains `model` and leaves the network of the smallest validation loss in it, the earliest of equals; the network
    /// at the start is the first candidate.
    ///
    /// ```
    /// use dropout_oracle::data::Examples;
    /// use dropout_oracle::model::{Convention, HeadKind, Model};
    /// use dropout_oracle::network::{Affine, Layer, Mlp};
    /// use dropout_oracle::train::{EarlyStopping, Training};
    /// use nalgebra::{dmatrix, dvector};
    /// use std::ops::ControlFlow;
    /// let network = Mlp::new(1, vec![Layer::Affine(Affine::new(dmatrix![0.0], dvector![0.0])?)])?;
    /// let head = HeadKind::Gaussian { variance: 1.0 };
    /// let mut model = Model::new(network, head, dvector![], Convention::Inverted)?;
    /// let train = Examples::new(vec![dvector![1.0]], vec![dvector![4.0]])?;
    /// let validation = Examples::new(vec![dvector![1.0]], vec![dvector![1.0]])?;
    /// let stopping = EarlyStopping { every: 1, patience: 3 };
    /// let stopped = stopping.run(&Training::new(100), &mut model, &train, &validation, |_| ControlFlow::Continue(()))?;
    /// assert!(stopped.best_step < 5 && stopped.summary.steps == stopped.best_step + 3);
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Training::run`], and [`Error::Domain`] unless `every` and `patience` are at least 1.
    pub fn run(
        &self,
        training: &Training,
        model: &mut Model,
        examples: &Examples,
        validation: &Examples,
        mut observe: impl FnMut(&Progress<'_>) -> ControlFlow<()>,
    ) -> Result<Stopped> {
        for (what, number) in [("steps from look to look", self.every), ("patience", self.patience)] {
            if number == 0 {
                return Err(Error::Domain { what: what.into(), value: "0".into(), must: "at least 1" });
            }
        }
        training.check_examples(model, validation)?;
        let (head, mean) = (model.head_kind().head()?, model.law().mean());
        let loss = |network: &Mlp<f64>| {
            let losses = validation.iter().map(|(x, y)| head.loss(&network.output(x, &mean)?, y));
            Ok::<f64, Error>(losses.sum::<Result<f64>>()? / validation.count() as f64)
        };
        let (mut best, mut best_step) = (model.network().clone(), 0);
        let (mut validation_loss, mut worse) = (loss(&best)?, 0);
        let summary = training.run(model, examples, |progress| {
            let step = progress.step + 1;
            if step % self.every == 0 {
                // The shapes fit, so an error is an overflow, and there is no larger loss than that.
                let loss = loss(progress.network).unwrap_or(f64::INFINITY);
                if loss < validation_loss {
                    (best, best_step, validation_loss, worse) = (progress.network.clone(), step, loss, 0);
                } else {
                    worse += 1;
                }
            }
            match observe(progress) {
                ControlFlow::Continue(()) if worse < self.patience => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            }
        })?;
        *model.network_mut() = best;
        Ok(Stopped { summary, best_step, validation_loss })
    }
}
