//! A subject of this process, behind the protocol: the other side of [`Process`](super::Process).

use super::protocol::{PROTOCOL, Reply, Request};
use super::question::{Question, reply};
use super::subject::{AdapterFailure, Errored, Subject};
use std::io::{self, BufRead, Write};

/// Answers the requests of `input`, one a line, on `output`, until a stop or the end.
///
/// # Errors
/// If a pipe breaks.
pub fn serve(subject: &mut dyn Subject, input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    for line in input.lines() {
        let reply = match serde_json::from_str(&line?) {
            Ok(Request::Stop) => return Ok(()),
            Ok(request) => answer(subject, request),
            Err(error) => {
                Reply::Errored { seq: 0, errored: Errored { context: format!("the request is unsound: {error}") } }
            }
        };
        serde_json::to_writer(&mut output, &reply)?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
    Ok(())
}

fn answer(subject: &mut dyn Subject, request: Request) -> Reply {
    match request {
        Request::Start { .. } => match subject.describe() {
            Ok(description) => Reply::Started { protocol: PROTOCOL, description },
            Err(failure) => Reply::Errored { seq: 0, errored: Errored { context: failure.0 } },
        },
        Request::Run { seq, case } => to(subject, seq, &case),
        Request::Sample { seq, sampling } => to(subject, seq, &sampling),
        Request::Network { seq, network } => to(subject, seq, &network),
        Request::Stop => unreachable!("the loop ends at a stop"),
    }
}

fn to<Q: Question>(subject: &mut dyn Subject, seq: u64, question: &Q) -> Reply {
    let failed = |failure: AdapterFailure| Reply::Errored { seq, errored: Errored { context: failure.0 } };
    question.ask(subject).map_or_else(failed, |outcome| reply::<Q>(seq, outcome))
}
