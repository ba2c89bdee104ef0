//! One step of the reference in `f64`, with a bound on how far a step in another arithmetic may be from it.
//!
//! Every number carries a bound on the distance between its two computations. With u the unit roundoffs of both together
//! (the reference rounds each product and each sum: twice 2⁻⁵³), a sum of n products is off by at most
//! γ(n) Σ|a||b| + Σ(|a| δb + δa |b| + δa δb), γ(n) = n u/(1 − n u) (Higham 2002, section 3.1), whatever the order.

use crate::cases::{Case, IDENTITY, RELU};
use crate::noise::Noise;
use dropout_oracle::model::HeadKind;
use dropout_oracle::network::{Activation, Affine};
use dropout_oracle::train::{Method, constraint};
use dropout_oracle::trainer::State;
use dropout_oracle::{Real, Scalar};

/// A number and how far the other computation may be from it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Near {
    pub value: f64,
    pub off: f64,
}

impl Near {
    /// The same with `roundings` more of its own size.
    fn rounded(self, roundings: f64, u: f64) -> Self {
        Self { off: self.off + roundings * u * (self.value.abs() + self.off), ..self }
    }
    fn times(self, factor: f64) -> Self {
        Self { value: self.value * factor, off: self.off * factor.abs() }
    }
}

/// Σ a b + start, in any order.
fn sum(u: f64, start: f64, terms: impl Iterator<Item = (Near, Near)>) -> Near {
    let (mut value, mut size, mut off, mut count) = (start, start.abs(), 0.0, 4.0);
    for (a, b) in terms {
        value += a.value * b.value;
        size += (a.value.abs() + a.off) * (b.value.abs() + b.off);
        off += a.value.abs() * b.off + a.off * b.value.abs() + a.off * b.off;
        count += 1.0;
    }
    Near { value, off: off + count * u / (1.0 - count * u) * size }
}

fn exactly(value: f64) -> Near {
    Near { value, off: 0.0 }
}

/// The error of a row of outputs, over `rows`.
fn errors(case: &Case, output: &[Near], target: &[f64], u: f64) -> Vec<Near> {
    let over = 1.0 / case.rows as f64;
    let largest = output.iter().map(|z| z.value).fold(f64::NEG_INFINITY, f64::max);
    let range = output.iter().map(|z| largest - z.value + z.off).fold(0.0, f64::max);
    let worst = output.iter().map(|z| z.off).fold(0.0, f64::max);
    let total: f64 = output.iter().map(|z| Real::exp(z.value - largest)).sum();
    let expected = |z: &Near| match case.head {
        HeadKind::Softmax => {
            // e^z/Σe^z moves by at most the factor e^±2δ; z − max is rounded once, exp and the C sums and the quotient
            // too. e^r − 1 <= 2r for r <= 1.
            let relative = 2.0 * worst + u * (2.0 * range + output.len() as f64 + 8.0);
            assert!(relative < 1.0);
            let value = Real::exp(z.value - largest) / total;
            Near { value, off: 2.0 * relative * value }
        }
        // σ' <= 1/4; an exponential, a sum and a quotient.
        HeadKind::Bernoulli => Near { value: Real::logistic(z.value), off: z.off / 4.0 }.rounded(6.0, u),
        _ => *z,
    };
    let scale = if let HeadKind::Gaussian { variance } = case.head { over / variance } else { over };
    output
        .iter()
        .zip(target)
        .map(|(z, y)| {
            let p = expected(z);
            let off = p.off + 5.0 * u * (p.value.abs() + p.off + y.abs());
            Near { value: p.value - y, off }.times(scale)
        })
        .collect()
}

