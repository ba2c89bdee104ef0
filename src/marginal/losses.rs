//! The mean loss over all masks and its split, exactly and without enumeration: the front door for losses.
//!
//! For a head with log-partition function A and dispersion φ (the variance of a Gaussian head, else 1) the loss of the output
//! S is \\(-\ln p(y) = A(S)/\varphi - y\cdot S/\varphi - \ln h(y)\\). So
//! \\[ \mathbb E_\mu[-\ln p_\mu(y)] = \tfrac1\varphi\\,(\mathbb E\\,A(S) - y\cdot\mathbb E\\,S) - \ln h(y), \qquad
//! R = \tfrac1\varphi\\,(\mathbb E\\,A(S) - A(\mathbb E\\,S)) \\]
//! (claim ens.decomposition), and the loss of the normalised geometric mean is that of the output \\(\mathbb E\\,S\\). A is
//! ln(1+e^S) (Bernoulli), e^S (Poisson), ½S² (Gaussian), and for softmax ln Σ e^S, of which the mean is known for two classes.

use super::certificate::Certified;
use super::deep_linear::{OutputMoments, linear, sizes};
use super::last_layer::LastLayer;
use super::logit::U;
use super::method::{Method, Methods, inapplicable, lattices};
use crate::certified::{Bounded, decomposition_with_bounds, losses_with_bounds};
use crate::ensemble::Decomposition;
use crate::error::{Error, Result};
use crate::model::{HeadKind, Model};
use crate::network::Network;
use crate::scalar::Real;
use nalgebra::DVector;

/// What a target costs, over all masks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Losses {
    /// The mean of the sub-models' own losses, the loss of their normalised geometric mean, and the difference R.
    pub decomposition: Decomposition<Certified>,
    /// −ln of the arithmetic mean's probability of the target. None where no entry of the mean is that probability (several
    /// Bernoulli outputs share their masks; a Poisson or Gaussian mean is no probability), or where it is below its error.
    pub arithmetic_mean: Option<Certified>,
}

/// \\(\mathbb E\\,A(S)\\), without the dispersion, and \\(\mathbb E\\,S\\).
pub(super) struct LogPartition {
    pub mean: Certified,
    pub outputs: Vec<Certified>,
}

impl Methods {
    /// Which exact methods give the *losses* of `model` at `x`: as [`Methods::of`], but for softmax of three and more classes,
    /// whose mean loss has no integral of its own.
    ///
    /// # Errors
    /// As [`Methods::of`].
    pub fn for_losses(model: &Model, x: &DVector<f64>) -> Result<Self> {
        let mut methods = Self::of(model, x)?;
        if let Some(why) = without_integral(model) {
            let has_last_layer = methods.applicable.iter().position(|a| a.method == Method::LastLayer);
            if let Some(index) = has_last_layer {
                methods.applicable.remove(index);
                methods.inapplicable.push((Method::LastLayer, why));
            }
        }
        Ok(methods)
    }
}

/// Why the last layer's mean loss is not known, if it is not.
fn without_integral(model: &Model) -> Option<String> {
    let classes = model.network().outputs();
    (*model.head_kind() == HeadKind::Softmax && classes > 2).then(|| {
        format!("the mean loss of a softmax of {classes} classes: only that of two has an integral of its own")
    })
}

