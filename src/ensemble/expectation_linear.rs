//! How far weight scaling can be from the mean of a deep network, layer by layer (Ma et al. 2017).

use super::expectation;
use crate::error::{Error, Result};
use crate::law::{FiniteLaw, Independent, Law};
use crate::network::{Mlp, Network, Unit};
use crate::scalar::{Real, Scalar, dot};
use nalgebra::DVector;

/// The bound of Theorem 3, for L layers each with independent masks on its inputs:
///
/// \\[ \\|\mathbb E H_L - h_L\\| \le (B\gamma)^{L-1}\delta +
///    (\delta + B\gamma\sigma)\\,\frac{1-(B\gamma)^{L-1}}{1-B\gamma}. \\]
///
/// H_L is the output under random masks and h_L the weight-scaled one. `contraction` is Bγ, a Lipschitz constant of
/// every layer but the first as a function of its input, its multipliers at their mean p. `delta` bounds, for each
/// layer, \\(\mathbb E_H \\|\mathbb E_\mu f(\mu \circ H) - f(p \circ H)\\|\\): δ-approximate expectation-linearity.
/// `sigma` bounds \\((\mathbb E\\|H - \mathbb E H\\|^2)^{1/2}\\) of every hidden layer. For Bγ = 1 the sum is
/// \\(L\delta + (L-1)\sigma\\).
///
/// It is summed as the recursion that proves it, \\(\Delta_1 \le \delta\\) and
/// \\(\Delta_l \le \delta + B\gamma(\sigma + \Delta_{l-1})\\), so that Bγ = 1 needs no case of its own
/// (claim deep.expectation-linear).
///
/// ```
/// use dropout_oracle::ensemble::expectation_linear::gap_bound;
/// assert_eq!(gap_bound(0.5, 3, 1.0, 2.0), 0.25 * 1.0 + (1.0 + 0.5 * 2.0) * 0.75 / 0.5);
/// ```
pub fn gap_bound<T: Scalar>(contraction: T, layers: usize, delta: T, sigma: T) -> T {
    (1..layers).fold(delta.clone(), |gap, _| delta.clone() + contraction.clone() * (sigma.clone() + gap))
}

/// Both sides of the theorem for one input, by enumeration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExpectationLinearity<T> {
    /// \\(\\|\mathbb E H_L - h_L\\|\\).
    pub gap: T,
    /// δ, the largest over the layers.
    pub delta: T,
    /// σ, the largest over the hidden layers.
    pub sigma: T,
}

impl<T: Real> ExpectationLinearity<T> {
    /// Measures a network given as its layers, each a network with all of its dropout at its inputs, under independent
    /// masks with KEEP probabilities `keep[l]`. Enumerates the masks of all layers together.
    ///
    /// ```
    /// use dropout_oracle::ensemble::expectation_linear::ExpectationLinearity;
    /// use dropout_oracle::network::{Affine, deep_linear};
    /// use nalgebra::{dmatrix, dvector};
    /// let layer = deep_linear(1, vec![Affine::new(dmatrix![2.0], dvector![0.0])?])?;
    /// let keep = [dvector![0.5], dvector![0.5]];
    /// let linear = ExpectationLinearity::measure(&[layer.clone(), layer], &keep, &dvector![1.0])?;
    /// assert_eq!((linear.gap, linear.delta, linear.sigma), (0.0, 0.0, 1.0)); // weight scaling is exact
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] where layers, keep probabilities and input do not fit, [`Error::KeepProbability`] unless every
    /// one lies in (0, 1], [`Error::TooManyMasks`] where a layer's masks cannot be counted.
    pub fn measure<A: Unit<T>>(layers: &[Mlp<T, A>], keep: &[DVector<T>], x: &DVector<T>) -> Result<Self> {
        Error::shape("keep probabilities, a vector for each layer", layers.len(), keep.len())?;
        let (mut states, mut scaled) = (vec![(x.clone(), T::one())], x.clone());
        let (mut delta, mut sigma, mut gap) = (T::zero(), T::zero(), T::zero());
        for (l, (layer, keep)) in layers.iter().zip(keep).enumerate() {
            let law = Independent::new(keep.clone())?;
            let (mut nonlinearity, mut next) = (T::zero(), Vec::new());
            for (h, weight) in &states {
                let mean = expectation(&law, |multipliers| layer.output(h, multipliers))?;
                nonlinearity += *weight * distance(&mean, &layer.output(h, &law.mean())?);
                for (multipliers, w) in law.support()? {
                    next.push((layer.output(h, &multipliers)?, *weight * w));
                }
            }
            delta = delta.maximum(nonlinearity);
            scaled = layer.output(&scaled, &law.mean())?;
            states = next;
            let mean = states.iter().fold(DVector::zeros(layer.outputs()), |mean, (h, w)| mean + h * *w);
            gap = distance(&mean, &scaled);
            if l + 1 < layers.len() {
                let variance = states.iter().fold(T::zero(), |sum, (h, w)| {
                    let off = h - &mean;
                    sum + *w * dot(&off, &off)
                });
                sigma = sigma.maximum(variance.sqrt());
            }
        }
        Ok(Self { gap, delta, sigma })
    }

    /// [`gap_bound`] at the measured δ and σ.
    pub fn bound(&self, contraction: T, layers: usize) -> T {
        gap_bound(contraction, layers, self.delta, self.sigma)
    }
}

/// ‖a − b‖.
fn distance<T: Real>(a: &DVector<T>, b: &DVector<T>) -> T {
    let off = a - b;
    dot(&off, &off).sqrt()
}
