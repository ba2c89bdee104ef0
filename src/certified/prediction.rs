//! The three predictions of an ensemble, each as an interval that contains the real number.

use super::Interval;
use super::head::{Enclosed, check_exponents, coordinates, divergence, expected, group, log_probability, normalise};
use crate::ensemble::{Losses, expectation};
use crate::error::{Error, Result};
use crate::law::{FiniteLaw, Independent, Law, Rescaled};
use crate::model::{HeadKind, Model};
use crate::network::{Activation, Layer, Mlp, Network, PiecewiseLinear};
use nalgebra::DVector;

/// What [`Ensemble::predict`](crate::Ensemble::predict) rounds, enclosed.
#[derive(Clone, Debug, PartialEq)]
pub struct CertifiedPrediction {
    /// AM, equation 7.53.
    pub arithmetic_mean: DVector<Interval>,
    /// NGM, equations 7.54 and 7.55.
    pub geometric_mean: DVector<Interval>,
    /// ln Z, the logarithm of the geometric mean's mass before normalisation.
    pub log_geometric_mass: Interval,
    /// WS, the network at E μ.
    pub weight_scaling: DVector<Interval>,
    /// How far AM is from the other two, for the heads with finitely many outcomes.
    pub divergences: Option<Divergences>,
}

/// The Kullback-Leibler divergences \\(\mathrm{KL}(\mathrm{AM} \\,\\|\\, q) = \sum_y \mathrm{AM}(y)\\,(\ln \mathrm{AM}(y) - \ln
/// q(y))\\) in nats. Several Bernoulli answers count one by one: theirs is the sum.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergences {
    /// KL(AM ‖ NGM).
    pub geometric_mean: Interval,
    /// KL(AM ‖ WS).
    pub weight_scaling: Interval,
}

/// A model whose every operation is enclosed.
///
/// The weights, keep probabilities and inputs are taken as exactly the `f64` that they are.
///
/// ```
/// use dropout_oracle::certified::CertifiedModel;
/// use dropout_oracle::model::{Convention, HeadKind, Model};
/// use dropout_oracle::network::{Affine, Layer, Mlp};
/// use nalgebra::{dmatrix, dvector};
/// let layers = vec![Layer::dropout(1), Layer::Affine(Affine::new(dmatrix![2.0; 0.0], dvector![0.0, 0.0])?)];
/// let model = Model::new(Mlp::new(1, layers)?, HeadKind::Softmax, dvector![0.5], Convention::Standard)?;
/// let (lo, hi) = CertifiedModel::new(&model)?.predict(&dvector![1.0])?.weight_scaling[0].to_f64s();
/// assert!(lo < 0.7310585786300049 + 1e-15 && hi > 0.7310585786300048); // σ(1)
/// assert!(hi - lo < 2e-16);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
pub struct CertifiedModel {
    network: Mlp<Interval, PiecewiseLinear>,
    kind: HeadKind,
    law: Rescaled<Interval, Independent<Interval>>,
}

impl CertifiedModel {
    /// The model over intervals.
    ///
    /// # Errors
    /// [`Error::Domain`] for tanh or logistic hidden units: only piecewise linear ones are enclosed.
    pub fn new(model: &Model) -> Result<Self> {
        let layers = model.network().layers().iter().enumerate().map(|(index, layer)| {
            Ok(match layer {
                Layer::Dropout(dropped) => Layer::Dropout(dropped.clone()),
                Layer::Affine(affine) => Layer::Affine(affine.map(|w| Interval::from(*w))),
                Layer::Unit(Activation::PiecewiseLinear(unit)) => Layer::Unit(*unit),
                Layer::Unit(unit) => {
                    return Err(Error::Domain {
                        what: format!("the units of layer {index} of a certified network"),
                        value: format!("{unit:?}"),
                        must: "identity, ReLU or maxout",
                    });
                }
            })
        });
        let law = model.convention().law(Independent::new(model.keep().map(Interval::from))?)?;
        let network = Mlp::new(model.network().inputs(), layers.collect::<Result<_>>()?)?;
        Ok(Self { network, kind: model.head_kind().clone(), law })
    }

