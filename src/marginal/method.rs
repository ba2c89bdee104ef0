//! The front door: which exact methods a network admits, what they cost, and the mean prediction by the cheapest.
//!
//! | method | network | cost in multiplications |
//! |---|---|---|
//! | [`Method::Enumeration`] | any with at most 63 droppable units | 2^n forward passes |
//! | [`Method::LastLayer`] | … → dropout → affine, Bernoulli, Poisson or Gaussian head, softmax of a few classes | 2^e times one integral, product or (C − 1)-fold sum an output, with e the *earlier* droppable units |
//! | [`Method::DeepLinear`] | no nonlinear unit, Gaussian head | O(n width) |
//! | [`Method::Lattice`] | dropout → affine whose weights times inputs are integers on some dyadic grid, Bernoulli or Poisson head | O(n R) for sums within R integers |
//!
//! What is exact, is so given the network's layers as `f64` evaluates them; the error that comes with a value bounds all
//! else. A fast enumeration joins here as one more method.

use super::certificate::Certified;
use super::deep_linear::{OutputMoments, linear, sizes};
use super::last_layer::LastLayer;
use super::lattice::Lattice;
use super::logit::{Logit, U};
use crate::ensemble::expectation;
use crate::error::{Error, Result};
use crate::law::Independent;
use crate::mask::Mask;
use crate::model::{HeadKind, Model};
use crate::network::{Affine, Layer, Mlp, Network};
use crate::scalar::Real;
use itertools::Itertools;
use nalgebra::DVector;
use std::fmt;

/// A way to the exact mean over all masks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Every mask, one forward pass each: the definition.
    Enumeration,
    /// The earlier masks one by one, the last layer's through their characteristic function or in closed form.
    LastLayer,
    /// Means and covariances, layer by layer.
    DeepLinear,
    /// The law of an integer-valued logit.
    Lattice,
}

/// A method that applies.
#[derive(Clone, Debug, PartialEq)]
pub struct Applicable {
    /// Which.
    pub method: Method,
    /// About how many multiplications it takes.
    pub operations: f64,
    /// Why it applies, and what it costs.
    pub because: String,
}

/// All methods, asked about one model and one input.
#[derive(Clone, Debug, PartialEq)]
pub struct Methods {
    /// Those that apply, the cheapest first.
    pub applicable: Vec<Applicable>,
    /// Those that do not, each with what it lacks.
    pub inapplicable: Vec<(Method, String)>,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::DeepLinear, Self::LastLayer, Self::Lattice, Self::Enumeration];
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enumeration => "enumeration",
            Self::LastLayer => "last-layer",
            Self::DeepLinear => "deep-linear",
            Self::Lattice => "lattice",
        })
    }
}

impl Methods {
    /// Which exact methods apply to `model` at `x`.
    ///
    /// ```
    /// use dropout_oracle::marginal::method::{Method, Methods};
    /// use dropout_oracle::model::{Convention, HeadKind, Model};
    /// use dropout_oracle::network::{Affine, Layer, Mlp};
    /// use nalgebra::{DMatrix, DVector, dvector};
    /// // 200 inputs: enumeration is out of the question
    /// let layers = vec![Layer::dropout(200), Layer::Affine(Affine::new(DMatrix::from_element(1, 200, 0.1), dvector![-9.0])?)];
    /// let keep = DVector::from_element(200, 0.5);
    /// let model = Model::new(Mlp::new(200, layers)?, HeadKind::Bernoulli, keep, Convention::Standard)?;
    /// let x = DVector::from_element(200, 1.0);
    /// let best = Methods::of(&model, &x)?.cheapest(1e9)?.method;
    /// assert_eq!(best, Method::LastLayer);
    /// let mean = best.arithmetic_mean(&model, &x)?;
    /// assert!((mean[0].value - 0.711_565_632_470_41).abs() < 1e-14);
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] for an input of another length.
    pub fn of(model: &Model, x: &DVector<f64>) -> Result<Self> {
        Error::shape("inputs of the network", model.network().inputs(), x.len())?;
        let (mut applicable, mut inapplicable) = (vec![], vec![]);
        for method in Method::ALL {
            match method.cost(model, x) {
                Ok((operations, because)) => applicable.push(Applicable { method, operations, because }),
                Err(why) => inapplicable.push((method, why)),
            }
        }
        applicable.sort_by(|a, b| a.operations.total_cmp(&b.operations));
        Ok(Self { applicable, inapplicable })
    }

    /// The cheapest method, if it takes at most `operations` multiplications (some 10⁹ are a second).
    ///
    /// # Errors
    /// [`Error::NoExactMethod`], which says for each method what it lacks or costs.
    pub fn cheapest(&self, operations: f64) -> Result<&Applicable> {
        match self.applicable.first() {
            Some(best) if best.operations <= operations => Ok(best),
            _ => {
                let costly = self.applicable.iter().map(|a| format!("{}: {}", a.method, a.because));
                let lacking = self.inapplicable.iter().map(|(method, why)| format!("{method}: {why}"));
                Err(Error::NoExactMethod { reasons: costly.chain(lacking).join("; ") })
            }
        }
    }
}

