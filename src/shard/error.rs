//! What can be wrong with the parts of a long enumeration.

use super::Shard;
use crate::error::Error;
use crate::file::FileError;
use std::path::PathBuf;

/// Why a part is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShardError {
    /// The file cannot be read.
    #[error("{path}: {why}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// The file is damaged, or no partial result at all.
    #[error("{path}: {why}", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The part belongs to other work.
    #[error("{path}: it belongs to another {what} ({found}, here {here})", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Network, inputs, or shard.
        what: &'static str,
        /// What the file says.
        found: String,
        /// What it would have to say.
        here: String,
    },
    /// Two parts have the same masks.
    #[error("shards {first} and {second} have masks of input {row} (counted from 0) in common; merge each shard once")]
    Doubled {
        /// The one.
        first: Shard,
        /// The other.
        second: Shard,
        /// The input.
        row: usize,
    },
    /// Masks are missing.
    #[error("{missing} of {items} parts of the work are missing; {hint}")]
    Missing {
        /// How many items.
        missing: u64,
        /// Out of how many.
        items: u64,
        /// Which shards are absent or not finished.
        hint: String,
    },
    /// The network or an input is at fault.
    #[error(transparent)]
    Network(#[from] Error),
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}
