//! The ordinary predictions, each with a bound on its rounding error.

use super::Bounded;
use crate::ensemble::{Decomposition, Ensemble, Losses, Prediction};
use crate::error::Result;
use crate::head::LogProbability;
use crate::law::{Independent, Rescaled};
use crate::model::Model;
use crate::network::Mlp;
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
    let x = x.map(Bounded::exact);
    with_ensemble(model, |ensemble| ensemble.predict(&x))
}

/// [`Ensemble::losses`] with running error bounds, as [`predict_with_bounds`].
///
/// # Errors
/// As [`Ensemble::losses`].
pub fn losses_with_bounds(model: &Model, x: &DVector<f64>, target: &DVector<f64>) -> Result<Losses<Bounded>> {
    let (x, target) = (x.map(Bounded::exact), target.map(Bounded::exact));
    with_ensemble(model, |ensemble| ensemble.losses(&x, &target))
}

/// [`Ensemble::decomposition`] with running error bounds, as [`predict_with_bounds`].
///
/// # Errors
/// As [`Ensemble::decomposition`].
pub fn decomposition_with_bounds(
    model: &Model,
    x: &DVector<f64>,
    target: &DVector<f64>,
) -> Result<Decomposition<Bounded>> {
    let (x, target) = (x.map(Bounded::exact), target.map(Bounded::exact));
    with_ensemble(model, |ensemble| ensemble.decomposition(&x, &target))
}

/// The ensemble of a model over numbers with bounds.
type BoundedEnsemble<'a> =
    Ensemble<'a, Mlp<Bounded>, dyn LogProbability<Bounded> + Send, Rescaled<Bounded, Independent<Bounded>>>;

fn with_ensemble<R>(model: &Model, f: impl FnOnce(&BoundedEnsemble<'_>) -> Result<R>) -> Result<R> {
    let network = model.network().map(|w| Bounded::exact(*w));
    let head = model.head_kind().head_over(Bounded::exact)?;
    let law = model.convention().law(Independent::new(model.keep().map(Bounded::exact))?)?;
    f(&Ensemble::new(&network, &*head, &law)?)
}
