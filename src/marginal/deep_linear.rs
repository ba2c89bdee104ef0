//! Mean and covariance of a deep linear network's output, and with them its expected squared loss.

use crate::error::{Error, Result};
use crate::law::IndependentUnits;
use crate::network::mlp::PiecewiseLinearMlp;
use crate::network::{Affine, Layer, Network, PiecewiseLinear};
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};

/// The first two moments of a network's output over all masks.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputMoments<T> {
    /// E f(x, μ), which is weight scaling.
    pub mean: DVector<T>,
    /// Cov f(x, μ).
    pub covariance: DMatrix<T>,
}

impl<T: Scalar> OutputMoments<T> {
    /// The moments of a linear network with any number of affine and dropout layers, in O(width³) a layer.
    ///
    /// From the input (mean x, covariance 0) on, an affine layer takes m to W m + b and the covariance S to W S Wᵀ.
    /// Dropout multiplies by independent d with means a and variances v, which are independent of what they multiply:
    /// \\[ m \leftarrow a \circ m, \qquad S_{ij} \leftarrow a_ia_j S_{ij} + [i = j]\\, v_i (S_{ii} + m_i^2). \\]
    /// Under inverted dropout a = 1 and v = (1−p)/p; under standard dropout a = p and v = p(1−p), p the KEEP probability.
    ///
    /// ```
    /// use dropout_oracle::{Rational, Scalar, law::Uniform, marginal::deep_linear::OutputMoments};
    /// use dropout_oracle::network::{Affine, deep_linear};
    /// use nalgebra::{dmatrix, dvector};
    /// let q = Rational::ratio;
    /// let layer = Affine::new(dmatrix![q(2, 1)], dvector![q(1, 1)])?;
    /// let net = deep_linear(1, vec![layer.clone(), layer])?; // 2d₁(2d₀ + 1) + 1: 1, 1, 3 or 7
    /// let moments = OutputMoments::of(&net, &Uniform::new(2), &dvector![q(1, 1)])?;
    /// assert_eq!((moments.mean[0].clone(), moments.covariance[(0, 0)].clone()), (q(3, 1), q(6, 1)));
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] unless the law and x fit the network, [`Error::Domain`] for a nonlinear unit.
    pub fn of(
        network: &PiecewiseLinearMlp<T>,
        law: &(impl IndependentUnits<T> + ?Sized),
        x: &DVector<T>,
    ) -> Result<Self> {
        Error::shape("inputs of the network", network.inputs(), x.len())?;
        Error::shape("units of the law, one a droppable unit of the network", network.units(), law.units())?;
        let (factor, variance) = (law.mean(), law.variance());
        let mut moments = Self { mean: x.clone(), covariance: DMatrix::zeros(x.len(), x.len()) };
        let mut used = 0;
        for (index, layer) in network.layers().iter().enumerate() {
            match layer {
                Layer::Affine(affine) => moments = moments.through(affine),
                Layer::Dropout(dropped) => {
                    for &unit in dropped {
                        moments.multiply(unit, &factor[used], &variance[used]);
                        used += 1;
                    }
                }
                Layer::Unit(PiecewiseLinear::Identity) => {}
                Layer::Unit(unit) => {
                    return Err(Error::Domain {
                        what: format!("the unit of layer {index}"),
                        value: format!("{unit:?}"),
                        must: "the identity: these moments are exact for linear networks only",
                    });
                }
            }
        }
        Ok(moments)
    }

    /// \\(\mathbb E\\,\\|f(x, \mu) - y\\|^2 = \\|m - y\\|^2 + \operatorname{tr} S\\).
    ///
    /// # Errors
    /// [`Error::Shape`] unless y has the output's length.
    pub fn squared_loss(&self, target: &DVector<T>) -> Result<T> {
        Error::shape("entries of the target", self.mean.len(), target.len())?;
        let off = &self.mean - target;
        Ok((0..off.len())
            .fold(T::zero(), |loss, i| loss + off[i].clone() * off[i].clone() + self.covariance[(i, i)].clone()))
    }

    /// The moments of W h + b.
    fn through(&self, affine: &Affine<T>) -> Self {
        let w = &affine.weight;
        // W S Wᵀ by loops: nalgebra's product may use other kernels on other machines.
        let product = |a: &DMatrix<T>, b: &DMatrix<T>| {
            DMatrix::from_fn(a.nrows(), b.nrows(), |i, j| {
                (0..a.ncols()).fold(T::zero(), |sum, k| sum + a[(i, k)].clone() * b[(j, k)].clone())
            })
        };
        // S is symmetric, so W S = W Sᵀ.
        Self { mean: affine.apply(&self.mean), covariance: product(&product(w, &self.covariance), w) }
    }

    /// h_i ← d h_i, with d of mean `factor` and the given variance.
    fn multiply(&mut self, i: usize, factor: &T, variance: &T) {
        let second_moment = self.covariance[(i, i)].clone() + self.mean[i].clone() * self.mean[i].clone();
        for j in 0..self.mean.len() {
            self.covariance[(i, j)] *= factor.clone();
            self.covariance[(j, i)] *= factor.clone();
        }
        self.covariance[(i, i)] += variance.clone() * second_moment;
        self.mean[i] *= factor.clone();
    }
}
