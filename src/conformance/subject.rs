//! A subject: an implementation of dropout that can be asked, in this process or behind a protocol.

use super::case::{Call, Case, NetworkCase, NetworkMeans, Samples, Sampling};
use super::layer::Description;
use serde::{Deserialize, Serialize};

/// What a subject says to a case.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome<T> {
    /// It was served.
    Done(T),
    /// A capability is lacking. Counted as not tested, never as passed.
    Skipped(Skipped),
    /// The implementation itself refused the input.
    Rejected(Rejected),
    /// Something broke while serving.
    Errored(Errored),
}

/// A capability that is lacking.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Which.
    pub message: String,
    /// Where that is followed.
    #[serde(default)]
    pub issue_url: Option<String>,
}

/// A refusal of the implementation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// Its kind, as the language names it.
    pub kind: String,
    /// What it says.
    #[serde(default)]
    pub message: String,
}

/// What broke while serving.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errored {
    /// Where, and what.
    pub context: String,
}

/// An adapter that crashed, hung or talked nonsense: its failure, not the implementation's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AdapterFailure(pub String);

/// What a subject answers, unless the adapter itself fails.
pub type Answer<T> = Result<Outcome<T>, AdapterFailure>;

/// An implementation of dropout that can be asked.
///
/// Only [`describe`](Self::describe) and [`run`](Self::run) are required; what a subject does not serve is skipped.
pub trait Subject {
    /// Who it is, and its layers.
    ///
    /// # Errors
    /// [`AdapterFailure`] if there is no sound answer.
    fn describe(&mut self) -> Result<Description, AdapterFailure>;

    /// One call, or several of the same object.
    ///
    /// # Errors
    /// [`AdapterFailure`] if there is no sound answer.
    fn run(&mut self, case: &Case) -> Answer<Vec<Call>>;

    /// Many masks.
    ///
    /// # Errors
    /// [`AdapterFailure`] if there is no sound answer.
    fn sample(&mut self, sampling: &Sampling) -> Answer<Samples> {
        let message = format!("{} is not sampled", sampling.layer);
        Ok(Outcome::Skipped(Skipped { message, issue_url: None }))
    }

    /// A small network, built of the implementation's layers.
    ///
    /// # Errors
    /// [`AdapterFailure`] if there is no sound answer.
    fn network(&mut self, network: &NetworkCase) -> Answer<NetworkMeans> {
        let message = format!("no networks are built of {}", network.layer);
        Ok(Outcome::Skipped(Skipped { message, issue_url: None }))
    }
}
