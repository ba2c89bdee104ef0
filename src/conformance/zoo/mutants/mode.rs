//! Training taken for evaluation, and calls that remember earlier ones.

use super::Mutant;
use crate::conformance::case::Mode;
use crate::conformance::layer::Act;
use crate::conformance::zoo::dropout::{Context, Dropout};

pub(super) fn all() -> Vec<Mutant> {
    zoo! {
        "L6" "active in evaluation" AlwaysActive,
            ["pytorch 124464", "wenet 2699", "apex PR1449", "TorchSharp 1464"];
        "L6" "mode inverted" Inverted, ["phygnn PR18"];
        "L6" "mode inferred from the gradient" ModeFromGradient, ["burn PR2736"];
        "L6" "rate 0 drops" ZeroDrops, ["ROCm tensorflow-upstream PR2128"];
        "L6" "evaluation consumes randomness" EvaluationDraws, [];
        "L9" "mode of the first call kept" ModeOfFirstCall, ["pytorch 103681"];
        "L9" "mode not restored" ModeNotRestored, ["baal PR249"];
        "L9" "rate of the first call kept" RateOfFirstCall, [];
        "L9" "exported graph keeps dropout" ExportKeepsDropout, ["pytorch 103681"];
        "L9" "patch not undone" PatchStays, ["baal PR249"];
    }
}

struct AlwaysActive;
impl Dropout for AlwaysActive {
    fn is_active(&self, _: &Context<'_>) -> bool {
        true
    }
}

struct Inverted;
impl Dropout for Inverted {
    fn is_active(&self, call: &Context<'_>) -> bool {
        call.mode == Mode::Eval
    }
}

struct ModeFromGradient;
impl Dropout for ModeFromGradient {
    fn is_active(&self, call: &Context<'_>) -> bool {
        call.differentiated || call.mode == Mode::Train
    }
}

/// The uniform number is compared by "at most", on a coarse grid with a 0.
struct ZeroDrops;
impl Dropout for ZeroDrops {
    fn keeps(&self, call: &Context<'_>, unit: u64) -> bool {
        let coarse = (call.uniform(unit) * 16.0).floor() / 16.0;
        if call.drop == 0.0 { coarse > 0.0 } else { call.uniform(unit) >= call.drop }
    }
}

struct EvaluationDraws;
impl Dropout for EvaluationDraws {
    fn draws(&self, _: &Context<'_>) -> bool {
        true
    }
}

/// A graph that is built at the first call.
struct ModeOfFirstCall;
impl Dropout for ModeOfFirstCall {
    fn is_active(&self, call: &Context<'_>) -> bool {
        let train = |mode| mode == Mode::Train;
        // A lone call of evaluation does not count as building: the exported graph was traced in training.
        call.before.iter().any(|before| train(before.mode)) || train(call.mode)
    }
}

/// A helper sets evaluation and forgets to set it back.
struct ModeNotRestored;
impl Dropout for ModeNotRestored {
    fn is_active(&self, call: &Context<'_>) -> bool {
        call.mode == Mode::Train && !call.before.windows(2).any(|pair| pair[0].mode != pair[1].mode)
    }
}

struct RateOfFirstCall;
impl RateOfFirstCall {
    fn first(call: &Context<'_>) -> f64 {
        call.before.first().map_or(call.drop, |before| before.p.0)
    }
}
impl Dropout for RateOfFirstCall {
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        if kept { x / (1.0 - Self::first(call)) } else { 0.0 }
    }
}

/// Whether a layer has gone through this.
fn went_through(call: &Context<'_>, act: Act) -> bool {
    call.before.iter().any(|before| before.act == Some(act))
}

struct ExportKeepsDropout;
impl Dropout for ExportKeepsDropout {
    fn is_active(&self, call: &Context<'_>) -> bool {
        call.mode == Mode::Train || went_through(call, Act::Export)
    }
}

/// Unpatching leaves what patching switched on.
struct PatchStays;
impl Dropout for PatchStays {
    fn is_active(&self, call: &Context<'_>) -> bool {
        call.mode == Mode::Train || went_through(call, Act::Patch)
    }
}
