//! DropConnect: a mask on every weight (Wan et al. 2013).

use crate::Real;
use crate::error::{Error, Result};
use crate::law::Independent;
use crate::law::gaussian::standard_normals;
use crate::network::{Affine, Layer, Unit};
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};
use rand::Rng;

/// The layers of \\(u = (\mu \star W)\\,v + b\\), one multiplier a weight: w_ij is droppable unit i·inputs + j.
///
/// Each product w_ij v_j is a unit that can be dropped, so DropConnect is dropout of product units: an affine layer
/// that forms the products, a dropout layer, and an affine layer that adds them up. The bias is never dropped (the
/// paper masks it too).
///
/// Dropout of the inputs v is the same network with the multipliers of a column tied, see [`input_of_weight`]. Either
/// way each u_i has the same marginal law; Cov(u_i, u_l) is 0 here and \\(p(1-p)\sum_j w_{ij} w_{lj} v_j^2\\) for input
/// dropout (claim noise.dropconnect).
///
/// ```
/// use dropout_oracle::{network::{Affine, Mlp, Network, PiecewiseLinear}, noise::dropconnect};
/// use nalgebra::{dmatrix, dvector};
/// let affine = Affine::new(dmatrix![1.0, 2.0; 3.0, 4.0], dvector![0.5, 0.0])?;
/// let net: Mlp<f64, PiecewiseLinear> = Mlp::new(2, dropconnect::layers(&affine).into())?;
/// let u = net.output(&dvector![1.0, 1.0], &dvector![1.0, 0.0, 0.0, 1.0])?; // w₀₁ and w₁₀ dropped
/// assert_eq!(u.as_slice(), [1.5, 4.0]);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
pub fn layers<T: Scalar, A>(affine: &Affine<T>) -> [Layer<T, A>; 3] {
    let (outputs, inputs) = affine.weight.shape();
    let weights = outputs * inputs;
    let products = DMatrix::from_fn(weights, inputs, |unit, j| {
        if unit % inputs == j { affine.weight[(unit / inputs, j)].clone() } else { T::zero() }
    });
    let sums = DMatrix::from_fn(outputs, weights, |i, unit| if unit / inputs == i { T::one() } else { T::zero() });
    [
        Layer::Affine(Affine { weight: products, bias: DVector::zeros(weights) }),
        Layer::dropout(weights),
        Layer::Affine(Affine { weight: sums, bias: affine.bias.clone() }),
    ]
}

/// The input that each weight of [`layers`] multiplies: as the groups of a [`Tied`](crate::law::Tied) law they turn
/// DropConnect into dropout of the inputs.
pub fn input_of_weight<T: Scalar>(affine: &Affine<T>) -> Vec<usize> {
    (0..affine.outputs()).flat_map(|_| 0..affine.inputs()).collect()
}

/// The first two moments of the pre-activations u, which are uncorrelated.
#[derive(Clone, Debug, PartialEq)]
pub struct PreActivation<T> {
    /// \\(p W v + b\\).
    pub mean: DVector<T>,
    /// \\(p(1-p)\\,(W \circ W)(v \circ v)\\).
    pub variance: DVector<T>,
}

impl<T: Scalar> PreActivation<T> {
    /// The moments for the input `v`, where each weight has the KEEP probability `keep`.
    ///
    /// ```
    /// use dropout_oracle::{network::Affine, noise::dropconnect::PreActivation};
    /// use nalgebra::{dmatrix, dvector};
    /// let affine = Affine::new(dmatrix![1.0, 2.0], dvector![0.5])?;
    /// let u = PreActivation::new(&affine, 0.5, &dvector![1.0, 1.0])?;
    /// assert_eq!((u.mean[0], u.variance[0]), (2.0, 1.25));
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::KeepProbability`] unless `keep` lies in (0, 1], [`Error::Shape`] unless v has one entry a column.
    pub fn new(affine: &Affine<T>, keep: T, v: &DVector<T>) -> Result<Self> {
        Independent::new(DVector::from_element(1, keep.clone()))?;
        Error::shape("inputs of the layer", affine.inputs(), v.len())?;
        let squares = Affine { weight: affine.weight.map(|w| w.clone() * w), bias: DVector::zeros(affine.outputs()) };
        let spread = keep.clone() * (T::one() - keep.clone());
        Ok(Self { mean: affine.apply(&(v * keep)), variance: squares.apply(&v.map(|v| v.clone() * v)) * spread })
    }
}

impl<T: Real> PreActivation<T> {
    /// The paper's inference: the average activation over `samples` draws of u ~ N(mean, variance), instead of over the
    /// masks. It replaces the law of u by the normal law of the same moments, so more samples do not take it to the
    /// arithmetic mean.
    ///
    /// # Errors
    /// [`Error::Domain`] for zero samples.
    pub fn average(&self, unit: &impl Unit<T>, samples: u64, rng: &mut dyn Rng) -> Result<DVector<T>> {
        if samples == 0 {
            let what = "number of samples of the pre-activations".into();
            return Err(Error::Domain { what, value: "0".into(), must: "at least 1" });
        }
        let deviation = self.variance.map(T::sqrt);
        let mut draw = || {
            let z = standard_normals(self.mean.len(), rng);
            unit.activate(&(&self.mean + z.component_mul(&deviation)))
        };
        let (mut mean, mut drawn) = (draw(), T::one());
        for _ in 1..samples {
            drawn += T::one();
            let before = draw() - &mean;
            mean += before / drawn;
        }
        Ok(mean)
    }
}
