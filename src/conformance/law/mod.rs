//! The laws, one module each.
//!
//! # How a law is added
//!
//! A law is a constant [`Law`]: what it says, what it [needs](Needs) of a layer, how often it raises a false alarm, what
//! it can see, and a function `check(&mut Trial) -> Check`. The function asks the subject through the [`Trial`] and returns
//! at the first counterexample:
//!
//! - `trial.case(mode, drop, x)` makes a case (always in **drop** rates; the trial turns them into the layer's own p), and
//!   `trial.call(&case)?` asks for it. A call that is refused, skipped or broken ends the check by itself through `?`.
//!   `trial.sample(..)?` and `trial.network(..)?` ask for many masks and for networks.
//! - `trial.within(..)?` and `trial.same(..)?` compare numbers and end the check with a whole [`Failure`]; any other
//!   counterexample is `return Err(Failure::new(case, expected, got).into())`.
//! - `trial.each_dtype(..)` and `trial.part(..)` go on where one part is skipped.
//! - Random choices come from `trial.rng()` and `trial.fresh_seed()` only, so that one law, layer and seed reproduce a
//!   verdict.
//! - A law on random masks pushes a [`Statistic`] to `trial.evidence.statistics` for each test, whatever its outcome. At a
//!   p-value below α it draws again, with fresh seeds and four times the size, and fails only if both do, with
//!   [`Distance::PValue`].
//!
//! Then the constant is listed in [`ALL`], in the order of the specification, and a mutant that only it kills is added to
//! the [zoo](super::zoo). `tests/conformance` holds every law against every mutant and compares with the golden matrix.
//!
//! [`Failure`]: super::Failure
//! [`Statistic`]: super::Statistic
//! [`Distance::PValue`]: super::Distance::PValue

mod alarm;
mod aliasing;
mod alpha;
mod axes;
mod backward;
mod composition;
mod domain;
mod draw;
mod drop_all;
mod form;
mod fresh;
mod history;
mod identity;
pub mod input;
mod joint;
mod keep_rate;
mod lags;
mod linearity;
mod mask_io;
mod mode;
mod noise;
mod non_finite;
mod predictor;
mod rare;
pub mod scale;
mod second_order;
mod seed;
mod sharing;

use super::layer::{Kind, Layer, Level, MaskAccess};
use super::subject::Subject;
use super::trial::{Check, Config, Stop, Trial};
use super::verdict::Verdict;

/// Every law, in the order of the specification.
pub static ALL: &[Law] = &[
    scale::LAW,
    linearity::LAW,
    mode::LAW,
    backward::LAW,
    second_order::LAW,
    identity::LAW,
    drop_all::LAW,
    domain::LAW,
    history::LAW,
    aliasing::LAW,
    sharing::LAW,
    composition::LAW,
    mask_io::LAW,
    form::LAW,
    alpha::LAW,
    seed::LAW,
    non_finite::LAW,
    keep_rate::LAW,
    joint::LAW,
    fresh::CALLS,
    lags::LAGS,
    lags::LARGE,
    rare::LAW,
    noise::LAW,
    axes::LAW,
    fresh::REPLICAS,
    predictor::PREDICTOR,
    predictor::STEP,
];

/// A statement about dropout that every right implementation satisfies.
pub struct Law {
    /// L and a number for laws given the mask, S and a number for laws of the mask.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub statement: &'static str,
    /// What a layer must offer.
    pub needs: Needs,
    /// The probability that a right implementation fails it; 0 if it is deterministic.
    pub false_alarm: f64,
    /// What it can see.
    pub power: &'static str,
    /// What is probably wrong where it fails, in a sentence.
    pub diagnosis: &'static str,
    /// The claim of the ledger that it rests on.
    pub claim: &'static str,
    /// Public threads where a failure was seen.
    pub seen: &'static [&'static str],
    /// Holds it against a layer.
    pub check: fn(&mut Trial<'_>) -> Check,
}

impl Law {
    /// Holds it against a layer. The verdict depends on the subject, the law, the layer and the configuration alone, not on
    /// the laws that were held before.
    pub fn verdict(&self, subject: &mut dyn Subject, layer: &Layer, config: Config) -> Verdict {
        if let Err(why) = self.needs.met_by(layer) {
            return Verdict::NotApplicable { why };
        }
        let mut trial = Trial::new(subject, self.id, layer, config);
        match (self.check)(&mut trial) {
            // What was skipped throughout is not tested, and never passed.
            Ok(()) if trial.evidence.comparisons == 0 && trial.evidence.statistics.is_empty() => {
                Verdict::NotApplicable { why: trial.evidence.skipped.join("; ") }
            }
            Ok(()) => Verdict::Holds { evidence: trial.evidence },
            Err(Stop::NotApplicable(why)) => Verdict::NotApplicable { why },
            Err(Stop::Adapter(why)) => Verdict::AdapterFailed { why },
            Err(Stop::Fails(mut failure)) => {
                if failure.diagnosis.is_empty() {
                    failure.diagnosis = self.diagnosis.into();
                }
                Verdict::Fails { failure }
            }
        }
    }
}

/// What a law needs of a layer.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    /// Levels that must all be offered.
    pub levels: &'static [Level],
    /// Kinds that it speaks about.
    pub kinds: &'static [Kind],
    /// Whether a seed must fix the mask.
    pub seed: bool,
    /// How masks must pass: at least one of these, if there are any.
    pub mask: &'static [MaskAccess],
}

impl Needs {
    /// A forward call, of a layer of any kind.
    pub const FORWARD: Self = Self { levels: &[Level::C0], kinds: &EVERY_KIND, seed: false, mask: &[] };
    /// A forward call, of a layer whose dropped elements are zero and whose kept ones are scaled.
    pub const ZEROING: Self = Self { kinds: &[Kind::Dropout, Kind::Dropconnect], ..Self::FORWARD };

    /// Whether the layer offers it, or what is lacking.
    ///
    /// # Errors
    /// What is lacking.
    pub fn met_by(&self, layer: &Layer) -> Result<(), String> {
        if !self.kinds.contains(&layer.kind) {
            return Err(format!("not about layers of kind {:?}", layer.kind));
        }
        if let Some(level) = self.levels.iter().find(|&&level| !layer.offers(level)) {
            return Err(format!("the adapter does not offer level {level:?}"));
        }
        if self.seed && !layer.seed {
            return Err("the layer takes no seed".into());
        }
        if !self.mask.is_empty() && !self.mask.iter().any(|&access| layer.passes(access)) {
            return Err("the layer neither takes nor returns masks so".into());
        }
        Ok(())
    }
}

/// All kinds of layers.
const EVERY_KIND: [Kind; 5] = [Kind::Dropout, Kind::Alpha, Kind::Gaussian, Kind::GaussianAdditive, Kind::Dropconnect];
