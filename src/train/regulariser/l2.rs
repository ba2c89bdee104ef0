//! Weight decay.

use super::over_weights;
use crate::network::{Mlp, Unit};
use crate::scalar::Scalar;
use crate::train::Objective;

/// \\(\frac\lambda2 \sum_w w^2\\) over the weights of all layers, not the biases; gradient \\(\lambda w\\).
///
/// With plain gradient descent at learning rate η each step shrinks every weight by the factor 1 − ηλ.
///
/// ```
/// use dropout_oracle::{network::linear_regression, train::regulariser::l2};
/// use nalgebra::dvector;
/// let penalty = l2::penalty(&linear_regression(dvector![2.0, -1.0], 7.0)?, &0.5);
/// assert_eq!(penalty.loss, 1.25);
/// assert_eq!(penalty.gradient[0].weight.as_slice(), [1.0, -0.5]);
/// assert_eq!(penalty.gradient[0].bias[0], 0.0);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
pub fn penalty<T: Scalar, A: Unit<T>>(network: &Mlp<T, A>, strength: &T) -> Objective<T> {
    let slope = |w: &T| strength.clone() * w.clone();
    over_weights(network, |w| T::ratio(1, 2) * slope(w) * w.clone(), slope)
}
