//! A conversation kept as lines of JSON: every question with its answer, so that the laws are held again without the
//! implementation.

use super::case::{Call, Case, NetworkCase, NetworkMeans, Samples, Sampling};
use super::layer::Description;
use super::protocol::{PROTOCOL, Reply, Request};
use super::question::{Question, outcome, reply};
use super::report::Selection;
use super::subject::{AdapterFailure, Answer, Subject};
use super::trial::Config;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, VecDeque};
use std::io::{self, BufRead};

/// The format of a recording.
pub const RECORDING: &str = "dropout-oracle/recording-1";

/// What was asked for, on the first line: a recording answers these questions and no others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Heading {
    format: String,
    oracle: String,
    #[serde(flatten)]
    config: Config,
    #[serde(flatten)]
    selection: Selection,
}

/// Each further line: a request, and how it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Exchange {
    request: Request,
    #[serde(flatten)]
    end: End,
}

/// The reply, or how the adapter failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum End {
    Reply(Reply),
    Failure(String),
}

/// A subject whose answers are written down as they come.
///
/// ```
/// use dropout_oracle::conformance::zoo::{Served, rights};
/// use dropout_oracle::conformance::{Config, Recorded, Recorder, Selection, conform};
/// let selection = Selection { laws: vec!["L3".into()], ..Selection::default() };
/// let mut mine = Served::new("mine", vec![rights().remove(0).1]);
/// let mut recorder = Recorder::new(&mut mine, Config::default(), &selection);
/// let live = conform(&mut recorder, &selection, Config::default(), |_| ());
///
/// let mut recorded = Recorded::read(&recorder.into_bytes()[..])?;
/// let (selection, config) = (recorded.selection().clone(), recorded.config());
/// assert_eq!(conform(&mut recorded, &selection, config, |_| ()), live);
/// # Ok::<(), dropout_oracle::conformance::UnsoundRecording>(())
/// ```
pub struct Recorder<'a> {
    subject: &'a mut dyn Subject,
    seq: u64,
    lines: Vec<u8>,
}

impl<'a> Recorder<'a> {
    /// Records what `subject` is asked while the selected laws are held against it.
    pub fn new(subject: &'a mut dyn Subject, config: Config, selection: &Selection) -> Self {
        let (format, oracle) = (RECORDING.into(), env!("CARGO_PKG_VERSION").into());
        let mut recorder = Self { subject, seq: 0, lines: Vec::new() };
        recorder.write(&Heading { format, oracle, config, selection: selection.clone() });
        recorder
    }

    /// The lines so far.
    pub fn into_bytes(self) -> Vec<u8> {
        self.lines
    }

    fn write(&mut self, line: &impl Serialize) {
        serde_json::to_writer(&mut self.lines, line).expect("messages are JSON");
        self.lines.push(b'\n');
    }

    fn ask<Q: Question>(&mut self, question: &Q) -> Answer<Q::Result> {
        self.seq += 1;
        let answer = question.ask(self.subject);
        let end = match &answer {
            Ok(outcome) => End::Reply(reply::<Q>(self.seq, outcome.clone())),
            Err(failure) => End::Failure(failure.0.clone()),
        };
        self.write(&Exchange { request: question.request(self.seq), end });
        answer
    }
}

impl Subject for Recorder<'_> {
    fn describe(&mut self) -> Result<Description, AdapterFailure> {
        let description = self.subject.describe();
        let end = match &description {
            Ok(description) => End::Reply(Reply::Started { protocol: PROTOCOL, description: description.clone() }),
            Err(failure) => End::Failure(failure.0.clone()),
        };
        self.write(&Exchange { request: Request::Start { protocol: PROTOCOL }, end });
        description
    }

    fn run(&mut self, case: &Case) -> Answer<Vec<Call>> {
        self.ask(case)
    }

    fn sample(&mut self, sampling: &Sampling) -> Answer<Samples> {
        self.ask(sampling)
    }

    fn network(&mut self, network: &NetworkCase) -> Answer<NetworkMeans> {
        self.ask(network)
    }
}

