//! Dropout before the last affine layer of any network: the earlier masks enumerated, the last layer's never.

use super::certificate::Certified;
use super::classes::Classes;
use super::logit::{Logit, U};
use crate::ensemble::expectation;
use crate::error::Result;
use crate::law::{Independent, Law, Rescaled};
use crate::model::{HeadKind, Model};
use crate::network::{Affine, Layer, Mlp, Network};
use nalgebra::{DMatrix, DVector};

/// A model split before its last dropout layer.
pub(super) struct LastLayer<'a> {
    model: &'a Model,
    earlier: Mlp<f64>,
    /// The law of the earlier layers' masks.
    law: Rescaled<f64, Independent<f64>>,
    /// Which of the features are dropped.
    dropped: &'a [usize],
    affine: &'a Affine<f64>,
}

/// One logit an output: \\(A d + b\\).
struct Logits {
    weights: DMatrix<f64>,
    keep: DVector<f64>,
    bias: DVector<f64>,
    /// What each logit can be off by.
    slack: Vec<f64>,
}

impl<'a> LastLayer<'a> {
    /// The split, or why there is none.
    pub fn new(model: &'a Model) -> Result<Self, String> {
        let network = model.network();
        let [earlier @ .., Layer::Dropout(dropped), Layer::Affine(affine)] = network.layers() else {
            return Err("the network does not end in dropout and one affine layer".into());
        };
        let units = network.units() - dropped.len();
        let (keep, factor) =
            (model.keep().rows(0, units).into_owned(), model.law().factor().rows(0, units).into_owned());
        let split = |_| "the earlier layers are no network of their own".to_owned();
        let earlier = Mlp::new(network.inputs(), earlier.to_vec()).map_err(split)?;
        let law = Independent::new(keep).and_then(|masks| Rescaled::new(masks, factor)).map_err(split)?;
        Ok(Self { model, earlier, law, dropped, affine })
    }

    /// How many earlier masks are enumerated, as a power of two.
    pub fn earlier_units(&self) -> usize {
        self.earlier.units()
    }

    /// How many masks are not.
    pub fn last_units(&self) -> usize {
        self.dropped.len()
    }

    /// The mean prediction of each output.
    pub fn arithmetic_mean(&self, x: &DVector<f64>) -> Result<Vec<Certified>> {
        let outputs = self.affine.outputs();
        // Values, then errors.
        let means = expectation(&self.law, |multipliers| {
            let means = self.given(&self.earlier.output(x, multipliers)?)?;
            Ok(DVector::from_iterator(2 * outputs, means.iter().map(|m| m.value).chain(means.iter().map(|m| m.error))))
        })?;
        // The weight of a mask is a product of n + 1 factors, its term added n times.
        let roundings = (2.0 * self.law.law().keep().len() as f64 + 2.0) * U;
        let certified = |i: usize| Certified {
            value: means[i],
            error: 1.001 * means[outputs + i] + roundings * (means[i].abs() + means[outputs + i]),
        };
        Ok((0..outputs).map(certified).collect())
    }

    /// About how many multiplications the means of all classes take, with the features of the mean network.
    pub fn softmax_operations(&self, x: &DVector<f64>) -> Result<f64> {
        let logits = self.logits(&self.earlier.output(x, &self.law.mean())?);
        let classes = Classes::masked(logits.weights, logits.keep, logits.bias)?;
        (0..self.affine.outputs()).map(|y| classes.operations(y)).sum()
    }

    /// The logits of the last layer, given the features.
    ///
    /// The error counts the rounding of weights times features, and of biases; the features are taken as they are.
    fn logits(&self, features: &DVector<f64>) -> Logits {
        let first = self.earlier_units();
        let (keep, factor) = (self.model.keep(), self.model.law().factor());
        let mut stays = features.clone();
        self.dropped.iter().for_each(|&unit| stays[unit] = 0.0);
        let scaled = DVector::from_fn(self.dropped.len(), |i, _| features[self.dropped[i]] * factor[first + i]);
        let weights = DMatrix::from_fn(self.affine.outputs(), self.dropped.len(), |o, i| {
            self.affine.weight[(o, self.dropped[i])] * scaled[i]
        });
        // Of a logit: two roundings a weight, one and one a sum for what stays.
        let slack = |o: usize, bias: f64| {
            let sizes = self.affine.weight.row(o).iter().zip(&stays).map(|(w, h)| (w * h).abs()).sum::<f64>();
            let masked = weights.row(o).iter().map(|w| w.abs()).sum::<f64>();
            2.0 * U * masked + (features.len() as f64 + 1.0) * U * (sizes + bias.abs())
        };
        Logits {
            slack: self.affine.bias.iter().enumerate().map(|(o, &bias)| slack(o, bias)).collect(),
            bias: self.affine.apply(&stays),
            keep: keep.rows(first, self.dropped.len()).into_owned(),
            weights,
        }
    }

    /// The mean over the last masks, given the features.
    fn given(&self, features: &DVector<f64>) -> Result<Vec<Certified>> {
        let logits = self.logits(features);
        let logit = |o: usize| Logit::masked(&logits.weights.row(o).transpose(), &logits.keep, logits.bias[o]);
        let outputs = logits.slack.iter().copied().enumerate();
        match self.model.head_kind() {
            HeadKind::Bernoulli => outputs
                .map(|(o, slack)| {
                    let mean = logit(o)?.expected_logistic()?;
                    Ok(Certified { error: mean.error + slack / 4.0, ..mean })
                })
                .collect(),
            HeadKind::Poisson => outputs
                .map(|(o, slack)| {
                    let mean = logit(o)?.expected_exponential(1.0)?;
                    Ok(Certified { error: mean.error + mean.value * pxfm::f_expm1(slack) * 1.01, ..mean })
                })
                .collect(),
            HeadKind::Gaussian { .. } => outputs
                .map(|(o, slack)| {
                    let logit = logit(o)?;
                    let value = logit.mean();
                    Ok(Certified { value, error: slack + U * value.abs() + logit.mean_error() })
                })
                .collect(),
            HeadKind::Softmax => {
                // Softmax moves by at most half of what its logits move.
                let off = logits.slack.iter().copied().fold(0.0, f64::max);
                let classes = Classes::masked(logits.weights, logits.keep, logits.bias)?;
                (0..self.affine.outputs())
                    .map(|y| {
                        let mean = classes.expected_softmax(y)?;
                        Ok(Certified { error: mean.error + off / 2.0, ..mean })
                    })
                    .collect()
            }
        }
    }
}
