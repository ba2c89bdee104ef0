//! What an adapter says about itself: the implementation, and for each layer what it can be asked.

use super::dtype::Dtype;
use serde::{Deserialize, Serialize};

/// Whose dropout it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Implementation {
    /// Name of the framework or library.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The language of its interface.
    pub language: String,
    /// What it computes on.
    pub device: String,
}

/// An adapter's answer to the start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// Whose dropout it is.
    pub implementation: Implementation,
    /// Its layers of the dropout family.
    pub layers: Vec<Layer>,
}

/// What an adapter can be asked about a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// The forward call.
    C0,
    /// The vector-Jacobian product of that same call.
    C1,
    /// Seeds.
    C2,
    /// Masks in or out.
    C3,
    /// Shapes, axes, layouts, formats.
    C4,
    /// Time steps.
    C5,
    /// Replicas.
    C6,
    /// Networks.
    C7,
}

/// What a layer does to a kept and to a dropped element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// x·s or 0.
    Dropout,
    /// SELU's: an affine image of x or of α′.
    Alpha,
    /// Times normal noise of mean 1.
    Gaussian,
    /// Plus normal noise of mean 0.
    GaussianAdditive,
    /// Dropout of weights: x are the weights, y what is left of them.
    Dropconnect,
}

/// What p means in the layer's own interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Means {
    /// The probability of dropping.
    Drop,
    /// The probability of keeping.
    Keep,
}

/// How p enters the layer's interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probability {
    /// Drop or keep.
    pub means: Means,
    /// Whether 0 is legal.
    pub accepts_zero: bool,
    /// Whether 1 is legal.
    pub accepts_one: bool,
}

/// Where kept units are scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scaling {
    /// Divided by the keep probability in training.
    Inverted,
    /// Multiplied by the keep probability in evaluation.
    Classic,
    /// Nowhere.
    None,
}

/// How masks pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MaskAccess {
    /// It obeys a given mask.
    Inject,
    /// It returns its mask.
    Return,
    /// It compares given numbers with its rate, in place of random ones.
    Uniforms,
}

/// What becomes of a NaN or an infinity that is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NonFinite {
    /// 0, by selection.
    Zero,
    /// NaN, by multiplication with 0.
    Nan,
}

/// Choices that are free, but must be kept; what is missing is not judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Declared {
    /// Whether an identity returns its very input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_returns_input: Option<bool>,
    /// What becomes of a dropped NaN or infinity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub non_finite_dropped: Option<NonFinite>,
    /// Whether evaluation moves the random state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eval_touches_seed: Option<bool>,
}

/// The axes of a recurrent layer's x on which its masks may differ, between the batch (first) and the features (last).
///
/// y at a time step and gate is what that gate takes in of x at that step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steps {
    /// The axis of time steps, from the end.
    pub time: i64,
    /// That of gates, if masks of their own are known for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gates>,
}

/// The gates of a recurrent cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gates {
    /// Their axis, from the end.
    pub axis: i64,
    /// How many there are.
    pub count: usize,
}

/// How replicas of one step are arranged, as in data parallel × tensor parallel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mesh {
    /// How many along each axis.
    pub shape: Vec<usize>,
    /// Axes along which replicas draw one mask, from the end.
    #[serde(default)]
    pub shared_axes: Vec<i64>,
}

impl Mesh {
    /// How many replicas there are; numbered in row-major order.
    pub fn replicas(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether replicas along each axis draw one mask.
    pub fn shared(&self) -> Vec<bool> {
        flags(&self.shared_axes, self.shape.len())
    }
}

/// Which of so many axes are listed; negative ones count from the end.
fn flags(axes: &[i64], rank: usize) -> Vec<bool> {
    let axis = |&axis: &i64| usize::try_from(if axis < 0 { axis + rank as i64 } else { axis }).ok();
    let listed: Vec<_> = axes.iter().filter_map(axis).collect();
    (0..rank).map(|axis| listed.contains(&axis)).collect()
}

/// What a layer may go through between calls, beside modes and rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// Dropout is switched on whatever the mode, as for sampling predictions.
    Patch,
    /// That is undone.
    Unpatch,
    /// It goes on as an exported (traced, compiled, saved and loaded) copy of itself in the mode of the last call.
    Export,
}

