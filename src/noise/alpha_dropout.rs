//! Alpha dropout: dropped units go to SELU's lower limit instead of 0 (Klambauer et al. 2017).

use crate::error::{Error, Result};
use crate::law::Independent;
use crate::network::{Affine, Layer};
use crate::scalar::Real;
use nalgebra::{DMatrix, DVector};

/// α′ = −λα, the limit of SELU at −∞, with λ = 1.0507009873554805 and α = 1.6732632423543772.
pub const SELU_LIMIT: f64 = -1.7580993408473766;

/// \\(a\\,(x d + \alpha'(1-d)) + b\\) with \\(d \sim \mathrm{Bernoulli}(q)\\), q the KEEP probability and
///
/// \\[ a = \bigl(q + \alpha'^2 q(1-q)\bigr)^{-1/2}, \qquad b = -a(1-q)\alpha', \\]
///
/// so that a unit of mean 0 and variance 1 keeps both, over x and d together (claim noise.alpha).
///
/// Because \\(x d + \alpha'(1-d) = \alpha' + d(x-\alpha')\\), it is ordinary dropout between two affine maps, hence a
/// law over multipliers: see [`AlphaDropout::layers`]. Its weight scaling is \\(a q x\\) with \\(a q < 1\\), *not* the
/// identity that is used at test time: given x, alpha dropout is biased towards 0.
///
/// ```
/// use dropout_oracle::noise::AlphaDropout;
/// let alpha = AlphaDropout::selu(0.9)?;
/// assert!((alpha.scale() - 0.9213).abs() < 1e-4);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlphaDropout<T> {
    keep: T,
    dropped: T,
    scale: T,
}

impl AlphaDropout<f64> {
    /// Alpha dropout for SELU units, with KEEP probability `keep`.
    ///
    /// # Errors
    /// [`Error::KeepProbability`] unless `keep` lies in (0, 1].
    pub fn selu(keep: f64) -> Result<Self> {
        Self::new(keep, SELU_LIMIT)
    }
}

impl<T: Real> AlphaDropout<T> {
    /// Alpha dropout with KEEP probability `keep`, where dropped units take the value `dropped`, α′.
    ///
    /// # Errors
    /// [`Error::KeepProbability`] unless `keep` lies in (0, 1], [`Error::NotFinite`] for an α′ that is not a number.
    pub fn new(keep: T, dropped: T) -> Result<Self> {
        Independent::new(DVector::from_element(1, keep))?;
        if !dropped.is_finite() {
            return Err(Error::NotFinite { what: "value of dropped units".into(), value: dropped.to_f64() });
        }
        let scale = T::one() / (keep + dropped * dropped * keep * (T::one() - keep)).sqrt();
        Ok(Self { keep, dropped, scale })
    }

    /// a.
    pub fn scale(&self) -> T {
        self.scale
    }

    /// b.
    pub fn shift(&self) -> T {
        -self.scale * (T::one() - self.keep) * self.dropped
    }

    /// Alpha dropout of `width` units as ordinary dropout: subtract α′, multiply by μ, then \\(a\\,h + (a\alpha' +
    /// b)\\).
    pub fn layers<A>(&self, width: usize) -> [Layer<T, A>; 3] {
        let diagonal = |scale: T, shift: T| {
            let weight = DMatrix::from_diagonal_element(width, width, scale);
            Layer::Affine(Affine { weight, bias: DVector::from_element(width, shift) })
        };
        [
            diagonal(T::one(), -self.dropped),
            Layer::dropout(width),
            diagonal(self.scale, self.scale * self.dropped + self.shift()),
        ]
    }
}