/// f(z), or nothing where a rectified unit is so near its kink that the two computations may take different sides. The
/// smooth ones are correctly rounded, and their slopes at most 1 and 1/4.
fn activation(units: Activation, z: Near, u: f64) -> Option<Near> {
    match units {
        IDENTITY => Some(z),
        RELU if z.value.abs() <= z.off => None,
        RELU => Some(if z.value > 0.0 { z } else { exactly(0.0) }),
        Activation::Tanh => Some(Near { value: Real::tanh(z.value), off: z.off }.rounded(2.0, u)),
        Activation::Logistic => Some(Near { value: Real::logistic(z.value), off: z.off / 4.0 }.rounded(2.0, u)),
        other => panic!("{other:?} is not trained"),
    }
}

/// f'(z) from h = f(z): 1 − h² moves by at most (2|h| + δ)δ, h − h² by at most (1 + δ)δ, and they are below 1.
fn derivative(units: Activation, h: Near, u: f64) -> Near {
    match units {
        Activation::Tanh => {
            Near { value: 1.0 - h.value * h.value, off: (2.0 * h.value.abs() + h.off) * h.off + 4.0 * u }
        }
        Activation::Logistic => Near { value: h.value - h.value * h.value, off: (1.0 + h.off) * h.off + 4.0 * u },
        _ => exactly(if units == IDENTITY || h.value > 0.0 { 1.0 } else { 0.0 }),
    }
}

/// All rows of a layer.
type Rows = Vec<Vec<Near>>;

/// What flows forward: the input of each layer after noise, and the units of each layer before it.
struct Flow {
    inputs: Vec<Rows>,
    units: Vec<Rows>,
}

impl Flow {
    fn outputs(&self) -> &Rows {
        self.units.last().expect("there is a layer")
    }
}

/// The multiplier and the product are rounded.
fn multiplied(x: Near, multiplier: f64, u: f64) -> Near {
    x.times(multiplier).rounded(3.0, u)
}

/// Unit i of row r that enters layer l, after its noise.
fn noisy(noise: &Noise, l: usize, r: usize, i: usize, h: Near, u: f64) -> Near {
    noise.units[l].as_ref().map_or(h, |rows| multiplied(h, rows[r][i], u))
}

fn weight(state: &State<f64>, noise: &Noise, l: usize, j: usize, i: usize, u: f64) -> Near {
    let w = exactly(state.parameters[l].weight[(j, i)]);
    noise.weights[l].as_ref().map_or(w, |weights| multiplied(w, weights[(j, i)], u))
}

fn forward(case: &Case, state: &State<f64>, noise: &Noise, u: f64) -> Option<Flow> {
    let mut h: Rows = case.rows().0.iter().map(|row| row.iter().map(|&x| exactly(x)).collect()).collect();
    let mut flow = Flow { inputs: Vec::new(), units: Vec::new() };
    for (l, &(_, width, units)) in case.layers.iter().enumerate() {
        let row =
            |(r, h): (usize, &Vec<Near>)| h.iter().enumerate().map(|(i, &h)| noisy(noise, l, r, i, h, u)).collect();
        flow.inputs.push(h.iter().enumerate().map(row).collect());
        let unit = |h: &Vec<Near>, j: usize| {
            let terms = h.iter().enumerate().map(|(i, &h)| (weight(state, noise, l, j, i, u), h));
            activation(units, sum(u, state.parameters[l].bias[j], terms), u)
        };
        h = flow.inputs[l].iter().map(|h| (0..width).map(|j| unit(h, j)).collect()).collect::<Option<_>>()?;
        flow.units.push(h.clone());
    }
    Some(flow)
}

/// The mean output over all masks. The centre is the definition's, over all of them; the bound is that of the sum over
/// the masks before the last layer, which is linear. Weights and sums are in `f64`.
fn ensemble(case: &Case, state: &State<f64>, u: f64) -> Option<Rows> {
    let outputs = |end: usize| {
        let mut total = vec![vec![exactly(0.0); case.outputs()]; case.rows];
        for (weight, noise) in Noise::enumerated(case, end) {
            let flow = forward(case, state, &noise, u)?;
            for (total, z) in total.iter_mut().flatten().zip(flow.outputs().iter().flatten()) {
                *total = Near { value: total.value + weight * z.value, off: total.off + weight * z.off };
            }
        }
        Some(total)
    };
    let (all, mut fast) = (outputs(case.layers.len())?, outputs(case.layers.len() - 1)?);
    for (fast, all) in fast.iter_mut().flatten().zip(all.iter().flatten()) {
        // 2⁸ masks at most, of outputs below 10.
        assert!((fast.value - all.value).abs() < 1e-12 && all.value.abs() < 10.0);
        *fast = Near { value: all.value, off: fast.off + 1e-12 }.rounded(2.0, u);
    }
    Some(fast)
}

