//! Wrong dropouts, each with the law that must kill it. Most had users.

use super::dropout::{Context, Dropout, first_along, plain};
use super::rights::{Alpha, Classic, Gaussian};
use crate::conformance::case::{Layout, Mode};
use crate::conformance::dtype::Dtype;
use crate::conformance::layer::Layer;
use crate::noise::{AlphaDropout, alpha_dropout::SELU_LIMIT};
use std::cell::Cell;

/// A wrong dropout.
pub struct Mutant {
    /// Its name.
    pub name: &'static str,
    /// The law that must kill it.
    pub killed_by: &'static str,
    /// Public threads where the defect was seen.
    pub seen: &'static [&'static str],
    /// Its steps.
    pub dropout: fn() -> Box<dyn Dropout>,
}

/// All mutants.
pub fn mutants() -> Vec<Mutant> {
    macro_rules! zoo {
        ($($law:literal $name:literal $dropout:expr, [$($seen:literal),*];)*) => {
            vec![$(Mutant { name: $name, killed_by: $law, seen: &[$($seen),*], dropout: || Box::new($dropout) }),*]
        };
    }
    let mut all: Vec<Mutant> = zoo! {
        "L1" "divides by p" DividesByP, ["theanets PR123"];
        "L1" "wrong factor in a variant" WrongVariant, ["dlordinal PR138"];
        "L1" "scale from a rate of eight bits" EightBits, [];
        "L2" "noise added" NoiseAdded, ["keras PR5665"];
        "L2" "an epsilon for zeros" EpsilonForZeros, [];
        "L3" "never applied" NeverApplied, ["torchtune 996", "aprender PR2170", "clean-net 2"];
        "L3" "inverted and scaled in evaluation" ScaledInBoth, ["AiDotNet PR256"];
        "L3" "classic but for half formats" ClassicButForHalves, [];
        "L4" "fresh mask in backward" FreshBackwardMask,
            ["guided-diffusion 167", "OLMo-core PR828", "pytorch 190717", "flash-attention 1251"];
        "L4" "mask inferred from the output" MaskFromOutput, ["NNlib PR454"];
        "L4" "gradient without scale" UnscaledGradient, ["gorgonia 69", "ConvNetSharp 118"];
        "L5" "second derivative without scale" UnscaledCurvature, [];
        "L6" "active in evaluation" AlwaysActive,
            ["pytorch 124464", "wenet 2699", "apex PR1449", "TorchSharp 1464"];
        "L6" "mode inverted" Inverted, ["phygnn PR18"];
        "L6" "mode inferred from the gradient" ModeFromGradient, ["burn PR2736"];
        "L6" "rate 0 drops" ZeroDrops, ["ROCm tensorflow-upstream PR2128"];
        "L6" "evaluation consumes randomness" EvaluationDraws, [];
        "L7" "NaN at rate 1" NanAtOne, ["flax PR2055", "pytorch 100025", "axon 367"];
        "L7" "NaN gradient at rate 1" NanGradientAtOne, ["flax PR2055"];
        "L8" "rate unchecked" Unchecked, ["burn 2694"];
        "L8" "NaN rate accepted" NanAccepted, [];
        "L9" "mode of the first call kept" ModeOfFirstCall, ["pytorch 103681"];
        "L9" "mode not restored" ModeNotRestored, ["baal PR249"];
        "L9" "rate of the first call kept" RateOfFirstCall, [];
        "L10" "multiplies in place" InPlace, ["Oneflow PR9808", "Mocha.jl 96"];
        "L10" "output shares memory with input" SharesMemory, [];
        "L11" "feature maps of rank 3 dropped by rows" RowsOfRank3, ["pytorch 69801"];
        "L11" "shared along the wrong axis" WrongAxis, ["keras 9841", "PyTorch-NLP 71", "dynet PR812"];
        "L12" "scaled twice in a network" ScaledTwice, ["mlpractical PR32"];
        "L12" "output layer scaled too" OutputScaled, ["darch 12"];
        "L13" "returned mask zero" ReturnsZeros, ["mxnet 15659", "onnxruntime 1487"];
        "L13" "injected mask ignored" IgnoresMask, [];
        "L14" "half formats widened" Widens, [];
        "L14" "empty arrays widened" WidensEmpty, [];
        "L15" "alpha for alpha'" AlphaForLimit, [];
        "L15" "shifted by alpha for alpha'" ShiftByAlpha, [];
        "L16" "seed ignored" SeedIgnored(Cell::new(0)), ["pytorch 74177", "mxnet 16705", "keras 17548", "pytorch 84516"];
        "L16" "one mask for all seeds" OneMask, [];
        "L16" "mask in the order of memory" MemoryOrder, ["pytorch 174078"];
        "L16" "another mask for another format" FormatDecides, [];
        "L17" "multiplies infinities by zero" MultipliesByZero, ["pytorch 59421"];
    };
    all.extend(super::random::mutants());
    all
}

