//! Dropout before the last affine layer of any network: the earlier masks enumerated, the last layer's never.

use super::certificate::Certified;
use super::classes::Classes;
use super::logit::{Logit, Term, U};
use super::losses::{LogPartition, sum};
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
            let means = self.given(&self.earlier.output(x, multipliers)?).arithmetic_mean()?;
            Ok(DVector::from_iterator(2 * outputs, means.iter().map(|m| m.value).chain(means.iter().map(|m| m.error))))
        })?;
        Ok((0..outputs).map(|i| self.averaged(means[i], means[outputs + i])).collect())
    }

    /// About how many multiplications the means of all classes take, with the features of the mean network.
    pub fn softmax_operations(&self, x: &DVector<f64>) -> Result<f64> {
        let classes = self.given(&self.earlier.output(x, &self.law.mean())?).classes()?;
        (0..self.affine.outputs()).map(|y| classes.operations(y)).sum()
    }

    /// \\(\mathbb E\\,A(S)\\) and \\(\mathbb E\\,S\\), over all masks.
    pub fn log_partition(&self, x: &DVector<f64>) -> Result<LogPartition> {
        let outputs = self.affine.outputs();
        // Values, then errors; A last of each.
        let means = expectation(&self.law, |multipliers| {
            let LogPartition { mean, outputs } = self.given(&self.earlier.output(x, multipliers)?).log_partition()?;
            let all = || outputs.iter().chain([&mean]);
            Ok(DVector::from_iterator(2 * all().count(), all().map(|m| m.value).chain(all().map(|m| m.error))))
        })?;
        let certified = |i: usize| self.averaged(means[i], means[outputs + 1 + i]);
        Ok(LogPartition { mean: certified(outputs), outputs: (0..outputs).map(certified).collect() })
    }

    /// A mean over the earlier masks, with the mean of the errors.
    fn averaged(&self, value: f64, error: f64) -> Certified {
        // The weight of a mask is a product of n + 1 factors, its term added n times.
        let roundings = (2.0 * self.law.law().keep().len() as f64 + 2.0) * U;
        Certified { value, error: 1.001 * error + roundings * (value.abs() + error) }
    }

    /// The last layer, given the features, which are taken as they are.
    fn given(&self, features: &DVector<f64>) -> Given<'_> {
        let first = self.earlier_units();
        let (keep, factor) = (self.model.keep(), self.model.law().factor());
        let mut stays = features.clone();
        self.dropped.iter().for_each(|&unit| stays[unit] = 0.0);
        let scaled = DVector::from_fn(self.dropped.len(), |i, _| features[self.dropped[i]] * factor[first + i]);
        let weights = DMatrix::from_fn(self.affine.outputs(), scaled.len(), |o, i| {
            self.affine.weight[(o, self.dropped[i])] * scaled[i]
        });
        // Two roundings a weight, one and one a sum for what stays.
        let slack = weights.row_iter().zip(self.affine.weight.row_iter()).zip(&self.affine.bias).map(
            |((masked, row), bias)| {
                let sizes: f64 = row.iter().zip(&stays).map(|(w, h)| (w * h).abs()).sum();
                let masked: f64 = masked.iter().map(|w| w.abs()).sum();
                2.0 * U * masked + (features.len() as f64 + 1.0) * U * (sizes + bias.abs())
            },
        );
        Given {
            head: self.model.head_kind(),
            slack: slack.collect(),
            keep: keep.rows(first, self.dropped.len()).into_owned(),
            bias: self.affine.apply(&stays),
            weights,
        }
    }
}

/// The logits of the last layer for given features.
struct Given<'a> {
    head: &'a HeadKind,
    weights: DMatrix<f64>,
    /// The KEEP probabilities of the last masks.
    keep: DVector<f64>,
    bias: DVector<f64>,
    /// What each logit can be off by, because weights times features and biases are rounded.
    slack: Vec<f64>,
}