/// The derivative of the activity penalty with respect to each unit of a layer, in any row, or nothing where a unit is so
/// nearly always on or off that its activity is all rounding.
fn slopes(case: &Case, units: &Rows, u: f64) -> Option<Vec<Near>> {
    let Some(sparsity) = case.training.regularisers.sparsity else { return Some(Vec::new()) };
    let over = 1.0 / case.rows as f64;
    let slope = |j: usize| {
        let on = sum(u, 0.0, units.iter().map(|h| (h[j], exactly(1.0)))).times(over).rounded(3.0, u);
        let off = Near { value: 1.0 - on.value, off: on.off + 2.0 * u };
        let quotient = |a: f64, b: Near| {
            let off = a * b.off / (b.value * (b.value - b.off));
            (b.value > 2.0 * b.off).then(|| Near { value: a / b.value, off }.rounded(4.0, u))
        };
        let (up, down) = (quotient(1.0 - sparsity.target, off)?, quotient(sparsity.target, on)?);
        let size = up.value + up.off + down.value + down.off;
        let slope = Near { value: up.value - down.value, off: up.off + down.off + 2.0 * u * size };
        Some(slope.times(sparsity.strength * over).rounded(4.0, u))
    };
    (0..units[0].len()).map(slope).collect()
}

/// The parameters and velocities after one step on all rows of `case` from `state` under this noise, or nothing where a
/// rectified unit is too near its kink.
pub fn step(case: &Case, state: &State<f64>, noise: &Noise, u: f64) -> Option<Vec<[Vec<Near>; 4]>> {
    let flow = forward(case, state, noise, u)?;
    let judged = match case.training.method {
        Method::Boosting => ensemble(case, state, u)?,
        Method::BoostingWeightScaled => forward(case, state, &Noise::mean(case), u)?.units.pop()?,
        _ => flow.outputs().clone(),
    };
    let product = |a: Near, b: Near| sum(u, 0.0, [(a, b)].into_iter());
    let mut back: Rows = judged.iter().zip(&case.rows().1).map(|(z, y)| errors(case, z, y, u)).collect();
    let mut result = Vec::new();
    for (l, &(_, _, units)) in case.layers.iter().enumerate().rev() {
        let slopes = match units {
            Activation::Logistic if l + 1 < case.layers.len() => slopes(case, &flow.units[l], u)?,
            _ => Vec::new(),
        };
        let error: Rows = (back.iter().zip(&flow.units[l]))
            .map(|(back, h)| {
                let error = |(j, (&back, &h)): (usize, (&Near, &Near))| {
                    let terms = [(back, exactly(1.0))].into_iter().chain(slopes.get(j).map(|&s| (s, exactly(1.0))));
                    product(derivative(units, h, u), sum(u, 0.0, terms))
                };
                back.iter().zip(h).enumerate().map(error).collect()
            })
            .collect();
        result.push(moved(case, state, noise, l, &flow.inputs[l], &error, u));
        let width = flow.inputs[l][0].len();
        let unit = |r: usize, i: usize| {
            let e = sum(u, 0.0, error[r].iter().enumerate().map(|(j, &e)| (weight(state, noise, l, j, i, u), e)));
            noisy(noise, l, r, i, e, u)
        };
        back = (0..case.rows).map(|r| (0..width).map(|i| unit(r, i)).collect()).collect();
    }
    result.reverse();
    Some(result)
}

