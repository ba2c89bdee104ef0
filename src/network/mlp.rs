//! Multi-layer perceptrons with dropout at the input and after any layer.

use super::Network;
use super::activation::{Activation, PiecewiseLinear, Unit};
use super::affine::Affine;
use crate::error::{Error, Result};
use crate::scalar::Scalar;
use itertools::Itertools;
use nalgebra::DVector;

/// One step of a network.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer<T, A = Activation> {
    /// Multiply the listed units by the next multipliers of μ; the others always stay.
    Dropout(Vec<usize>),
    /// W h + b.
    Affine(Affine<T>),
    /// The units' nonlinearity.
    Unit(A),
}

/// A network of layers: f(x, μ), where μ holds one multiplier for each droppable unit in layer order.
///
/// ```
/// use dropout_oracle::network::{Affine, Layer, Mlp, Network, PiecewiseLinear};
/// use nalgebra::{dmatrix, dvector};
/// // relu(μ₀ + μ₁ − 1), the smallest network where weight scaling fails (claim ws.fails-relu)
/// let net = Mlp::new(2, vec![
///     Layer::dropout(2),
///     Layer::Affine(Affine::new(dmatrix![1.0, 1.0], dvector![-1.0])?),
///     Layer::Unit(PiecewiseLinear::Relu),
/// ])?;
/// let x = dvector![1.0, 1.0];
/// assert_eq!(net.output(&x, &dvector![1.0, 1.0])?[0], 1.0); // the sub-model with both units
/// assert_eq!(net.output(&x, &dvector![0.5, 0.5])?[0], 0.0); // weight scaling
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp<T, A = Activation> {
    inputs: usize,
    outputs: usize,
    units: usize,
    layers: Vec<Layer<T, A>>,
}

/// A network of affine layers and piecewise linear units, which exact rationals can evaluate.
pub type PiecewiseLinearMlp<T> = Mlp<T, PiecewiseLinear>;

impl<T, A> Layer<T, A> {
    /// Dropout of all `units` units.
    pub fn dropout(units: usize) -> Self {
        Self::Dropout((0..units).collect())
    }
}

impl<T: Scalar, A: Unit<T>> Mlp<T, A> {
    /// The network that takes `inputs` numbers through `layers`.
    ///
    /// # Errors
    /// [`Error::Shape`] where a layer does not fit the one before (layers are counted from 0), [`Error::Domain`] for a
    /// dropped unit that does not exist or a maxout without pieces.
    pub fn new(inputs: usize, layers: Vec<Layer<T, A>>) -> Result<Self> {
        let (mut width, mut units) = (inputs, 0);
        for (index, layer) in layers.iter().enumerate() {
            match layer {
                Layer::Dropout(dropped) => {
                    if let Some(unit) = dropped.iter().find(|&&unit| unit >= width) {
                        return Err(Error::Domain {
                            what: format!("droppable unit of layer {index}"),
                            value: unit.to_string(),
                            must: "below the width of the layer before, counted from 0",
                        });
                    }
                    if let Some(unit) = dropped.iter().duplicates().next() {
                        return Err(Error::Domain {
                            what: format!("droppable unit of layer {index}"),
                            value: unit.to_string(),
                            must: "listed once",
                        });
                    }
                    units += dropped.len();
                }
                Layer::Affine(affine) => {
                    Error::shape(format!("inputs of the weight of layer {index}"), width, affine.inputs())?;
                    width = affine.outputs();
                }
                Layer::Unit(unit) => {
                    let pieces = unit.pieces();
                    if pieces == 0 || width % pieces != 0 {
                        return Err(Error::Domain {
                            what: format!("pieces of the maxout units of layer {index}, fed by {width} numbers"),
                            value: pieces.to_string(),
                            must: "a divisor of the width",
                        });
                    }
                    width /= pieces;
                }
            }
        }
        Ok(Self { inputs, outputs: width, units, layers })
    }

    /// The layers, in order.
    pub fn layers(&self) -> &[Layer<T, A>] {
        &self.layers
    }

    /// The affine layers, in order.
    pub fn affine(&self) -> impl Iterator<Item = &Affine<T>> {
        self.layers.iter().filter_map(|layer| if let Layer::Affine(affine) = layer { Some(affine) } else { None })
    }

    /// The affine layers, in order, to be trained. Their shapes must stay.
    pub fn affine_mut(&mut self) -> impl Iterator<Item = &mut Affine<T>> {
        self.layers.iter_mut().filter_map(|layer| if let Layer::Affine(affine) = layer { Some(affine) } else { None })
    }

    /// The same network over another number type, as in `net.map(|w| Rational::try_from(*w).unwrap())`.
    pub fn map<U: Scalar>(&self, f: impl Fn(&T) -> U) -> Mlp<U, A> {
        let layers = self.layers.iter().map(|layer| match layer {
            Layer::Dropout(dropped) => Layer::Dropout(dropped.clone()),
            Layer::Affine(affine) => Layer::Affine(affine.map(&f)),
            Layer::Unit(unit) => Layer::Unit(unit.clone()),
        });
        Mlp { inputs: self.inputs, outputs: self.outputs, units: self.units, layers: layers.collect() }
    }

    /// The input of each layer and, last, the output: what [backpropagation](super::backpropagation) needs.
    pub(crate) fn trace(&self, x: &DVector<T>, multipliers: &DVector<T>) -> Result<Vec<DVector<T>>> {
        Error::shape("inputs of the network", self.inputs, x.len())?;
        Error::shape("multipliers, one a droppable unit", self.units, multipliers.len())?;
        finite("an input of the network", x)?;
        let (mut trace, mut used) = (vec![x.clone()], 0);
        for layer in &self.layers {
            let h = &trace[trace.len() - 1];
            trace.push(layer.apply(h, multipliers, &mut used));
        }
        // Finite weights can still overflow, and a head would make NaN of the infinities.
        finite("an output of the network", &trace[trace.len() - 1])?;
        Ok(trace)
    }
}

fn finite<T: Scalar>(what: &str, numbers: &DVector<T>) -> Result<()> {
    match numbers.iter().find(|number| !number.is_finite()) {
        Some(bad) => Err(Error::NotFinite { what: what.into(), value: bad.to_f64() }),
        None => Ok(()),
    }
}

impl<T: Scalar, A: Unit<T>> Layer<T, A> {
    /// The layer's output; a dropout layer takes its multipliers from `used` on and moves `used` past them.
    fn apply(&self, h: &DVector<T>, multipliers: &DVector<T>, used: &mut usize) -> DVector<T> {
        match self {
            Layer::Dropout(dropped) => {
                let mut h = h.clone();
                for &unit in dropped {
                    h[unit] *= multipliers[*used].clone();
                    *used += 1;
                }
                h
            }
            Layer::Affine(affine) => affine.apply(h),
            Layer::Unit(unit) => unit.activate(h),
        }
    }
}

impl<T: Scalar, A: Unit<T>> Network<T> for Mlp<T, A> {
    fn inputs(&self) -> usize {
        self.inputs
    }
    fn units(&self) -> usize {
        self.units
    }
    fn outputs(&self) -> usize {
        self.outputs
    }
    fn output(&self, x: &DVector<T>, multipliers: &DVector<T>) -> Result<DVector<T>> {
        Ok(self.trace(x, multipliers)?.pop().expect("a trace holds at least the input"))
    }
}
