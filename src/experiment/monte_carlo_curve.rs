//! The mean of k sampled sub-networks against weight scaling.

use super::setting::{error_percent, weight_scaling_error};
use super::{Comparison, Experiment, Measure, Published, Setting};
use crate::error::Result;
use crate::random::{Purpose, stream};

const SETTING: &str = "64-64-64-10";
const SAMPLES: [u64; 5] = [1, 2, 5, 20, 100];

/// Test error over the number of sampled sub-networks.
pub const EXPERIMENT: Experiment = Experiment {
    name: "monte-carlo-curve",
    question: "How many sampled sub-networks must be averaged to predict as well as weight scaling?",
    published: "Srivastava et al. 2014, section 7.5 (MNIST): it takes about 50 to match weight scaling. Beyond, either way: \
                Goodfellow et al. 2013, weight scaling beats up to 1000; Ma et al. 2017 (MNIST), 100 beat it, 1.04 % \
                against 1.19 %",
    measures: &[
        Measure { name: "WS", unit: "error %" },
        Measure { name: "MC k=1", unit: "error %" },
        Measure { name: "MC k=2", unit: "error %" },
        Measure { name: "MC k=5", unit: "error %" },
        Measure { name: "MC k=20", unit: "error %" },
        Measure { name: "MC k=100", unit: "error %" },
    ],
    settings: |quick| vec![Setting::new(SETTING, quick).keep(0.8, 0.5).examples(800)],
    validate: weight_scaling_error,
    run,
    comparisons: &[
        compare("MC k=1", Published::Higher),
        compare("MC k=5", Published::Higher),
        compare("MC k=20", Published::Higher),
        compare("MC k=100", Published::Nothing),
    ],
};

const fn compare(samples: &'static str, published: Published) -> Comparison {
    Comparison { first: (SETTING, samples), second: (SETTING, "WS"), published }
}

/// The samples are nested: the first of k = 20 are those of k = 5.
fn run(setting: &Setting, seed: u64) -> Result<Vec<f64>> {
    let (model, test) = setting.train(seed)?;
    let ensemble = model.ensemble();
    let mut errors = vec![error_percent(&test, |_, x| ensemble.weight_scaled_output(x))?];
    for samples in SAMPLES {
        let mean = |n, x: &_| Ok(ensemble.monte_carlo(x, samples, &mut stream(seed, Purpose::MonteCarlo, n, 0))?.mean);
        errors.push(error_percent(&test, mean)?);
    }
    Ok(errors)
}
