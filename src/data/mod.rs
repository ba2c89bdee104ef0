//! Small real data sets, embedded in the library.

pub mod diabetes;
