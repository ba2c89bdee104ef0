//! Is this dropout right? Any implementation, in any language, held against the laws of dropout.
//!
//! A [`Subject`] is an implementation that can be asked: in this process, behind the [protocol] as a
//! [`Process`], or out of a file as [`Recorded`]. A [law] is a statement that every right implementation satisfies, with what it needs, how often it raises
//! a false alarm, and what it can see. [`conform`] holds the laws against the subject's layers and gives a [`Verdict`] for
//! each pair.
//!
//! | part | what it is |
//! |---|---|
//! | [`Dtype`], [`Tensor`], [`Bits`] | numbers and masks with every bit kept |
//! | [`layer`], [`case`] | what a subject says of itself; what it is asked, and what comes back |
//! | [`Subject`], [`protocol`], [`Process`], [`serve()`] | asking, in this process or across pipes |
//! | [`law`], [`Trial`], [`Verdict`] | the statements; one held against one layer; what comes of it |
//! | [`Recorder`], [`Recorded`] | a conversation, kept in a file; the laws held against the file |
//! | [`smoke()`], [`conform`], [`Report`] | whether an adapter works at all; everything together |
//! | [`assert_law`], [`conformance_tests!`](crate::conformance_tests) | the laws as tests of a crate's own dropout |
//! | [`zoo`] | a right dropout, and wrong ones that the laws must refuse |
//!
//! Throughout this module a rate is a **drop** rate unless its name says otherwise; a layer's own p may be either, as its
//! description says.

pub mod case;
mod dtype;
pub mod law;
pub mod layer;
mod process;
pub mod protocol;
mod question;
mod recording;
mod report;
mod serve;
mod smoke;
pub mod statistics;
mod subject;
mod tensor;
mod testing;
mod trial;
mod verdict;
pub mod zoo;

pub use dtype::Dtype;
pub use law::Law;
pub use layer::{Description, Layer};
pub use process::{Adapter, Process, Validator};
pub use recording::{RECORDING, Recorded, Recorder, UnsoundRecording};
pub use report::{Conclusion, Expectation, Finding, Report, Selection, conform};
pub use serve::serve;
pub use smoke::smoke;
pub use subject::{AdapterFailure, Answer, Errored, Outcome, Rejected, Skipped, Subject};
pub use tensor::{Bits, Kept, Tensor, first_along, unravel};
pub use testing::assert_law;
pub use trial::{Check, Config, Effort, Stop, Trial};
pub use verdict::{Distance, Evidence, Expected, Failure, Quantity, Statistic, Verdict};
