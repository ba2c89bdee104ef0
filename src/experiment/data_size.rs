//! The gain from dropout over the number of training examples.

use super::setting::{weight_scaling_alone, weight_scaling_error};
use super::{Comparison, Experiment, Measure, Published, Setting};

/// Dropout against none on more and more data.
pub const EXPERIMENT: Experiment = Experiment {
    name: "data-size",
    question: "For how much data does dropout help?",
    published: "Goodfellow et al. 2016, section 7.12: dropout is less effective with extremely few labelled examples, and \
                with very many regularisation gains little; Srivastava et al. 2014, section 7.4 (MNIST): it begins to help \
                at a certain size",
    measures: &[Measure { name: "error", unit: "error %" }],
    settings,
    validate: weight_scaling_error,
    run: weight_scaling_alone,
    comparisons: &[
        compare("dropout, N=20", "plain, N=20", Published::Alike),
        compare("dropout, N=50", "plain, N=50", Published::Nothing),
        compare("dropout, N=200", "plain, N=200", Published::Nothing),
        compare("dropout, N=500", "plain, N=500", Published::Nothing),
        compare("dropout, N=800", "plain, N=800", Published::Nothing),
    ],
};

const fn compare(first: &'static str, second: &'static str, published: Published) -> Comparison {
    Comparison { first: (first, "error"), second: (second, "error"), published }
}

/// `quick` has three sizes.
fn settings(quick: bool) -> Vec<Setting> {
    let sizes: &[usize] = if quick { &[20, 200, 800] } else { &[20, 50, 200, 500, 800] };
    let pair = |&examples: &usize| {
        let plain = Setting::new(format!("plain, N={examples}"), quick).examples(examples);
        [plain, Setting::new(format!("dropout, N={examples}"), quick).examples(examples).keep(1.0, 0.5)]
    };
    sizes.iter().flat_map(pair).collect()
}
