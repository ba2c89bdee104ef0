//! Rates at the ends of [0, 1], and beyond.

use super::Mutant;
use crate::conformance::zoo::dropout::{Context, Dropout};

pub(super) fn all() -> Vec<Mutant> {
    zoo! {
        "L7" "NaN at rate 1" NanAtOne, ["flax PR2055", "pytorch 100025", "axon 367"];
        "L7" "NaN gradient at rate 1" NanGradientAtOne, ["flax PR2055"];
        "L8" "rate unchecked" Unchecked, ["burn 2694"];
        "L8" "NaN rate accepted" NanAccepted, [];
    }
}

struct NanAtOne;
impl Dropout for NanAtOne {
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        if call.drop == 1.0 {
            f64::NAN
        } else if kept {
            x / (1.0 - call.drop)
        } else {
            0.0
        }
    }
}

struct NanGradientAtOne;
impl Dropout for NanGradientAtOne {
    fn slope(&self, call: &Context<'_>, kept: bool) -> f64 {
        let scale = 1.0 / (1.0 - call.drop);
        if kept { scale } else { 0.0 * scale }
    }
}

struct Unchecked;
impl Dropout for Unchecked {
    fn accepts(&self, _: f64) -> bool {
        true
    }
}

/// Written as "refuse what is below 0 or above 1".
struct NanAccepted;
impl Dropout for NanAccepted {
    fn accepts(&self, p: f64) -> bool {
        (0.0..=1.0).contains(&p) || p.is_nan()
    }
}
