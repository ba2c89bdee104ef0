//! A subject in another process: lines of JSON over its standard input and output, with a time limit a message.

use super::case::{Call, Case, NetworkCase, NetworkMeans, Samples, Sampling};
use super::layer::Description;
use super::protocol::{PROTOCOL, Reply, Request};
use super::question::{Question, outcome};
use super::subject::{AdapterFailure, Answer, Subject};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The longest reply that is read, in bytes.
const LONGEST_LINE: u64 = 1 << 28;
/// How many of the last lines of standard error are kept.
const LOGGED_LINES: usize = 20;

/// How an adapter is started, and how patient one is with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The time limit of each message.
    pub timeout: Duration,
}

/// An adapter that runs as a child process.
///
/// One that crashes, hangs or answers nonsense is ended and started again once, and the case is counted as the adapter's
/// failure. If the next case after that fails too, it is given up; a case that is served renews its allowance.
pub struct Process {
    adapter: Adapter,
    running: Option<Running>,
    description: Option<Description>,
    seq: u64,
    /// Whether the case before this one made a restart necessary.
    restarted: bool,
    given_up: Option<String>,
    validate: Option<Validator>,
}

/// Judges each line of a conversation before it is understood: the request or the reply.
pub type Validator = Box<dyn Fn(&str) -> Result<(), String>>;

/// A child with its three pipes, each served by a thread of its own, so that nothing blocks the oracle.
struct Running {
    child: Child,
    requests: Sender<String>,
    replies: Receiver<Line>,
    log: Arc<Mutex<VecDeque<String>>>,
    logger: std::thread::JoinHandle<()>,
}

/// What came on standard output.
enum Line {
    Text(String),
    TooLong,
    NotUtf8,
}

impl Process {
    /// An adapter, which is started at the first question.
    pub fn new(adapter: Adapter) -> Self {
        Self { adapter, running: None, description: None, seq: 0, restarted: false, given_up: None, validate: None }
    }

    /// Holds every line, in both directions, against this first.
    pub fn validate(mut self, validator: Validator) -> Self {
        self.validate = Some(validator);
        self
    }

    /// Starts the adapter and shakes hands.
    fn start(&mut self) -> Result<(), String> {
        self.running = Some(Running::spawn(&self.adapter.command)?);
        match self.exchange(&Request::Start { protocol: PROTOCOL })? {
            Reply::Started { description, .. } => {
                match &self.description {
                    Some(before) if *before != description => {
                        return Err("describes itself otherwise after a restart".into());
                    }
                    _ => self.description = Some(description),
                }
                Ok(())
            }
            other => Err(format!("answered start by {}", other.name())),
        }
    }

    /// Sends one request and waits for its reply.
    fn exchange(&mut self, request: &Request) -> Result<Reply, String> {
        let sent = serde_json::to_string(request).map_err(|error| error.to_string())?;
        let validate = |line: &str| self.validate.as_ref().map_or(Ok(()), |validate| validate(line));
        validate(&sent)
            .map_err(|why| format!("was to be asked what is no valid request, by the oracle's own fault: {why}"))?;
        let running = self.running.as_mut().ok_or("is not running")?;
        let line = running.exchange(sent, self.adapter.timeout)?;
        let reply = understand(&line, matches!(request, Request::Start { .. }))?;
        validate(&line).map_err(|why| format!("sent an invalid reply: {why}: {}", excerpt(&line)))?;
        let seq = match request {
            Request::Run { seq, .. } | Request::Sample { seq, .. } | Request::Network { seq, .. } => Some(*seq),
            _ => None,
        };
        if reply.seq() != seq {
            return Err(format!("answered request {seq:?} with seq {:?}", reply.seq()));
        }
        Ok(reply)
    }

    /// Asks, and ends and restarts the adapter if it fails.
    fn ask<Q: Question>(&mut self, question: &Q) -> Answer<Q::Result> {
        if let Some(why) = &self.given_up {
            return Err(AdapterFailure(format!("given up: {why}")));
        }
        if self.running.is_none()
            && let Err(why) = self.start()
        {
            return Err(self.give_up(why));
        }
        self.seq += 1;
        match self.exchange(&question.request(self.seq)) {
            Ok(reply) => {
                self.restarted = false;
                outcome::<Q>(reply)
            }
            Err(why) => {
                let why = self.end(why);
                if self.restarted {
                    self.given_up = Some(why.clone());
                } else {
                    self.restarted = true;
                    if let Err(again) = self.start() {
                        self.given_up = Some(format!("it could not be restarted: {}", self.end(again)));
                    }
                }
                Err(AdapterFailure(why))
            }
        }
    }

    /// Ends the child and adds its last words to what went wrong.
    fn end(&mut self, why: String) -> String {
        match self.running.take() {
            Some(running) => running.end(why),
            None => why,
        }
    }

    fn give_up(&mut self, why: String) -> AdapterFailure {
        let why = self.end(why);
        self.given_up = Some(why.clone());
        AdapterFailure(why)
    }
}

