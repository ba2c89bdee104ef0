//! Right dropouts, some of which look wrong: negative controls for every law.

use super::dropout::{Context, Dropout, GOLDEN, mix, plain};
use crate::conformance::layer::*;
use crate::conformance::tensor::first_along;
use crate::law::gaussian::standard_normals;
use crate::noise::{AlphaDropout, alpha_dropout::SELU_LIMIT};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

/// Right dropouts: name and steps.
pub fn rights() -> Vec<(&'static str, Box<dyn Dropout>)> {
    vec![
        ("plain", Box::new(Plain)),
        ("feature maps", Box::new(FeatureMaps)),
        ("classic", Box::new(Classic)),
        ("keep probability", Box::new(KeepProbability)),
        ("multiplies by the rounded scale", Box::new(RoundedScale)),
        ("negative zeros", Box::new(NegativeZeros)),
        ("rejects one", Box::new(RejectsOne)),
        ("multiplies NaN by zero", Box::new(MultipliesNan)),
        ("returns its input", Box::new(ReturnsInput)),
        ("masks only read back", Box::new(ReadBack)),
        ("no seed", Box::new(NoSeed)),
        ("alpha", Box::new(Alpha)),
        ("gaussian", Box::new(Gaussian)),
        ("gaussian noise added", Box::new(GaussianAdded)),
        ("recurrent, one mask in time", Box::new(OneInTime)),
        ("recurrent, one mask of all gates", Box::new(OneOfGates)),
        ("tensor parallel", Box::new(TensorParallel)),
        ("drop path", Box::new(DropPath)),
        ("attention", Box::new(Attention)),
        ("weights", Box::new(Weights)),
        ("unscaled", Box::new(Unscaled)),
        ("the masks of another device", Box::new(AnotherDevice)),
        ("given uniforms", Box::new(GivenUniforms)),
        ("drops the upper end", Box::new(UpperEnd)),
    ]
}

/// Inverted dropout.
pub struct Plain;
impl Dropout for Plain {}

/// Whole feature maps are dropped.
struct FeatureMaps;
impl Dropout for FeatureMaps {
    fn layer(&self) -> Layer {
        Layer { id: "feature-maps".into(), shared_axes: vec![-1, -2], ranks: vec![3, 4], ..plain() }
    }
}

/// Scaled in evaluation.
pub(super) struct Classic;
impl Dropout for Classic {
    fn layer(&self) -> Layer {
        Layer { scaling: Scaling::Classic, ..plain() }
    }
    fn output(&self, _: &Context<'_>, x: f64, kept: bool) -> f64 {
        if kept { x } else { 0.0 }
    }
    fn slope(&self, _: &Context<'_>, kept: bool) -> f64 {
        f64::from(kept)
    }
    fn evaluated(&self, call: &Context<'_>, x: f64) -> f64 {
        x * (1.0 - call.drop)
    }
}

/// p is the keep probability, and 0 is illegal.
struct KeepProbability;
impl Dropout for KeepProbability {
    fn layer(&self) -> Layer {
        Layer { p: Probability { means: Means::Keep, accepts_zero: false, accepts_one: true }, ..plain() }
    }
    fn accepts(&self, p: f64) -> bool {
        p > 0.0 && p <= 1.0
    }
}

/// Multiplies by 1/(1 − p) rounded to the format, as most frameworks do.
struct RoundedScale;
impl Dropout for RoundedScale {
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        if kept { x * call.dtype.rounded(1.0 / call.dtype.rounded(1.0 - call.drop)) } else { 0.0 }
    }
}

/// What is dropped keeps its sign.
struct NegativeZeros;
impl Dropout for NegativeZeros {
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        if kept { x / (1.0 - call.drop) } else { 0.0f64.copysign(x) }
    }
}

/// Dropping everything is illegal.
struct RejectsOne;
impl Dropout for RejectsOne {
    fn layer(&self) -> Layer {
        Layer { p: Probability { means: Means::Drop, accepts_zero: true, accepts_one: false }, ..plain() }
    }
    fn accepts(&self, p: f64) -> bool {
        (0.0..1.0).contains(&p)
    }
}

/// Drops by multiplication with 0, and says so.
struct MultipliesNan;
impl Dropout for MultipliesNan {
    fn layer(&self) -> Layer {
        Layer { declared: Declared { non_finite_dropped: Some(NonFinite::Nan), ..plain().declared }, ..plain() }
    }
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        if kept { x / (1.0 - call.drop) } else { x * 0.0 }
    }
}

