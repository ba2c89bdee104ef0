//! Seeds that do not decide, and what decides instead.

use super::Mutant;
use crate::conformance::case::Layout;
use crate::conformance::zoo::dropout::{Context, Dropout};
use std::cell::Cell;

pub(super) fn all() -> Vec<Mutant> {
    zoo! {
        "L16" "seed ignored" SeedIgnored(Cell::new(0)), ["pytorch 74177", "mxnet 16705", "keras 17548", "pytorch 84516"];
        "L16" "one mask for all seeds" OneMask, [];
        "L16" "mask in the order of memory" MemoryOrder, ["pytorch 174078"];
        "L16" "another mask for another format" FormatDecides, [];
    }
}

/// The state goes on whatever the seed says.
struct SeedIgnored(Cell<u64>);
impl Dropout for SeedIgnored {
    fn key(&self, _: &Context<'_>, fresh: u64) -> u64 {
        self.0.set(self.0.get() + 1);
        fresh ^ self.0.get()
    }
}

/// Every seed gives the masks of one.
struct OneMask;
impl Dropout for OneMask {
    fn key(&self, call: &Context<'_>, fresh: u64) -> u64 {
        if call.seed.is_some() { call.number_since_seed } else { fresh }
    }
}

struct MemoryOrder;
impl Dropout for MemoryOrder {
    fn unit(&self, call: &Context<'_>, place: u64) -> u64 {
        let places: usize = call.shape.iter().product();
        if call.layout == Layout::Transposed { places as u64 - 1 - place } else { place }
    }
}

struct FormatDecides;
impl Dropout for FormatDecides {
    fn key(&self, call: &Context<'_>, fresh: u64) -> u64 {
        fresh.rotate_left(call.dtype.bytes() as u32)
    }
}
