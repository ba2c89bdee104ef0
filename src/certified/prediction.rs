//! The three predictions of an ensemble, each as an interval that contains the real number.

use super::Interval;
use super::head::{Enclosed, coordinates, expected, normalise};
use crate::ensemble::expectation;
use crate::error::{Error, Result};
use crate::law::{FiniteLaw, Independent, Law, Rescaled};
use crate::model::{HeadKind, Model};
use crate::network::{Activation, Layer, Mlp, Network, PiecewiseLinear};
use crate::scalar::Scalar;
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
    /// [`Error::TooManyMasks`] where they cannot be counted.
    pub fn predict(&self, x: &DVector<f64>) -> Result<CertifiedPrediction> {
        if let Some(bad) = x.iter().find(|x| !x.is_finite()) {
            return Err(Error::NotFinite { what: "an input".into(), value: *bad });
        }
        let x = x.map(Interval::from);
        let targets = self.network.outputs();
        let means = expectation(&self.law, |multipliers| {
            let output = self.network.output(&x, multipliers)?;
            let (expected, logs) = (expected(&self.kind, &output), coordinates(&self.kind, &output));
            Ok(DVector::from_iterator(targets + logs.len(), expected.iter().chain(&logs).cloned()))
        })?;
        let Enclosed { expected: geometric_mean, log_mass } =
            normalise(&self.kind, &means.rows(targets, means.len() - targets).into_owned());
        Ok(CertifiedPrediction {
            arithmetic_mean: means.rows(0, targets).into_owned(),
            geometric_mean,
            log_geometric_mass: log_mass,
            weight_scaling: expected(&self.kind, &self.network.output(&x, &self.law.mean())?),
        })
    }

    /// The number of sub-models.
    ///
    /// # Errors
    /// [`Error::TooManyMasks`] where they cannot be counted.
    pub fn submodels(&self) -> Result<u64> {
        self.law.submodels()
    }
}

/// \\(\mathrm{KL}(p \\,\\|\\, q) = \sum_y p_y (\ln p_y - \ln q_y)\\) of two enclosed distributions over classes.
///
/// # Panics
/// If an interval reaches zero, which no enclosed softmax does.
pub fn divergence(p: &DVector<Interval>, q: &DVector<Interval>) -> Interval {
    p.iter().zip(q).fold(Interval::ratio(0, 1), |sum, (p, q)| sum + p.clone() * (p.ln() - q.ln()))
}