impl Method {
    /// About how many multiplications, and why it applies; or why not.
    fn cost(self, model: &Model, x: &DVector<f64>) -> Result<(f64, String), String> {
        let network = model.network();
        let pass: f64 = network.affine().map(|affine| (affine.inputs() * affine.outputs()) as f64).sum::<f64>() + 1.0;
        let units = network.units();
        match self {
            Self::Enumeration if units > Mask::MAX_UNITS => {
                Err(format!("{units} droppable units have 2^{units} masks, which cannot be counted"))
            }
            Self::Enumeration => {
                let operations = f64::powi(2.0, units as i32) * pass;
                Ok((operations, format!("2^{units} masks, one forward pass each: {operations:.1e} multiplications")))
            }
            Self::LastLayer => {
                let split = LastLayer::new(model)?;
                let (earlier, last) = (split.earlier_units(), split.last_units());
                let outputs = network.outputs();
                let each = |operations: f64| operations * ((last + 4) * outputs) as f64;
                let (means, head) = match model.head_kind() {
                    HeadKind::Gaussian { .. } => (each(2.0), String::new()),
                    HeadKind::Poisson => (each(60.0), String::new()),
                    // Some 60 nodes, each some 40 operations a unit.
                    HeadKind::Bernoulli => (each(60.0 * 40.0), String::new()),
                    HeadKind::Softmax => {
                        let sums = split.softmax_operations(x).map_err(|error| error.to_string())?;
                        (sums, format!(" of a softmax of {outputs} classes"))
                    }
                };
                let operations = f64::powi(2.0, earlier as i32) * (pass + means);
                let because = format!(
                    "2^{earlier} earlier masks, and one exact mean{head} over the last {last} units for each: \
                     {operations:.1e} multiplications"
                );
                Ok((operations, because))
            }
            Self::DeepLinear => {
                linear(model)?;
                let widest = network.affine().map(|a| a.inputs().max(a.outputs())).max().unwrap_or(1) as f64;
                let operations = pass * widest + (units as f64) * widest;
                Ok((operations, format!("no nonlinear unit: means and covariances, {operations:.1e} multiplications")))
            }
            Self::Lattice => {
                let lattices = lattices(model, x)?;
                let range: f64 = lattices.iter().map(Integers::range).sum();
                let operations = range * (2 * units + 10) as f64;
                Ok((operations, format!("integer sums within {range}: {operations:.1e} multiplications")))
            }
        }
    }

    /// \\(\mathbb E_\mu\\,\mathbb E(y \mid x, \mu)\\) by this method, however long it takes.
    ///
    /// # Errors
    /// [`Error::Domain`] where the method does not apply, else those of the method.
    pub fn arithmetic_mean(self, model: &Model, x: &DVector<f64>) -> Result<Vec<Certified>> {
        Error::shape("inputs of the network", model.network().inputs(), x.len())?;
        match self {
            Self::Enumeration => enumerated(model, x),
            Self::LastLayer => LastLayer::new(model).map_err(inapplicable(self))?.arithmetic_mean(x),
            Self::DeepLinear => {
                let network = linear(model).map_err(inapplicable(self))?;
                let moments = OutputMoments::of(&network, model.law(), x)?;
                let sizes = sizes(&network, model, x)?;
                Ok(moments.mean.iter().zip(&sizes.mean).map(|(&value, &error)| Certified { value, error }).collect())
            }
            Self::Lattice => lattices(model, x).map_err(inapplicable(self))?.iter().map(|l| l.mean(model)).collect(),
        }
    }
}

/// The definition, with the roundings of the last affine map and of the mean.
fn enumerated(model: &Model, x: &DVector<f64>) -> Result<Vec<Certified>> {
    let (network, head) = (model.network(), model.head());
    let earlier = match network.layers() {
        [earlier @ .., Layer::Affine(affine)] => Some((Mlp::new(network.inputs(), earlier.to_vec())?, affine)),
        _ => None,
    };
    let outputs = network.outputs();
    let means = expectation(model.law(), |multipliers| {
        let slack = match &earlier {
            Some((earlier, affine)) => {
                let features = earlier.output(x, multipliers)?;
                let sizes = Affine { weight: affine.weight.abs(), bias: affine.bias.abs() }.apply(&features.abs());
                // Two roundings of the features' multipliers too.
                sizes.amax() * (features.len() as f64 + 3.0) * U
            }
            None => 0.0,
        };
        let expected = head.expected(&network.output(x, multipliers)?);
        // How far a prediction moves with its outputs, and its own roundings.
        let moved = |value: f64| match model.head_kind() {
            HeadKind::Bernoulli | HeadKind::Softmax => slack,
            HeadKind::Poisson => 1.01 * value * pxfm::f_expm1(slack),
            HeadKind::Gaussian { .. } => slack,
        } + 8.0 * U * value.abs();
        Ok(DVector::from_iterator(2 * outputs, expected.iter().copied().chain(expected.iter().map(|&v| moved(v)))))
    })?;
    let roundings = (2.0 * network.units() as f64 + 2.0) * U;
    let certified = |i: usize| Certified {
        value: means[i],
        error: 1.001 * means[outputs + i] + roundings * (means[i].abs() + means[outputs + i]),
    };
    Ok((0..outputs).map(certified).collect())
}

