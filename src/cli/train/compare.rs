//! Every way to average networks, on the test examples.

use super::score::{self, Row, Score};
use dropout_oracle::data::Examples;
use dropout_oracle::ensemble::Prediction;
use dropout_oracle::kernel::enumerate;
use dropout_oracle::law::Law;
use dropout_oracle::model::HeadKind;
use dropout_oracle::network::Network;
use dropout_oracle::random::{Purpose, stream};
use dropout_oracle::scalar::{Real, log_sum_exp};
use dropout_oracle::train::Committee;
use dropout_oracle::{Error, Model};
use nalgebra::DVector;
use serde::Serialize;

/// A predictor and how well it does.
#[derive(Serialize)]
pub struct Predictor {
    pub name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<u64>,
    #[serde(flatten)]
    pub score: Score,
}

/// log₂ of the number of sub-models that are evaluated for the exact means: minutes at most.
const AFFORDABLE: u32 = 30;

/// The predictors on the test examples; none without any.
#[derive(Default, Serialize)]
pub struct Comparison {
    pub test: Vec<Predictor>,
    /// Why the sub-networks were not enumerated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_exact_means: Option<String>,
}

impl Comparison {
    /// Weight scaling; with `samples` also Monte Carlo with so many sub-models an example and, where affordable, the
    /// exact means; and those of a committee.
    pub fn new(
        model: &Model,
        committee: Option<&Committee>,
        test: &Examples,
        samples: Option<u64>,
        seed: u64,
    ) -> Result<Self, Error> {
        let score = score::weight_scaling(model, test)?;
        let mut predictors = vec![Predictor { name: "weight_scaling", samples: None, score }];
        let mut no_exact_means = None;
        if let Some(samples) = samples {
            let score = score::mean(model.head_kind(), test, |row, x, y| monte_carlo(model, samples, seed, row, x, y))?;
            predictors.push(Predictor { name: "monte_carlo", samples: Some(samples), score });
            no_exact_means = unaffordable(model, test);
            if no_exact_means.is_none() {
                predictors.extend(means(["arithmetic_mean", "geometric_mean"], model, test, |x| enumerate(model, x))?);
            }
        }
        if let Some(committee) = committee {
            let ensemble = committee.ensemble();
            let names = ["committee_arithmetic_mean", "committee_geometric_mean"];
            predictors.extend(means(names, model, test, |x| ensemble.predict(x))?);
        }
        Ok(Self { test: predictors, no_exact_means })
    }
}

/// Why there are no exact means.
fn unaffordable(model: &Model, test: &Examples) -> Option<String> {
    let (units, count) = (model.keep().len(), test.count());
    (units as f64 + (count as f64).log2() > f64::from(AFFORDABLE)).then(|| {
        format!(
            "no exact means: {units} droppable units have 2^{units} masks for each of {count} examples, more than \
             2^{AFFORDABLE} in all"
        )
    })
}

/// Both means of what `predict` averages, through the head of `model`.
fn means(
    [arithmetic, geometric]: [&'static str; 2],
    model: &Model,
    test: &Examples,
    predict: impl Fn(&DVector<f64>) -> Result<Prediction<f64>, Error>,
) -> Result<[Predictor; 2], Error> {
    let kind = model.head_kind();
    let means = test.inputs().iter().map(predict).collect::<Result<Vec<_>, Error>>()?;
    let exact = |name, row: &(dyn Fn(usize, &DVector<f64>) -> Row + Sync)| {
        Ok(Predictor { name, samples: None, score: score::mean(kind, test, |n, _, y| Ok(row(n, y)))? })
    };
    let arithmetic = exact(arithmetic, &|n, y| {
        let expected = &means[n].arithmetic_mean;
        // The mixture of normals, of Poissons or of several bits is not what its mean says.
        let known = matches!(kind, HeadKind::Softmax) || matches!(kind, HeadKind::Bernoulli) && y.len() == 1;
        (known.then(|| classes_nll(kind, expected, y)), score::error(kind, expected, y))
    })?;
    let geometric = exact(geometric, &|n, y| {
        // Equation 7.55 stays in the family of the head: it is the one with this mean.
        let expected = &means[n].geometric_mean.expected;
        let nll = match kind {
            HeadKind::Softmax | HeadKind::Bernoulli => Ok(classes_nll(kind, expected, y)),
            HeadKind::Gaussian { .. } => model.head().log_probability(expected, y).map(|log| -log),
            HeadKind::Poisson => model.head().log_probability(&expected.map(Real::ln), y).map(|log| -log),
        };
        (nll.ok(), score::error(kind, expected, y))
    })?;
    Ok([arithmetic, geometric])
}

/// The mean prediction of sampled sub-models, and the likelihood of their mixture.
fn monte_carlo(
    model: &Model,
    samples: u64,
    seed: u64,
    row: usize,
    x: &DVector<f64>,
    y: &DVector<f64>,
) -> Result<Row, Error> {
    let mut rng = stream(seed, Purpose::MonteCarlo, row as u64, 0);
    let (mut sum, mut logs) = (DVector::zeros(y.len()), Vec::with_capacity(samples as usize));
    for _ in 0..samples {
        let output = model.network().output(x, &model.law().sample(&mut rng))?;
        sum += model.head().expected(&output);
        logs.push(model.head().log_probability(&output, y)?);
    }
    let samples = samples as f64;
    Ok((Some(Real::ln(samples) - log_sum_exp(&logs)), score::error(model.head_kind(), &(sum / samples), y)))
}

/// −ln p(y) from the probabilities of classes or bits, where what does not happen costs nothing.
fn classes_nll(kind: &HeadKind, expected: &DVector<f64>, y: &DVector<f64>) -> f64 {
    let term = |p: f64, y: f64| if y == 0.0 { 0.0 } else { -y * Real::ln(p) };
    let bernoulli = matches!(kind, HeadKind::Bernoulli);
    let terms =
        expected.iter().zip(y).map(|(&p, &y)| term(p, y) + if bernoulli { term(1.0 - p, 1.0 - y) } else { 0.0 });
    terms.sum()
}
