//! Whether enumerating all masks is affordable, and what to do instead.

use super::report::Masks;
use super::{Args, Failure};
use dropout_oracle::certified::CertifiedModel;
use dropout_oracle::kernel::{Enumeration, Subtree};
use dropout_oracle::{Mask, Model};
use indicatif::{HumanCount, HumanDuration};
use nalgebra::DVector;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use std::time::{Duration, Instant};

/// What each sub-model costs.
#[derive(Clone, Copy)]
pub enum Budget<'a> {
    /// A forward pass.
    Definition,
    /// A forward pass over intervals.
    Certified(&'a CertifiedModel),
    /// A few operations.
    Fast,
}

impl Budget<'_> {
    /// log₂ of the number of sub-models that are evaluated without being asked to: some minutes at most for a small network.
    fn bits(self) -> usize {
        match self {
            Self::Definition => 26,
            Self::Certified(_) => 14,
            Self::Fast => 32,
        }
    }

    /// What to do instead.
    fn instead(self) -> &'static str {
        match self {
            Self::Definition => {
                "use --method auto, or --no-enumeration --monte-carlo 10000 for weight scaling and sampled estimates"
            }
            Self::Certified(_) => "leave --certified out, which makes each sub-model thousands of times slower",
            Self::Fast => {
                "use --no-enumeration --monte-carlo 10000 for weight scaling and sampled estimates, or --shard i/N on many \
                 machines"
            }
        }
    }

    /// The number of sub-models of all inputs, if it can be counted.
    pub fn submodels(model: &Model, inputs: &[DVector<f64>]) -> Option<u128> {
        (model.keep().len() <= Mask::MAX_UNITS).then(|| (1u128 << model.keep().len()) * inputs.len() as u128)
    }
}

/// How long sub-models are timed before a refusal.
const TRIAL: Duration = Duration::from_millis(50);

/// Refuses an enumeration of more masks than `--limit` or its default allows.
pub fn check(args: &Args, model: &Model, budget: Budget<'_>, inputs: &[DVector<f64>]) -> Result<(), Failure> {
    let units = model.keep().len();
    let (net, instead) = (args.source.net.display(), budget.instead());
    let Some(submodels) = Budget::submodels(model, inputs) else {
        let why =
            format!("{net}: {units} droppable units have 2^{units} masks, more than can be enumerated; {instead}");
        return Err(Failure::CouldNotRun(why));
    };
    let affordable = match args.limit {
        Some(limit) => units <= limit.into(),
        None => submodels <= 1 << budget.bits(),
    };
    if affordable {
        return Ok(());
    }
    let seconds = submodels as f64 * seconds_per_submodel(model, budget, &inputs[0])?;
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
fn seconds_per_submodel(model: &Model, budget: Budget<'_>, x: &DVector<f64>) -> Result<f64, Failure> {
    let ensemble = model.ensemble();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let (mut timed, start) = (0.0, Instant::now());
    while start.elapsed() < TRIAL {
        timed += match budget {
            Budget::Definition => ensemble.monte_carlo(x, 1, &mut rng).map(|_| 1.0)?,
            Budget::Certified(certified) => certified.weight_scaling(x).map(|_| 1.0)?,
            Budget::Fast => {
                let enumeration = Enumeration::new(model, x)?;
                let leaf = Subtree::new(enumeration.depth(), 0).expect("a tree has a first leaf");
                enumeration.sums(leaf)?;
                f64::powi(2.0, model.keep().len() as i32 - enumeration.depth() as i32)
            }
        };
    }
    Ok(start.elapsed().as_secs_f64() / timed / rayon::current_num_threads() as f64)
}
