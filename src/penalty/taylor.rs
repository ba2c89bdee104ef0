//! The Taylor series of the logistic log-partition function, whose second term is the quadratic penalty.

use crate::scalar::Real;

/// The Taylor coefficients \\(c_0, \dots\\) of \\(\ln(1+e^z) = \sum_k c_k (z - z_0)^k\\) at \\(z_0\\).
///
/// The nearest singularities are at \\(z = \pm i\pi\\), so the radius of convergence is \\(\sqrt{z_0^2 + \pi^2}\\). Where
/// noise moves the logit by more, adding orders to the quadratic penalty makes it worse without limit (claim
/// glm.taylor-radius).
///
/// From σ′ = σ(1 − σ) the coefficients s of σ obey \\((k+1) s_{k+1} = s_k - \sum_{i \le k} s_i s_{k-i}\\), and
/// \\(c_{k+1} = s_k/(k+1)\\).
///
/// ```
/// use dropout_oracle::penalty::taylor::softplus_coefficients;
/// assert_eq!(softplus_coefficients(0.0, 4)[1..], [1.0 / 2.0, 1.0 / 8.0, 0.0]); // ln 2 + z/2 + z²/8 + 0 z³
/// ```
pub fn softplus_coefficients<T: Real>(z0: T, terms: usize) -> Vec<T> {
    let mut sigma = vec![z0.logistic()];
    let mut coefficients = vec![z0.softplus()];
    for k in 0..terms.saturating_sub(1) {
        let order = T::ratio(k as i64 + 1, 1);
        coefficients.push(sigma[k] / order);
        let square = (0..=k).fold(T::zero(), |sum, i| sum + sigma[i] * sigma[k - i]);
        sigma.push((sigma[k] - square) / order);
    }
    coefficients.truncate(terms);
    coefficients
}
