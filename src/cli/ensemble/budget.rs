//! Whether enumerating all masks is affordable, and what to do instead.

use super::report::Masks;
use super::{Args, Failure};
use dropout_oracle::Model;
use dropout_oracle::certified::CertifiedModel;
use indicatif::{HumanCount, HumanDuration};
use nalgebra::DVector;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use std::time::{Duration, Instant};

/// log₂ of the number of sub-models that are evaluated without being asked to: minutes at most for a small network.
const DEFAULT_BITS: usize = 26;

/// The same with `--certified`: a minute or so.
const CERTIFIED_BITS: usize = 14;

/// How long sub-models are timed before a refusal.
const TRIAL: Duration = Duration::from_millis(50);

/// Refuses an enumeration of more masks than `--limit` or its default allows.
pub fn check(
    args: &Args,
    model: &Model,
    certified: Option<&CertifiedModel>,
    inputs: &[DVector<f64>],
) -> Result<(), Failure> {
    let units = model.keep().len();
    let net = args.net.display();
    let (bits, instead) = match certified {
        None => (DEFAULT_BITS, "use --no-enumeration --monte-carlo 10000 for weight scaling and sampled estimates"),
        Some(_) => (CERTIFIED_BITS, "leave --certified out, which makes each sub-model thousands of times slower"),
    };
    if units > dropout_oracle::Mask::MAX_UNITS {
        let why =
            format!("{net}: {units} droppable units have 2^{units} masks, more than can be enumerated; {instead}");
        return Err(Failure::CouldNotRun(why));
    }
    let submodels = (1u128 << units) * inputs.len() as u128;
    let affordable = match args.limit {
        Some(limit) => units <= limit.into(),
        None => submodels <= 1 << bits,
    };
    if affordable {
        return Ok(());
    }
    let seconds = submodels as f64 * seconds_per_submodel(model, certified, &inputs[0])?;
    let duration = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    Err(Failure::CouldNotRun(format!(
        "{net}: {units} droppable units have {} masks; all of them for each input ({} in all) would take about {} at the measured {} \
         sub-models a second; {instead}, or --limit {units} to enumerate them all the same",
        Masks::of(units),
        inputs.len(),
        HumanDuration(duration),
        HumanCount((submodels as f64 / seconds) as u64),
    )))
}

/// The measured time of one sub-model, with all threads at work.
fn seconds_per_submodel(model: &Model, certified: Option<&CertifiedModel>, x: &DVector<f64>) -> Result<f64, Failure> {
    let ensemble = model.ensemble();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let (mut timed, start) = (0, Instant::now());
    while start.elapsed() < TRIAL {
        match certified {
            Some(certified) => drop(certified.weight_scaling(x)?),
            None => drop(ensemble.monte_carlo(x, 1, &mut rng)?),
        }
        timed += 1;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(timed) / rayon::current_num_threads() as f64)
}