/// What is said of a method that does not apply.
pub(super) fn inapplicable(method: Method) -> impl Fn(String) -> Error {
    move |why| Error::Domain {
        what: format!("the method {method}"),
        value: why,
        must: "one that applies to this network: see marginal::method::Methods",
    }
}

/// One output of a model of one affine layer, as integers times a power of two.
pub(super) struct Integers {
    weights: Vec<i64>,
    keep: DVector<f64>,
    step: f64,
    bias: f64,
    /// What the bias can be off by.
    slack: f64,
}

/// The outputs as integers, or why they are none.
pub(super) fn lattices(model: &Model, x: &DVector<f64>) -> Result<Vec<Integers>, String> {
    let [Layer::Dropout(dropped), Layer::Affine(affine)] = model.network().layers() else {
        return Err("the network is not one dropout and one affine layer".into());
    };
    if !matches!(model.head_kind(), HeadKind::Bernoulli | HeadKind::Poisson) {
        return Err("the head does not take its outputs one by one (Bernoulli and Poisson do)".into());
    }
    let factor = model.law().factor();
    let mut stays = x.clone();
    dropped.iter().for_each(|&unit| stays[unit] = 0.0);
    let bias = affine.apply(&stays);
    (0..affine.outputs())
        .map(|o| {
            let row = affine.weight.row(o);
            let exact = |i: usize| {
                let scaled = x[dropped[i]] * factor[i];
                let product = super::double_double::DoubleDouble::product(row[dropped[i]], scaled);
                let exact = super::double_double::DoubleDouble::product(x[dropped[i]], factor[i]).lo == 0.0;
                (exact && product.lo == 0.0).then_some(product.hi)
            };
            let weights: Option<Vec<f64>> = (0..dropped.len()).map(exact).collect();
            let weights = weights.ok_or("a weight times its input is not exact in f64")?;
            // The lowest bit that any of them has.
            let lowest = weights.iter().filter(|w| **w != 0.0).map(|w| lowest_bit(*w)).min().unwrap_or(0);
            let step = f64::powi(2.0, lowest);
            let range: f64 = weights.iter().map(|w| w.abs() / step).sum();
            if range >= Lattice::<f64>::MAX_RANGE as f64 {
                return Err(format!("the sums of output {o} range over {range:.1e} steps of 2^{lowest}"));
            }
            let size: f64 = row.iter().zip(&stays).map(|(w, h)| (w * h).abs()).sum::<f64>() + affine.bias[o].abs();
            Ok(Integers {
                weights: weights.iter().map(|w| (w / step) as i64).collect(),
                keep: model.keep().clone(),
                step,
                bias: bias[o],
                slack: (x.len() as f64 + 1.0) * U * size,
            })
        })
        .collect()
}

/// e with w = odd · 2^e.
fn lowest_bit(w: f64) -> i32 {
    let (fraction, exponent) = (w.to_bits() & ((1 << 52) - 1), (w.to_bits() >> 52 & 0x7ff) as i32);
    let significand = if exponent == 0 { fraction } else { fraction | 1 << 52 };
    significand.trailing_zeros() as i32 + exponent.max(1) - 1075
}

impl Integers {
    fn range(&self) -> f64 {
        self.weights.iter().map(|w| w.unsigned_abs() as f64).sum::<f64>() + 1.0
    }

    fn mean(&self, model: &Model) -> Result<Certified> {
        self.expectation(*model.head_kind() == HeadKind::Poisson, f64::logistic)
    }

    /// \\(\mathbb E\\,A(S)\\) and \\(\mathbb E\\,S\\).
    pub(super) fn log_partition(&self, model: &Model) -> Result<(Certified, Certified)> {
        let weights = DVector::from_iterator(self.weights.len(), self.weights.iter().map(|&k| k as f64 * self.step));
        let logit = Logit::masked(&weights, &self.keep, self.bias)?;
        let value = logit.mean();
        let mean = Certified { value, error: self.slack + U * value.abs() + logit.mean_error() };
        Ok((self.expectation(*model.head_kind() == HeadKind::Poisson, f64::softplus)?, mean))
    }

    /// The mean of e^S, or of another function with a derivative of at most 1.
    fn expectation(&self, poisson: bool, other: impl Fn(f64) -> f64) -> Result<Certified> {
        let law = Lattice::new(&self.weights, &Independent::new(self.keep.clone())?)?;
        let value = law.expectation(|s| {
            let logit = self.bias + s as f64 * self.step;
            if poisson { Real::exp(logit) } else { other(logit) }
        });
        // Probabilities within 3n roundings, a sum of as many terms as the range, and each logit rounded once.
        let size = self.bias.abs() + self.range() * self.step;
        let moved = if poisson { 1.01 * pxfm::f_expm1(self.slack + U * size) * value } else { self.slack + U * size };
        let roundings = 3.0 * self.weights.len() as f64 + self.range() + 8.0;
        Ok(Certified { value, error: 1.01 * roundings * U * value + moved })
    }
}
