//! A right dropout in small steps, each of which a mutant can do wrong.

use crate::conformance::case::{Before, Layout, Mode};
use crate::conformance::dtype::Dtype;
use crate::conformance::layer::*;
use crate::conformance::tensor::first_along;
use crate::network::backpropagation::Gradient;
use nalgebra::DVector;

/// One call, as the steps see it.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// Training or evaluation.
    pub mode: Mode,
    /// The **drop** rate.
    pub drop: f64,
    /// The format of x.
    pub dtype: Dtype,
    /// The shape of x.
    pub shape: &'a [usize],
    /// The axes along which the mask is shared, as the layer declares.
    pub shared: Vec<bool>,
    /// How x lies in memory.
    pub layout: Layout,
    /// Whether a gradient is wanted.
    pub differentiated: bool,
    /// The seed that was given.
    pub seed: Option<u64>,
    /// The calls before this one in the same request.
    pub before: &'a [Before],
    /// How many calls this object has served.
    pub number: u64,
    /// How many of them since it was last seeded.
    pub number_since_seed: u64,
    /// Which of several replicas of one step it is.
    pub replica: Option<usize>,
    /// What the mask is drawn from: another at every call.
    pub key: u64,
    /// What stands in place of uniform numbers, place by place.
    pub uniforms: Option<&'a [f64]>,
}

impl Context<'_> {
    /// The uniform number in [0, 1) of a place: a multiple of 2⁻⁵³ that key and place alone decide, or the one injected.
    pub fn uniform(&self, place: u64) -> f64 {
        if let Some(uniforms) = self.uniforms {
            return uniforms[place as usize];
        }
        (mix(self.key.wrapping_add(place.wrapping_mul(GOLDEN))) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// What is known of some passes through a network of dropout layers.
pub struct Passes {
    /// How many.
    pub count: usize,
    /// The mean of the outputs.
    pub mean: DVector<f64>,
    /// The mean of their squares.
    pub square: DVector<f64>,
    /// The mean gradient, layer by layer.
    pub gradient: Gradient<f64>,
}

/// 2⁶⁴ over the golden ratio, made odd: the step of SplitMix64.
pub(super) const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The output function of SplitMix64 (Steele, Lea & Flood 2014): a bijection of 64 bits without visible structure.
pub(super) fn mix(z: u64) -> u64 {
    let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// The steps of dropout. All are right as they stand; a mutant overrides one or two.
pub trait Dropout {
    /// What it says of itself.
    fn layer(&self) -> Layer {
        plain()
    }

    /// Whether it takes this p, as its interface has it.
    fn accepts(&self, p: f64) -> bool {
        (0.0..=1.0).contains(&p)
    }

    /// Whether it drops at all.
    fn is_active(&self, call: &Context<'_>) -> bool {
        call.mode == Mode::Train
    }

    /// Whether it moves its random state.
    fn draws(&self, call: &Context<'_>) -> bool {
        self.is_active(call)
    }

    /// The probability that it drops with.
    fn rate(&self, call: &Context<'_>) -> f64 {
        call.drop
    }

    /// The mask element that decides over a place of the row-major order: its own, or the first along the shared axes.
    fn unit(&self, call: &Context<'_>, place: u64) -> u64 {
        first_along(&call.shared, call.shape, place)
    }

    /// Whether a mask element is kept.
    fn keeps(&self, call: &Context<'_>, unit: u64) -> bool {
        call.uniform(unit) >= self.rate(call)
    }

    /// What the mask of the next call is drawn from, given a number that is new at every call (after a seed: that the
    /// seed and the number of calls since decide).
    fn key(&self, _call: &Context<'_>, fresh: u64) -> u64 {
        fresh
    }

    /// The output of an active call at one place.
    fn output(&self, call: &Context<'_>, x: f64, kept: bool) -> f64 {
        if kept { x / (1.0 - call.drop) } else { 0.0 }
    }

    /// The output of an active call at one place, for kinds whose noise is more than kept or dropped.
    fn output_at(&self, call: &Context<'_>, _unit: u64, x: f64, kept: bool) -> f64 {
        self.output(call, x, kept)
    }

    /// The output of an inactive call at one place.
    fn evaluated(&self, _call: &Context<'_>, x: f64) -> f64 {
        x
    }

    /// The derivative of [`Dropout::output`] in x.
    fn slope(&self, call: &Context<'_>, kept: bool) -> f64 {
        if kept { 1.0 / (1.0 - call.drop) } else { 0.0 }
    }

    /// The derivative of [`Dropout::output_at`] in x.
    fn slope_at(&self, call: &Context<'_>, _unit: u64, kept: bool) -> f64 {
        self.slope(call, kept)
    }

    /// dx of an active call, given x, its mask and g.
    fn gradient(&self, call: &Context<'_>, x: &[f64], kept: &[bool], g: &[f64]) -> Vec<f64> {
        debug_assert_eq!(x.len(), g.len());
        let slope = |(place, &kept)| self.slope_at(call, self.unit(call, place), kept);
        (0..).zip(kept).map(slope).zip(g).map(|(slope, g)| if slope == 0.0 { 0.0 } else { g * slope }).collect()
    }

    /// ddx at one place, given the derivative of y there.
    fn curvature(&self, _call: &Context<'_>, slope: f64) -> f64 {
        2.0 * slope * slope
    }

    /// The multiplier of one unit of a network.
    fn multiplier(&self, call: &Context<'_>, unit: u64, kept: bool) -> f64 {
        if self.is_active(call) { self.output_at(call, unit, 1.0, kept) } else { self.evaluated(call, 1.0) }
    }

    /// The output of a network of these layers, given what its last layer gives.
    fn readout(&self, _mode: Mode, _keep: f64, output: f64) -> f64 {
        output
    }

    /// What is reported of many passes through a network.
    fn reported(&self, passes: Passes) -> Passes {
        passes
    }

    /// The format of y for an x of this format and shape.
    fn dtype(&self, x: Dtype, _shape: &[usize]) -> Dtype {
        x
    }

    /// The mask that it returns for the mask that it drew.
    fn returned(&self, kept: Vec<bool>) -> Option<Vec<bool>> {
        Some(kept)
    }

    /// The mask that it uses for one that is injected.
    fn injected(&self, kept: Vec<bool>) -> Vec<bool> {
        kept
    }

    /// Whether y is x itself.
    fn is_input(&self, _call: &Context<'_>) -> bool {
        false
    }

    /// x after y was overwritten with zeros.
    fn x_after(&self, _call: &Context<'_>, x: &[f64], _y: &[f64]) -> Vec<f64> {
        x.to_vec()
    }
}

/// The description of plain inverted dropout that offers everything.
pub fn plain() -> Layer {
    Layer {
        id: "dropout".into(),
        kind: Kind::Dropout,
        levels: vec![Level::C0, Level::C1, Level::C2, Level::C3, Level::C4, Level::C6, Level::C7],
        dtypes: Dtype::ALL.to_vec(),
        p: Probability { means: Means::Drop, accepts_zero: true, accepts_one: true },
        scaling: Scaling::Inverted,
        mask: vec![MaskAccess::Inject, MaskAccess::Return],
        seed: true,
        second_order: true,
        shared_axes: Vec::new(),
        ranks: vec![0, 1, 2, 3, 4],
        declared: Declared {
            identity_returns_input: Some(false),
            non_finite_dropped: Some(NonFinite::Zero),
            eval_touches_seed: Some(false),
        },
        steps: None,
        mesh: None,
        acts: vec![Act::Patch, Act::Unpatch, Act::Export],
        random_access: true,
    }
}
