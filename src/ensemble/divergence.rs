//! How far a distribution over classes is from another, and from all sub-models at once.

use super::{Ensemble, expectation};
use crate::error::{Error, Result};
use crate::head::{Head, Softmax};
use crate::law::FiniteLaw;
use crate::network::Network;
use crate::scalar::{Real, log_sum_exp};
use nalgebra::DVector;

/// \\(\mathrm{KL}(q \\,\\|\\, p) = \sum_y q(y) \ln\frac{q(y)}{p(y)}\\), for q and p given by their logits: log-probabilities up
/// to a constant, −∞ where the probability is zero. It is +∞ where q has a class that p has not.
///
/// ```
/// use dropout_oracle::ensemble::divergence;
/// use nalgebra::dvector;
/// let never = f64::NEG_INFINITY;
/// assert_eq!(divergence(&dvector![0.0, never], &dvector![3.0, 3.0])?, 2f64.ln());
/// assert_eq!(divergence(&dvector![3.0, 3.0], &dvector![0.0, never])?, f64::INFINITY);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`] unless both have as many classes, [`Error::ZeroProbability`] if one has no possible class.
pub fn divergence<T: Real>(q: &DVector<T>, p: &DVector<T>) -> Result<T> {
    Error::shape("classes of the two distributions", q.len(), p.len())?;
    let impossible = T::neg_infinity();
    if [q, p].iter().any(|logits| log_sum_exp(logits.as_slice()) == impossible) {
        return Err(Error::ZeroProbability);
    }
    let (q, p) = (Softmax.log_coordinates(q), Softmax.log_coordinates(p));
    Ok(q.zip_fold(&p, T::zero(), |sum, q, p| if q == impossible { sum } else { sum + term(q, p) }))
}

/// q (ln q − ln p), from the logarithms, for q > 0.
fn term<T: Real>(log_q: T, log_p: T) -> T {
    // Even a q that underflows to zero is not zero.
    if log_p == T::neg_infinity() { -log_p } else { log_q.exp() * (log_q - log_p) }
}

impl<N: ?Sized, L: ?Sized> Ensemble<'_, N, Softmax, L> {
    /// \\(\sum_\mu \pi(\mu)\\, \mathrm{KL}(q \\,\\|\\, p_\mu)\\), the mean divergence of q from the sub-models, for q given by
    /// its logits.
    ///
    /// It is \\(\mathrm{KL}(q \\,\\|\\, \mathrm{NGM}) + R\\), so the normalised geometric mean is the distribution nearest to
    /// all sub-models, at the distance R of the [decomposition](super::decomposition).
    ///
    /// ```
    /// use dropout_oracle::{ensemble::Ensemble, head::Softmax, law::Uniform, network::softmax_regression};
    /// use nalgebra::{dmatrix, dvector};
    /// let network = softmax_regression(dmatrix![1.0; -1.0], dvector![0.0, 0.0])?;
    /// let law = Uniform::new(1);
    /// let ensemble = Ensemble::new(&network, &Softmax, &law)?;
    /// let x = dvector![2.0];
    /// let nearest = ensemble.mean_divergence(&x, &ensemble.weight_scaled_output(&x)?)?; // here the geometric mean
    /// assert!(nearest < ensemble.mean_divergence(&x, &dvector![0.0, 0.0])?);
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`divergence`] and [`Ensemble::arithmetic_mean`].
    pub fn mean_divergence<T: Real>(&self, x: &DVector<T>, q: &DVector<T>) -> Result<T>
    where
        N: Network<T>,
        L: FiniteLaw<T>,
    {
        let from = |multipliers: &DVector<T>| {
            Ok(DVector::from_element(1, divergence(q, &self.network.output(x, multipliers)?)?))
        };
        Ok(expectation(self.law, from)?[0])
    }
}