impl Subject for Process {
    fn describe(&mut self) -> Result<Description, AdapterFailure> {
        if self.description.is_none() {
            if let Some(why) = &self.given_up {
                return Err(AdapterFailure(why.clone()));
            }
            if let Err(why) = self.start() {
                return Err(self.give_up(why));
            }
        }
        Ok(self.description.clone().expect("set by a start that succeeds"))
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

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
    }
}

impl Running {
    fn spawn(command: &[String]) -> Result<Self, String> {
        let (program, arguments) = command.split_first().ok_or("no command was given")?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {program}: {error}"))?;
        let (mut stdin, stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let stderr = BufReader::new(child.stderr.take().expect("piped"));

        let (requests, queue) = channel::<String>();
        // An adapter that does not read fills its pipe: this thread then waits, and ends with the child.
        std::thread::spawn(move || {
            queue.iter().try_for_each(|line| stdin.write_all(line.as_bytes()).and_then(|()| stdin.flush()))
        });
        let (sender, replies) = channel();
        std::thread::spawn(move || read_lines(BufReader::new(stdout), &sender));
        let log = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&log);
        let logger = std::thread::spawn(move || {
            for line in stderr.split(b'\n').map_while(Result::ok) {
                let mut kept = kept.lock().expect("no thread panics with the log");
                kept.push_back(String::from_utf8_lossy(&line).into_owned());
                let surplus = kept.len().saturating_sub(LOGGED_LINES);
                kept.drain(..surplus);
            }
        });
        Ok(Self { child, requests, replies, log, logger })
    }

    fn exchange(&mut self, mut request: String, timeout: Duration) -> Result<String, String> {
        let deadline = Instant::now() + timeout;
        request.push('\n');
        // Where the writing thread has ended, the reading one knows why.
        let _ = self.requests.send(request);
        match self.replies.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Line::Text(line)) => Ok(line),
            Ok(Line::TooLong) => Err(format!("sent a line of more than {LONGEST_LINE} bytes")),
            Ok(Line::NotUtf8) => Err("sent a line that is not UTF-8".into()),
            Err(RecvTimeoutError::Timeout) => Err(format!("gave no reply within {timeout:?}")),
            Err(RecvTimeoutError::Disconnected) => Err("ended its output".into()),
        }
    }

    /// Kills the child and reaps it; what went wrong, with how it ended and its last line of standard error.
    fn end(mut self, why: String) -> String {
        // One that has ended its output is about to end by itself: its status says more.
        let status = wait(&mut self.child, Duration::from_millis(if why.contains("ended") { 500 } else { 0 }));
        let how = match status {
            Some(status) => format!(" ({status})"),
            None => {
                let _ = self.child.kill();
                let _ = self.child.wait();
                String::new()
            }
        };
        // Its last words may still be on their way; a grandchild may hold the pipe open for ever.
        let deadline = Instant::now() + Duration::from_millis(500);
        while !self.logger.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        let log = self.log.lock().expect("no thread panics with the log");
        let last = log.iter().rev().find(|line| !line.trim().is_empty());
        let last = last.map_or(String::new(), |line| format!("; its last words: {}", excerpt(line)));
        format!("the adapter {why}{how}{last}")
    }

    /// Says stop, waits a little, and kills what is still there.
    fn stop(mut self) {
        let _ = self.requests.send("{\"type\":\"stop\"}\n".into());
        drop(self.requests);
        if wait(&mut self.child, Duration::from_secs(2)).is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The status of a child that ends within this time.
fn wait(child: &mut Child, patience: Duration) -> Option<std::process::ExitStatus> {
    let deadline = Instant::now() + patience;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(5)),
            _ => return None,
        }
    }
}

/// Passes lines on until the output ends or nobody listens.
fn read_lines(mut output: impl BufRead, lines: &Sender<Line>) {
    loop {
        let mut bytes = Vec::new();
        let line = match output.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(_) if bytes.last() != Some(&b'\n') && bytes.len() as u64 == LONGEST_LINE => Line::TooLong,
            Ok(_) => String::from_utf8(bytes).map_or(Line::NotUtf8, Line::Text),
        };
        if lines.send(line).is_err() {
            return;
        }
    }
}

/// A line as a reply. Another age's protocol is refused by name, before its fields are looked at.
fn understand(line: &str, starting: bool) -> Result<Reply, String> {
    let value: serde_json::Value =
        serde_json::from_str(line).map_err(|error| format!("sent no JSON: {error}: {}", excerpt(line)))?;
    if starting {
        match value.get("protocol") {
            Some(version) if version.as_u64() == Some(PROTOCOL) => {}
            Some(version) => return Err(format!("speaks protocol {version}; this oracle speaks {PROTOCOL}")),
            None => return Err(format!("names no protocol in its first reply: {}", excerpt(line))),
        }
    }
    serde_json::from_value(value).map_err(|error| format!("sent an unsound reply: {error}: {}", excerpt(line)))
}

/// The beginning of a line, to be shown.
fn excerpt(line: &str) -> String {
    let line = line.trim_end();
    let shown: String = line.chars().take(120).collect();
    if shown.len() < line.len() { format!("{shown}…") } else { shown }
}
