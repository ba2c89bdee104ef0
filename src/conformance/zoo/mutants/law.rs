//! Wrong laws of the mask.

use super::Mutant;
use crate::conformance::dtype::Dtype;
use crate::conformance::layer::Layer;
use crate::conformance::tensor::first_along;
use crate::conformance::zoo::dropout::{Context, Dropout, mix};
use crate::conformance::zoo::rights::{Gaussian, OneInTime, TensorParallel, given_uniforms, recurrent};
use std::cell::Cell;

pub(super) fn all() -> Vec<Mutant> {
    zoo! {
        "S1" "drops with the keep probability" Swapped, ["tiny-dnn 961", "Dluid PR125", "nd4j 1373", "tensorflow PR44880"];
        "S1" "uniforms of few bits in bfloat16" CoarseUniform, ["boltz PR554", "Paddle PR51688"];
        "S1" "mask never generated" NeverGenerated, ["AiDotNet.Tensors PR732"];
        "S1" "a rate of four bits in half formats" FourBits, [];
        "S2" "every eighth element a parity" Parity, [];
        "S3" "same mask at every call" SameMask, ["Paddle 7796", "axon 423", "flax 4539", "pytorch 84614"];
        "S3" "next call shifted by one" ShiftedMask, ["ngraph PR3006"];
        "S3" "next seed one call ahead" SeedIsCounter(Cell::new(0)), [];
        "S3" "generator restarted at every call" Restarted, [];
        "S4" "mask of a thousand elements repeated" Repeated, [];
        "S4" "antithetic blocks" AntitheticBlocks, [];
        "S5" "counter of sixteen bits" SixteenBits, [];
        "S5" "counter of thirty-two bits" ThirtyTwoBits, [];
        "S5" "index in single precision" SingleIndex, [];
        "S6" "drops a little at any rate" DropsMore, ["ROCm tensorflow-upstream PR2128"];
        "S6" "uniforms of eleven bits" ElevenBits, [];
        "S6" "a uniform equal to the rate drops" IncludesEnd, [];
        "S7" "variance for standard deviation" VarianceForDeviation, ["j-min/Dropouts 2"];
        "S7" "each normal number twice" EachTwice, [];
        "S7" "noise in steps of 1/4096" InSteps, [];
        "S8" "one mask for the whole batch" OneForBatch, ["keras 9841", "PyTorch-NLP 71", "dynet PR812"];
        "S8" "antithetic rows of a batch" AntitheticRows, [];
        "S8" "recurrent mask never reset" NeverReset, ["tensorflow 29391"];
        "S8" "recurrent mask reset at every step" AlwaysReset, ["tensorflow 38922"];
        "S8" "gates share a mask" GatesShare, ["keras PR20656"];
        "S8" "first and third gate share a mask" TwoGatesShare, [];
        "S9" "parts of a model draw apart" PartsApart, [];
        "S9" "mesh transposed" MeshTransposed, [];
        "S9" "one mask for all replicas" OneForReplicas, ["transformers 31412", "accelerate 114"];
    }
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

struct ThirtyTwoBits;
impl Dropout for ThirtyTwoBits {
    fn keeps(&self, call: &Context<'_>, unit: u64) -> bool {
        call.uniform(unit % (1 << 32)) >= call.drop
    }
}

/// From 2²⁴ on neighbours have one index.
struct SingleIndex;
impl Dropout for SingleIndex {
    fn keeps(&self, call: &Context<'_>, unit: u64) -> bool {
        call.uniform(unit as f32 as u64) >= call.drop
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

/// Neighbours share a normal number.
struct EachTwice;
impl Dropout for EachTwice {
    fn layer(&self) -> Layer {
        Gaussian.layer()
    }
    fn accepts(&self, p: f64) -> bool {
        Gaussian.accepts(p)
    }
    fn output_at(&self, call: &Context<'_>, unit: u64, x: f64, kept: bool) -> f64 {
        Gaussian.output_at(call, unit / 2, x, kept)
    }
    fn slope_at(&self, call: &Context<'_>, unit: u64, kept: bool) -> f64 {
        Gaussian.slope_at(call, unit / 2, kept)
    }
}

/// As from a table, or from uniform numbers of few bits.
struct InSteps;
impl Dropout for InSteps {
    fn layer(&self) -> Layer {
        Gaussian.layer()
    }
    fn accepts(&self, p: f64) -> bool {
        Gaussian.accepts(p)
    }
    fn output_at(&self, call: &Context<'_>, unit: u64, x: f64, _: bool) -> f64 {
        x * (1.0 + (Gaussian::noise(call, unit) * 4096.0).round() / 4096.0)
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

/// The rate that the uniform is compared with is held as a multiple of 1/16.
struct FourBits;
impl Dropout for FourBits {
    fn rate(&self, call: &Context<'_>) -> f64 {
        if call.dtype.is_half() { (call.drop * 16.0).round() / 16.0 } else { call.drop }
    }
}

/// The generator is a good hash of seed + calls, which it counts: seed 8 gives what seed 7 gives one call later.
struct SeedIsCounter(Cell<u64>);
impl Dropout for SeedIsCounter {
    fn key(&self, call: &Context<'_>, fresh: u64) -> u64 {
        let count = if call.number_since_seed == 0 { 0 } else { self.0.get() };
        self.0.set(count + u64::from(self.draws(call)));
        call.seed.map_or(fresh, |seed| mix(seed.wrapping_add(count)))
    }
}

/// Each call starts Lehmer's generator anew, at a seed one higher than that of the call before: every mask is fine by
/// itself, and each unit of it goes through a rotation of the circle from call to call.
struct Restarted;
impl Restarted {
    const MODULUS: u64 = (1 << 31) - 1;

    /// 16807^exponent modulo 2³¹ − 1.
    fn power(mut exponent: u64) -> u64 {
        let (mut square, mut power) = (16_807, 1);
        while exponent > 0 {
            power = if exponent % 2 == 1 { power * square % Self::MODULUS } else { power };
            (square, exponent) = (square * square % Self::MODULUS, exponent / 2);
        }
        power
    }
}
impl Dropout for Restarted {
    fn key(&self, call: &Context<'_>, _: u64) -> u64 {
        let start = mix(call.seed.unwrap_or(7)) % (Self::MODULUS / 2);
        start + call.number_since_seed
    }
    fn keeps(&self, call: &Context<'_>, unit: u64) -> bool {
        let uniform = call.key * Self::power(unit + 1) % Self::MODULUS;
        uniform as f64 / Self::MODULUS as f64 >= call.drop
    }
}

/// Every second block of a hundred elements takes the uniforms of the one before, from the other end of [0, 1).
struct AntitheticBlocks;
impl Dropout for AntitheticBlocks {
    fn keeps(&self, call: &Context<'_>, unit: u64) -> bool {
        let uniform = if (unit / 100).is_multiple_of(2) { call.uniform(unit) } else { 1.0 - call.uniform(unit - 100) };
        uniform >= call.drop
    }
}

struct ElevenBits;
impl Dropout for ElevenBits {
    fn keeps(&self, call: &Context<'_>, unit: u64) -> bool {
        (call.uniform(unit) * 2048.0).floor() / 2048.0 >= call.drop
    }
}

/// By the difference of one number of the generator's grid, which 53 bits hide.
struct IncludesEnd;
impl Dropout for IncludesEnd {
    fn layer(&self) -> Layer {
        given_uniforms()
    }
    fn keeps(&self, call: &Context<'_>, unit: u64) -> bool {
        call.uniform(unit) > call.drop
    }
}

/// Every second row of a batch takes the uniforms of the one before, from the other end of [0, 1).
struct AntitheticRows;
impl Dropout for AntitheticRows {
    fn keeps(&self, call: &Context<'_>, unit: u64) -> bool {
        let row: u64 = call.shape.iter().skip(1).map(|&size| size as u64).product();
        let antithetic = call.shape.len() > 1 && unit / row % 2 == 1;
        let uniform = if antithetic { 1.0 - call.uniform(unit - row) } else { call.uniform(unit) };
        uniform >= call.drop
    }
}

/// A cell caches its mask, and the sequence that follows meets it again.
struct NeverReset;
impl Dropout for NeverReset {
    fn layer(&self) -> Layer {
        OneInTime.layer()
    }
    fn key(&self, call: &Context<'_>, _: u64) -> u64 {
        call.seed.unwrap_or(7)
    }
}

/// The cache is emptied at every step: the mask is not that of the sequence.
struct AlwaysReset;
impl Dropout for AlwaysReset {
    fn layer(&self) -> Layer {
        OneInTime.layer()
    }
    fn unit(&self, _: &Context<'_>, place: u64) -> u64 {
        place
    }
}

/// Says that gates have masks of their own.
struct GatesShare;
impl Dropout for GatesShare {
    fn layer(&self) -> Layer {
        recurrent("recurrent", &[])
    }
    fn unit(&self, call: &Context<'_>, place: u64) -> u64 {
        first_along(&[false, false, true, false], call.shape, place)
    }
}

struct TwoGatesShare;
impl Dropout for TwoGatesShare {
    fn layer(&self) -> Layer {
        recurrent("recurrent", &[])
    }
    fn unit(&self, call: &Context<'_>, place: u64) -> u64 {
        let features = call.shape[3] as u64;
        if place / features % 4 == 2 { place - 2 * features } else { place }
    }
}

/// The parts of a model, which hold the same units, seed themselves by their own numbers.
struct PartsApart;
impl Dropout for PartsApart {
    fn layer(&self) -> Layer {
        TensorParallel.layer()
    }
}

/// The replicas of the data draw one mask, and the parts of the model masks of their own.
struct MeshTransposed;
impl Dropout for MeshTransposed {
    fn layer(&self) -> Layer {
        TensorParallel.layer()
    }
    fn key(&self, call: &Context<'_>, fresh: u64) -> u64 {
        call.replica.map_or(fresh, |replica| TensorParallel::key_of(call, replica, replica as u64 % 2))
    }
}
