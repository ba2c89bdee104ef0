//! A question of any kind: how it is put to a subject, and how it and its answer stand in messages.

use super::case::{Call, Case, NetworkCase, NetworkMeans, Samples, Sampling};
use super::protocol::{Reply, Request};
use super::subject::{AdapterFailure, Answer, Outcome, Subject};

/// One of the three questions.
pub(super) trait Question {
    /// What it is answered by.
    type Result: Clone;

    /// Puts it to a subject.
    fn ask(&self, subject: &mut dyn Subject) -> Answer<Self::Result>;

    /// It as a message.
    fn request(&self, seq: u64) -> Request;

    /// Its result as a message.
    fn reply(seq: u64, result: Self::Result) -> Reply;

    /// Its result out of a message, if the message is of that type.
    fn result(reply: Reply) -> Option<Self::Result>;
}

impl Question for Case {
    type Result = Vec<Call>;

    fn ask(&self, subject: &mut dyn Subject) -> Answer<Vec<Call>> {
        subject.run(self)
    }

    fn request(&self, seq: u64) -> Request {
        Request::Run { seq, case: self.clone() }
    }

    fn reply(seq: u64, calls: Vec<Call>) -> Reply {
        Reply::Result { seq, calls }
    }

    fn result(reply: Reply) -> Option<Vec<Call>> {
        if let Reply::Result { calls, .. } = reply { Some(calls) } else { None }
    }
}

impl Question for Sampling {
    type Result = Samples;

    fn ask(&self, subject: &mut dyn Subject) -> Answer<Samples> {
        subject.sample(self)
    }

    fn request(&self, seq: u64) -> Request {
        Request::Sample { seq, sampling: self.clone() }
    }

    fn reply(seq: u64, samples: Samples) -> Reply {
        Reply::Samples { seq, samples }
    }

    fn result(reply: Reply) -> Option<Samples> {
        if let Reply::Samples { samples, .. } = reply { Some(samples) } else { None }
    }
}

impl Question for NetworkCase {
    type Result = NetworkMeans;

    fn ask(&self, subject: &mut dyn Subject) -> Answer<NetworkMeans> {
        subject.network(self)
    }

    fn request(&self, seq: u64) -> Request {
        Request::Network { seq, network: self.clone() }
    }

    fn reply(seq: u64, means: NetworkMeans) -> Reply {
        Reply::Networks { seq, means }
    }

    fn result(reply: Reply) -> Option<NetworkMeans> {
        if let Reply::Networks { means, .. } = reply { Some(means) } else { None }
    }
}

/// An outcome as a message.
pub(super) fn reply<Q: Question>(seq: u64, outcome: Outcome<Q::Result>) -> Reply {
    match outcome {
        Outcome::Done(result) => Q::reply(seq, result),
        Outcome::Skipped(skipped) => Reply::Skipped { seq, skipped },
        Outcome::Rejected(rejected) => Reply::Rejected { seq, rejected },
        Outcome::Errored(errored) => Reply::Errored { seq, errored },
    }
}

/// The outcome that a message tells of.
pub(super) fn outcome<Q: Question>(reply: Reply) -> Answer<Q::Result> {
    match reply {
        Reply::Skipped { skipped, .. } => Ok(Outcome::Skipped(skipped)),
        Reply::Rejected { rejected, .. } => Ok(Outcome::Rejected(rejected)),
        Reply::Errored { errored, .. } => Ok(Outcome::Errored(errored)),
        other => {
            let name = other.name();
            let answered = || AdapterFailure(format!("the adapter answered a question of another kind: {name}"));
            Q::result(other).map(Outcome::Done).ok_or_else(answered)
        }
    }
}
