//! The ordinary predictions, each with a bound on its rounding error.

use super::Bounded;
use crate::ensemble::{Ensemble, Prediction};
use crate::error::Result;
use crate::head::{Bernoulli, Gaussian, Head, Poisson, Softmax};
use crate::law::Independent;
use crate::model::{HeadKind, Model};
use nalgebra::DVector;

/// [`Ensemble::predict`] with running error bounds: the values have the bits of the plain `f64` prediction, and each
/// differs from the exact number (for these weights, keep probabilities and inputs) by no more than its bound.
///
/// Unlike the intervals of a [`CertifiedModel`](super::CertifiedModel) this costs a few times the plain prediction, and
/// any units may be used.
///
/// # Errors
/// As [`Ensemble::predict`].
pub fn predict_with_bounds(model: &Model, x: &DVector<f64>) -> Result<Prediction<Bounded>> {
    match model.head_kind() {
        HeadKind::Softmax => predict(model, &Softmax, x),
        HeadKind::Bernoulli => predict(model, &Bernoulli, x),
        HeadKind::Poisson => predict(model, &Poisson, x),
        HeadKind::Gaussian { variance } => predict(model, &Gaussian::new(Bounded::exact(*variance))?, x),
    }
}

fn predict(model: &Model, head: &impl Head<Bounded>, x: &DVector<f64>) -> Result<Prediction<Bounded>> {
    let network = model.network().map(|w| Bounded::exact(*w));
    let law = model.convention().law(Independent::new(model.keep().map(Bounded::exact))?)?;
    Ensemble::new(&network, head, &law)?.predict(&x.map(Bounded::exact))
}
