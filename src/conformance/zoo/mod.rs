//! The zoo: right dropouts, and wrong ones, each with a defect that was once in public use.
//!
//! A [`Dropout`] is right dropout in small steps; a mutant overrides one or two of them. [`Served`] makes a [`Subject`] of
//! any. Every mutant names the law that must kill it; what is [right](rights) must never be killed.
//!
//! [`Subject`]: super::Subject

mod dropout;
mod mutants;
mod rights;
mod served;

pub use dropout::{Context, Dropout, Passes, plain};
pub use mutants::{Mutant, mutants};
pub use rights::rights;
pub use served::Served;
