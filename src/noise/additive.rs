//! Additive noise, as a special case of multiplicative noise.

use crate::network::{Affine, Layer};
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};

/// The layers of \\(h + \mu\\), one multiplier a unit: \\(h_i + \mu_i \cdot 1\\).
///
/// Additive noise is what multiplies a unit that is always 1. Under a law of mean 0, such as
/// [`Gaussian::additive`](crate::law::Gaussian::additive), weight scaling is the network as it stands.
///
/// Its scale is fixed, so a ReLU network can drown it: with the weights into a unit times c and those out of it
/// divided by c the function without noise stays, and the variance that the noise adds falls as 1/c². Under
/// multiplicative noise every sub-model stays (claims noise.additive and deep.not-l2).
///
/// ```
/// use dropout_oracle::{network::{Mlp, Network, PiecewiseLinear}, noise::additive};
/// use nalgebra::dvector;
/// let net: Mlp<f64, PiecewiseLinear> = Mlp::new(2, additive::layers(2).into())?;
/// assert_eq!(net.output(&dvector![3.0, 4.0], &dvector![0.5, -1.0])?.as_slice(), [3.5, 3.0]);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
pub fn layers<T: Scalar, A>(width: usize) -> [Layer<T, A>; 3] {
    let ones = |condition: bool| if condition { T::one() } else { T::zero() };
    let beside_ones = Affine {
        weight: DMatrix::from_fn(2 * width, width, |i, j| ones(i == j)),
        bias: DVector::from_fn(2 * width, |i, _| ones(i >= width)),
    };
    let sum =
        Affine { weight: DMatrix::from_fn(width, 2 * width, |i, j| ones(i == j % width)), bias: DVector::zeros(width) };
    [Layer::Affine(beside_ones), Layer::Dropout((width..2 * width).collect()), Layer::Affine(sum)]
}