impl Given<'_> {
    /// The law of one logit.
    fn logit(&self, o: usize) -> Result<Logit> {
        let weights = self.weights.row(o);
        let terms = weights.iter().zip(&self.keep).map(|(&weight, &keep)| Term::Masked { weight, keep });
        Logit::new(self.bias[o], terms.collect())
    }

    /// The law of all logits of a softmax together.
    fn classes(&self) -> Result<Classes> {
        Classes::masked(self.weights.clone(), self.keep.clone(), self.bias.clone())
    }

    /// Its mean.
    fn logit_mean(&self, o: usize) -> Result<Certified> {
        let logit = self.logit(o)?;
        let value = logit.mean();
        Ok(Certified { value, error: self.slack[o] + U * value.abs() + logit.mean_error() })
    }

    /// The mean prediction of each output over the last masks.
    fn arithmetic_mean(&self) -> Result<Vec<Certified>> {
        let outputs = 0..self.bias.len();
        match self.head {
            HeadKind::Bernoulli => outputs
                .map(|o| {
                    let mean = self.logit(o)?.expected_logistic()?;
                    Ok(Certified { error: mean.error + self.slack[o] / 4.0, ..mean })
                })
                .collect(),
            HeadKind::Poisson => outputs.map(|o| self.rate(o)).collect(),
            HeadKind::Gaussian { .. } => outputs.map(|o| self.logit_mean(o)).collect(),
            HeadKind::Softmax => {
                let classes = self.classes()?;
                // Softmax moves by at most half of what its logits move.
                let off = self.slack.iter().copied().fold(0.0, f64::max);
                outputs
                    .map(|o| {
                        let mean = classes.expected_softmax(o)?;
                        Ok(Certified { error: mean.error + off / 2.0, ..mean })
                    })
                    .collect()
            }
        }
    }

    /// \\(\mathbb E\\,e^S\\).
    fn rate(&self, o: usize) -> Result<Certified> {
        let mean = self.logit(o)?.expected_exponential(1.0)?;
        Ok(Certified { error: mean.error + mean.value * pxfm::f_expm1(self.slack[o]) * 1.01, ..mean })
    }

    /// \\(\mathbb E\\,A(S)\\) and \\(\mathbb E\\,S\\) over the last masks.
    fn log_partition(&self) -> Result<LogPartition> {
        let outputs = (0..self.bias.len()).map(|o| self.logit_mean(o)).collect::<Result<Vec<_>>>()?;
        let softplus = |logit: Logit, slack: f64| {
            let mean = logit.expected_softplus()?;
            Ok(Certified { error: mean.error + slack, ..mean })
        };
        let parts: Vec<Certified> = match self.head {
            HeadKind::Bernoulli => {
                (0..self.bias.len()).map(|o| softplus(self.logit(o)?, self.slack[o])).collect::<Result<_>>()?
            }
            HeadKind::Poisson => (0..self.bias.len()).map(|o| self.rate(o)).collect::<Result<_>>()?,
            HeadKind::Gaussian { .. } => {
                let half_square = |o: usize| {
                    let (mean, variance) = (outputs[o], self.logit(o)?.variance());
                    // Of p(1 − p)a² five roundings and twice those of a, of the square one; then a sum.
                    let error = (mean.value.abs() + 0.5 * mean.error) * mean.error + 6.0 * U * variance;
                    let value = 0.5 * (mean.value * mean.value + variance);
                    Ok(Certified { value, error: 1.001 * error + 2.0 * U * value })
                };
                (0..self.bias.len()).map(half_square).collect::<Result<_>>()?
            }
            // ln(e^a + e^b) = a + ln(1 + e^(b − a)).
            HeadKind::Softmax => {
                let difference = self.weights.row(1) - self.weights.row(0);
                let terms = difference.iter().zip(&self.keep).map(|(&weight, &keep)| Term::Masked { weight, keep });
                let logit = Logit::new(self.bias[1] - self.bias[0], terms.collect())?;
                let sizes: f64 = self.weights.iter().chain(&self.bias).map(|w| w.abs()).sum();
                vec![outputs[0], softplus(logit, self.slack[0] + self.slack[1] + U * sizes)?]
            }
        };
        Ok(LogPartition { mean: sum(&parts), outputs })
    }
}
