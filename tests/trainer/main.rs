//! The optimised trainer against its definition: the reference trainer, the law of the masks, the enumerated objective.

mod agreement;
mod bound;
mod cases;
mod conventions;
mod gradient;
mod masks;
mod noise;
mod pytorch;
mod ridge;
mod runs;
mod support;