impl Method {
    /// \\(\mathbb E_\mu[-\ln p_\mu(y)]\\) with its split, and −ln of the arithmetic mean, by this method, however long it
    /// takes.
    ///
    /// ```
    /// use dropout_oracle::marginal::method::{Method, Methods};
    /// use dropout_oracle::model::{Convention, HeadKind, Model};
    /// use dropout_oracle::network::{Affine, Layer, Mlp};
    /// use nalgebra::{DMatrix, DVector, dvector};
    /// let layers = vec![Layer::dropout(200), Layer::Affine(Affine::new(DMatrix::from_element(1, 200, 0.1), dvector![-9.0])?)];
    /// let keep = DVector::from_element(200, 0.5);
    /// let model = Model::new(Mlp::new(200, layers)?, HeadKind::Bernoulli, keep, Convention::Standard)?;
    /// let (x, y) = (DVector::from_element(200, 1.0), dvector![1.0]);
    /// assert_eq!(Methods::for_losses(&model, &x)?.cheapest(1e9)?.method, Method::LastLayer);
    /// let losses = Method::LastLayer.losses(&model, &x, &y)?;
    /// let split = losses.decomposition;
    /// // The mean logit is 1, so that the geometric mean is σ(1); Jensen's inequality puts AM between it and the mean loss.
    /// assert!((split.geometric_loss.value - 0.313_261_687_518_222_8).abs() < 1e-14);
    /// assert!((split.expected_loss.value - split.geometric_loss.value - split.disagreement.value).abs() < 1e-14);
    /// assert!(losses.arithmetic_mean.unwrap().value < split.expected_loss.value);
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Domain`] where the method does not apply ([`Methods::for_losses`]) or classes' shares do not add up to 1,
    /// [`Error::Shape`] for a target of another length; else those of the method.
    pub fn losses(self, model: &Model, x: &DVector<f64>, target: &DVector<f64>) -> Result<Losses> {
        Error::shape("inputs of the network", model.network().inputs(), x.len())?;
        Error::shape("entries of the target", model.network().outputs(), target.len())?;
        if *model.head_kind() == HeadKind::Softmax && target.sum() != 1.0 {
            return Err(Error::Domain {
                what: "sum of the classes' shares in a target".into(),
                value: target.sum().to_string(),
                must: "1",
            });
        }
        if self == Self::Enumeration {
            let of = decomposition_with_bounds(model, x, target)?;
            return Ok(Losses {
                decomposition: Decomposition {
                    expected_loss: bounded(of.expected_loss),
                    geometric_loss: bounded(of.geometric_loss),
                    disagreement: bounded(of.disagreement),
                },
                arithmetic_mean: Some(bounded(losses_with_bounds(model, x, target)?.arithmetic_mean)),
            });
        }
        let partition = match self {
            Self::LastLayer => match without_integral(model) {
                Some(why) => return Err(inapplicable(self)(why)),
                None => LastLayer::new(model).map_err(inapplicable(self))?.log_partition(x)?,
            },
            Self::DeepLinear => deep_linear(model, x)?,
            _ => {
                let lattices = lattices(model, x).map_err(inapplicable(self))?;
                let parts = lattices.iter().map(|lattice| lattice.log_partition(model)).collect::<Result<Vec<_>>>()?;
                let (means, outputs): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
                LogPartition { mean: sum(&means), outputs }
            }
        };
        Ok(Losses {
            decomposition: partition.decomposition(model, target),
            arithmetic_mean: match (model.head_kind(), target.len()) {
                (HeadKind::Softmax, _) => target.iter().position(|&share| share == 1.0),
                (HeadKind::Bernoulli, 1) => Some(0),
                _ => None,
            }
            .map(|entry| Ok(surprise(self.arithmetic_mean(model, x)?[entry], target[entry])))
            .transpose()?
            .flatten(),
        })
    }
}

impl LogPartition {
    fn decomposition(&self, model: &Model, target: &DVector<f64>) -> Decomposition<Certified> {
        let dispersion = if let HeadKind::Gaussian { variance } = model.head_kind() { *variance } else { 1.0 };
        let base = model.head().log_base_measure(target);
        // −y·S for each output, −ln h(y), which is a sum of up to 256 logarithms.
        let products = self
            .outputs
            .iter()
            .zip(target)
            .map(|(s, &y)| Certified { value: -y * s.value, error: y.abs() * s.error + U * (y * s.value).abs() });
        let label = sum(&products.collect::<Vec<_>>()).over(dispersion);
        let base = Certified { value: -base, error: 260.0 * U * base.abs() };
        let (mean, at_mean) = (self.mean.over(dispersion), self.at_mean(model.head_kind()).over(dispersion));
        Decomposition {
            expected_loss: sum(&[mean, label, base]),
            geometric_loss: sum(&[at_mean, label, base]),
            disagreement: sum(&[mean, Certified { value: -at_mean.value, ..at_mean }]),
        }
    }

    /// \\(A(\mathbb E\\,S)\\).
    fn at_mean(&self, head: &HeadKind) -> Certified {
        // Each function is off by 4u, and moves with its argument as its derivative says.
        let each = |f: fn(&Certified) -> (f64, f64)| {
            let parts = self
                .outputs
                .iter()
                .map(f)
                .map(|(value, moved)| Certified { value, error: 1.001 * moved + 4.0 * U * value.abs() });
            sum(&parts.collect::<Vec<_>>())
        };
        match head {
            HeadKind::Bernoulli => each(|s| (s.value.softplus(), s.error)),
            HeadKind::Poisson => each(|s| (Real::exp(s.value), Real::exp(s.value) * pxfm::f_expm1(s.error))),
            HeadKind::Gaussian { .. } => each(|s| (0.5 * s.value * s.value, (s.value.abs() + 0.5 * s.error) * s.error)),
            HeadKind::Softmax => {
                let (a, b) = (self.outputs[0], self.outputs[1]);
                let rest = (b.value - a.value).softplus();
                let moved = b.error + a.error + U * (b.value - a.value).abs();
                sum(&[a, Certified { value: rest, error: 1.001 * moved + 4.0 * U * rest }])
            }
        }
    }
}

/// Means and covariances of a linear network: \\(\mathbb E\\,\tfrac12\\|S\\|^2 = \tfrac12(\\|m\\|^2 + \operatorname{tr} C)\\).
fn deep_linear(model: &Model, x: &DVector<f64>) -> Result<LogPartition> {
    let network = linear(model).map_err(inapplicable(Method::DeepLinear))?;
    let moments = OutputMoments::of(&network, model.law(), x)?;
    let sizes = sizes(&network, model, x)?;
    let outputs: Vec<_> =
        moments.mean.iter().zip(&sizes.mean).map(|(&value, &error)| Certified { value, error }).collect();
    let halves = outputs.iter().enumerate().map(|(o, m)| {
        let value = 0.5 * (m.value * m.value + moments.covariance[(o, o)]);
        let off = (m.value.abs() + 0.5 * m.error) * m.error + 0.5 * sizes.variance[o];
        Certified { value, error: 1.001 * off + 2.0 * U * value.abs() }
    });
    Ok(LogPartition { mean: sum(&halves.collect::<Vec<_>>()), outputs })
}

/// −ln p of the target's entry, whose share is 1 or, where there is one entry, 1 or 0; none if p is below its error.
fn surprise(mean: Certified, share: f64) -> Option<Certified> {
    let p = match share {
        1.0 => mean,
        0.0 => Certified { value: 1.0 - mean.value, error: mean.error + U },
        _ => return None,
    };
    let value = -Real::ln(p.value);
    // −ln(p − e) is farther off than −ln(p + e); the logarithm itself is off by one rounding.
    let error = -Real::ln_1p(-p.error / p.value) * 1.001 + 2.0 * U * value.abs();
    (p.value > p.error).then_some(Certified { value, error })
}

fn bounded(of: Bounded) -> Certified {
    Certified { value: of.value(), error: of.bound() }
}

/// A sum, with a rounding for each term.
pub(super) fn sum(terms: &[Certified]) -> Certified {
    let value = terms.iter().map(|term| term.value).sum();
    let sizes: f64 = terms.iter().map(|term| term.value.abs()).sum();
    let error: f64 = terms.iter().map(|term| term.error).sum();
    Certified { value, error: 1.001 * error + terms.len() as f64 * U * sizes }
}

impl Certified {
    fn over(self, divisor: f64) -> Self {
        let value = self.value / divisor;
        Self { value, error: 1.001 * self.error / divisor + U * value.abs() }
    }
}
