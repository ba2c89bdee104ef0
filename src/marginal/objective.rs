//! The exact dropout objective of logistic units on fixed features, with its gradient.
//!
//! For logistic regression the features are the inputs; for the last layer of any network with a Bernoulli head and
//! dropout before it, they are that layer's inputs. Nothing is sampled, and no sum is taken for normal.

use super::certificate::Certified;
use super::logit::{Logit, Term, U};
use crate::error::{Error, Result};
use crate::law::{Independent, Rescaled};
use crate::network::Affine;
use nalgebra::{DMatrix, DVector};

/// A sum of expected losses with its gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// \\(\sum_{(x,t)}\sum_i \mathbb E\\,[t_i\ln(1+e^{-S_i}) + (1-t_i)\ln(1+e^{S_i})]\\).
    pub loss: Certified,
    /// Its gradient in W and b.
    pub gradient: Affine<f64>,
    /// Each entry of the gradient is at most this far from the truth.
    pub error: f64,
}

/// The sum of the expected losses over examples (x, t) for logistic units \\(S = W(\mu \circ x) + b\\), with targets t in
/// [0, 1] and the multipliers μ of either convention.
///
/// The exact counterpart of [`fast_dropout::objective`](crate::approximation::fast_dropout::objective()).
///
/// ```
/// use dropout_oracle::law::{Independent, Rescaled};
/// use dropout_oracle::{marginal::objective::objective, network::Affine};
/// use nalgebra::{dmatrix, dvector};
/// let unit = Affine::new(dmatrix![0.0, 0.0], dvector![0.0])?;
/// let law = Rescaled::unscaled(Independent::new(dvector![0.5, 0.5])?);
/// let exact = objective(&unit, &law, &[(dvector![1.0, 2.0], dvector![1.0])])?;
/// assert!((exact.loss.value - 2f64.ln()).abs() <= exact.loss.error);
/// assert!((exact.gradient.weight[1] + 0.5).abs() <= exact.error); // (σ(0) − 1)·½x
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`] unless the law has one unit a feature and every example the right lengths; otherwise as
/// [`Logit::new`] and [`Logit::expected_logistic`].
pub fn objective(
    affine: &Affine<f64>,
    law: &Rescaled<f64, Independent<f64>>,
    examples: &[(DVector<f64>, DVector<f64>)],
) -> Result<Objective> {
    let (outputs, inputs) = affine.weight.shape();
    let (keep, factor) = (law.law().keep(), law.factor());
    Error::shape("units of the law, one a feature", inputs, keep.len())?;
    let (mut loss, mut error, mut gradient_error) = (0.0, 0.0, 0.0);
    let mut gradient: Affine<f64> = Affine { weight: DMatrix::zeros(outputs, inputs), bias: DVector::zeros(outputs) };
    for (x, target) in examples {
        Error::shape("features of an example", inputs, x.len())?;
        Error::shape("targets of an example", outputs, target.len())?;
        let scaled = x.component_mul(factor);
        let largest = scaled.amax().max(1.0);
        for (i, &t) in target.iter().enumerate() {
            let weights = (0..inputs).map(|j| affine.weight[(i, j)] * scaled[j]);
            let terms: Vec<Term> = weights.zip(keep).map(|(weight, &keep)| Term::Masked { weight, keep }).collect();
            // Each weight is a product of three numbers: two roundings, and softplus moves by no more than S does.
            let rounding: f64 = terms.iter().map(|term| 2.0 * U * term.magnitude()).sum();
            let logit = Logit::new(affine.bias[i], terms)?;
            let expected = logit.softplus_gradient()?;
            let (mean, value) = (logit.mean(), expected.value);
            loss += value.value - t * mean;
            error += value.error + 2.0 * rounding + 3.0 * U * (mean.abs() + value.value + loss.abs());
            gradient.bias[i] += expected.by_bias.value - t;
            for j in 0..inputs {
                gradient.weight[(i, j)] += scaled[j] * (expected.by_weight[j] - t * keep[j]);
            }
            // σ moves by at most a quarter of what S does; a handful of roundings, and those of the sum.
            let one = expected.error.max(expected.by_bias.error) + rounding / 4.0 + 6.0 * U;
            let sum = gradient.weight.amax().max(gradient.bias.amax());
            gradient_error += largest * one + U * sum;
        }
    }
    Ok(Objective { loss: Certified { value: loss, error: 1.001 * error }, gradient, error: 1.001 * gradient_error })
}
