//! The penalty that sets weights to zero.

use super::over_weights;
use crate::network::{Mlp, Unit};
use crate::scalar::Scalar;
use crate::train::Objective;

/// \\(\lambda \sum_w |w|\\) over the weights of all layers, not the biases; gradient λ sign(w), the subgradient 0 at 0.
///
/// ```
/// use dropout_oracle::{network::linear_regression, train::regulariser::l1};
/// use nalgebra::dvector;
/// let penalty = l1::penalty(&linear_regression(dvector![2.0, -1.0, 0.0], 7.0)?, &0.5);
/// assert_eq!(penalty.loss, 1.5);
/// assert_eq!(penalty.gradient[0].weight.as_slice(), [0.5, -0.5, 0.0]);
/// assert_eq!(penalty.gradient[0].bias[0], 0.0);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
pub fn penalty<T: Scalar, A: Unit<T>>(network: &Mlp<T, A>, strength: &T) -> Objective<T> {
    let size = |w: &T| strength.clone() * w.clone().maximum(-w.clone());
    let slope = |w: &T| match w {
        w if *w > T::zero() => strength.clone(),
        w if *w < T::zero() => -strength.clone(),
        _ => T::zero(),
    };
    over_weights(network, size, slope)
}
