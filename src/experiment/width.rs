//! The test error over the KEEP probability p, with n hidden units a layer such that pn stays.

use super::setting::{weight_scaling_alone, weight_scaling_error};
use super::{Comparison, Experiment, Measure, Published, Setting};

/// Wider networks for smaller KEEP probabilities, and one that stays narrow.
pub const EXPERIMENT: Experiment = Experiment {
    name: "width",
    question: "What does p do when the expected number pn of kept units in each layer stays at 16?",
    published: "Srivastava et al. 2014, section 7.3, figure 9 (MNIST): a small p does less harm at constant pn than at \
                constant n; p = .6 was best at constant pn and .5 close to it",
    measures: &[Measure { name: "error", unit: "error %" }],
    settings,
    validate: weight_scaling_error,
    run: weight_scaling_alone,
    comparisons: &[
        compare("p=0.25, n=64", "p=0.25, n=32", Published::Lower),
        compare("p=0.5, n=32", "p=1, n=16", Published::Lower),
        compare("p=0.25, n=64", "p=0.5, n=32", Published::Higher),
        compare("p=0.8, n=20", "p=0.5, n=32", Published::Nothing),
    ],
};

const fn compare(first: &'static str, second: &'static str, published: Published) -> Comparison {
    Comparison { first: (first, "error"), second: (second, "error"), published }
}

/// `quick` leaves out p = .8.
fn settings(quick: bool) -> Vec<Setting> {
    let shapes: &[(f64, usize)] = &[(0.25, 32), (0.25, 64), (0.5, 32), (1.0, 16), (0.8, 20)];
    let setting = |&(p, n): &(f64, usize)| Setting::new(format!("p={p}, n={n}"), quick).hidden(&[n, n]).keep(1.0, p);
    shapes[..shapes.len() - usize::from(quick)].iter().map(setting).collect()
}
