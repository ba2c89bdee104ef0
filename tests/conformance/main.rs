//! The laws of dropout, held against right and wrong implementations, in process and across pipes.

mod kill_matrix;
mod statistics;
