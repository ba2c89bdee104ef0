//! Masks for the laws of masks: one entry a mask element, however they are shared or shown.

use crate::conformance::case::Sampling;
use crate::conformance::dtype::Dtype;
use crate::conformance::layer::Kind;
use crate::conformance::tensor::first_along;
use crate::conformance::trial::{Check, Stop, Trial};

/// Kinds that have a mask.
pub const MASKED: &[Kind] = &[Kind::Dropout, Kind::Dropconnect, Kind::Alpha];

/// A request for masks with at least `elements` elements each, which `settle` may change.
pub fn sampling(
    trial: &mut Trial<'_>,
    drop: f64,
    dtype: Dtype,
    elements: usize,
    calls: usize,
    settle: impl FnOnce(&mut Sampling),
) -> Check<Sampling> {
    if !trial.layer.accepts(drop) {
        return Err(Stop::NotApplicable(format!("a drop rate of {drop} is illegal")));
    }
    let shape = trial.layer.shape(elements);
    let mut sampling = Sampling::new(trial.layer, drop, dtype, &shape, calls);
    sampling.seed = trial.fresh_seed();
    // An alpha layer leaves no zeros: its outputs tell by their sign what was kept.
    sampling.values = trial.layer.kind == Kind::Alpha;
    settle(&mut sampling);
    Ok(sampling)
}

/// The masks of a request: whether each mask element was kept, call by call.
pub fn masks(trial: &mut Trial<'_>, sampling: &Sampling) -> Check<Vec<Vec<bool>>> {
    let calls = all_places(trial, sampling)?;
    let shared = trial.layer.shared(sampling.shape.len());
    if !shared.contains(&true) || !sampling.windows.is_empty() {
        return Ok(calls);
    }
    let own = own_places(&shared, &sampling.shape);
    Ok(calls.iter().map(|kept| own.iter().map(|&place| kept[place]).collect()).collect())
}

/// The same for every place that the request asks for.
pub fn all_places(trial: &mut Trial<'_>, sampling: &Sampling) -> Check<Vec<Vec<bool>>> {
    let (bits, samples) = (sampling.bits(), trial.sample(sampling)?);
    if sampling.values
        && (samples.values.len() != samples.masks.len() || samples.values.iter().any(|values| values.len() != bits))
    {
        return Err(Stop::Adapter(format!("the values that were asked for are not {bits} a call")));
    }
    let kept = |call: usize, i: usize| {
        if sampling.values { samples.values[call].get(i) > 0.0 } else { samples.masks[call].get(i) }
    };
    Ok((0..samples.masks.len()).map(|call| (0..bits).map(|i| kept(call, i)).collect()).collect())
}

/// The places that stand for the mask elements: those with index 0 along the shared axes.
pub fn own_places(shared: &[bool], shape: &[usize]) -> Vec<usize> {
    let places = 0..shape.iter().product::<usize>();
    places.filter(|&place| first_along(shared, shape, place as u64) == place as u64).collect()
}