    /// The three predictions for one input, each enclosed; by enumeration, so for few units.
    ///
    /// # Errors
    /// [`Error::Shape`] for an input of another length, [`Error::NotFinite`] for one with NaN or infinity,
    /// [`Error::TooManyMasks`] where they cannot be counted, [`Error::Domain`] for an output that is no exponent of e.
    pub fn predict(&self, x: &DVector<f64>) -> Result<CertifiedPrediction> {
        let x = enclosed("an input", x)?;
        let scaled = self.output(&x, &self.law.mean())?;
        let scaled_logs = coordinates(&self.kind, &scaled);
        let (targets, logs) = (scaled.len(), scaled_logs.len());
        let group = group(&self.kind, logs);
        // The expected y, the coordinates, and from these the probability of every outcome.
        let means = expectation(&self.law, |multipliers| {
            let output = self.output(&x, multipliers)?;
            let coordinates = coordinates(&self.kind, &output);
            let outcomes = group.map(|_| coordinates.map(|log_p| log_p.exp()));
            let numbers = expected(&self.kind, &output).iter().chain(&coordinates).cloned().collect::<Vec<_>>();
            Ok(numbers.into_iter().chain(outcomes.iter().flatten().cloned()).collect::<Vec<_>>().into())
        })?;
        let mean_logs = means.rows(targets, logs).into_owned();
        let outcomes = &means.as_slice()[targets + logs..];
        let Enclosed { expected: geometric_mean, log_mass } = normalise(&self.kind, &mean_logs);
        Ok(CertifiedPrediction {
            arithmetic_mean: means.rows(0, targets).into_owned(),
            geometric_mean,
            log_geometric_mass: log_mass,
            weight_scaling: expected(&self.kind, &scaled),
            divergences: group.map(|group| Divergences {
                geometric_mean: divergence(outcomes, mean_logs.as_slice(), group),
                weight_scaling: divergence(outcomes, scaled_logs.as_slice(), group),
            }),
        })
    }

    /// −ln p(y) under each prediction, enclosed; `prediction` is the one for the same input.
    ///
    /// # Errors
    /// As [`CertifiedModel::predict`]; [`Error::Shape`] for a target of another length, [`Error::NotFinite`] for one with
    /// NaN or infinity, [`Error::Domain`] for a Poisson target that is no count, or above 10 000.
    pub fn losses(
        &self,
        x: &DVector<f64>,
        target: &DVector<f64>,
        prediction: &CertifiedPrediction,
    ) -> Result<Losses<Interval>> {
        Error::shape("entries of the target", self.network.outputs(), target.len())?;
        enclosed("an entry of the target", target)?;
        let x = enclosed("an input", x)?;
        let log_p =
            |multipliers: &DVector<Interval>| log_probability(&self.kind, &self.output(&x, multipliers)?, target);
        let means = expectation(&self.law, |multipliers| {
            let log_p = DVector::from_element(1, log_p(multipliers)?);
            check_exponents("a log-probability", &log_p)?;
            Ok(log_p.push(log_p[0].exp()))
        })?;
        Ok(Losses {
            arithmetic_mean: -means[1].ln(),
            geometric_mean: prediction.log_geometric_mass.clone() - means[0].clone(),
            weight_scaling: -log_p(&self.law.mean())?,
        })
    }

    /// The weight-scaled prediction alone: one network instead of 2^n.
    ///
    /// # Errors
    /// As [`CertifiedModel::predict`].
    pub fn weight_scaling(&self, x: &DVector<f64>) -> Result<DVector<Interval>> {
        Ok(expected(&self.kind, &self.output(&enclosed("an input", x)?, &self.law.mean())?))
    }

    /// f(x, μ), refused where its exponential would be out of range.
    fn output(&self, x: &DVector<Interval>, multipliers: &DVector<Interval>) -> Result<DVector<Interval>> {
        let output = self.network.output(x, multipliers)?;
        if !matches!(self.kind, HeadKind::Gaussian { .. }) {
            check_exponents("an output of a certified network", &output)?;
        }
        Ok(output)
    }

    /// The number of sub-models.
    ///
    /// # Errors
    /// [`Error::TooManyMasks`] where they cannot be counted.
    pub fn submodels(&self) -> Result<u64> {
        self.law.submodels()
    }
}

/// Numbers as intervals, which must be finite.
fn enclosed(what: &str, numbers: &DVector<f64>) -> Result<DVector<Interval>> {
    match numbers.iter().find(|number| !number.is_finite()) {
        Some(bad) => Err(Error::NotFinite { what: what.into(), value: *bad }),
        None => Ok(numbers.map(Interval::from)),
    }
}