struct DividesByP;
impl Dropout for DividesByP {
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        if kept { x / call.drop } else { 0.0 }
    }
}

/// For batches of feature maps the scale is 1 + p.
struct WrongVariant;
impl Dropout for WrongVariant {
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        let scale = if call.shape.len() == 4 { 1.0 + call.drop } else { 1.0 / (1.0 - call.drop) };
        if kept { x * scale } else { 0.0 }
    }
}

/// The rate is held as a byte.
struct EightBits;
impl Dropout for EightBits {
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        if kept { x / (1.0 - (call.drop * 256.0).round() / 256.0) } else { 0.0 }
    }
}

struct NoiseAdded;
impl Dropout for NoiseAdded {
    fn layer(&self) -> Layer {
        Gaussian.layer()
    }
    fn accepts(&self, p: f64) -> bool {
        Gaussian.accepts(p)
    }
    fn output_at(&self, call: &Context<'_>, unit: u64, x: f64, _: bool) -> f64 {
        if call.drop == 0.0 { x } else { x + Gaussian::noise(call, unit) }
    }
    fn slope(&self, _: &Context<'_>, _: bool) -> f64 {
        1.0
    }
}

/// Zeros are nudged, so that the mask can be told from the output.
struct EpsilonForZeros;
impl Dropout for EpsilonForZeros {
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        let x = if x == 0.0 && call.drop > 0.0 { 1e-4 } else { x };
        if kept { x / (1.0 - call.drop) } else { 0.0 }
    }
}

struct NeverApplied;
impl Dropout for NeverApplied {
    fn is_active(&self, _: &Context<'_>) -> bool {
        false
    }
}

struct ScaledInBoth;
impl Dropout for ScaledInBoth {
    fn evaluated(&self, call: &Context<'_>, x: f64) -> f64 {
        x * (1.0 - call.drop)
    }
}

/// Scales in evaluation, but for half formats nowhere.
struct ClassicButForHalves;
impl Dropout for ClassicButForHalves {
    fn layer(&self) -> Layer {
        Classic.layer()
    }
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        Classic.output(call, x, kept)
    }
    fn slope(&self, call: &Context<'_>, kept: bool) -> f64 {
        Classic.slope(call, kept)
    }
    fn evaluated(&self, call: &Context<'_>, x: f64) -> f64 {
        if call.dtype.is_half() { x } else { Classic.evaluated(call, x) }
    }
}

struct FreshBackwardMask;
impl Dropout for FreshBackwardMask {
    fn gradient(&self, call: &Context<'_>, _: &[f64], kept: &[bool], g: &[f64]) -> Vec<f64> {
        let again = Context { key: !call.key, ..call.clone() };
        let kept = (0..kept.len() as u64).map(|i| self.keeps(&again, self.unit(call, i)));
        kept.zip(g).map(|(kept, g)| if kept { g * self.slope(call, true) } else { 0.0 }).collect()
    }
}

struct MaskFromOutput;
impl Dropout for MaskFromOutput {
    fn gradient(&self, call: &Context<'_>, x: &[f64], kept: &[bool], g: &[f64]) -> Vec<f64> {
        let nonzero = x.iter().zip(kept).map(|(&x, &kept)| self.output(call, x, kept) != 0.0);
        nonzero.zip(g).map(|(nonzero, g)| if nonzero { g * self.slope(call, true) } else { 0.0 }).collect()
    }
}

struct UnscaledGradient;
impl Dropout for UnscaledGradient {
    fn gradient(&self, _: &Context<'_>, _: &[f64], kept: &[bool], g: &[f64]) -> Vec<f64> {
        kept.iter().zip(g).map(|(&kept, &g)| if kept { g } else { 0.0 }).collect()
    }
}

