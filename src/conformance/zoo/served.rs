//! Layers of the zoo as a subject.

use super::dropout::{Context, Dropout, GOLDEN, Passes, mix};
use crate::conformance::case::*;
use crate::conformance::layer::{Description, Implementation, Kind, Layer, Means};
use crate::conformance::subject::*;
use crate::conformance::tensor::{Kept, Tensor};
use crate::head::{Bernoulli, Head, Softmax};
use crate::network::{Activation, Affine, Layer as NetworkLayer, Mlp, Network, PiecewiseLinear};
use nalgebra::{DMatrix, DVector};

/// Layers that are asked in this process.
pub struct Served {
    name: String,
    layers: Vec<Object>,
}

/// One layer and its random state.
struct Object {
    dropout: Box<dyn Dropout>,
    state: u64,
    served: u64,
    seeded_at: u64,
}

impl Served {
    /// Layers, under the name of an implementation.
    pub fn new(name: &str, layers: Vec<Box<dyn Dropout>>) -> Self {
        let object = |dropout| Object { dropout, state: 0x5eed, served: 0, seeded_at: 0 };
        Self { name: name.into(), layers: layers.into_iter().map(object).collect() }
    }

    fn object(&mut self, id: &str) -> Result<&mut Object, AdapterFailure> {
        let found = self.layers.iter_mut().find(|object| object.dropout.layer().id == id);
        found.ok_or_else(|| AdapterFailure(format!("there is no layer {id:?}")))
    }
}

impl Object {
    /// A number that is new at every call.
    fn fresh(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// Seeds the state, if there is a seed.
    fn seed(&mut self, seed: Option<u64>) {
        if let Some(seed) = seed {
            (self.state, self.seeded_at) = (mix(seed), self.served);
        }
    }

    /// Sets out on one call: its key is drawn, and the call counted.
    fn set_out<'a>(&mut self, call: Context<'a>) -> Context<'a> {
        let number_since_seed = self.served - self.seeded_at;
        let call = Context { number: self.served, number_since_seed, ..call };
        self.served += 1;
        let key = if self.dropout.draws(&call) { self.fresh() } else { 0 };
        Context { key: self.dropout.key(&call, key), ..call }
    }

    fn rejects(&self, p: f64) -> Option<Rejected> {
        let message = format!("p = {p} is not in [0, 1]");
        (!self.dropout.accepts(p)).then(|| Rejected { kind: "Domain".into(), message })
    }

    fn mask(&self, call: &Context<'_>, places: impl Iterator<Item = u64>) -> Vec<bool> {
        places.map(|place| self.dropout.keeps(call, self.dropout.unit(call, place))).collect()
    }

    fn call(&mut self, layer: &Layer, case: &Case) -> Call {
        let (dtype, shape) = (case.x.dtype(), case.x.shape());
        let uniforms = case.uniforms.as_ref().map(Tensor::values);
        let call = Context { before: &case.before, ..context(layer, case.mode, case.p.0, dtype, shape) }.of(case);
        let call = self.set_out(Context { uniforms: uniforms.as_deref(), ..call });
        let x = case.x.values();
        let tensor = |values: &[f64]| Tensor::new(dtype, shape, values);
        let active = self.dropout.is_active(&call);
        let kept = match &case.mask {
            _ if !active => vec![true; x.len()],
            Some(mask) => self.dropout.injected((0..x.len()).map(|i| mask.bits.get(i)).collect()),
            None => self.mask(&call, 0..x.len() as u64),
        };
        let y = if active {
            let output = |((place, &x), &kept)| self.dropout.output_at(&call, self.dropout.unit(&call, place), x, kept);
            tensor(&(0..).zip(&x).zip(&kept).map(output).collect::<Vec<_>>())
        } else {
            let bits = case.x.bits().iter().zip(&x).map(|(&bits, &x)| {
                let y = self.dropout.evaluated(&call, x);
                if y.to_bits() == x.to_bits() { bits } else { dtype.round(y) } // a NaN keeps its payload
            });
            Tensor::from_bits(dtype, shape, bits.collect())
        };
        let dx = case.gradient.as_ref().map(|g| match active {
            true => tensor(&self.dropout.gradient(&call, &x, &kept, &g.values())),
            false if self.dropout.evaluated(&call, 1.0) == 1.0 => g.clone(),
            false => tensor(&g.values().iter().map(|&g| self.dropout.evaluated(&call, g)).collect::<Vec<_>>()),
        });
        let slope = |(place, &kept)| match active {
            true => self.dropout.slope_at(&call, self.dropout.unit(&call, place), kept),
            false => self.dropout.evaluated(&call, 1.0),
        };
        let curvature = |slope| self.dropout.curvature(&call, slope);
        let ddx = case.second_order.then(|| tensor(&(0..).zip(&kept).map(slope).map(curvature).collect::<Vec<_>>()));
        let x_after = case.check_alias.then(|| tensor(&self.dropout.x_after(&call, &x, &y.values())));
        let mask = self.dropout.returned(kept).map(|kept| Kept::new(shape, kept));
        let y = match self.dropout.dtype(dtype, shape) {
            own if own == dtype => y,
            other => Tensor::new(other, shape, &y.values()),
        };
        Call { mask, dx, ddx, x_after, same_object: case.check_alias.then(|| self.dropout.is_input(&call)), y }
    }
}

