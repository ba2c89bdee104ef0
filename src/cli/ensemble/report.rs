//! What `ensemble` says to programs; `schemas/ensemble-1.schema.json` describes it.

use serde::Serialize;

/// The predictions for all inputs.
#[derive(Serialize)]
pub struct Report {
    pub masks: Masks,
    pub units: usize,
    pub predictions: Vec<Prediction>,
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
    pub geometric_mean: Option<Vec<f64>>,
    pub log_geometric_mass: Option<f64>,
    pub weight_scaling: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monte_carlo: Option<MonteCarlo>,
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
        let means = [
            ("arithmetic mean", self.arithmetic_mean.as_deref()),
            ("geometric mean", self.geometric_mean.as_deref()),
            ("logarithm of the geometric mass", self.log_geometric_mass.as_ref().map(std::slice::from_ref)),
            ("weight-scaling prediction", Some(&self.weight_scaling[..])),
            ("Monte Carlo mean", self.monte_carlo.as_ref().map(|m| &m.mean[..])),
            ("Monte Carlo standard error", self.monte_carlo.as_ref().and_then(|m| m.standard_error.as_deref())),
        ];
        let named =
            means.into_iter().flat_map(|(name, values)| values.unwrap_or_default().iter().map(move |v| (name, *v)));
        named.into_iter().find(|(_, value)| !value.is_finite())
    }
}
