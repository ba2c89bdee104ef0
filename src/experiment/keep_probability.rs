//! The test error over the KEEP probability of the hidden units, for a fixed network.

use super::setting::{weight_scaling_alone, weight_scaling_error};
use super::{Comparison, Experiment, Measure, Published, Setting};

/// The same network at several KEEP probabilities.
pub const EXPERIMENT: Experiment = Experiment {
    name: "keep-probability",
    question: "Which probability p of keeping a hidden unit is best for a network of fixed size?",
    published: "Goodfellow et al. 2016, section 7.12: usually p = .5 for hidden units; Srivastava et al. 2014, section 7.3 \
                (MNIST): p = .6 was best and .5 close to it; a small p harms more at fixed width than at fixed pn",
    measures: &[Measure { name: "error", unit: "error %" }],
    settings: |quick| {
        let keeps: &[f64] = if quick { &[0.2, 0.5, 0.8, 1.0] } else { &[0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0] };
        keeps.iter().map(|&p| Setting::new(format!("p={p}"), quick).keep(1.0, p)).collect()
    },
    validate: weight_scaling_error,
    run: weight_scaling_alone,
    comparisons: &[
        compare("p=0.2", "p=0.5", Published::Higher),
        compare("p=0.6", "p=0.5", Published::Alike),
        compare("p=0.8", "p=0.5", Published::Nothing),
        compare("p=1", "p=0.5", Published::Higher),
    ],
};

const fn compare(first: &'static str, second: &'static str, published: Published) -> Comparison {
    Comparison { first: (first, "error"), second: (second, "error"), published }
}
