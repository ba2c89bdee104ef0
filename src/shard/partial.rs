//! The state of a shard: what it belongs to, and what is done.

use super::stored::{read, write};
use super::{Forest, Plan, Shard, ShardError};
use crate::file::Fingerprint;
use crate::kernel::{Enumeration, Subtree};
use crate::model::Model;
use nalgebra::DVector;
use std::path::Path;

/// What a shard has done so far: from nothing to all of its share.
#[derive(Clone, Debug, PartialEq)]
pub struct Partial {
    pub(super) network: Fingerprint,
    pub(super) inputs: Fingerprint,
    pub(super) plan: Plan,
    pub(super) shard: Shard,
    /// One an input.
    pub(super) done: Vec<Forest>,
}

impl Partial {
    /// A shard of the masks of `model` for all `inputs`, of which nothing is done.
    ///
    /// # Errors
    /// As [`Enumeration::new`].
    pub fn new(model: &Model, inputs: &[DVector<f64>], shard: Shard) -> Result<Self, ShardError> {
        let depths = inputs.iter().map(|x| Ok(Enumeration::new(model, x)?.depth()));
        Ok(Self {
            network: Fingerprint::of_model(model),
            inputs: Fingerprint::of_inputs(inputs),
            plan: Plan::new(depths.collect::<Result<Vec<_>, ShardError>>()?),
            shard,
            done: vec![Forest::default(); inputs.len()],
        })
    }

    /// Which shard it is.
    pub fn shard(&self) -> Shard {
        self.shard
    }

    /// The items of the share that are not done, in order.
    pub fn open(&self) -> impl Iterator<Item = (usize, Subtree)> + '_ {
        self.plan.share(self.shard).filter(|(row, subtree)| !self.done[*row].covers(*subtree))
    }

    /// Takes over what the checkpoint `path` has done, if there is such a file.
    ///
    /// # Errors
    /// [`ShardError::Foreign`] for a checkpoint of another network, other inputs or another shard; as [`Partial::load`].
    pub fn resume(&mut self, path: &Path) -> Result<(), ShardError> {
        if !path.exists() {
            return Ok(());
        }
        let saved = Self::load(path)?;
        self.same_work(&saved, path)?;
        if saved.shard != self.shard {
            return Err(foreign(path, "shard", &saved.shard, &self.shard));
        }
        self.done = saved.done;
        Ok(())
    }

    /// That another part, from the file `path`, is one of the same work.
    ///
    /// # Errors
    /// [`ShardError::Foreign`] if it is not.
    pub fn same_work(&self, other: &Self, path: &Path) -> Result<(), ShardError> {
        if other.network != self.network {
            return Err(foreign(path, "network", &other.network, &self.network));
        }
        if other.inputs != self.inputs {
            return Err(foreign(path, "set of inputs", &other.inputs, &self.inputs));
        }
        if other.plan != self.plan {
            let items = |plan: &Plan| format!("{} items", plan.items());
            return Err(foreign(path, "division of the work", &items(&other.plan), &items(&self.plan)));
        }
        Ok(())
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`ShardError::Read`] if it cannot be read, [`ShardError::Damaged`] if it is not as it was written.
    pub fn load(path: &Path) -> Result<Self, ShardError> {
        let bytes = std::fs::read(path).map_err(|why| ShardError::Read { path: path.into(), why })?;
        Self::from_bytes(&bytes, path)
    }

    /// Reads the bytes of the file `path`, or of what is called so.
    ///
    /// # Errors
    /// [`ShardError::Damaged`] if they are not as they were written.
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self, ShardError> {
        read(bytes).map_err(|why| ShardError::Damaged { path: path.into(), why })
    }

    /// The bytes of its file: JSON with the bits of every number, and a checksum.
    pub fn to_bytes(&self) -> Vec<u8> {
        write(self)
    }
}

fn foreign(path: &Path, what: &'static str, found: &impl ToString, here: &impl ToString) -> ShardError {
    ShardError::Foreign { path: path.into(), what, found: found.to_string(), here: here.to_string() }
}
