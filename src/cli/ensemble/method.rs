//! Which way the means over all masks are computed, and why.

use super::budget::{self, Budget};
use super::report;
use super::{Args, Failure};
use clap::ValueEnum;
use dropout_oracle::Model;
use dropout_oracle::certified::CertifiedModel;
use dropout_oracle::kernel::Enumeration;
use dropout_oracle::marginal::method::{Applicable, Method, Methods};
use nalgebra::DVector;

/// What `--method` takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Choice {
    /// The definition for few masks, fast enumeration for more, the arithmetic mean alone for too many
    #[default]
    Auto,
    /// Every mask by one forward pass each
    Definition,
    /// Every mask, by split tables of exponentials: the same means to a few units in the last place
    Fast,
    /// The arithmetic mean (and losses) alone: earlier masks one by one, the last layer's by their characteristic function
    LastLayer,
    /// The same of a network without nonlinear units: by moments
    DeepLinear,
    /// The same for weights times inputs on a grid: by dynamic programming
    Lattice,
}

/// A way to the means over all masks.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    /// None is asked for.
    None,
    /// The definition.
    Definition,
    /// [`dropout_oracle::kernel`].
    Fast,
    /// The arithmetic mean without enumeration.
    Mean(Method),
}

/// The way taken, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    pub way: Way,
    pub because: String,
}

impl From<&Chosen> for report::Method {
    fn from(chosen: &Chosen) -> Self {
        let name = match chosen.way {
            Way::None => "none".into(),
            Way::Definition => "definition".into(),
            Way::Fast => "fast".into(),
            Way::Mean(method) => method.to_string(),
        };
        Self { name, because: chosen.because.clone() }
    }
}

/// log₂ of the number of sub-models up to which the definition is as good as instant.
const INSTANT_BITS: usize = 16;

/// Multiplications that are done without being asked to: some minutes.
const OPERATIONS: f64 = 1e11;

/// The way to the means: the one asked for, or the cheapest that is affordable.
pub fn choose(
    args: &Args,
    model: &Model,
    certified: Option<&CertifiedModel>,
    inputs: &[DVector<f64>],
) -> Result<Chosen, Failure> {
    let chosen = |way, because: &str| Ok(Chosen { way, because: because.into() });
    if args.no_enumeration {
        return chosen(Way::None, "not asked for");
    }
    let check = |budget: Budget| budget::check(args, model, budget, inputs);
    let affordable = |way, budget: Budget, because: &str| check(budget).and_then(|()| chosen(way, because));
    let asked = |way, budget| affordable(way, budget, "asked for");
    let mean = |method| chosen(Way::Mean(method), "asked for");
    if let Some(certified) = certified {
        if !matches!(args.method, Choice::Auto | Choice::Definition) || args.in_parts() {
            let why = "--certified goes with the definition alone, without --method, --shard and --checkpoint";
            return Err(Failure::Usage(why.into()));
        }
        return asked(Way::Definition, Budget::Certified(certified));
    }
    let losses = args.targets.is_some();
    if losses && (args.method == Choice::Fast || args.in_parts()) {
        let why = "--targets goes with every method but fast, and without --shard and --checkpoint";
        return Err(Failure::Usage(why.into()));
    }
    if args.in_parts() && !matches!(args.method, Choice::Auto | Choice::Fast) {
        return Err(Failure::Usage("--shard and --checkpoint go with --method fast alone".into()));
    }
    match args.method {
        Choice::Definition => asked(Way::Definition, Budget::Definition),
        Choice::Fast => asked(Way::Fast, Budget::Fast),
        Choice::LastLayer => mean(Method::LastLayer),
        Choice::DeepLinear => mean(Method::DeepLinear),
        Choice::Lattice => mean(Method::Lattice),
        Choice::Auto if args.in_parts() => asked(Way::Fast, Budget::Fast),
        Choice::Auto if Budget::submodels(model, inputs).is_some_and(|all| all <= 1 << INSTANT_BITS) => {
            affordable(Way::Definition, Budget::Definition, "few masks: a forward pass for each")
        }
        Choice::Auto if losses => to_losses(model, inputs, || check(Budget::Definition)),
        Choice::Auto => match check(Budget::Fast) {
            Ok(()) if inputs.iter().all(|x| Enumeration::new(model, x).is_ok()) => {
                chosen(Way::Fast, "many masks: each costs a few operations instead of a forward pass")
            }
            Ok(()) => affordable(Way::Definition, Budget::Definition, "logits beyond the range of the fast way"),
            Err(refusal) if args.limit.is_some() => Err(refusal),
            Err(refusal) => without_enumeration(model, inputs, refusal),
        },
    }
}

/// The cheapest method for the mean that does not enumerate all masks, or the refusal with what that would cost.
fn without_enumeration(model: &Model, inputs: &[DVector<f64>], refusal: Failure) -> Result<Chosen, Failure> {
    let methods = Methods::of(model, &inputs[0])?;
    let Some(best) = methods.applicable.iter().find(|a| a.method != Method::Enumeration) else { return Err(refusal) };
    if is_affordable(best, inputs) {
        let because = format!("too many masks to enumerate; {}", best.because);
        return Ok(Chosen { way: Way::Mean(best.method), because });
    }
    Err(match refusal {
        Failure::CouldNotRun(why) => {
            let (method, because) = (best.method, &best.because);
            Failure::CouldNotRun(format!("{why}; --method {method} takes for each input {because}"))
        }
        other => other,
    })
}

/// The cheapest method for the losses: the definition where none is cheaper, if `check` affords it.
fn to_losses(
    model: &Model,
    inputs: &[DVector<f64>],
    check: impl Fn() -> Result<(), Failure>,
) -> Result<Chosen, Failure> {
    let methods = Methods::for_losses(model, &inputs[0])?;
    match methods.applicable.first() {
        Some(best) if best.method != Method::Enumeration && is_affordable(best, inputs) => {
            let because = format!("the cheapest exact way to the losses; {}", best.because);
            Ok(Chosen { way: Way::Mean(best.method), because })
        }
        _ => match check() {
            Ok(()) => Ok(Chosen { way: Way::Definition, because: "no exact way to the losses is cheaper".into() }),
            // What each of the other methods lacks.
            Err(Failure::CouldNotRun(refusal)) => {
                let others = methods.cheapest(0.0).map_or_else(|error| error.to_string(), |_| String::new());
                Err(Failure::CouldNotRun(format!("{refusal}; {others}")))
            }
            Err(other) => Err(other),
        },
    }
}

fn is_affordable(best: &Applicable, inputs: &[DVector<f64>]) -> bool {
    best.operations * inputs.len() as f64 <= OPERATIONS
}
