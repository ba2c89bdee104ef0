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

/// \\(\mathbb E e^{it(X-\mathbb E X)} - 1\\), with the sizes that its error is measured by.
pub(super) struct Factor {
    pub re: f64,
    pub im: f64,
    /// The sum of the sizes of the summands: the error is at most 6u of it …
    pub size: f64,
    /// … and this.
    pub lost: f64,
    /// \\(e^{it(a - \mathbb E X)}\\), which a kept unit has instead; 1 for Gaussian terms.
    pub kept: (f64, f64),
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

    /// For a mask, \\(q e^{-ip\theta} + p e^{iq\theta} - 1\\) with θ = at, q = 1 − p, written without cancellation as
    /// \\(q(\cos p\theta - 1) + p(\cos q\theta - 1) + i\\,[p(\sin q\theta - q\theta) - q(\sin p\theta - p\theta)]\\).
    ///
    /// The angles pθ and qθ carry their low parts, so that a large weight costs no accuracy. Each cosine and sine is off
    /// by 2u (one ulp) and 1u for the low part, its coefficient and product by 2u, the sum by 1u: 6u. What is left out,
    /// the square of the low part and the rounding of the angle, is below 16 (uθ)² where θ > 1 and of order u² below.
    pub(super) fn centred_minus_one(&self, t: f64) -> Factor {
        match *self {
            Self::Masked { weight, keep } => {
                let theta = DoubleDouble::product(weight, t);
                let drop = DoubleDouble::sum(1.0, -keep);
                let linear = theta.hi.abs() <= 1.0;
                let (cos_p, sin_p) = circle(DoubleDouble::from(keep) * theta, linear);
                let (cos_q, sin_q) = circle(drop * theta, linear);
                let (re_p, re_q) = (drop.hi * cos_p, keep * cos_q);
                let (im_p, im_q) = (drop.hi * sin_p, keep * sin_q);
                let angle_q = drop.hi * theta.hi;
                Factor {
                    re: re_p + re_q,
                    im: im_q - im_p,
                    size: re_p.abs() + re_q.abs() + im_p.abs() + im_q.abs(),
                    lost: 16.0 * (U * theta.hi) * (U * theta.hi),
                    kept: (1.0 + cos_q, if linear { angle_q + sin_q } else { sin_q }),
                }
            }
            // e^y − 1 at y = −vt²/2: y is off by 2u, which moves the result by no more, expm1 by 2u.
            Self::Gaussian { variance, .. } => {
                let re = pxfm::f_expm1(-0.5 * variance * t * t);
                Factor { re, im: 0.0, size: re.abs(), lost: 0.0, kept: (1.0, 0.0) }
            }
        }
    }
}

/// cos x − 1, and sin x − x if `linear`, else sin x.
fn circle(x: DoubleDouble, linear: bool) -> (f64, f64) {
    let (cos_minus_one, sin) = (pxfm::f_cosm1(x.hi), pxfm::f_sin(x.hi));
    let cos = cos_minus_one - x.lo * sin;
    if linear { (cos, pxfm::f_sinmx(x.hi) + x.lo * cos_minus_one) } else { (cos, sin + x.lo * (1.0 + cos_minus_one)) }
}

fn finite(what: &str, value: f64) -> Result<()> {
    if value.is_finite() { Ok(()) } else { Err(Error::NotFinite { what: what.into(), value }) }
}
