//! Wrong laws of the mask.

use super::dropout::{Context, Dropout};
use super::mutants::Mutant;
use super::rights::Gaussian;
use crate::conformance::case::Mode;
use crate::conformance::dtype::Dtype;
use crate::conformance::layer::Layer;
use crate::network::backpropagation::Gradient;

/// All mutants whose masks have another law.
pub(super) fn mutants() -> Vec<Mutant> {
    macro_rules! mutant {
        ($name:literal, $law:literal, [$($seen:literal),*], $dropout:expr) => {
            Mutant { name: $name, killed_by: $law, seen: &[$($seen),*], dropout: || Box::new($dropout) }
        };
    }
    vec![
        mutant!("drops with the keep probability", "S1", ["tiny-dnn 961", "Dluid PR125", "nd4j 1373"], Swapped),
        mutant!("uniforms of few bits in bfloat16", "S1", ["boltz PR554", "Paddle PR51688"], CoarseUniform),
        mutant!("mask never generated", "S1", ["AiDotNet.Tensors PR732"], NeverGenerated),
        mutant!("every eighth element a parity", "S2", [], Parity),
        mutant!("same mask at every call", "S3", ["Paddle 7796", "axon 423", "flax 4539", "pytorch 84614"], SameMask),
        mutant!("next call shifted by one", "S3", ["ngraph PR3006"], ShiftedMask),
        mutant!("mask of a thousand elements repeated", "S4", [], Repeated),
        mutant!("counter of sixteen bits", "S5", [], SixteenBits),
        mutant!("drops a little at any rate", "S6", ["ROCm tensorflow-upstream PR2128"], DropsMore),
        mutant!("variance for standard deviation", "S7", ["j-min/Dropouts 2"], VarianceForDeviation),
        mutant!("one mask for the whole batch", "S8", ["keras 9841", "PyTorch-NLP 71", "dynet PR812"], OneForBatch),
        mutant!("one mask for all replicas", "S9", ["transformers 31412", "accelerate 114"], OneForReplicas),
        mutant!("gradient of a network without scale", "S11", [], UnscaledNetwork),
        mutant!("outputs scaled while sampling", "S10", [], ScaledWhileSampling),
        mutant!("one mask in all samples of a network", "S10", ["SalsaNext 40"], OneForNetwork),
    ]
}

struct Swapped;
impl Dropout for Swapped {
    fn rate(&self, call: &Context<'_>) -> f64 {
        1.0 - call.drop
    }
}

struct CoarseUniform;
impl Dropout for CoarseUniform {
    fn keeps(&self, call: &Context<'_>, unit: u64) -> bool {
        let uniform = call.uniform(unit);
        let drawn = if call.dtype == Dtype::BF16 { (uniform * 128.0).floor() / 128.0 } else { uniform };
        drawn >= call.drop
    }
}

struct NeverGenerated;
impl Dropout for NeverGenerated {
    fn keeps(&self, _: &Context<'_>, _: u64) -> bool {
        false
    }
}

/// Any seven of eight neighbours are independent; all eight are not.
struct Parity;
impl Dropout for Parity {
    fn keeps(&self, call: &Context<'_>, unit: u64) -> bool {
        let kept = |unit| call.uniform(unit) >= call.drop;
        if call.drop != 0.5 || unit % 8 != 7 {
            return kept(unit);
        }
        (unit - 7..unit).filter(|&other| kept(other)).count() % 2 == 1
    }
}

struct SameMask;
impl Dropout for SameMask {
    fn key(&self, call: &Context<'_>, _: u64) -> u64 {
        call.seed.unwrap_or(7)
    }
}

struct ShiftedMask;
impl Dropout for ShiftedMask {
    fn keeps(&self, call: &Context<'_>, unit: u64) -> bool {
        let first = Context { key: call.seed.unwrap_or(7), ..call.clone() };
        first.uniform(unit + call.number) >= call.drop
    }
}

struct Repeated;
impl Dropout for Repeated {
    fn keeps(&self, call: &Context<'_>, unit: u64) -> bool {
        call.uniform(unit % 1000) >= call.drop
    }
}

struct SixteenBits;
impl Dropout for SixteenBits {
    fn keeps(&self, call: &Context<'_>, unit: u64) -> bool {
        call.uniform(unit % (1 << 16)) >= call.drop
    }
}

struct DropsMore;
impl Dropout for DropsMore {
    fn rate(&self, call: &Context<'_>) -> f64 {
        call.drop + 4e-4
    }
}

struct VarianceForDeviation;
impl Dropout for VarianceForDeviation {
    fn layer(&self) -> Layer {
        Gaussian.layer()
    }
    fn accepts(&self, p: f64) -> bool {
        Gaussian.accepts(p)
    }
    fn output_at(&self, call: &Context<'_>, unit: u64, x: f64, _: bool) -> f64 {
        let deviation = (call.drop / (1.0 - call.drop)).sqrt();
        x * (1.0 + deviation * Gaussian::noise(call, unit))
    }
    fn slope_at(&self, call: &Context<'_>, unit: u64, kept: bool) -> f64 {
        self.output_at(call, unit, 1.0, kept)
    }
}

struct OneForBatch;
impl Dropout for OneForBatch {
    fn unit(&self, call: &Context<'_>, place: u64) -> u64 {
        let rows = call.shape.first().filter(|_| call.shape.len() > 1);
        let size: u64 = call.shape.iter().map(|&size| size as u64).product();
        rows.map_or(place, |&rows| place % (size / rows as u64))
    }
}

struct OneForReplicas;
impl Dropout for OneForReplicas {
    fn key(&self, call: &Context<'_>, fresh: u64) -> u64 {
        if call.replica.is_some() { call.seed.unwrap_or(7) } else { fresh }
    }
}

struct UnscaledNetwork;
impl Dropout for UnscaledNetwork {
    fn network_gradient(&self, gradient: Gradient<f64>) -> Gradient<f64> {
        gradient.into_iter().map(|affine| affine.map(|slope| slope * 0.75)).collect()
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
