//! What `ensemble` says to programs; `schemas/ensemble-1.schema.json` describes it.

use serde::Serialize;

/// The predictions for all inputs.
#[derive(Serialize)]
pub struct Report {
    pub masks: Masks,
    pub units: usize,
    pub method: Method,
    pub predictions: Vec<Prediction>,
}

/// How the means over all masks were computed, and why so.
#[derive(Serialize)]
pub struct Method {
    pub name: String,
    pub because: String,
}

/// 2^units: a number where every JSON reader holds it exactly, else the text `2^units`.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Masks {
    Number(u64),
    Power(String),
}

/// The predictions for one input; the means over all masks are absent without enumeration.
#[derive(Serialize)]
pub struct Prediction {
    pub arithmetic_mean: Option<Vec<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arithmetic_mean_error: Option<Vec<f64>>,
    pub geometric_mean: Option<Vec<f64>>,
    pub log_geometric_mass: Option<f64>,
    pub weight_scaling: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative_log_likelihood: Option<TargetLosses>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monte_carlo: Option<MonteCarlo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certified: Option<Certified>,
}

/// −ln p(target): the mean of the sub-models' own, which is the geometric mean's plus their disagreement, and that under the
/// three predictions.
#[derive(Serialize)]
pub struct TargetLosses {
    pub expected: f64,
    pub disagreement: f64,
    pub arithmetic_mean: Option<f64>,
    pub geometric_mean: f64,
    pub weight_scaling: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<LossErrors>,
}

/// How far the losses of a method that does not enumerate are off at most.
#[derive(Serialize)]
pub struct LossErrors {
    pub expected: f64,
    pub disagreement: f64,
    pub arithmetic_mean: Option<f64>,
    pub geometric_mean: f64,
}

/// −ln p(target) under the three predictions.
#[derive(Serialize)]
pub struct Losses<T> {
    pub arithmetic_mean: T,
    pub geometric_mean: T,
    pub weight_scaling: T,
}

/// Ranges that contain the real numbers, and how far the `f64` are from them at most.
#[derive(Serialize)]
pub struct Certified {
    pub arithmetic_mean: Vec<Enclosure>,
    pub geometric_mean: Vec<Enclosure>,
    pub log_geometric_mass: Enclosure,
    pub weight_scaling: Vec<Enclosure>,
    pub divergence_from_arithmetic_mean: Option<Divergences>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative_log_likelihood: Option<Losses<Enclosure>>,
    pub error_bounds: Bounds,
}

/// KL(AM ‖ ·).
#[derive(Serialize)]
pub struct Divergences {
    pub geometric_mean: Enclosure,
    pub weight_scaling: Enclosure,
}

/// A real number lies between `lo` and `hi`, in decimal, and within the pair of `f64`.
#[derive(Serialize)]
pub struct Enclosure {
    pub lo: String,
    pub hi: String,
    pub f64: [f64; 2],
}

/// Bounds on the rounding errors of the plain predictions; an infinite one is null.
#[derive(Serialize)]
pub struct Bounds {
    pub arithmetic_mean: Vec<f64>,
    pub geometric_mean: Vec<f64>,
    pub log_geometric_mass: f64,
    pub weight_scaling: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative_log_likelihood: Option<Losses<f64>>,
}

/// The arithmetic mean, estimated.
#[derive(Serialize)]
pub struct MonteCarlo {
    pub samples: u64,
    pub mean: Vec<f64>,
    pub standard_error: Option<Vec<f64>>,
}

impl Masks {
    /// The masks of `units` droppable units.
    pub fn of(units: usize) -> Self {
        if units <= f64::MANTISSA_DIGITS as usize {
            Self::Number(1 << units)
        } else {
            Self::Power(format!("2^{units}"))
        }
    }
}

impl std::fmt::Display for Masks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(masks) => masks.fmt(f),
            Self::Power(masks) => masks.fmt(f),
        }
    }
}

impl Prediction {
    /// The first number that is NaN or infinite (JSON has neither), with its name.
    pub fn not_finite(&self) -> Option<(&'static str, f64)> {
        let losses = self
            .negative_log_likelihood
            .as_ref()
            .map(|of| [of.expected, of.arithmetic_mean.unwrap_or(of.expected), of.geometric_mean, of.weight_scaling]);
        let means = [
            ("arithmetic mean", self.arithmetic_mean.as_deref()),
            ("geometric mean", self.geometric_mean.as_deref()),
            ("logarithm of the geometric mass", self.log_geometric_mass.as_ref().map(std::slice::from_ref)),
            ("weight-scaling prediction", Some(&self.weight_scaling[..])),
            ("negative log-likelihood", losses.as_ref().map(|of| &of[..])),
            ("Monte Carlo mean", self.monte_carlo.as_ref().map(|m| &m.mean[..])),
            ("Monte Carlo standard error", self.monte_carlo.as_ref().and_then(|m| m.standard_error.as_deref())),
        ];
        let named =
            means.into_iter().flat_map(|(name, values)| values.unwrap_or_default().iter().map(move |v| (name, *v)));
        named.into_iter().find(|(_, value)| !value.is_finite())
    }
}
