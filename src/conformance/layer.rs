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
        let axis = |axis: i64| usize::try_from(if axis < 0 { axis + rank as i64 } else { axis }).ok();
        let shared: Vec<_> = self.shared_axes.iter().filter_map(|&a| axis(a)).collect();
        (0..rank).map(|a| shared.contains(&a)).collect()
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
        let shared = self.shared(rank);
        let own = shared.iter().filter(|shared| !**shared).count() as u32;
        let others = 2usize.pow(own.saturating_sub(1));
        // The last axis of the mask's own takes all but two; for feature maps that is the axis of the features.
        let longest = shared.iter().rposition(|shared| !shared);
        (0..rank).map(|a| if Some(a) == longest { elements.div_ceil(others).max(1) } else { 2 }).collect()
    }
}
