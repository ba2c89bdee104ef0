//! Expected losses without enumeration, from the moment generating function of inverted dropout.

use crate::error::{Error, Result};
use crate::law::Independent;
use crate::scalar::{Real, log_sum_exp};
use nalgebra::DVector;

/// \\(\ln \mathbb E\\, e^{a \cdot \mu} = \sum_j \ln\big(1 - p_j + p_j e^{a_j/p_j}\big)\\) for inverted dropout with **keep**
/// probabilities p, in O(n) and without overflow.
///
/// ```
/// use dropout_oracle::penalty::closed_form::log_mean_exponential;
/// use nalgebra::dvector;
/// // μ is 0 or 2, so E e^μ = (1 + e²)/2
/// assert_eq!(log_mean_exponential(&dvector![0.5], &dvector![1.0])?, ((1.0 + 2f64.exp()) / 2.0).ln());
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`] unless there is one a_j a unit, [`Error::KeepProbability`] for a keep probability outside (0, 1].
pub fn log_mean_exponential<T: Real>(keep: &DVector<T>, a: &DVector<T>) -> Result<T> {
    let law = Independent::new(keep.clone())?;
    Error::shape("exponents, one a unit", law.keep().len(), a.len())?;
    // ln 0 = −∞ at p = 1 is what the sum needs.
    Ok(keep.zip_fold(a, T::zero(), |sum, p, a| sum + log_sum_exp(&[(T::one() - p).ln(), p.ln() + a / p])))
}

/// \\(\mathbb E\\, A(\tilde x \cdot \beta) = \mathbb E\\, e^{\tilde x \cdot \beta} = \prod_j (\delta_j + (1-\delta_j)
/// e^{\beta_j x_j/(1-\delta_j)})\\): the expected log-partition function of Poisson regression, with
/// \\(1-\delta = p\\) the **keep** probabilities (claim glm.poisson).
///
/// # Errors
/// As [`log_mean_exponential`].
pub fn poisson_log_partition<T: Real>(keep: &DVector<T>, weights: &DVector<T>, x: &DVector<T>) -> Result<T> {
    Ok(log_mean_exponential(keep, &product(weights, x)?)?.exp())
}

/// \\(\mathbb E\\, e^{-y\\, w \cdot \tilde x}\\): the expected exponential loss, for a label y of ±1 (van der Maaten et al.
/// 2013; claim mcf.exponential).
///
/// # Errors
/// As [`log_mean_exponential`].
pub fn exponential_loss<T: Real>(keep: &DVector<T>, weights: &DVector<T>, x: &DVector<T>, label: T) -> Result<T> {
    Ok(log_mean_exponential(keep, &(product(weights, x)? * -label))?.exp())
}

/// \\(\ln(1 + \mathbb E\\, e^{-y\\, w \cdot \tilde x})\\), an upper bound on the expected logistic loss
/// \\(\mathbb E \ln(1 + e^{-y\\, w \cdot \tilde x})\\), by Jensen's inequality (van der Maaten et al. 2013).
///
/// # Errors
/// As [`log_mean_exponential`].
pub fn logistic_loss_bound<T: Real>(keep: &DVector<T>, weights: &DVector<T>, x: &DVector<T>, label: T) -> Result<T> {
    Ok(log_mean_exponential(keep, &(product(weights, x)? * -label))?.softplus())
}

/// w∘x.
fn product<T: Real>(weights: &DVector<T>, x: &DVector<T>) -> Result<DVector<T>> {
    Error::shape("weights, one an input", x.len(), weights.len())?;
    Ok(weights.component_mul(x))
}
