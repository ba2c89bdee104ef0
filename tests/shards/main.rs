//! Enumerations in parts give the bits of the whole, and parts that do not fit are refused by name.

mod forest;
mod merge;
