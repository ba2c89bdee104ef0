//! The law of one logit under independent noise, through its characteristic function.

use super::double_double::DoubleDouble;
use crate::error::{Error, Result};
use itertools::izip;
use nalgebra::DVector;

/// 2⁻⁵³.
pub(super) const U: f64 = f64::EPSILON / 2.0;

/// One independent contribution to a logit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Term {
    /// `weight` with probability `keep`, else 0: a droppable unit. Under inverted dropout the weight is a/p.
    Masked {
        /// The unit's activation times its weight.
        weight: f64,
        /// The KEEP probability.
        keep: f64,
    },
    /// A normal variable: multiplicative noise N(1, σ²) on a contribution a has mean a and variance a²σ².
    Gaussian {
        /// Its mean.
        mean: f64,
        /// Its variance.
        variance: f64,
    },
}

/// \\(S = b + \sum_j X_j\\) with independent X_j: the logit of one unit whose inputs are dropped.
///
/// ```
/// use dropout_oracle::marginal::Logit;
/// use nalgebra::dvector;
/// // S is 1 or −1, each with probability ½, so that the mean of σ(S) is ½
/// let logit = Logit::masked(&dvector![2.0], &dvector![0.5], -1.0)?;
/// let mean = logit.expected_logistic()?;
/// assert!((mean.value - 0.5).abs() <= mean.error && mean.error < 2e-15);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Logit {
    bias: f64,
    terms: Vec<Term>,
    mean: DoubleDouble,
    variance: DoubleDouble,
    /// |b| + Σ E|X_j| and more: the size of the numbers that the mean was added from.
    magnitude: f64,
}

impl Logit {
    /// b plus the terms.
    ///
    /// # Errors
    /// [`Error::NotFinite`] for a NaN or infinite number, [`Error::KeepProbability`] for a keep probability outside
    /// (0, 1], [`Error::Domain`] for a negative variance or a sum of sizes that overflows.
    pub fn new(bias: f64, terms: Vec<Term>) -> Result<Self> {
        finite("the bias", bias)?;
        let (mut mean, mut variance, mut magnitude) = (DoubleDouble::from(bias), DoubleDouble::ZERO, bias.abs());
        for (unit, term) in terms.iter().enumerate() {
            match *term {
                Term::Masked { weight, keep } => {
                    finite("a weight", weight)?;
                    if !(keep > 0.0 && keep <= 1.0) {
                        return Err(Error::KeepProbability { unit, value: keep.to_string() });
                    }
                }
                Term::Gaussian { mean, variance } => {
                    finite("a mean", mean)?;
                    finite("a variance", variance)?;
                    if variance < 0.0 {
                        return Err(Error::Domain {
                            what: format!("variance of term {unit}"),
                            value: variance.to_string(),
                            must: "at least 0",
                        });
                    }
                }
            }
            mean = mean + term.mean();
            variance = variance + term.variance().into();
            magnitude += term.magnitude();
        }
        if magnitude > Self::LARGEST {
            return Err(Error::Domain {
                what: "the sum of the sizes of a logit's terms".into(),
                value: magnitude.to_string(),
                must: "at most 2^64",
            });
        }
        Ok(Self { bias, terms, mean, variance, magnitude })
    }

    /// The largest sum of sizes, far from where products of it could overflow.
    const LARGEST: f64 = (1u128 << 64) as f64;

    /// \\(b + \sum_j d_j a_j\\) with \\(d_j \sim \mathrm{Bernoulli}(p_j)\\), p the KEEP probabilities.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there are as many weights as keep probabilities; otherwise as [`Logit::new`].
    pub fn masked(weights: &DVector<f64>, keep: &DVector<f64>, bias: f64) -> Result<Self> {
        Error::shape("keep probabilities, one a weight", weights.len(), keep.len())?;
        Self::new(bias, izip!(weights, keep).map(|(&weight, &keep)| Term::Masked { weight, keep }).collect())
    }

    /// b.
    pub fn bias(&self) -> f64 {
        self.bias
    }

    /// The terms X_j.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// E S, the logit of weight scaling.
    pub fn mean(&self) -> f64 {
        self.mean.hi
    }

    /// Var S.
    pub fn variance(&self) -> f64 {
        self.variance.hi
    }

    /// E S to about 106 bits.
    pub(super) fn precise_mean(&self) -> DoubleDouble {
        self.mean
    }

    /// What [`Logit::precise_mean`] can be off by: n + 1 additions and n products of 8u² each.
    pub(super) fn mean_error(&self) -> f64 {
        16.0 * (self.terms.len() + 1) as f64 * U * U * self.magnitude
    }
}

impl Term {
    fn mean(&self) -> DoubleDouble {
        match *self {
            Self::Masked { weight, keep } => DoubleDouble::product(weight, keep),
            Self::Gaussian { mean, .. } => mean.into(),
        }
    }

    pub(super) fn variance(&self) -> f64 {
        match *self {
            Self::Masked { weight, keep } => keep * (1.0 - keep) * weight * weight,
            Self::Gaussian { variance, .. } => variance,
        }
    }

    pub(super) fn magnitude(&self) -> f64 {
        match *self {
            Self::Masked { weight, .. } => weight.abs(),
            Self::Gaussian { mean, variance } => mean.abs() + variance.sqrt(),
        }
    }
}

fn finite(what: &str, value: f64) -> Result<()> {
    if value.is_finite() { Ok(()) } else { Err(Error::NotFinite { what: what.into(), value }) }
}
