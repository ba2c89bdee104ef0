//! How well predictions fit: their negative log-likelihood and their error.

use super::forward;
use dropout_oracle::data::Examples;
use dropout_oracle::model::HeadKind;
use dropout_oracle::{Error, Model};
use nalgebra::DVector;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Means over examples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The mean of −ln p(y); none where it is not finite, or not known.
    pub nll: Option<f64>,
    /// What [`error_name`] says.
    pub error: f64,
}

/// What one example adds: −ln p(y), if known, and its error before [`mean`].
pub type Row = (Option<f64>, f64);

/// What the error of a head is.
pub fn error_name(kind: &HeadKind) -> &'static str {
    match kind {
        HeadKind::Softmax | HeadKind::Bernoulli => "fraction_wrong",
        HeadKind::Gaussian { .. } | HeadKind::Poisson => "root_mean_square",
    }
}

/// The score of the rows that `row` gives for every example, summed in their order.
pub fn mean(
    kind: &HeadKind,
    examples: &Examples,
    row: impl Fn(usize, &DVector<f64>, &DVector<f64>) -> Result<Row, Error> + Sync,
) -> Result<Score, Error> {
    let (inputs, targets) = (examples.inputs(), examples.targets());
    let rows: Vec<_> = (0..examples.count()).into_par_iter().map(|n| row(n, &inputs[n], &targets[n])).collect();
    let rows = rows.into_iter().collect::<Result<Vec<Row>, Error>>()?;
    let count = rows.len() as f64;
    let nll = rows.iter().try_fold(0.0, |sum, (nll, _)| Some(sum + (*nll)?));
    let error = rows.iter().map(|(_, error)| error).sum::<f64>() / count;
    Ok(Score {
        nll: nll.map(|sum| sum / count).filter(|nll| nll.is_finite()),
        error: if error_name(kind) == "root_mean_square" { error.sqrt() } else { error },
    })
}

/// The error of one prediction: the share of wrong classes (of wrong entries, for the Bernoulli head), or the mean
/// squared difference.
pub fn error(kind: &HeadKind, expected: &DVector<f64>, target: &DVector<f64>) -> f64 {
    let entries = expected.len() as f64;
    match kind {
        HeadKind::Softmax => f64::from(u8::from(expected.argmax().0 != target.argmax().0)),
        HeadKind::Bernoulli => {
            expected.iter().zip(target).filter(|&(&p, &y)| (p >= 0.5) != (y >= 0.5)).count() as f64 / entries
        }
        HeadKind::Gaussian { .. } | HeadKind::Poisson => (expected - target).norm_squared() / entries,
    }
}

/// The score of weight scaling.
pub fn weight_scaling(model: &Model, examples: &Examples) -> Result<Score, Error> {
    let outputs = forward::outputs(model, examples.inputs())?;
    mean(model.head_kind(), examples, |n, _, y| {
        let nll = -model.head().log_probability(&outputs[n], y)?;
        Ok((Some(nll), error(model.head_kind(), &model.head().expected(&outputs[n]), y)))
    })
}