/// A recording that cannot be understood: where, and why.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the recording: {why}")]
pub struct UnsoundRecording {
    line: usize,
    why: String,
}

/// A subject that answers out of a recording. The same question is answered as often as it was asked, in that order; to a
/// question that was not asked the recording has no answer, and says so as an [`AdapterFailure`].
pub struct Recorded {
    heading: Heading,
    answers: HashMap<String, VecDeque<End>>,
}

impl Recorded {
    /// Reads a recording.
    ///
    /// # Errors
    /// [`UnsoundRecording`] with the line that is none.
    pub fn read(lines: impl BufRead) -> Result<Self, UnsoundRecording> {
        let mut lines = lines.lines().zip(1..);
        let heading: Heading = lines.next().map_or_else(
            || Err(UnsoundRecording { line: 1, why: "it is missing: the file is empty".into() }),
            |(text, line)| parsed(text, line),
        )?;
        if heading.format != RECORDING {
            let why = format!("its format is {:?}; this version reads {RECORDING:?}", heading.format);
            return Err(UnsoundRecording { line: 1, why });
        }
        let mut answers = HashMap::<String, VecDeque<End>>::new();
        for (text, line) in lines {
            let Exchange { request, end } = parsed(text, line)?;
            answers.entry(without_number(request)).or_default().push_back(end);
        }
        Ok(Self { heading, answers })
    }

    /// What it was recorded with.
    pub fn config(&self) -> Config {
        self.heading.config
    }

    /// The laws and layers that were recorded.
    pub fn selection(&self) -> &Selection {
        &self.heading.selection
    }

    fn answer(&mut self, request: Request, what: &dyn Fn() -> String) -> Result<Reply, AdapterFailure> {
        let end = self.answers.get_mut(&without_number(request)).and_then(VecDeque::pop_front);
        match end {
            Some(End::Reply(reply)) => Ok(reply),
            Some(End::Failure(why)) => Err(AdapterFailure(why)),
            None => Err(AdapterFailure(format!(
                "the recording, of dropout-oracle {}, has no answer to this question: {}",
                self.heading.oracle,
                what()
            ))),
        }
    }

    fn ask<Q: Question>(&mut self, question: &Q, what: &dyn Fn() -> String) -> Answer<Q::Result> {
        self.answer(question.request(0), what).and_then(outcome::<Q>)
    }
}

fn parsed<T: serde::de::DeserializeOwned>(text: io::Result<String>, line: usize) -> Result<T, UnsoundRecording> {
    let sound = text.map_err(|error| error.to_string());
    let sound = sound.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
    sound.map_err(|why| UnsoundRecording { line, why })
}

/// A request as it is looked up.
fn without_number(request: Request) -> String {
    let request = match request {
        Request::Run { case, .. } => case.request(0),
        Request::Sample { sampling, .. } => sampling.request(0),
        Request::Network { network, .. } => network.request(0),
        other => other,
    };
    serde_json::to_string(&request).expect("messages are JSON")
}

impl Subject for Recorded {
    fn describe(&mut self) -> Result<Description, AdapterFailure> {
        match self.answer(Request::Start { protocol: PROTOCOL }, &|| "start".into())? {
            Reply::Started { description, .. } => Ok(description),
            other => Err(AdapterFailure(format!("the recording answers start by {}", other.name()))),
        }
    }

    fn run(&mut self, case: &Case) -> Answer<Vec<Call>> {
        self.ask(case, &|| case.to_string())
    }

    fn sample(&mut self, sampling: &Sampling) -> Answer<Samples> {
        self.ask(sampling, &|| sampling.to_string())
    }

    fn network(&mut self, network: &NetworkCase) -> Answer<NetworkMeans> {
        self.ask(network, &|| format!("network, {:?}", network.mode))
    }
}
