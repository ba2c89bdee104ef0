//! Networks, inputs and predictions as files: what is read is what was written, whatever else is a named error.

mod mutations;
mod readers;
mod round_trip;
mod schemas;
mod weights;