/// A call that has not set out yet.
fn context<'a>(layer: &Layer, mode: Mode, p: f64, dtype: crate::conformance::Dtype, shape: &'a [usize]) -> Context<'a> {
    let drop = if layer.p.means == Means::Drop { p } else { 1.0 - p };
    let (layout, differentiated, seed, before) = (Layout::Contiguous, false, None, &[][..]);
    let shared = layer.shared(shape.len());
    Context {
        mode,
        drop,
        dtype,
        shape,
        shared,
        layout,
        differentiated,
        seed,
        before,
        number: 0,
        number_since_seed: 0,
        replica: None,
        key: 0,
        uniforms: None,
    }
}

impl<'a> Context<'a> {
    /// With what a case says beyond mode, p and x.
    fn of(self, case: &'a Case) -> Self {
        let differentiated = case.gradient.is_some();
        Self { layout: case.layout, differentiated, seed: case.seed, before: &case.before, ..self }
    }
}

impl Subject for Served {
    fn describe(&mut self) -> Result<Description, AdapterFailure> {
        let (name, version) = (self.name.clone(), env!("CARGO_PKG_VERSION").into());
        let implementation = Implementation { name, version, language: "Rust".into(), device: "cpu".into() };
        Ok(Description { implementation, layers: self.layers.iter().map(|object| object.dropout.layer()).collect() })
    }

    fn run(&mut self, case: &Case) -> Answer<Vec<Call>> {
        let object = self.object(&case.layer)?;
        let ps = case.before.iter().map(|before| before.p.0).chain([case.p.0]);
        if let Some(rejected) = ps.into_iter().find_map(|p| object.rejects(p)) {
            return Ok(Outcome::Rejected(rejected));
        }
        let layer = object.dropout.layer();
        object.seed(case.seed);
        for (i, before) in case.before.iter().enumerate() {
            let call = context(&layer, before.mode, before.p.0, case.x.dtype(), case.x.shape()).of(case);
            object.set_out(Context { before: &case.before[..i], ..call });
        }
        Ok(Outcome::Done((0..case.calls).map(|_| object.call(&layer, case)).collect()))
    }

    fn sample(&mut self, sampling: &Sampling) -> Answer<Samples> {
        let object = self.object(&sampling.layer)?;
        if let Some(rejected) = object.rejects(sampling.p.0) {
            return Ok(Outcome::Rejected(rejected));
        }
        let layer = object.dropout.layer();
        object.seed(sampling.seed);
        let places: u64 = sampling.shape.iter().map(|&size| size as u64).product();
        let windows = if sampling.windows.is_empty() { vec![(0, places)] } else { sampling.windows.clone() };
        let mut samples = Samples { masks: Vec::new(), values: Vec::new() };
        for replica in 0..sampling.replicas.unwrap_or(sampling.calls) {
            let call = context(&layer, Mode::Train, sampling.p.0, sampling.dtype, &sampling.shape);
            let replica = sampling.replicas.and(Some(replica));
            let call = object.set_out(Context { seed: sampling.seed, replica, ..call });
            let range = windows.iter().flat_map(|&(start, length)| start..start + length);
            let dropout = &object.dropout;
            let active = dropout.is_active(&call);
            let keeps = |unit| !active || dropout.keeps(&call, unit);
            if sampling.values || !matches!(layer.kind, Kind::Dropout | Kind::Dropconnect) {
                let output = |place| {
                    let unit = dropout.unit(&call, place);
                    if active {
                        dropout.output_at(&call, unit, 1.0, keeps(unit))
                    } else {
                        dropout.evaluated(&call, 1.0)
                    }
                };
                let output: Vec<_> = range.map(output).collect();
                // Alpha dropout turns a one that it drops into a negative number.
                let kept = |y: &f64| if layer.kind == Kind::Alpha { *y > 0.0 } else { *y != 0.0 };
                samples.masks.push(output.iter().map(kept).collect());
                if sampling.values {
                    samples.values.push(Tensor::new(sampling.dtype, &[output.len()], &output));
                }
            } else {
                let kept = range.map(|place| keeps(dropout.unit(&call, place)));
                samples.masks.push(kept.collect());
            }
        }
        Ok(Outcome::Done(samples))
    }