/// Weights (row by row), biases and their velocities of layer l after the step.
fn moved(case: &Case, state: &State<f64>, noise: &Noise, l: usize, h: &Rows, error: &Rows, u: f64) -> [Vec<Near>; 4] {
    let training = &case.training;
    let (m, eta) = (training.momentum, training.decay.at(training.learning_rate, state.step, training.steps));
    let (l2, l1) = (training.regularisers.l2.unwrap_or(0.0), training.regularisers.l1.unwrap_or(0.0));
    // v' = m v − η g and θ' = θ + v' or θ + m v' − η g; m and η are rounded to the number type too.
    let update = |theta: f64, v: f64, g: Near| {
        let line = |v: Near, g: Near| {
            let size = m * (v.value.abs() + v.off) + eta * (g.value.abs() + g.off);
            Near { value: m * v.value - eta * g.value, off: m * v.off + eta * g.off + 5.0 * u * size }
        };
        let velocity = line(exactly(v), g);
        let way = if training.nesterov { line(velocity, g) } else { velocity };
        let off = way.off + 2.0 * u * (theta.abs() + way.value.abs() + way.off);
        (Near { value: theta + way.value, off }, velocity)
    };
    let (outputs, inputs) = state.parameters[l].weight.shape();
    let mut result: [Vec<Near>; 4] = Default::default();
    for j in 0..outputs {
        let row: Vec<(Near, Near)> = (0..inputs)
            .map(|i| {
                let w = state.parameters[l].weight[(j, i)];
                let mut g = sum(u, 0.0, h.iter().zip(error).map(|(h, e)| (h[i], e[j])));
                g = noise.weights[l].as_ref().map_or(g, |weights| multiplied(g, weights[(j, i)], u));
                let l1 = if w == 0.0 { 0.0 } else { l1 * w.signum() };
                let size = g.value.abs() + g.off + l2 * w.abs() + l1.abs();
                g = Near { value: g.value + l2 * w + l1, off: g.off + 5.0 * u * size };
                update(w, state.velocities[l].weight[(j, i)], g)
            })
            .collect();
        let weights = row.iter().map(|(w, _)| *w).collect();
        result[0].extend(if let Some(limit) = training.max_norm { shrunk(limit, weights, u) } else { weights });
        result[2].extend(row.iter().map(|(_, v)| *v));
        let g = sum(u, 0.0, error.iter().map(|e| (exactly(1.0), e[j])));
        let (bias, velocity) = update(state.parameters[l].bias[j], state.velocities[l].bias[j], g);
        result[1].push(bias);
        result[3].push(velocity);
    }
    result
}

/// A unit's incoming weights after max-norm: the norms differ by at most the norm of the distances, and n + 8 roundings.
fn shrunk(limit: f64, weights: Vec<Near>, u: f64) -> Vec<Near> {
    let norm = |f: fn(&Near) -> f64| weights.iter().map(|w| f(w) * f(w)).sum::<f64>().sqrt();
    let (size, off) = (norm(|w| w.value), norm(|w| w.off) * 1.01);
    let off = off + (weights.len() as f64 + 8.0) * u * (size + off);
    let mut affine =
        Affine::new(nalgebra::DMatrix::from_fn(1, weights.len(), |_, i| weights[i].value), vec![0.0].into())
            .expect("finite numbers");
    constraint::max_norm(&mut affine, limit);
    // The factor limit/norm, where it can be below 1 in either computation, moves by its relative error.
    let relative = if size + off > limit { off / (size - off).max(f64::MIN_POSITIVE) + 6.0 * u } else { 0.0 };
    let factor = (limit / size).min(1.0);
    let near = |(w, value): (Near, &f64)| Near {
        value: *value,
        off: factor * w.off + relative * (value.abs() + w.off) + 2.0 * u * value.abs(),
    };
    weights.iter().copied().zip(affine.weight.iter()).map(near).collect()
}

/// u of both computations together.
pub fn roundoff<F: Scalar>() -> f64 {
    F::unit_roundoff().to_f64() + 2.0 * f64::unit_roundoff()
}
