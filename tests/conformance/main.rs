//! The laws of dropout, held against right and wrong implementations, in process and across pipes.

mod command;
mod kill_matrix;
mod laws;
mod own_masks;
mod process;
mod statistics;
