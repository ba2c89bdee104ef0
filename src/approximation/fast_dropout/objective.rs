//! Training logistic units with fast dropout: the objective and its gradient.

use super::Moments;
use super::unit::{eighth_of_pi, shrinkage};
use crate::error::{Error, Result};
use crate::law::IndependentUnits;
use crate::network::Affine;
use crate::scalar::Real;
use nalgebra::{DMatrix, DVector};

/// The approximate expected loss of one logistic unit, with its derivatives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExpectedLoss<T> {
    /// ≈ E[t softplus(−S) + (1 − t) softplus(S)].
    pub loss: T,
    /// Its derivative with respect to E S.
    pub by_mean: T,
    /// Its derivative with respect to Var S.
    pub by_variance: T,
}

/// \\(\tfrac1c\\,[\\,t \ln(1+e^{-cm}) + (1-t)\ln(1+e^{cm})\\,]\\) with \\(c = 1/\sqrt{1+\pi s^2/8}\\), for S ~ N(m, s²) and
/// target t in [0, 1].
///
/// It lies above the expected loss, by at most .0355 s (claim fast.logistic). The derivatives are
/// \\(\sigma(cm) - t\\) and \\(\tfrac{\pi c}{16} H\\), with H the entropy of Bernoulli(σ(cm)): like the exact dropout
/// penalty, the pull of the variance does not depend on the label.
///
/// ```
/// use dropout_oracle::approximation::fast_dropout::expected_loss;
/// let sure = expected_loss(0.0f64, 0.0, 1.0);
/// assert_eq!((sure.loss, sure.by_mean), (2f64.ln(), -0.5)); // without noise, the loss itself
/// ```
pub fn expected_loss<T: Real>(mean: T, variance: T, target: T) -> ExpectedLoss<T> {
    let c = shrinkage(variance);
    let logit = c * mean;
    let loss = |target: T| target * (-logit).softplus() + (T::one() - target) * logit.softplus();
    let p = logit.logistic();
    ExpectedLoss {
        loss: loss(target) / c,
        by_mean: p - target,
        // The entropy is the loss at its own prediction.
        by_variance: eighth_of_pi::<T>() * c * loss(p) / T::ratio(2, 1),
    }
}

/// The sum of [`expected_loss`] over examples (x, t) for logistic units W(μ ∘ x) + b, and its gradient with respect to
/// W and b.
///
/// ```
/// use dropout_oracle::{approximation::fast_dropout::objective, law::Uniform, network::Affine};
/// use nalgebra::{dmatrix, dvector};
/// let unit = Affine::new(dmatrix![0.0, 0.0], dvector![0.0])?;
/// let (loss, gradient) = objective(&unit, &Uniform::new(2), &[(dvector![1.0, 2.0], dvector![1.0])])?;
/// assert_eq!(loss, 2f64.ln());
/// assert_eq!(gradient.weight.as_slice(), [-0.25, -0.5]); // (σ(0) − 1)·½x
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`] unless the law has one unit an input and every example the right lengths.
pub fn objective<T: Real>(
    affine: &Affine<T>,
    law: &(impl IndependentUnits<T> + ?Sized),
    examples: &[(DVector<T>, DVector<T>)],
) -> Result<(T, Affine<T>)> {
    let (outputs, inputs) = affine.weight.shape();
    Error::shape("units of the law, one an input", inputs, law.units())?;
    let (factor, noise) = (law.mean(), law.variance());
    let mut loss = T::zero();
    let mut gradient = Affine { weight: DMatrix::zeros(outputs, inputs), bias: DVector::zeros(outputs) };
    for (x, target) in examples {
        Error::shape("inputs of an example", inputs, x.len())?;
        Error::shape("targets of an example", outputs, target.len())?;
        let mut masked = Moments::certain(x);
        (0..inputs).for_each(|j| masked.multiply(j, &factor[j], &noise[j]));
        let logits = masked.affine(affine);
        for i in 0..outputs {
            let unit = expected_loss(logits.mean[i], logits.variance[i], target[i]);
            loss += unit.loss;
            gradient.bias[i] += unit.by_mean;
            for j in 0..inputs {
                // E S is linear in w_ij, Var S has w_ij² Var(μ_j x_j).
                let by_variance = unit.by_variance * T::ratio(2, 1) * affine.weight[(i, j)] * masked.variance[j];
                gradient.weight[(i, j)] += unit.by_mean * masked.mean[j] + by_variance;
            }
        }
    }
    Ok((loss, gradient))
}
