//! What the benchmarks share: models, a stopwatch, and the speed that the arithmetic units can reach.

use dropout_oracle::Model;
use dropout_oracle::model::{Convention, HeadKind};
use dropout_oracle::network::{Activation, Affine, Layer, Mlp};
use nalgebra::{DMatrix, DVector};
use pulp::{Arch, Simd, WithSimd};
use std::collections::HashMap;
use std::ffi::OsString;
use std::hint::black_box;
use std::time::Instant;

/// Numbers between −1 and 1 that look drawn, the same everywhere (and in `peers/`).
pub fn number(seed: usize) -> f64 {
    (seed * seed % 997) as f64 / 498.5 - 1.0
}

/// An affine layer of such numbers times `size`.
fn affine(outputs: usize, inputs: usize, size: f64) -> Affine<f64> {
    let weight = DMatrix::from_fn(outputs, inputs, |y, i| size * number(1 + 17 * y + 31 * i));
    Affine::new(weight, DVector::from_fn(outputs, |y, _| size * number(5 + 7 * y))).expect("finite weights")
}

/// Softmax regression with dropout on its n inputs, and an input.
pub fn regression(n: usize, classes: usize, keep: f64) -> (Model, DVector<f64>) {
    let layers = vec![Layer::dropout(n), Layer::Affine(affine(classes, n, 0.5))];
    model(n, layers, DVector::from_element(n, keep))
}

/// One hidden layer with dropout on inputs (keep .8) and hidden units (keep .5), and an input. With 0 hidden units, 16 that
/// are all kept.
pub fn one_hidden_layer(inputs: usize, hidden: usize, unit: Activation) -> (Model, DVector<f64>) {
    let width = if hidden == 0 { 16 } else { hidden };
    let layers = vec![
        Layer::dropout(inputs),
        Layer::Affine(affine(width, inputs, 0.5)),
        Layer::Unit(unit),
        Layer::dropout(hidden),
        Layer::Affine(affine(10, width, 0.5)),
    ];
    let keep = DVector::from_fn(inputs + hidden, |unit, _| if unit < inputs { 0.8 } else { 0.5 });
    model(inputs, layers, keep)
}

fn model(inputs: usize, layers: Vec<Layer<f64>>, keep: DVector<f64>) -> (Model, DVector<f64>) {
    let network = Mlp::new(inputs, layers).expect("layers that fit");
    let model = Model::new(network, HeadKind::Softmax, keep, Convention::Standard).expect("a model");
    (model, DVector::from_fn(inputs, |i, _| number(3 + 11 * i)))
}

/// How long something took.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    /// By the clock on the wall.
    pub wall: f64,
    /// On all processors together. Unlike the wall's, it does not count the time that other programs had them.
    pub cpu: f64,
}

/// Seconds that `task` takes.
pub fn time<T>(task: impl FnOnce() -> T) -> Time {
    let (start, before) = (Instant::now(), cpu_seconds());
    black_box(task());
    let (wall, after) = (start.elapsed().as_secs_f64(), cpu_seconds());
    // Thread by thread: one of before that has ended meanwhile must not be taken off.
    let since = |(thread, seconds): (&OsString, &f64)| seconds - before.get(thread).unwrap_or(&0.0);
    // The system counts in ticks of some milliseconds: what is shorter is taken from the clock on the wall.
    let counted = Some(after.iter().map(since).sum()).filter(|cpu| *cpu > 0.01);
    Time { wall, cpu: counted.unwrap_or(wall) }
}

/// Processor seconds that one run of a short task takes: the least of several rounds, each of as many runs as the system can
/// count.
pub fn each<T>(rounds: usize, mut task: impl FnMut() -> T) -> f64 {
    let mut runs = 1;
    let mut round = |runs: usize| time(|| (0..runs).for_each(|_| drop(black_box(task())))).cpu;
    while round(runs) < 2e-2 {
        runs *= 2;
    }
    (0..rounds).map(|_| round(runs) / runs as f64).fold(f64::INFINITY, f64::min)
}

/// Processor time of each thread so far, where the system tells (Linux).
fn cpu_seconds() -> HashMap<OsString, f64> {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let seconds = threads.filter_map(|thread| {
        let times = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        Some((thread.file_name(), times.split(' ').next()?.parse::<f64>().ok()? * 1e-9))
    });
    seconds.collect()
}

/// The middle one.
pub fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

/// Fused multiply-adds that depend on nothing but their own accumulator: 12 of them hide the latency and leave registers
/// for the operands.
struct Peak {
    steps: u64,
}

impl WithSimd for Peak {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let (factor, term) = (simd.splat_f64s(black_box(0.999)), simd.splat_f64s(black_box(1e-3)));
        let mut sums: [S::f64s; 12] = std::array::from_fn(|i| simd.splat_f64s(i as f64));
        for _ in 0..self.steps {
            for sum in &mut sums {
                *sum = simd.mul_add_f64s(*sum, factor, term);
            }
        }
        sums.into_iter().fold(0.0, |total, sum| total + simd.reduce_sum_f64s(sum))
    }
}

/// GFLOP of fused multiply-adds in a second of one processor, now.
pub fn peak() -> f64 {
    let steps = 20_000_000;
    let lanes = Arch::new().dispatch(Lanes);
    let time = time(|| Arch::new().dispatch(Peak { steps }));
    2.0 * 12.0 * (steps as usize * lanes) as f64 / time.cpu / 1e9
}

/// The lanes of a vector.
struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F64_LANES
    }
}
