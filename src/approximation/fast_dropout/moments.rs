//! Means and variances, carried through a network.

use super::GaussianUnit;
use crate::error::{Error, Result};
use crate::law::IndependentUnits;
use crate::network::{Affine, Layer, Mlp, Network};
use crate::scalar::{Real, Scalar};
use nalgebra::DVector;

/// Mean and variance of each unit of a layer. What units have in common is forgotten.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments<T> {
    /// E h.
    pub mean: DVector<T>,
    /// Var h.
    pub variance: DVector<T>,
}

impl<T: Scalar> Moments<T> {
    /// Units without noise: an input.
    pub fn certain(x: &DVector<T>) -> Self {
        Self { mean: x.clone(), variance: DVector::zeros(x.len()) }
    }

    /// h_i ← d h_i, for a multiplier d with mean a and variance v, independent of h_i:
    /// \\(a\\,\mathbb E h\\) and \\(a^2 \operatorname{Var} h + v\\,(\operatorname{Var} h + (\mathbb E h)^2)\\).
    ///
    /// With standard dropout (a = p, v = p(1−p), p the KEEP probability) the variance is
    /// \\(p \operatorname{Var} h + p(1-p)(\mathbb E h)^2\\); with inverted dropout (a = 1, v = (1−p)/p) it is
    /// \\(\operatorname{Var} h/p + \tfrac{1-p}{p}(\mathbb E h)^2\\) (claim fast.layer).
    ///
    /// # Panics
    /// If there is no unit `i`.
    pub fn multiply(&mut self, i: usize, mean: &T, variance: &T) {
        let second = self.variance[i].clone() + self.mean[i].clone() * self.mean[i].clone();
        self.variance[i] = mean.clone() * mean.clone() * self.variance[i].clone() + variance.clone() * second;
        self.mean[i] *= mean.clone();
    }

    /// W h + b: means as they are, variances by the squared weights, as if the units were uncorrelated.
    ///
    /// # Panics
    /// If there are fewer units than inputs.
    pub fn affine(&self, affine: &Affine<T>) -> Self {
        let squares = Affine { weight: affine.weight.map(|w| w.clone() * w), bias: DVector::zeros(affine.outputs()) };
        Self { mean: affine.apply(&self.mean), variance: squares.apply(&self.variance) }
    }
}

/// The moments of a network's output by fast dropout, in one pass.
///
/// For a single affine layer they are exact. For a Bernoulli head, [`unit::logistic_mean`](super::unit::logistic_mean)
/// of them approximates the arithmetic mean of all sub-models.
///
/// ```
/// use dropout_oracle::approximation::fast_dropout::network_moments;
/// use dropout_oracle::{law::Uniform, network::linear_regression};
/// use nalgebra::dvector;
/// let net = linear_regression(dvector![2.0, 4.0], 1.0)?;
/// let moments = network_moments(&net, &Uniform::new(2), &dvector![1.0, 1.0])?;
/// assert_eq!((moments.mean[0], moments.variance[0]), (4.0, 5.0)); // ½·2 + ½·4 + 1, ¼·4 + ¼·16
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`] unless the law and x fit the network, [`Error::Domain`] for maxout units.
pub fn network_moments<T: Real, A: GaussianUnit<T>>(
    network: &Mlp<T, A>,
    law: &(impl IndependentUnits<T> + ?Sized),
    x: &DVector<T>,
) -> Result<Moments<T>> {
    Error::shape("inputs of the network", network.inputs(), x.len())?;
    Error::shape("units of the law, one a droppable unit of the network", network.units(), law.units())?;
    let (mean, variance) = (law.mean(), law.variance());
    let (mut moments, mut used) = (Moments::certain(x), 0);
    for layer in network.layers() {
        match layer {
            Layer::Dropout(dropped) => {
                for &unit in dropped {
                    moments.multiply(unit, &mean[used], &variance[used]);
                    used += 1;
                }
            }
            Layer::Affine(affine) => moments = moments.affine(affine),
            Layer::Unit(unit) => moments = unit.moments(&moments)?,
        }
    }
    Ok(moments)
}
