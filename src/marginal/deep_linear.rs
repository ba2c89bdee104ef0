//! Mean and covariance of a deep linear network's output, and with them its expected squared loss.

use super::logit::U;
use crate::error::{Error, Result};
use crate::law::IndependentUnits;
use crate::model::{HeadKind, Model};
use crate::network::mlp::PiecewiseLinearMlp;
use crate::network::{Activation, Affine, Layer, Mlp, Network, PiecewiseLinear};
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

/// The model as a linear network, or why it is none.
pub(super) fn linear(model: &Model) -> Result<PiecewiseLinearMlp<f64>, String> {
    if !matches!(model.head_kind(), HeadKind::Gaussian { .. }) {
        return Err("the head is not Gaussian, so that its mean is no linear function".into());
    }
    let layers = model.network().layers().iter().map(|layer| match layer {
        Layer::Dropout(dropped) => Ok(Layer::Dropout(dropped.clone())),
        Layer::Affine(affine) => Ok(Layer::Affine(affine.clone())),
        Layer::Unit(Activation::PiecewiseLinear(PiecewiseLinear::Identity)) => {
            Ok(Layer::Unit(PiecewiseLinear::Identity))
        }
        Layer::Unit(unit) => Err(format!("the network has a nonlinear unit, {unit:?}")),
    });
    let layers: Vec<_> = layers.collect::<Result<_, String>>()?;
    Mlp::new(model.network().inputs(), layers).map_err(|error| error.to_string())
}

/// What the moments of a linear network's outputs can be off by.
pub(super) struct Sizes {
    pub mean: DVector<f64>,
    pub variance: DVector<f64>,
}

/// Every sum's roundings, times the same moments of a network, a law and an input of sizes instead of values: width + 4 for
/// the mean at each affine layer, as many twice for the covariance, which takes the mean's own twice more, and 8 at each
/// dropout layer.
pub(super) fn sizes(network: &PiecewiseLinearMlp<f64>, model: &Model, x: &DVector<f64>) -> Result<Sizes> {
    let layers = network.layers().iter().map(|layer| match layer {
        Layer::Affine(affine) => Layer::Affine(Affine { weight: affine.weight.abs(), bias: affine.bias.abs() }),
        other => other.clone(),
    });
    let largest = OutputMoments::of(&Mlp::new(network.inputs(), layers.collect())?, model.law(), &x.abs())?;
    let roundings: usize = network.affine().map(|affine| affine.inputs() + 4).sum();
    let variance_roundings = 4 * roundings + 8 * network.layers().len();
    Ok(Sizes {
        mean: largest.mean * (1.01 * roundings as f64 * U),
        variance: largest.covariance.diagonal() * (1.01 * variance_roundings as f64 * U),
    })
}
