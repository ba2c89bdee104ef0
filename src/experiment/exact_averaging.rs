//! The three averages of all 2¹² sub-networks of 64-6-6-2.

use super::averaging::{HIDDEN, KEEP, Score};
use super::setting::weight_scaling_error;
use super::{Averaging, Classes, Comparison, Experiment, Measure, Published, Setting};
use crate::error::Result;

/// Weight scaling against the geometric and the arithmetic mean of all sub-networks.
pub const EXPERIMENT: Experiment = Experiment {
    name: "exact-averaging",
    question: "Which average of all 4096 sub-networks predicts best: weight scaling, geometric or arithmetic mean?",
    published: "Warde-Farley et al. 2014: in small networks with all masks enumerated, the geometric mean performs comparably \
                to the arithmetic one (Goodfellow et al. 2016, section 7.12)",
    measures: &[
        Measure { name: "WS error", unit: "error %" },
        Measure { name: "NGM error", unit: "error %" },
        Measure { name: "AM error", unit: "error %" },
        Measure { name: "WS NLL", unit: "nats" },
        Measure { name: "NGM NLL", unit: "nats" },
        Measure { name: "AM NLL", unit: "nats" },
    ],
    settings,
    validate: weight_scaling_error,
    run,
    comparisons: &[
        compare("3 vs 8", "AM error", "NGM error", Published::Alike),
        compare("3 vs 8", "WS error", "NGM error", Published::Nothing),
        compare("3 vs 8", "AM NLL", "NGM NLL", Published::Nothing),
        compare("1 vs 8", "AM error", "NGM error", Published::Alike),
        compare("1 vs 8", "WS error", "NGM error", Published::Nothing),
        compare("1 vs 8", "AM NLL", "NGM NLL", Published::Nothing),
    ],
};

const fn compare(pair: &'static str, first: &'static str, second: &'static str, published: Published) -> Comparison {
    Comparison { first: (pair, first), second: (pair, second), published }
}

/// `quick` leaves out the second pair of digits.
fn settings(quick: bool) -> Vec<Setting> {
    let pair = |name, digit| Setting {
        classes: Classes::Pair(digit, 8),
        ..Setting::new(name, quick).hidden(&[HIDDEN, HIDDEN]).keep(1.0, KEEP).examples(140) // out of 198 or so
    };
    if quick { vec![pair("3 vs 8", 3)] } else { vec![pair("3 vs 8", 3), pair("1 vs 8", 1)] }
}

fn run(setting: &Setting, seed: u64) -> Result<Vec<f64>> {
    let (model, test) = setting.train(seed)?;
    let averaging = Averaging { training: setting.training.clone(), samples: Vec::new() };
    let scores = averaging.scores(&model, &test, seed)?.scores;
    let errors = scores.iter().map(|score: &Score| 100.0 * score.error);
    Ok(errors.chain(scores.iter().map(|score| score.nll)).collect())
}
