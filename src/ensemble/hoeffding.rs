//! Hoeffding's inequality: how far a Monte Carlo mean of probabilities can be off.

use super::monte_carlo::check_samples;
use crate::error::{Error, Result};
use crate::scalar::Real;

/// \\(2e^{-2k\varepsilon^2}\\): no less than the probability that the mean of k = `samples` independent sub-models misses
/// the arithmetic mean by ε or more, in one entry (claim mc.arithmetic).
///
/// It needs predictions in [0, 1]: the probabilities of a softmax or Bernoulli head, not rates or means.
///
/// ```
/// use dropout_oracle::ensemble::hoeffding::hoeffding_tail;
/// assert!(hoeffding_tail(1000, 0.05)? < 0.014);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::Domain`] for zero samples or an ε that is not positive.
pub fn hoeffding_tail<T: Real>(samples: u64, epsilon: T) -> Result<T> {
    check_samples(samples)?;
    if epsilon > T::zero() {
        return Ok(T::ratio(2, 1) * (-twice::<T>(samples) * epsilon * epsilon).exp());
    }
    Err(Error::Domain {
        what: "distance from the arithmetic mean".into(),
        value: epsilon.to_f64().to_string(),
        must: "positive",
    })
}

/// \\(\sqrt{\ln(2/\alpha)/2k}\\), the half-width of an interval around the mean of k = `samples` sub-models that misses the
/// arithmetic mean, in one entry, with probability at most α: [`hoeffding_tail`] solved for ε.
///
/// ```
/// use dropout_oracle::ensemble::hoeffding::{hoeffding_half_width, hoeffding_tail};
/// let half_width = hoeffding_half_width(1000, 0.05)?;
/// assert!((hoeffding_tail(1000, half_width)? - 0.05f64).abs() < 1e-15);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::Domain`] for zero samples or an α outside (0, 1).
pub fn hoeffding_half_width<T: Real>(samples: u64, alpha: T) -> Result<T> {
    check_samples(samples)?;
    if alpha > T::zero() && alpha < T::one() {
        return Ok(((T::ratio(2, 1) / alpha).ln() / twice(samples)).sqrt());
    }
    Err(Error::Domain {
        what: "probability of missing".into(),
        value: alpha.to_f64().to_string(),
        must: "between 0 and 1",
    })
}

/// 2k; a k above 2^63 counts as 2^63, which gives a weaker but true bound.
fn twice<T: Real>(samples: u64) -> T {
    T::ratio(2, 1) * T::ratio(i64::try_from(samples).unwrap_or(i64::MAX), 1)
}
