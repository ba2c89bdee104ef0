//! Protocol 1: the messages, one JSON object a line. `docs/protocol.md` has the words.

use super::case::{Call, Case, NetworkCase, NetworkMeans, Samples, Sampling};
use super::layer::Description;
use super::subject::{Errored, Rejected, Skipped};
use serde::{Deserialize, Serialize};

/// The version that is spoken.
pub const PROTOCOL: u64 = 1;

/// What the oracle says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Request {
    /// The first message.
    Start {
        /// [`PROTOCOL`].
        protocol: u64,
    },
    /// One call of a layer.
    Run {
        /// Comes back in the reply.
        seq: u64,
        /// Which call.
        #[serde(flatten)]
        case: Case,
    },
    /// Many masks.
    Sample {
        /// Comes back in the reply.
        seq: u64,
        /// Which.
        #[serde(flatten)]
        sampling: Sampling,
    },
    /// A small network.
    Network {
        /// Comes back in the reply.
        seq: u64,
        /// Which.
        #[serde(flatten)]
        network: NetworkCase,
    },
    /// The last message; no reply.
    Stop,
}

/// What the adapter says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Reply {
    /// To a start.
    Started {
        /// The version that the adapter speaks.
        protocol: u64,
        /// Who it is.
        #[serde(flatten)]
        description: Description,
    },
    /// To a run.
    Result {
        /// As asked.
        seq: u64,
        /// One entry a call.
        calls: Vec<Call>,
    },
    /// To a sample.
    Samples {
        /// As asked.
        seq: u64,
        /// The masks.
        #[serde(flatten)]
        samples: Samples,
    },
    /// To a network.
    Networks {
        /// As asked.
        seq: u64,
        /// The means.
        #[serde(flatten)]
        means: NetworkMeans,
    },
    /// A capability is lacking.
    Skipped {
        /// As asked.
        seq: u64,
        /// Which capability.
        #[serde(flatten)]
        skipped: Skipped,
    },
    /// The implementation refused the input.
    Rejected {
        /// As asked.
        seq: u64,
        /// How.
        #[serde(flatten)]
        rejected: Rejected,
    },
    /// Something broke.
    Errored {
        /// As asked.
        seq: u64,
        /// What.
        #[serde(flatten)]
        errored: Errored,
    },
}

impl Reply {
    /// The number of the request that it answers; none for a start.
    pub fn seq(&self) -> Option<u64> {
        match self {
            Self::Started { .. } => None,
            Self::Result { seq, .. }
            | Self::Samples { seq, .. }
            | Self::Networks { seq, .. }
            | Self::Skipped { seq, .. }
            | Self::Rejected { seq, .. }
            | Self::Errored { seq, .. } => Some(*seq),
        }
    }

    /// Its type.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Result { .. } => "result",
            Self::Samples { .. } => "samples",
            Self::Networks { .. } => "networks",
            Self::Skipped { .. } => "skipped",
            Self::Rejected { .. } => "rejected",
            Self::Errored { .. } => "errored",
        }
    }
}
