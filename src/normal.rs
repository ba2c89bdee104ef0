//! The standard normal law N(0, 1).

use crate::error::{Error, Result};
use crate::scalar::Real;

/// \\(\phi(x) = e^{-x^2/2}/\sqrt{2\pi}\\).
///
/// ```
/// use dropout_oracle::normal::density;
/// assert!((density(0.0f64) - 0.398_942_280_401_433).abs() < 1e-15);
/// ```
pub fn density<T: Real>(x: T) -> T {
    (-x * x / T::ratio(2, 1)).exp() / T::two_pi().sqrt()
}

/// \\(\Phi(x) = P(Z \le x)\\), accurate in both tails.
///
/// ```
/// use dropout_oracle::normal::cumulative;
/// assert_eq!(cumulative(0.0f64), 0.5);
/// assert!(cumulative(-30.0f64) > 0.0);
/// ```
pub fn cumulative<T: Real>(x: T) -> T {
    (-x / T::ratio(2, 1).sqrt()).erfc() / T::ratio(2, 1)
}

/// The z with \\(P(|Z| > z) = \alpha\\): 1.96 for α = .05.
///
/// ```
/// use dropout_oracle::normal::two_sided_quantile;
/// assert!((two_sided_quantile(0.05f64)? - 1.959_963_984_540_054).abs() < 1e-14);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::Domain`] unless α lies between 0 and 1.
pub fn two_sided_quantile<T: Real>(alpha: T) -> Result<T> {
    if !(alpha > T::zero() && alpha < T::one()) {
        return Err(Error::Domain { what: "alpha".into(), value: alpha.to_f64().to_string(), must: "between 0 and 1" });
    }
    // P(|Z| > z) = erfc(z/√2) falls from 1 at 0 to below every positive number at 64: halve until nothing lies between.
    let (mut low, mut high) = (T::zero(), T::ratio(64, 1));
    loop {
        let middle = (low + high) / T::ratio(2, 1);
        if middle <= low || middle >= high {
            return Ok(high);
        }
        if (middle / T::ratio(2, 1).sqrt()).erfc() > alpha {
            low = middle;
        } else {
            high = middle;
        }
    }
}