    fn network(&mut self, case: &NetworkCase) -> Answer<NetworkMeans> {
        let object = self.object(&case.layer)?;
        object.seed(case.seed);
        network(object, case).map(Outcome::Done).map_err(|error| AdapterFailure(error.to_string()))
    }
}

/// The means of a network over fresh masks, on the library's own networks.
fn network(object: &mut Object, case: &NetworkCase) -> crate::Result<NetworkMeans> {
    let layer = object.dropout.layer();
    let x = DVector::from_vec(case.x.values());
    let (mut width, mut layers, mut drops) = (x.len(), Vec::new(), Vec::new());
    for step in &case.stack {
        layers.push(match step {
            Step::Dropout(p) => {
                drops.push((*p, width));
                NetworkLayer::dropout(width)
            }
            Step::Linear { weight, bias } => {
                width = bias.len();
                let weight = DMatrix::from_row_slice(width, weight.len() / width, &weight.values());
                NetworkLayer::Affine(Affine::new(weight, DVector::from_vec(bias.values()))?)
            }
            Step::Relu => NetworkLayer::Unit(Activation::from(PiecewiseLinear::Relu)),
        });
    }
    let net = Mlp::new(x.len(), layers)?;
    let head: Option<Box<dyn Head<f64>>> = match case.head {
        HeadName::Softmax => Some(Box::new(Softmax)),
        HeadName::Bernoulli => Some(Box::new(Bernoulli)),
        HeadName::Identity => None,
    };
    let expected = |output: &DVector<f64>| head.as_ref().map_or_else(|| output.clone(), |head| head.expected(output));
    let target = match case.target {
        Some(Target::Class(class)) => DVector::from_fn(width, |i, _| f64::from(i == class)),
        Some(Target::Value(value)) => DVector::from_element(width, value),
        None => DVector::zeros(width),
    };
    let samples = if case.mode == Mode::Train { case.samples } else { 1 };
    let (mut mean, mut square) = (DVector::zeros(width), DVector::zeros(width));
    let mut gradient: Vec<Affine<f64>> = net.affine().map(|affine| affine.map(|_| 0.0)).collect();
    for _ in 0..samples {
        let (mut multipliers, mut keep) = (Vec::with_capacity(net.units()), 1.0);
        for &(p, width) in &drops {
            let shape = [1, width];
            let call = object.set_out(context(&layer, case.mode, p, case.dtype, &shape));
            let kept = object.mask(&call, 0..width as u64).into_iter();
            multipliers.extend((0..).zip(kept).map(|(unit, kept)| object.dropout.multiplier(&call, unit, kept)));
            keep = 1.0 - call.drop;
        }
        let multipliers = DVector::from_vec(multipliers);
        let (output, slopes) = net.backpropagate(&x, &multipliers, |output| Ok(expected(output) - &target))?;
        let y = expected(&output.map(|output| object.dropout.readout(case.mode, keep, output)));
        mean += &y;
        square += y.component_mul(&y);
        for (sum, slope) in gradient.iter_mut().zip(slopes) {
            sum.weight += slope.weight;
            sum.bias += slope.bias;
        }
    }
    let count = samples as f64;
    let gradient = gradient.iter().map(|affine| affine.map(|sum| sum / count)).collect();
    let passes = Passes { count: samples, mean: mean / count, square: square / count, gradient };
    let passes = object.dropout.reported(passes);
    let tensor = |shape: &[usize], values: &[f64]| Tensor::new(crate::conformance::Dtype::F64, shape, values);
    let vector = |v: &DVector<f64>| tensor(&[v.len()], v.as_slice());
    let gradient_mean = passes.gradient.iter().flat_map(|affine| {
        let (shape, rows) = (affine.weight.shape(), affine.weight.transpose());
        [tensor(&[shape.0, shape.1], rows.as_slice()), vector(&affine.bias)]
    });
    let gradient_mean = if case.want.contains(&Want::Gradient) { gradient_mean.collect() } else { Vec::new() };
    Ok(NetworkMeans { mean: vector(&passes.mean), second_moment: vector(&passes.square), gradient_mean })
}
