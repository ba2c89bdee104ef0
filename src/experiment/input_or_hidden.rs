//! Dropout on the pixels, on the hidden units, and on both.

use super::setting::{weight_scaling_alone, weight_scaling_error};
use super::{Comparison, Experiment, Measure, Published, Setting};

/// Where the noise goes.
pub const EXPERIMENT: Experiment = Experiment {
    name: "input-or-hidden",
    question: "Is it the noise on the inputs or on the hidden units that helps?",
    published: "Goodfellow et al. 2016, section 7.12: a large part of dropout's power comes from masking the hidden units \
                and not the raw inputs (no figure)",
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
    validate: weight_scaling_error,
    run: weight_scaling_alone,
    comparisons: &[
        compare("hidden", "input", Published::Lower),
        compare("hidden", "none", Published::Lower),
        compare("input", "none", Published::Nothing),
        compare("both", "hidden", Published::Nothing),
    ],
};

const fn compare(first: &'static str, second: &'static str, published: Published) -> Comparison {
    Comparison { first: (first, "error"), second: (second, "error"), published }
}
