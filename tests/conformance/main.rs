//! The laws of dropout, held against right and wrong implementations, in process and across pipes.

mod command;
mod defects;
mod description;
mod false_alarms;
mod kill_matrix;
mod laws;
mod own_masks;
mod process;
mod recording;
mod statistics;
