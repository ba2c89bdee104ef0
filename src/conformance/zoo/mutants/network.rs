//! Right layers, and wrong networks of them.

use super::Mutant;
use crate::conformance::case::Mode;
use crate::conformance::zoo::dropout::{Context, Dropout, Passes};

pub(super) fn all() -> Vec<Mutant> {
    zoo! {
        "L12" "scaled twice in a network" ScaledTwice, ["mlpractical PR32"];
        "L12" "output layer scaled too" OutputScaled, ["darch 12"];
        "S10" "outputs scaled while sampling" ScaledWhileSampling, [];
        "S10" "no variance over masks" NoVariance, ["SalsaNext 40"];
        "S10" "one mask in all samples of a network" OneForNetwork, [];
        "S11" "gradients summed for averaged" SummedGradient, [];
    }
}

/// The layer scales, and so does the network around it.
struct ScaledTwice;
impl Dropout for ScaledTwice {
    fn multiplier(&self, call: &Context<'_>, unit: u64, kept: bool) -> f64 {
        let once = self.output_at(call, unit, 1.0, kept);
        if self.is_active(call) { once * once } else { self.evaluated(call, 1.0) }
    }
}

struct OutputScaled;
impl Dropout for OutputScaled {
    fn readout(&self, mode: Mode, keep: f64, output: f64) -> f64 {
        if mode == Mode::Eval { output * keep } else { output }
    }
}

/// The loss is summed over the samples, not averaged.
struct SummedGradient;
impl Dropout for SummedGradient {
    fn reported(&self, passes: Passes) -> Passes {
        let count = passes.count as f64;
        Passes { gradient: passes.gradient.iter().map(|affine| affine.map(|mean| mean * count)).collect(), ..passes }
    }
}

/// The variance of the prediction is that of one mask.
struct NoVariance;
impl Dropout for NoVariance {
    fn reported(&self, passes: Passes) -> Passes {
        Passes { square: passes.mean.component_mul(&passes.mean), ..passes }
    }
}

struct ScaledWhileSampling;
impl Dropout for ScaledWhileSampling {
    fn readout(&self, mode: Mode, keep: f64, output: f64) -> f64 {
        if mode == Mode::Train { output * keep } else { output }
    }
}

/// Networks are asked row by row: one row is what no other request has.
struct OneForNetwork;
impl Dropout for OneForNetwork {
    fn key(&self, call: &Context<'_>, fresh: u64) -> u64 {
        if call.shape.len() == 2 && call.shape[0] == 1 { 7 } else { fresh }
    }
}
