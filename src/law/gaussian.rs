//! Gaussian multipliers: noise with infinitely many sub-models.

use super::{Independent, Law};
use crate::error::{Error, Result};
use crate::scalar::Real;
use nalgebra::{DMatrix, DVector};
use rand::Rng;

/// Independent normal multipliers \\(\mu_i \sim N(m_i, \sigma_i^2)\\), one number per unit.
///
/// Multiplicative Gaussian dropout (Srivastava et al. 2014, section 10) multiplies the *activations* of hidden units,
/// not the weights, by N(1, σ²). Its mean is 1, so weight scaling is the network as it stands (claim noise.gaussian).
/// There is no finite list of sub-models: a [`Law`] without [`FiniteLaw`](super::FiniteLaw), to be sampled.
///
/// Draws come from Marsaglia's polar method, which needs no function beyond `ln` and `sqrt`: both are correctly
/// rounded, so a seed gives the same bits on every machine.
///
/// ```
/// use dropout_oracle::law::{Gaussian, Law};
/// // the mean and the variance of inverted dropout with KEEP probability 0.8
/// let law = Gaussian::matching(vec![0.8f64].into())?;
/// assert_eq!(law.mean()[0], 1.0);
/// assert!((law.covariance()[(0, 0)] - 0.25).abs() < 1e-15);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Gaussian<T> {
    mean: T,
    deviation: DVector<T>,
}

impl<T: Real> Gaussian<T> {
    /// N(1, σ_i²): noise that multiplies, with the standard deviations σ.
    ///
    /// # Errors
    /// [`Error::Domain`] unless every σ is finite and not negative.
    pub fn multiplicative(deviation: DVector<T>) -> Result<Self> {
        Self::new(T::one(), deviation)
    }

    /// N(0, σ_i²): the noise of [additive noise](crate::noise::additive), with the standard deviations σ.
    ///
    /// # Errors
    /// [`Error::Domain`] unless every σ is finite and not negative.
    pub fn additive(deviation: DVector<T>) -> Result<Self> {
        Self::new(T::zero(), deviation)
    }

    /// \\(N(1, (1-p_i)/p_i)\\): the first two moments of inverted dropout with KEEP probabilities p.
    ///
    /// # Errors
    /// [`Error::KeepProbability`] unless every p lies in (0, 1].
    pub fn matching(keep: DVector<T>) -> Result<Self> {
        let keep = Independent::new(keep)?;
        Self::multiplicative(keep.keep().map(|p| ((T::one() - p) / p).sqrt()))
    }

    fn new(mean: T, deviation: DVector<T>) -> Result<Self> {
        match deviation.iter().position(|s| !(*s >= T::zero() && s.is_finite())) {
            Some(unit) => Err(Error::Domain {
                what: format!("standard deviation of the noise of unit {unit}"),
                value: deviation[unit].to_f64().to_string(),
                must: "finite and not negative",
            }),
            None => Ok(Self { mean, deviation }),
        }
    }
}

impl<T: Real> Law<T> for Gaussian<T> {
    fn units(&self) -> usize {
        self.deviation.len()
    }
    fn mean(&self) -> DVector<T> {
        DVector::from_element(self.units(), self.mean)
    }
    fn covariance(&self) -> DMatrix<T> {
        DMatrix::from_diagonal(&self.deviation.map(|s| s * s))
    }
    fn sample(&self, rng: &mut dyn Rng) -> DVector<T> {
        standard_normals(self.units(), rng).zip_map(&self.deviation, |z, s| self.mean + s * z)
    }
}

/// `count` independent draws from N(0, 1).
pub(crate) fn standard_normals<T: Real>(count: usize, rng: &mut dyn Rng) -> DVector<T> {
    DVector::from_iterator(count, normals(rng).take(count))
}

/// Independent draws from N(0, 1), for ever.
pub(crate) fn normals<T: Real>(mut rng: impl Rng) -> impl Iterator<Item = T> {
    let mut spare = None;
    std::iter::from_fn(move || {
        let kept: Option<T> = spare.take();
        kept.or_else(|| {
            let (z, other) = polar_pair(&mut rng);
            spare = Some(other);
            Some(z)
        })
    })
}

/// Two independent draws from N(0, 1): a uniform point (u, v) of the unit disc, stretched by
/// \\(\sqrt{-2 \ln s / s}\\) with s = u² + v².
fn polar_pair<T: Real>(rng: &mut dyn Rng) -> (T, T) {
    const GRID: i64 = 1 << 53;
    // An odd multiple of 2⁻⁵³ in (−1, 1): symmetric, and never 0.
    let side = |word: u64| T::ratio(2 * (word >> 11) as i64 + 1 - GRID, GRID);
    loop {
        let (u, v): (T, T) = (side(rng.next_u64()), side(rng.next_u64()));
        let s = u * u + v * v;
        if s < T::one() {
            let stretch = (T::ratio(-2, 1) * s.ln() / s).sqrt();
            return (u * stretch, v * stretch);
        }
    }
}