/// An identity gives x itself, and says so.
struct ReturnsInput;
impl Dropout for ReturnsInput {
    fn layer(&self) -> Layer {
        Layer { declared: Declared { identity_returns_input: Some(true), ..plain().declared }, ..plain() }
    }
    fn is_input(&self, call: &Context<'_>) -> bool {
        !self.is_active(call)
    }
    fn x_after(&self, call: &Context<'_>, x: &[f64], _: &[f64]) -> Vec<f64> {
        if self.is_input(call) { vec![0.0; x.len()] } else { x.to_vec() }
    }
}

/// Masks neither pass in nor out.
struct ReadBack;
impl Dropout for ReadBack {
    fn layer(&self) -> Layer {
        Layer {
            mask: Vec::new(),
            levels: vec![Level::C0, Level::C1, Level::C2, Level::C4],
            second_order: false,
            declared: Declared::default(),
            ..plain()
        }
    }
    fn returned(&self, _: Vec<bool>) -> Option<Vec<bool>> {
        None
    }
}

/// No seed, and calls forward only.
struct NoSeed;
impl Dropout for NoSeed {
    fn layer(&self) -> Layer {
        Layer { seed: false, levels: vec![Level::C0], mask: Vec::new(), second_order: false, ..plain() }
    }
}

/// The description of a layer without masks of its own.
fn of_kind(kind: Kind, id: &str) -> Layer {
    Layer {
        id: id.into(),
        kind,
        mask: Vec::new(),
        levels: vec![Level::C0, Level::C1, Level::C2, Level::C4],
        second_order: false,
        p: Probability { means: Means::Drop, accepts_zero: true, accepts_one: false },
        ..plain()
    }
}

/// Alpha dropout: an affine image of x, or of α′.
pub(super) struct Alpha;
impl Dropout for Alpha {
    fn layer(&self) -> Layer {
        of_kind(Kind::Alpha, "alpha")
    }
    fn accepts(&self, p: f64) -> bool {
        (0.0..1.0).contains(&p)
    }
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        let alpha = AlphaDropout::selu(1.0 - call.drop).expect("a legal rate");
        alpha.scale() * if kept { x } else { SELU_LIMIT } + alpha.shift()
    }
    fn slope(&self, call: &Context<'_>, kept: bool) -> f64 {
        if kept { AlphaDropout::selu(1.0 - call.drop).expect("a legal rate").scale() } else { 0.0 }
    }
}

/// Times 1 + √(p/(1 − p)) z, with z normal.
pub(super) struct Gaussian;
impl Gaussian {
    /// √(p/(1 − p)) z.
    pub(super) fn noise(call: &Context<'_>, unit: u64) -> f64 {
        (call.drop / (1.0 - call.drop)).sqrt() * Self::normal(call, unit)
    }

    /// z, standard normal.
    fn normal(call: &Context<'_>, unit: u64) -> f64 {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&mix(call.key).to_le_bytes());
        key[8..16].copy_from_slice(&unit.to_le_bytes());
        standard_normals(1, &mut ChaCha8Rng::from_seed(key))[0]
    }
}
impl Dropout for Gaussian {
    fn layer(&self) -> Layer {
        of_kind(Kind::Gaussian, "gaussian")
    }
    fn accepts(&self, p: f64) -> bool {
        (0.0..1.0).contains(&p)
    }
    fn output_at(&self, call: &Context<'_>, unit: u64, x: f64, _: bool) -> f64 {
        x * (1.0 + Self::noise(call, unit))
    }
    fn slope_at(&self, call: &Context<'_>, unit: u64, _: bool) -> f64 {
        1.0 + Self::noise(call, unit)
    }
}

/// Plus p z: here p is the standard deviation.
struct GaussianAdded;
impl Dropout for GaussianAdded {
    fn layer(&self) -> Layer {
        of_kind(Kind::GaussianAdditive, "gaussian-added")
    }
    fn accepts(&self, p: f64) -> bool {
        (0.0..1.0).contains(&p)
    }
    fn output_at(&self, call: &Context<'_>, unit: u64, x: f64, _: bool) -> f64 {
        if call.drop == 0.0 { x } else { x + call.drop * Gaussian::normal(call, unit) }
    }
    fn slope(&self, _: &Context<'_>, _: bool) -> f64 {
        1.0
    }
}