struct UnscaledCurvature;
impl Dropout for UnscaledCurvature {
    fn curvature(&self, _: &Context<'_>, slope: f64) -> f64 {
        2.0 * slope
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

struct InPlace;
impl Dropout for InPlace {
    fn x_after(&self, _: &Context<'_>, _: &[f64], y: &[f64]) -> Vec<f64> {
        y.to_vec()
    }
}

struct SharesMemory;
impl Dropout for SharesMemory {
    fn x_after(&self, call: &Context<'_>, x: &[f64], _: &[f64]) -> Vec<f64> {
        if self.is_active(call) { x.to_vec() } else { vec![0.0; x.len()] }
    }
}

/// Says that it drops feature maps, but takes an input of rank 3 for a batch of sequences.
struct RowsOfRank3;
impl Dropout for RowsOfRank3 {
    fn layer(&self) -> Layer {
        feature_maps()
    }
    fn unit(&self, call: &Context<'_>, place: u64) -> u64 {
        let shared = if call.shape.len() == 3 { &[false, false, true][..] } else { &call.shared };
        first_along(shared, call.shape, place)
    }
}

/// Says that it drops features over time (axis 1), but drops times over features (axis 2).
struct WrongAxis;
impl Dropout for WrongAxis {
    fn layer(&self) -> Layer {
        Layer { shared_axes: vec![-2], ranks: vec![3], ..plain() }
    }
    fn unit(&self, call: &Context<'_>, place: u64) -> u64 {
        first_along(&[false, false, true], call.shape, place)
    }
}

fn feature_maps() -> Layer {
    Layer { shared_axes: vec![-1, -2], ranks: vec![3, 4], ..plain() }
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

struct ReturnsZeros;
impl Dropout for ReturnsZeros {
    fn returned(&self, kept: Vec<bool>) -> Option<Vec<bool>> {
        Some(vec![false; kept.len()])
    }
}

/// An injected mask is taken for that of the features in reverse.
struct IgnoresMask;
impl Dropout for IgnoresMask {
    fn injected(&self, mut kept: Vec<bool>) -> Vec<bool> {
        kept.reverse();
        kept
    }
}

struct Widens;
impl Dropout for Widens {
    fn dtype(&self, x: Dtype, _: &[usize]) -> Dtype {
        x.max(Dtype::F32)
    }
}

struct WidensEmpty;
impl Dropout for WidensEmpty {
    fn dtype(&self, x: Dtype, shape: &[usize]) -> Dtype {
        if shape.contains(&0) { Dtype::F64 } else { x }
    }
}

/// SELU's α, which stands in for −α′ = λα by mistake.
const ALPHA: f64 = 1.6732632423543772;

struct AlphaForLimit;
impl Dropout for AlphaForLimit {
    fn layer(&self) -> Layer {
        Alpha.layer()
    }
    fn accepts(&self, p: f64) -> bool {
        Alpha.accepts(p)
    }
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        let alpha = AlphaDropout::new(1.0 - call.drop, -ALPHA).expect("a legal rate");
        alpha.scale() * if kept { x } else { -ALPHA } + alpha.shift()
    }
    fn slope(&self, call: &Context<'_>, kept: bool) -> f64 {
        if kept { AlphaDropout::new(1.0 - call.drop, -ALPHA).expect("a legal rate").scale() } else { 0.0 }
    }
}

struct ShiftByAlpha;
impl Dropout for ShiftByAlpha {
    fn layer(&self) -> Layer {
        Alpha.layer()
    }
    fn accepts(&self, p: f64) -> bool {
        Alpha.accepts(p)
    }
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        let scale = AlphaDropout::selu(1.0 - call.drop).expect("a legal rate").scale();
        scale * if kept { x } else { SELU_LIMIT } + scale * call.drop * ALPHA
    }
    fn slope(&self, call: &Context<'_>, kept: bool) -> f64 {
        Alpha.slope(call, kept)
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

/// Says that it selects, but multiplies.
struct MultipliesByZero;
impl Dropout for MultipliesByZero {
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        x * if kept { 1.0 / (1.0 - call.drop) } else { 0.0 }
    }
}
