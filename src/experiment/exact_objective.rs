//! Logistic regression, and the last layer of a network, trained on the dropout objective itself, on its normal
//! approximation, and on sampled masks. How long each takes is measured by the benchmark `marginal`.

use super::{Candidate, Classes, Comparison, Experiment, Measure, Objective, Published, Setting};
use crate::approximation::fast_dropout;
use crate::data::Examples;
use crate::error::Result;
use crate::law::{Independent, Rescaled};
use crate::marginal::objective::objective;
use crate::marginal::{Logit, Term};
use crate::model::Model;
use crate::network::{Affine, Layer, Mlp, Network};
use crate::scalar::Real;
use crate::train::QuasiNewton;
use itertools::izip;
use nalgebra::{DMatrix, DVector};

/// KEEP probability of the pixels of the regression and of the hidden units of the network.
const KEEP: f64 = 0.5;

/// The same L2 penalty for all. Without it a pixel that only one of the classes has would be given ever larger a weight: even
/// the exact dropout objective has no minimum then.
const L2: f64 = 1e-3;

/// Three objectives for the same readout.
pub const EXPERIMENT: Experiment = Experiment {
    name: "exact-objective",
    question: "Is it worth while to train on the exact dropout objective instead of a normal approximation or samples?",
    published: "Wang & Manning 2013: training on a normal approximation of the logits is as accurate as sampled dropout, and \
                faster; nothing on the exact objective",
    measures: &[
        Measure { name: "objective", unit: "nats" },
        Measure { name: "WS error", unit: "error %" },
        Measure { name: "AM error", unit: "error %" },
        Measure { name: "WS NLL", unit: "nats" },
        Measure { name: "AM NLL", unit: "nats" },
    ],
    settings,
    validate: |setting, seed| Ok(run(setting, seed)?[1]),
    run,
    comparisons: &[
        compare("exact", "fast dropout", "objective", Published::Nothing),
        compare("exact", "sampled", "objective", Published::Nothing),
        compare("fast dropout", "sampled", "WS error", Published::Alike),
        compare("exact", "fast dropout", "WS error", Published::Nothing),
        compare("exact", "sampled", "WS error", Published::Nothing),
        compare("exact", "fast dropout", "AM NLL", Published::Nothing),
        compare("exact", "sampled", "AM NLL", Published::Nothing),
        compare("network, exact", "network, fast dropout", "objective", Published::Nothing),
        compare("network, exact", "network, sampled", "objective", Published::Nothing),
        compare("network, exact", "network, sampled", "WS error", Published::Nothing),
        compare("network, exact", "network, fast dropout", "AM NLL", Published::Nothing),
        compare("network, exact", "network, sampled", "AM NLL", Published::Nothing),
    ],
};

const fn compare(first: &'static str, second: &'static str, measure: &'static str, published: Published) -> Comparison {
    Comparison { first: (first, measure), second: (second, measure), published }
}

/// 3 against 8; `quick` leaves out the networks, which have one hidden layer of 32 units and their last layer trained anew.
fn settings(quick: bool) -> Vec<Setting> {
    let objectives =
        [("exact", Objective::Exact), ("fast dropout", Objective::FastDropout), ("sampled", Objective::Sampled)];
    let regression = objectives.map(|(name, objective)| {
        let setting = Setting { objective, ..pair(name, quick).hidden(&[]).keep(KEEP, 1.0) };
        match objective {
            Objective::Sampled => setting,
            // A convex objective without noise has nothing to choose.
            _ => Setting {
                candidates: vec![Candidate { label: "L-BFGS".into(), training: setting.training.clone() }],
                ..setting
            },
        }
    });
    let networks = objectives.map(|(name, objective)| Setting {
        objective,
        ..pair(&format!("network, {name}"), quick).hidden(&[32]).keep(1.0, KEEP)
    });
    let networks = networks.into_iter().filter(|_| !quick);
    regression.into_iter().chain(networks).collect()
}

fn pair(name: &str, quick: bool) -> Setting {
    Setting { classes: Classes::Pair(3, 8), ..Setting::new(name, quick).examples(140) }
        .trained(|training| training.l2(L2))
}

/// A logistic unit on features that are dropped.
struct Readout {
    below: Mlp<f64>,
    unit: Affine<f64>,
    law: Rescaled<f64, Independent<f64>>,
}