/// A recurrent layer with four gates, whose masks are shared along these axes of batch, time, gates, features.
pub(super) fn recurrent(id: &str, shared_axes: &[i64]) -> Layer {
    let mut levels = plain().levels;
    levels.retain(|level| !matches!(level, Level::C6 | Level::C7));
    levels.push(Level::C5);
    let steps = Some(Steps { time: -3, gate: Some(Gates { axis: -2, count: 4 }) });
    Layer { id: id.into(), levels, steps, shared_axes: shared_axes.to_vec(), ranks: vec![4], ..plain() }
}

/// A mask a sequence and gate, the same at every step (Gal & Ghahramani 2016).
pub(super) struct OneInTime;
impl Dropout for OneInTime {
    fn layer(&self) -> Layer {
        recurrent("recurrent-one-in-time", &[-3])
    }
}

/// A mask a step, the same for all gates.
struct OneOfGates;
impl Dropout for OneOfGates {
    fn layer(&self) -> Layer {
        recurrent("recurrent-one-of-gates", &[-2])
    }
}

/// Two replicas of the data by two parts of the model, which drop the same units of what both hold.
pub(super) struct TensorParallel;
impl TensorParallel {
    /// The key of one replica of a step, from the number that stands for it.
    pub(super) fn key_of(call: &Context<'_>, replica: usize, first: u64) -> u64 {
        let step = call.number_since_seed - replica as u64;
        mix(mix(call.seed.unwrap_or(7)).wrapping_add(step * GOLDEN).wrapping_add(first))
    }
}
impl Dropout for TensorParallel {
    fn layer(&self) -> Layer {
        Layer { id: "tensor-parallel".into(), mesh: Some(Mesh { shape: vec![2, 2], shared_axes: vec![-1] }), ..plain() }
    }
    fn key(&self, call: &Context<'_>, fresh: u64) -> u64 {
        call.replica
            .map_or(fresh, |replica| Self::key_of(call, replica, first_along(&[false, true], &[2, 2], replica as u64)))
    }
}

/// One coin a sample, divided by the keep probability.
struct DropPath;
impl Dropout for DropPath {
    fn layer(&self) -> Layer {
        Layer { id: "drop-path".into(), shared_axes: vec![-1, -2, -3], ranks: vec![4], ..plain() }
    }
}

/// Rows of attention need not sum to 1 afterwards.
struct Attention;
impl Dropout for Attention {
    fn layer(&self) -> Layer {
        Layer { id: "attention".into(), ranks: vec![4], ..plain() }
    }
}

/// DropConnect.
struct Weights;
impl Dropout for Weights {
    fn layer(&self) -> Layer {
        let levels = vec![Level::C0, Level::C1, Level::C2, Level::C3, Level::C4];
        Layer { id: "weights".into(), kind: Kind::Dropconnect, levels, ranks: vec![2], ..plain() }
    }
}

/// Scaled nowhere, and says so.
struct Unscaled;
impl Dropout for Unscaled {
    fn layer(&self) -> Layer {
        Layer {
            scaling: Scaling::None,
            levels: vec![Level::C0, Level::C1, Level::C2, Level::C4],
            mask: Vec::new(),
            ..plain()
        }
    }
    fn output(&self, _: &Context<'_>, x: f64, kept: bool) -> f64 {
        if kept { x } else { 0.0 }
    }
    fn slope(&self, _: &Context<'_>, kept: bool) -> f64 {
        f64::from(kept)
    }
}

/// The description of plain dropout that compares given numbers with its rate.
pub(super) fn given_uniforms() -> Layer {
    Layer { mask: [plain().mask, vec![MaskAccess::Uniforms]].concat(), ..plain() }
}

/// Uniform numbers may be given in place of random ones.
struct GivenUniforms;
impl Dropout for GivenUniforms {
    fn layer(&self) -> Layer {
        given_uniforms()
    }
}

/// The largest uniform numbers drop, not the smallest.
struct UpperEnd;
impl Dropout for UpperEnd {
    fn layer(&self) -> Layer {
        given_uniforms()
    }
    fn keeps(&self, call: &Context<'_>, unit: u64) -> bool {
        call.uniform(unit) < 1.0 - call.drop
    }
}

/// One seed gives other masks than elsewhere, and the same ones here.
struct AnotherDevice;
impl Dropout for AnotherDevice {
    fn key(&self, _: &Context<'_>, fresh: u64) -> u64 {
        !fresh
    }
}
