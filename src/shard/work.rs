//! Doing what is to be done.

use super::{Partial, ShardError};
use crate::kernel::Enumeration;
use crate::model::Model;
use nalgebra::DVector;
use rayon::prelude::*;
use std::ops::ControlFlow;

/// How far a shard has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Items done, those of earlier runs among them.
    pub done: u64,
    /// Items of the share.
    pub items: u64,
}

impl Partial {
    /// Does the open items, a few for each thread at a time, and tells `observe` after each batch until it breaks off.
    ///
    /// `model` and `inputs` must be those of [`Partial::new`].
    ///
    /// # Errors
    /// As [`Enumeration::sums`]; what was done before stays done.
    pub fn work(
        &mut self,
        model: &Model,
        inputs: &[DVector<f64>],
        mut observe: impl FnMut(Progress, &Self) -> Result<ControlFlow<()>, ShardError>,
    ) -> Result<(), ShardError> {
        let items = self.plan.share(self.shard).count() as u64;
        let open: Vec<_> = self.open().collect();
        let mut done = items - open.len() as u64;
        let enumerations = inputs.iter().map(|x| Enumeration::new(model, x)).collect::<Result<Vec<_>, _>>()?;
        for batch in open.chunks(4 * rayon::current_num_threads()) {
            let sums: Vec<_> = batch.par_iter().map(|(row, subtree)| enumerations[*row].sums(*subtree)).collect();
            for ((row, subtree), sums) in batch.iter().zip(sums) {
                self.done[*row].insert(*subtree, sums?).expect("an open item is not done");
            }
            done += batch.len() as u64;
            if observe(Progress { done, items }, self)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}
