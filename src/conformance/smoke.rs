//! The smoke test: whether an adapter works at all, before anything is said about what it adapts.

use super::case::{Case, Mode, Sampling};
use super::law::input::ids_for;
use super::layer::{Description, Layer, Level, MaskAccess};
use super::subject::{Outcome, Subject};

/// Asks an adapter for its description and for one plain call of each layer in each mode, and looks at the form of the
/// answers, never at their numbers.
///
/// # Errors
/// What is wrong with the adapter.
pub fn smoke(subject: &mut dyn Subject) -> Result<Description, String> {
    let description = subject.describe().map_err(|failure| failure.0)?;
    if description.layers.is_empty() {
        return Err("the adapter describes no layer".into());
    }
    for (i, layer) in description.layers.iter().enumerate() {
        if description.layers[..i].iter().any(|before| before.id == layer.id) {
            return Err(format!("two layers have the id {:?}", layer.id));
        }
        described(layer).and_then(|()| called(subject, layer)).map_err(|why| format!("{}: {why}", layer.id))?;
    }
    Ok(description)
}

/// That a layer's description agrees with itself.
fn described(layer: &Layer) -> Result<(), String> {
    let demands = [
        (layer.offers(Level::C0), "level C0 is missing; every layer has a forward call"),
        (!layer.dtypes.is_empty(), "dtypes is empty"),
        (!layer.ranks.is_empty(), "ranks is empty"),
        (layer.seed == layer.offers(Level::C2), "seed and level C2 must be declared together"),
        (layer.mask.is_empty() != layer.offers(Level::C3), "mask and level C3 must be declared together"),
        (!layer.second_order || layer.offers(Level::C1), "second_order needs level C1"),
        (layer.steps.is_none() || layer.offers(Level::C5), "steps needs level C5"),
        (
            steps_fit(layer),
            "steps: time and gates need axes of their own, between the batch (first) and the features (last)",
        ),
        (layer.mesh.is_none() || layer.offers(Level::C6), "mesh needs level C6"),
        (layer.mesh.as_ref().is_none_or(|mesh| (2..=64).contains(&mesh.replicas())), "mesh is not of 2 to 64 replicas"),
    ];
    match demands.into_iter().find(|(met, _)| !met) {
        Some((_, why)) => Err(why.into()),
        None => Ok(()),
    }
}

/// Whether time and gates have axes of every legal rank.
fn steps_fit(layer: &Layer) -> bool {
    let Some(steps) = layer.steps else { return true };
    let axes = [Some(steps.time), steps.gate.map(|gates| gates.axis)];
    let least = layer.ranks.iter().min().copied().unwrap_or(0) as i64;
    let fit = axes.into_iter().flatten().all(|axis| (1 - least..=-2).contains(&axis));
    fit && axes[1] != axes[0] && steps.gate.is_none_or(|gates| gates.count >= 2)
}

/// That plain calls are answered in form.
fn called(subject: &mut dyn Subject, layer: &Layer) -> Result<(), String> {
    let x = ids_for(layer, layer.dtypes[0], 4);
    for mode in [Mode::Eval, Mode::Train] {
        let mut case = Case::new(layer, mode, 0.5, x.clone()).seed(layer.seed.then_some(1));
        if layer.offers(Level::C1) {
            case = case.gradient(x.clone());
        }
        case.calls = 2;
        let outcome = subject.run(&case).map_err(|failure| failure.0)?;
        let calls = match outcome {
            Outcome::Done(calls) => calls,
            Outcome::Skipped(skipped) => return Err(format!("a plain call is skipped: {}", skipped.message)),
            Outcome::Rejected(r) => return Err(format!("a plain call is rejected: {} {} ({case})", r.kind, r.message)),
            Outcome::Errored(errored) => return Err(format!("a plain call breaks: {} ({case})", errored.context)),
        };
        if calls.len() != 2 {
            return Err(format!("2 calls are answered by {}", calls.len()));
        }
        for call in &calls {
            if call.y.len() != x.len() {
                return Err(format!("y has {} elements for {} of x", call.y.len(), x.len()));
            }
            if layer.offers(Level::C1) && call.dx.is_none() {
                return Err("level C1 is declared, but a result lacks dx".into());
            }
            if layer.passes(MaskAccess::Return) && !call.mask.as_ref().is_some_and(|mask| mask.is_sound()) {
                return Err("masks are declared to be returned, but a result lacks a sound one".into());
            }
        }
    }
    let sampling = Sampling { seed: layer.seed.then_some(1), ..Sampling::new(layer, 0.5, x.dtype(), x.shape(), 2) };
    match subject.sample(&sampling).map_err(|failure| failure.0)? {
        Outcome::Done(samples) if samples.masks.len() != 2 || samples.masks.iter().any(|mask| !mask.fit(x.len())) => {
            Err(format!("2 samples of {} bits are answered by {} masks, not all so long", x.len(), samples.masks.len()))
        }
        Outcome::Errored(errored) => Err(format!("sampling breaks: {}", errored.context)),
        _ => Ok(()),
    }
}
