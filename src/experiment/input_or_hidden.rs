//! Dropout on the pixels, on the hidden units, and on both.

use super::setting::weight_scaling_error;
use super::{Comparison, Experiment, Measure, Published, Setting};

/// Where the noise goes.
pub const EXPERIMENT: Experiment = Experiment {
    name: "input-or-hidden",
    question: "Is it the noise on the inputs or on the hidden units that helps?",
    published: "Hinton et al. 2012 (MNIST, errors of 10 000): 160 without dropout, about 130 with hidden units dropped, \
                about 110 with 20 % of the pixels dropped too",
    measures: &[Measure { name: "error", unit: "error %" }],
    settings: |quick| {
        let setting = |name, input, hidden| Setting::new(name, quick).keep(input, hidden);
        let (input, hidden) = (0.8, 0.5);
        vec![
            setting("none", 1.0, 1.0),
            setting("input", input, 1.0),
            setting("hidden", 1.0, hidden),
            setting("both", input, hidden),
        ]
    },
    run: weight_scaling_error,
    comparisons: &[
        compare("hidden", "none", Published::Lower),
        compare("both", "none", Published::Lower),
        compare("both", "hidden", Published::Lower),
        compare("input", "none", Published::Nothing),
        compare("hidden", "input", Published::Nothing),
    ],
};

const fn compare(first: &'static str, second: &'static str, published: Published) -> Comparison {
    Comparison { first: (first, "error"), second: (second, "error"), published }
}
