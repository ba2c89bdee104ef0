//! Dropout before the last affine layer of any network: the earlier masks enumerated, the last layer's never.

use super::certificate::Certified;
use super::classes::Classes;
use super::logit::{Logit, Term, U};
use crate::ensemble::expectation;
use crate::error::Result;
use crate::law::{Independent, Rescaled};
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

impl<'a> LastLayer<'a> {
    /// The split, or why there is none.
    pub fn new(model: &'a Model) -> Result<Self, String> {
        let network = model.network();
        let [earlier @ .., Layer::Dropout(dropped), Layer::Affine(affine)] = network.layers() else {
            return Err("the network does not end in dropout and one affine layer".into());
        };
        let classes = affine.outputs();
        if *model.head_kind() == HeadKind::Softmax && classes > 3 {
            return Err(format!("a softmax of {classes} classes: only two and three have an integral of their own"));
        }
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

    /// The mean over the last masks, given the features.
    ///
    /// The error counts the rounding of weights times features, and of biases; the features are taken as they are.
    fn given(&self, features: &DVector<f64>) -> Result<Vec<Certified>> {
        let first = self.earlier_units();
        let (keep, factor) = (self.model.keep(), self.model.law().factor());
        let mut stays = features.clone();
        self.dropped.iter().for_each(|&unit| stays[unit] = 0.0);
        let bias = self.affine.apply(&stays);
        let scaled = DVector::from_fn(self.dropped.len(), |i, _| features[self.dropped[i]] * factor[first + i]);
        let keep = keep.rows(first, self.dropped.len()).into_owned();
        let weight = |o: usize, i: usize| self.affine.weight[(o, self.dropped[i])] * scaled[i];
        // Of a logit: two roundings a weight, one and one a sum for what stays.
        let slack = |o: usize| {
            let sizes = |values: &DVector<f64>| {
                self.affine.weight.row(o).iter().zip(values).map(|(w, h)| (w * h).abs()).sum::<f64>()
            };
            let masked: f64 = (0..self.dropped.len()).map(|i| weight(o, i).abs()).sum();
            2.0 * U * masked + (features.len() as f64 + 1.0) * U * (sizes(&stays) + self.affine.bias[o].abs())
        };
        let logit = |o: usize| {
            let terms = (0..self.dropped.len()).map(|i| Term::Masked { weight: weight(o, i), keep: keep[i] });
            Logit::new(bias[o], terms.collect())
        };
        let outputs = 0..self.affine.outputs();
        match self.model.head_kind() {
            HeadKind::Bernoulli => outputs
                .map(|o| {
                    let mean = logit(o)?.expected_logistic()?;
                    Ok(Certified { error: mean.error + slack(o) / 4.0, ..mean })
                })
                .collect(),
            HeadKind::Poisson => outputs
                .map(|o| {
                    let mean = logit(o)?.expected_exponential(1.0)?;
                    Ok(Certified { error: mean.error + mean.value * pxfm::f_expm1(slack(o)) * 1.01, ..mean })
                })
                .collect(),
            HeadKind::Gaussian { .. } => outputs
                .map(|o| {
                    let logit = logit(o)?;
                    let value = logit.mean();
                    Ok(Certified { value, error: slack(o) + U * value.abs() + logit.mean_error() })
                })
                .collect(),
            HeadKind::Softmax => {
                let weights = DMatrix::from_fn(outputs.len(), self.dropped.len(), weight);
                let classes = Classes::masked(weights, keep, bias.clone())?;
                // Softmax moves by at most half of what its logits move.
                let off = outputs.clone().map(slack).fold(0.0, f64::max);
                outputs
                    .map(|o| {
                        let mean = classes.expected_softmax(o)?;
                        Ok(Certified { error: mean.error + off / 2.0, ..mean })
                    })
                    .collect()
            }
        }
    }
}