/// One operator and what it can be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// Its name, as a user of the framework would write it.
    pub id: String,
    /// What it does.
    pub kind: Kind,
    /// What it can be asked.
    pub levels: Vec<Level>,
    /// The formats it computes in.
    pub dtypes: Vec<Dtype>,
    /// What p means.
    pub p: Probability,
    /// Where it scales.
    pub scaling: Scaling,
    /// How masks pass.
    #[serde(default)]
    pub mask: Vec<MaskAccess>,
    /// Whether a seed fixes the mask.
    #[serde(default)]
    pub seed: bool,
    /// Whether second derivatives are answered.
    #[serde(default)]
    pub second_order: bool,
    /// Axes along which one element of the mask is shared; negative ones count from the end.
    #[serde(default)]
    pub shared_axes: Vec<i64>,
    /// Ranks of x that are legal.
    pub ranks: Vec<usize>,
    /// Choices that are free, but must be kept.
    #[serde(default)]
    pub declared: Declared,
    /// Where time steps and gates are (level C5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<Steps>,
    /// Which replicas share a mask (level C6); none: four of which none do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mesh: Option<Mesh>,
    /// What it can be put through between calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acts: Vec<Act>,
    /// Whether windows of a mask cost what they hold, and not what the whole of it would.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub random_access: bool,
}

impl Layer {
    /// Whether it can be asked this.
    pub fn offers(&self, level: Level) -> bool {
        self.levels.contains(&level)
    }

    /// Whether masks pass this way.
    pub fn passes(&self, access: MaskAccess) -> bool {
        self.mask.contains(&access)
    }

    /// p as the layer takes it, for a drop rate.
    pub fn p(&self, drop: f64) -> f64 {
        match self.p.means {
            Means::Drop => drop,
            Means::Keep => 1.0 - drop,
        }
    }

    /// Whether dropping nothing, or everything, is legal.
    pub fn accepts(&self, drop: f64) -> bool {
        match self.p(drop) {
            0.0 => self.p.accepts_zero,
            1.0 => self.p.accepts_one,
            p => p > 0.0 && p < 1.0,
        }
    }

    /// The axes of an array of this rank along which the mask is shared.
    pub fn shared(&self, rank: usize) -> Vec<bool> {
        flags(&self.shared_axes, rank)
    }

    /// A legal shape with at least `elements` mask elements that are drawn separately, and two of everything else.
    ///
    /// The rank is the layer's smallest that has an axis of its own for the mask.
    pub fn shape(&self, elements: usize) -> Vec<usize> {
        let least = self.ranks.iter().copied().filter(|&rank| self.shared(rank).contains(&false)).min();
        self.shape_of_rank(least.unwrap_or(1), elements)
    }

    /// As [`Layer::shape`], for this rank.
    pub fn shape_of_rank(&self, rank: usize, elements: usize) -> Vec<usize> {
        let (shared, gates) = (self.shared(rank), self.gates(rank));
        let mut shape = self.sizes(rank, |_| 2);
        // The last axis of the mask's own takes all but two; for feature maps that is the axis of the features.
        let longest = (0..rank).rfind(|&axis| !shared[axis] && gates.is_none_or(|(gate, _)| gate != axis));
        if let Some(longest) = longest {
            let others = (0..rank).filter(|&axis| !shared[axis] && axis != longest);
            shape[longest] = elements.div_ceil(others.map(|axis| shape[axis]).product()).max(1);
        }
        shape
    }

    /// The shape of these sizes, but for the axis of gates, whose number is what it is.
    pub fn sizes(&self, rank: usize, size: impl Fn(usize) -> usize) -> Vec<usize> {
        let gates = self.gates(rank);
        (0..rank).map(|axis| gates.filter(|&(gate, _)| gate == axis).map_or_else(|| size(axis), |(_, n)| n)).collect()
    }

    /// The axis of gates of an x of this rank, and their number.
    fn gates(&self, rank: usize) -> Option<(usize, usize)> {
        let gates = self.steps?.gate?;
        Some((usize::try_from(gates.axis + rank as i64).ok()?, gates.count))
    }

    /// The axis of time steps of an x of this rank.
    pub fn time(&self, rank: usize) -> Option<usize> {
        usize::try_from(self.steps?.time + rank as i64).ok()
    }
}
