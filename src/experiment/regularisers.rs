//! Dropout beside the regularisers it is usually compared with, each with its strength chosen.

use super::setting::{weight_scaling_alone, weight_scaling_error};
use super::{Comparison, Experiment, Measure, Published, Setting};
use crate::network::Activation;
use crate::train::regulariser::Sparsity;
use crate::train::{EarlyStopping, Training};

/// The table of Srivastava et al. in miniature.
pub const EXPERIMENT: Experiment = Experiment {
    name: "regularisers",
    question: "Does dropout beat weight decay, sparse activity and max-norm, and does it combine with them?",
    published: "Srivastava et al. 2014, table 9 (MNIST, error %): L2 1.62, L2 + L1 1.60, L2 + KL-sparsity 1.55, max-norm \
                1.35, dropout + L2 1.25, dropout + max-norm 1.05; KL-sparsity is measured here with logistic hidden units",
    measures: &[Measure { name: "error", unit: "error %" }],
    settings,
    validate: weight_scaling_error,
    run: weight_scaling_alone,
    comparisons: &[
        compare("dropout + max-norm", "dropout + L2", Published::Lower),
        compare("dropout + max-norm", "max-norm", Published::Lower),
        compare("dropout + max-norm", "L2", Published::Lower),
        compare("dropout + L2", "L2", Published::Lower),
        compare("dropout + L2", "max-norm", Published::Lower),
        compare("max-norm", "L2", Published::Lower),
        compare("L2 + L1", "L2", Published::Lower),
        compare("L2 + KL-sparsity", "L2", Published::Lower),
        compare("dropout", "L2", Published::Nothing),
        compare("dropout", "none", Published::Nothing),
        compare("early stopping", "none", Published::Nothing),
    ],
};

const fn compare(first: &'static str, second: &'static str, published: Published) -> Comparison {
    Comparison { first: (first, "error"), second: (second, "error"), published }
}

/// `quick` leaves out what is added to L2, early stopping, and dropout + L2.
fn settings(quick: bool) -> Vec<Setting> {
    let new = |name: &str| Setting::new(name, quick);
    let dropout = |name: &str| new(name).keep(1.0, 0.5);
    let l2 = |setting: Setting| setting.among("L2", &[0.001, 0.01], Training::l2);
    let max_norm = |setting: Setting| setting.among("max-norm", &[1.0, 2.0], Training::max_norm);
    let mut settings = vec![
        new("none"),
        l2(new("L2")),
        max_norm(new("max-norm")),
        dropout("dropout"),
        max_norm(dropout("dropout + max-norm")),
    ];
    if !quick {
        let sparsity = |training: Training, strength| training.sparsity(Sparsity { target: 0.1, strength });
        settings.extend([
            l2(dropout("dropout + L2")),
            l2(new("L2 + L1")).among("L1", &[0.0001, 0.001], Training::l1),
            l2(Setting { unit: Activation::Logistic, ..new("L2 + KL-sparsity") }).among("KL", &[0.001, 0.01], sparsity),
            Setting { early_stopping: Some(EarlyStopping { every: 20, patience: 10 }), ..new("early stopping") },
        ]);
    }
    settings
}
