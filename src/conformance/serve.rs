//! A subject of this process, behind the protocol: the other side of [`Process`](super::Process).

use super::protocol::{PROTOCOL, Reply, Request};
use super::subject::{Answer, Errored, Outcome, Subject};
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
        Request::Run { seq, case } => reply(seq, subject.run(&case), |calls| Reply::Result { seq, calls }),
        Request::Sample { seq, sampling } => {
            reply(seq, subject.sample(&sampling), |samples| Reply::Samples { seq, samples })
        }
        Request::Network { seq, network } => {
            reply(seq, subject.network(&network), |means| Reply::Networks { seq, means })
        }
        Request::Stop => unreachable!("the loop ends at a stop"),
    }
}

fn reply<T>(seq: u64, answer: Answer<T>, done: impl FnOnce(T) -> Reply) -> Reply {
    match answer {
        Ok(Outcome::Done(result)) => done(result),
        Ok(Outcome::Skipped(skipped)) => Reply::Skipped { seq, skipped },
        Ok(Outcome::Rejected(rejected)) => Reply::Rejected { seq, rejected },
        Ok(Outcome::Errored(errored)) => Reply::Errored { seq, errored },
        Err(failure) => Reply::Errored { seq, errored: Errored { context: failure.0 } },
    }
}