impl Readout {
    /// The last layer of a softmax classifier of two classes: ln p(1) − ln p(0) is one logit.
    fn of(model: &Model) -> Result<Self> {
        let [below @ .., Layer::Dropout(_), Layer::Affine(last)] = model.network().layers() else {
            unreachable!("a classifier ends in dropout and an affine layer");
        };
        let row = |y: usize| last.weight.rows(y, 1);
        Ok(Self {
            below: Mlp::new(model.network().inputs(), below.to_vec())?,
            unit: Affine { weight: row(1) - row(0), bias: DVector::from_element(1, last.bias[1] - last.bias[0]) },
            law: Rescaled::inverted(Independent::new(DVector::from_element(last.inputs(), KEEP))?)?,
        })
    }

    /// The features of each example, with 1 for the second class.
    fn examples(&self, of: &Examples) -> Result<Vec<(DVector<f64>, DVector<f64>)>> {
        let one = |(x, target): (&DVector<f64>, &DVector<f64>)| {
            Ok((self.below.output(x, &DVector::zeros(0))?, DVector::from_element(1, target[1])))
        };
        of.iter().map(one).collect()
    }

    /// Trains the unit, from 0, without sampling.
    fn fit(&mut self, of: Objective, examples: &Pairs) -> Result<()> {
        let method = QuasiNewton { tolerance: 1e-6, steps: 500 };
        let start = Affine { weight: DMatrix::zeros(1, self.unit.inputs()), bias: DVector::zeros(1) };
        let law = &self.law;
        self.unit = match of {
            Objective::Sampled => return Ok(()),
            Objective::FastDropout => {
                method
                    .fit(&start, |unit| Ok(penalised(unit, fast_dropout::objective(unit, law, examples)?, examples)))?
                    .0
            }
            Objective::Exact => method.fit(&start, |unit| exact(unit, law, examples))?.0,
        };
        Ok(())
    }

    /// The logit of the second class, or its negative, that of the first.
    fn logit(&self, features: &DVector<f64>, sign: f64) -> Result<Logit> {
        let terms = izip!(&self.unit.weight, features, self.law.factor(), self.law.law().keep());
        let terms = terms.map(|(w, h, factor, &keep)| Term::Masked { weight: sign * w * h * factor, keep });
        Logit::new(sign * self.unit.bias[0], terms.collect())
    }

    /// Errors in percent and mean −ln p: of weight scaling and of the arithmetic mean, each.
    fn scores(&self, examples: &Pairs) -> Result<[f64; 4]> {
        let mut sums = [0.0; 4];
        for (features, target) in examples {
            let logit = self.logit(features, 2.0 * target[0] - 1.0)?;
            // Of the right class.
            let (scaled, mean) = (logit.mean(), logit.expected_logistic_by_tilting()?.value);
            let scores = [
                if scaled > 0.0 { 0.0 } else { 100.0 },
                if mean > 0.5 { 0.0 } else { 100.0 },
                (-scaled).softplus(),
                -Real::ln(mean),
            ];
            sums.iter_mut().zip(scores).for_each(|(sum, score)| *sum += score);
        }
        Ok(sums.map(|sum| sum / examples.len() as f64))
    }
}

type Pairs = [(DVector<f64>, DVector<f64>)];

/// The mean exact loss and the penalty, with their gradient.
fn exact(unit: &Affine<f64>, law: &Rescaled<f64, Independent<f64>>, examples: &Pairs) -> Result<(f64, Affine<f64>)> {
    let exact = objective(unit, law, examples)?;
    Ok(penalised(unit, (exact.loss.value, exact.gradient), examples))
}

/// A mean over the examples from the sum, with the penalty of the two rows of a softmax layer whose difference the unit is:
/// λ/2 of their squared weights, at least λ/4 of the unit's.
fn penalised(unit: &Affine<f64>, (loss, gradient): (f64, Affine<f64>), examples: &Pairs) -> (f64, Affine<f64>) {
    let count = examples.len() as f64;
    let penalty = L2 / 4.0 * unit.weight.iter().map(|w| w * w).sum::<f64>();
    let weight = gradient.weight / count + &unit.weight * (L2 / 2.0);
    (loss / count + penalty, Affine { weight, bias: gradient.bias / count })
}

/// The exact objective on the training examples, and the scores.
fn run(setting: &Setting, seed: u64) -> Result<Vec<f64>> {
    let (train, judged) = setting.split(seed)?;
    let is_regression = setting.hidden.is_empty();
    let model = match setting.objective {
        Objective::Exact | Objective::FastDropout if is_regression => setting.untrained(&train, seed)?,
        _ => setting.train(seed)?.0,
    };
    let mut readout = Readout::of(&model)?;
    let train = readout.examples(&train)?;
    readout.fit(setting.objective, &train)?;
    let (trained, _) = exact(&readout.unit, &readout.law, &train)?;
    let scores = readout.scores(&readout.examples(&judged)?)?;
    Ok([&[trained], &scores[..]].concat())
}
