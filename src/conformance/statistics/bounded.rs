//! Means of bounded variables.

use crate::scalar::Real;

/// A bound on P(|mean − E| ≥ deviation) for the mean of n independent variables of this variance whose distance from E
/// never exceeds `range`: Bernstein's \\(2 \exp\bigl(-\tfrac{n t^2/2}{\sigma^2 + \text{range}\\, t/3}\bigr)\\), which holds
/// for every n.
///
/// ```
/// use dropout_oracle::conformance::statistics::bernstein;
/// assert_eq!(bernstein(100, 0.25, 0.5, 0.0), 1.0);
/// assert!(bernstein(1_000_000, 0.25, 0.5, 0.005) < 1e-20);
/// ```
pub fn bernstein(samples: u64, variance: f64, range: f64, deviation: f64) -> f64 {
    if deviation == 0.0 {
        return 1.0;
    }
    let exponent = samples as f64 * deviation * deviation / 2.0 / (variance + range * deviation / 3.0);
    (2.0 * Real::exp(-exponent)).min(1.0)
}
