//! The fast enumeration gives what the definition gives: within its stated bounds, in the same bits however it is cut.

#[path = "../spec/properties.rs"]
mod properties;

mod accuracy;
mod cases;
mod deep;
mod hidden;
mod same_bits;
mod variance;
