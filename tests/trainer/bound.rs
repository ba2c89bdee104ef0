//! One step of the reference in `f64`, with a bound on how far a step in another arithmetic may be from it.
//!
//! Every number carries a bound on the distance between its two computations. With u the unit roundoffs of both together
//! (the reference rounds each product and each sum: twice 2⁻⁵³), a sum of n products is off by at most
//! γ(n) Σ|a||b| + Σ(|a| δb + δa |b| + δa δb), γ(n) = n u/(1 − n u) (Higham 2002, section 3.1), whatever the order.

use crate::cases::Case;
use dropout_oracle::model::{Convention, HeadKind};
use dropout_oracle::network::Affine;
use dropout_oracle::train::constraint;
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

/// The parameters and velocities after one step on all rows of `case` from `state`, or nothing where a hidden unit is so
/// near its kink that the two computations may take different sides.
pub fn step(case: &Case, state: &State<f64>, masks: &[Vec<Vec<bool>>], u: f64) -> Option<Vec<[Vec<Near>; 4]>> {
    let (inputs, targets) = case.rows();
    let scale = |keep: f64| if case.convention == Convention::Inverted { 1.0 / keep } else { 1.0 };
    // The multiplier of unit i of row r before affine layer l: the factor and the product are rounded.
    let dropped = |l: usize, r: usize, i: usize, h: Near| match case.layers[l].0 {
        Some(_) if !masks[l][r][i] => exactly(0.0),
        Some(keep) => h.times(scale(keep)).rounded(3.0, u),
        None => h,
    };
    let weight = |l: usize, j: usize, i: usize| exactly(state.parameters[l].weight[(j, i)]);
    let mut activations = vec![
        (0..case.rows)
            .map(|r| inputs[r].iter().enumerate().map(|(i, &x)| dropped(0, r, i, exactly(x))).collect())
            .collect::<Vec<Vec<Near>>>(),
    ];
    let mut open = Vec::new();
    for (l, &(_, width, rectify)) in case.layers.iter().enumerate() {
        let layer: Vec<Vec<Near>> = activations[l]
            .iter()
            .map(|h| {
                let z = |j: usize| {
                    let terms = h.iter().enumerate().map(|(i, &h)| (weight(l, j, i), h));
                    sum(u, state.parameters[l].bias[j], terms)
                };
                (0..width).map(z).collect()
            })
            .collect();
        if rectify && layer.iter().flatten().any(|z| z.value.abs() <= z.off) {
            return None;
        }
        open.push(layer.iter().map(|z| z.iter().map(|z| !rectify || z.value > 0.0).collect()).collect::<Vec<Vec<_>>>());
        let units = |r: usize, z: &[Near]| -> Vec<Near> {
            let h = |(j, &z): (usize, &Near)| if open[l][r][j] { z } else { exactly(0.0) };
            let h = z.iter().enumerate().map(h).enumerate();
            h.map(|(j, h)| if l + 1 < case.layers.len() { dropped(l + 1, r, j, h) } else { h }).collect()
        };
        activations.push(layer.iter().enumerate().map(|(r, z)| units(r, z)).collect());
    }

    let outputs = activations.pop().expect("the last layer's");
    let mut error: Vec<Vec<Near>> =
        outputs.iter().zip(&targets).map(|(output, target)| errors(case, output, target, u)).collect();
    let mut result = Vec::new();
    for l in (0..case.layers.len()).rev() {
        result.push(moved(case, state, l, &activations[l], &error, u));
        if l > 0 {
            error = (0..case.rows)
                .map(|r| {
                    let back = |i: usize| {
                        let e = sum(u, 0.0, error[r].iter().enumerate().map(|(j, &e)| (weight(l, j, i), e)));
                        if open[l - 1][r][i] { dropped(l, r, i, e) } else { exactly(0.0) }
                    };
                    (0..case.layers[l - 1].1).map(back).collect()
                })
                .collect();
        }
    }
    result.reverse();
    Some(result)
}

/// Weights (row by row), biases and their velocities of layer l after the step.
fn moved(case: &Case, state: &State<f64>, l: usize, h: &[Vec<Near>], error: &[Vec<Near>], u: f64) -> [Vec<Near>; 4] {
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
