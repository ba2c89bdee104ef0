//! The gain from dropout over the number of training examples.

use super::setting::weight_scaling_error;
use super::{Comparison, Experiment, Measure, Published, Setting};

/// Dropout against none on more and more data.
pub const EXPERIMENT: Experiment = Experiment {
    name: "data-size",
    question: "For how much data does dropout help?",
    published: "Srivastava et al. 2014, section 7.4 (MNIST): no gain on 100 and 500 examples, then the gain grows with the \
                data up to a point and declines",
    measures: &[Measure { name: "error", unit: "error %" }],
    settings,
    run: weight_scaling_error,
    comparisons: &[
        compare("dropout, N=20", "plain, N=20", Published::Alike),
        compare("dropout, N=50", "plain, N=50", Published::Lower),
        compare("dropout, N=200", "plain, N=200", Published::Lower),
        compare("dropout, N=500", "plain, N=500", Published::Lower),
        compare("dropout, N=1000", "plain, N=1000", Published::Lower),
    ],
};

const fn compare(first: &'static str, second: &'static str, published: Published) -> Comparison {
    Comparison { first: (first, "error"), second: (second, "error"), published }
}

/// `quick` has three sizes.
fn settings(quick: bool) -> Vec<Setting> {
    let sizes: &[usize] = if quick { &[20, 200, 1000] } else { &[20, 50, 200, 500, 1000] };
    let pair = |&examples: &usize| {
        let plain = Setting::new(format!("plain, N={examples}"), quick).examples(examples);
        [plain, Setting::new(format!("dropout, N={examples}"), quick).examples(examples).keep(1.0, 0.5)]
    };
    sizes.iter().flat_map(pair).collect()
}
