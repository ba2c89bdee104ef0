//! One logistic unit with dropout, exactly: what mean, loss and gradient over all 2^n masks cost against sampled masks and
//! against fast dropout, and how long training takes to the same objective.
//!
//! `cargo run --release -p dropout-oracle-benches --bin marginal [-- --quick]`

use dropout_oracle::approximation::fast_dropout;
use dropout_oracle::data::{Digits, Examples};
use dropout_oracle::head::Bernoulli;
use dropout_oracle::law::{Independent, Law, Rescaled};
use dropout_oracle::marginal::objective::objective;
use dropout_oracle::marginal::{Classes, Lattice, Logit};
use dropout_oracle::model::{Convention, HeadKind};
use dropout_oracle::network::{Affine, Layer, Mlp};
use dropout_oracle::random::{Purpose, stream};
use dropout_oracle::scalar::dot;
use dropout_oracle::train::objective::{enumerated, sampled};
use dropout_oracle::train::{QuasiNewton, Training};
use dropout_oracle::{Model, Real, Result};
use dropout_oracle_benches::{each, number};
use nalgebra::{DMatrix, DVector};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    assert_answers();
    let rounds = if quick { 3 } else { 9 };
    values(quick, rounds);
    passes(quick, rounds);
    classes(quick);
    training(quick);
}

/// Weights, KEEP probabilities and bias of a logit with E S = 1 and Var S = sd².
fn logit(n: usize, sd: f64, mixed: bool) -> (DVector<f64>, DVector<f64>, f64) {
    let keep = DVector::from_fn(n, |j, _| if mixed { 0.5 + 0.3 * number(7 + 13 * j) } else { 0.5 });
    // Sums of four numbers, which look nearly normal.
    let mut weights = DVector::from_fn(n, |j, _| (0..4).map(|k| number(3 + 5 * j + 1009 * k * (j + 1))).sum::<f64>());
    let variance: f64 = weights.iter().zip(&keep).map(|(a, p)| a * a * p * (1.0 - p)).sum();
    weights *= sd / variance.sqrt();
    let bias = 1.0 - dot(&weights, &keep);
    (weights, keep, bias)
}

/// Before anything is timed: values and gradients against enumeration, and against the law of integers for many units.
fn assert_answers() {
    for mixed in [false, true] {
        let (weights, keep, bias) = logit(12, 1.0, mixed);
        let affine = Affine::new(DMatrix::from_row_slice(1, 12, weights.as_slice()), vec![bias].into()).unwrap();
        let law = Rescaled::unscaled(Independent::new(keep.clone()).unwrap());
        let examples = [(DVector::from_element(12, 1.0), DVector::from_element(1, 1.0))];
        let exact = objective(&affine, &law, &examples).unwrap();
        let network: Mlp<f64> = Mlp::new(12, vec![Layer::dropout(12), Layer::Affine(affine)]).unwrap();
        let [(x, t)] = examples;
        let all = enumerated(&network, &Bernoulli, &law, &Examples::new(vec![x], vec![t]).unwrap()).unwrap();
        // The definition's own roundings: some 30 of numbers below 4.
        let slack = 30.0 * 4.0 * f64::EPSILON;
        assert!((exact.loss.value - all.loss).abs() <= exact.loss.error + slack);
        let off = (&exact.gradient.weight - &all.gradient[0].weight).amax();
        assert!(off <= exact.error + slack, "gradient off by {off:e}");
    }
    for n in [100, 1000, 10_000] {
        let weights: Vec<i64> = (0..n as i64).map(|j| j % 7 - 3).collect();
        let step = 1.0 / 64.0;
        let law = Lattice::new(&weights, &Independent::new(DVector::from_element(n, 0.5)).unwrap()).unwrap();
        let truth = law.expectation(|s| (s as f64 * step).logistic());
        let weights = DVector::from_iterator(n, weights.iter().map(|&k| k as f64 * step));
        let mean = Logit::masked(&weights, &DVector::from_element(n, 0.5), 0.0).unwrap().expected_logistic().unwrap();
        // The law's probabilities are each within 3n roundings, relatively.
        let slack = 3.0 * n as f64 * f64::EPSILON;
        assert!((mean.value - truth).abs() <= mean.error + slack, "n = {n}: {mean:?} and {truth}");
    }
}

/// Means and gradients of one logit, and what 100 sampled masks cost.
fn values(quick: bool, rounds: usize) {
    println!("one thread; each time is the least of {rounds} rounds of processor time; E S = 1");
    println!(
        "| n | sd | keep | E sigma µs | E loss µs | loss and gradient µs | ÷ loss | 100 masks, this crate µs | plain loop µs | \
         masks of a plain loop in the time of E loss | fast dropout µs | E sigma off by | bounds |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    let sizes: &[usize] =
        if quick { &[10, 100, 784] } else { &[10, 30, 64, 100, 300, 784, 1000, 10_000, 100_000, 1_000_000] };
    for &n in sizes {
        for (sd, mixed) in [(1.0, false), (1.0, true), (5.0, false), (5.0, true)] {
            let (weights, keep, bias) = logit(n, sd, mixed);
            let logit = || Logit::masked(&weights, &keep, bias).unwrap();
            let mean = each(rounds, || logit().expected_logistic());
            let loss = each(rounds, || logit().expected_softplus());
            let gradient = each(rounds, || logit().softplus_gradient());
            let law = Independent::new(keep.clone()).unwrap();
            let mut rng = stream(1, Purpose::MonteCarlo, 0, 0);
            let masks = if n > 10_000 { 1 } else { 100 };
            let scale = 100.0 / masks as f64;
            let ours = scale
                * each(rounds, || {
                    (0..masks).map(|_| (bias + dot(&weights, &law.sample(&mut rng))).softplus()).sum::<f64>()
                });
            let mut plain = Plain::new(&weights, &keep, bias);
            let loop_ = scale * each(rounds, || (0..masks).map(|_| plain.logit().softplus()).sum::<f64>());
            let fast = each(rounds, || {
                let logit = logit();
                fast_dropout::expected_loss(logit.mean(), logit.variance(), 0.0)
            });
            let [exact, bound] = [logit().expected_logistic(), logit().expected_softplus()].map(|of| of.unwrap());
            let approximate = fast_dropout::unit::logistic_mean(logit().mean(), logit().variance());
            let us = [mean, loss, gradient, ours, loop_, fast].map(|seconds| seconds * 1e6);
            println!(
                "| {n} | {sd} | {} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.0} | {:.2} | {:.1e} | {:.1e}, {:.1e} |",
                if mixed { "mixed" } else { "1/2" },
                us[0],
                us[1],
                us[2],
                us[2] / us[1],
                us[3],
                us[4],
                100.0 * us[1] / us[4],
                us[5],
                (approximate - exact.value).abs(),
                exact.error,
                bound.error,
            );
        }
    }
}

/// Sampling as one would write it: a random integer a unit, compared with p·2^64.
struct Plain {
    weights: Vec<f64>,
    thresholds: Vec<u64>,
    bias: f64,
    state: u64,
}

impl Plain {
    fn new(weights: &DVector<f64>, keep: &DVector<f64>, bias: f64) -> Self {
        let thresholds = keep.iter().map(|p| (p * 2f64.powi(64)) as u64).collect();
        Self { weights: weights.as_slice().to_vec(), thresholds, bias, state: 1 }
    }

    fn logit(&mut self) -> f64 {
        let mut sum = self.bias;
        for (weight, threshold) in self.weights.iter().zip(&self.thresholds) {
            // SplitMix64 (Steele, Lea & Flood 2014).
            self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            sum += if z ^ z >> 31 < *threshold { *weight } else { 0.0 };
        }
        sum
    }
}

/// Objective and gradient of one example: exactly, by fast dropout, and by one sampled mask.
fn passes(quick: bool, rounds: usize) {
    println!("\nObjective and gradient of one example, µs");
    println!("| n | keep | exact | fast dropout | one sampled mask | exact ÷ sampled |");
    println!("|---|---|---|---|---|---|");
    let sizes: &[usize] = if quick { &[64, 784] } else { &[64, 128, 256, 784, 1000, 10_000, 100_000] };
    for &n in sizes {
        for mixed in [false, true] {
            let (weights, keep, bias) = logit(n, 1.0, mixed);
            let affine = Affine::new(DMatrix::from_row_slice(1, n, weights.as_slice()), vec![bias].into()).unwrap();
            let law = Rescaled::unscaled(Independent::new(keep).unwrap());
            let examples = [(DVector::from_element(n, 1.0), DVector::from_element(1, 1.0))];
            let exact = each(rounds, || objective(&affine, &law, &examples).unwrap());
            let fast = each(rounds, || fast_dropout::objective(&affine, &law, &examples).unwrap());
            let network: Mlp<f64> = Mlp::new(n, vec![Layer::dropout(n), Layer::Affine(affine)]).unwrap();
            let (inputs, targets) = examples.into_iter().unzip();
            let examples = Examples::new(inputs, targets).unwrap();
            let mut rng = stream(1, Purpose::Mask, 0, 0);
            let one =
                each(rounds, || sampled(&network, &Bernoulli, &examples, &[0], |_| law.sample(&mut rng)).unwrap());
            let keep = if mixed { "mixed" } else { "1/2" };
            let [exact, fast, one] = [exact, fast, one].map(|seconds| seconds * 1e6);
            println!("| {n} | {keep} | {exact:.1} | {fast:.1} | {one:.1} | {:.0} |", exact / one);
        }
    }
}

/// A softmax of a few classes that share their masks: one class's mean probability.
fn classes(quick: bool) {
    println!("\nA few classes, keep from .2 to .8: one class's mean probability, processor time");
    println!("| classes | n | sd of a logit | ms | value | bound |");
    println!("|---|---|---|---|---|---|");
    let jobs: &[_] = if quick {
        &[(3, 18, 1.0), (4, 18, 1.0)]
    } else {
        &[
            (3, 18, 2.0),
            (3, 100, 1.5),
            (3, 100, 5.0),
            (3, 1000, 5.0),
            (4, 18, 2.0),
            (4, 100, 1.5),
            (4, 100, 5.0),
            (5, 100, 1.5),
        ]
    };
    for &(classes, n, sd) in jobs {
        // The same numbers, in another order for each class.
        let (weights, keep, _) = logit(n, sd, true);
        let rows = DMatrix::from_fn(classes, n, |y, j| weights[(j + 7 * y) % n]);
        let bias = DVector::from_fn(classes, |y, _| 0.1 * y as f64 - (rows.row(y) * &keep)[0]);
        let of = Classes::masked(rows, keep, bias).unwrap();
        let seconds = each(1, || of.expected_softmax(0));
        let mean = of.expected_softmax(0).unwrap();
        println!("| {classes} | {n} | {sd} | {:.1} | {} | {:.1e} |", seconds * 1e3, mean.value, mean.error);
    }
}

/// Digits 3 and 8 by logistic regression with half of the pixels dropped: the time until the exact objective is within a
/// part of its minimum, for each way of training.
fn training(quick: bool) {
    let pair = Digits::load().pair(3, 8).unwrap();
    let some = if quick { 60 } else { pair.count() };
    let one = |(x, target): (&DVector<f64>, &DVector<f64>)| (x.clone(), DVector::from_element(1, target[1]));
    let (inputs, targets): (Vec<_>, Vec<_>) = pair.iter().take(some).map(one).unzip();
    let examples: Vec<_> = inputs.iter().cloned().zip(targets.iter().cloned()).collect();
    let set = Examples::new(inputs, targets).unwrap();
    let n = examples[0].0.len();
    let keep = DVector::from_element(n, 0.5);
    let layers = |unit: Affine<f64>| Mlp::new(n, vec![Layer::dropout(n), Layer::Affine(unit)]).unwrap();
    let start = Affine::new(DMatrix::zeros(1, n), DVector::zeros(1)).unwrap();
    let model = Model::new(layers(start.clone()), HeadKind::Bernoulli, keep, Convention::Inverted).unwrap();
    // A mean over the examples, with an L2 penalty: without one the weight of a pixel that only one class has grows for ever.
    let penalised = |unit: &Affine<f64>, (loss, gradient): (f64, Affine<f64>)| {
        let count = examples.len() as f64;
        let penalty = L2 / 2.0 * unit.weight.iter().map(|w| w * w).sum::<f64>();
        let weight = gradient.weight / count + &unit.weight * L2;
        (loss / count + penalty, Affine { weight, bias: gradient.bias / count })
    };
    let exact = |unit: &Affine<f64>| -> Result<_> {
        let exact = objective(unit, model.law(), &examples)?;
        Ok(penalised(unit, (exact.loss.value, exact.gradient)))
    };
    let fast = |unit: &Affine<f64>| -> Result<_> {
        Ok(penalised(unit, fast_dropout::objective(unit, model.law(), &examples)?))
    };
    let method = QuasiNewton { tolerance: 1e-6, steps: 1000 };
    let minimum = method.fit(&start, exact).unwrap().1.value;
    println!("\n{} digits 3 and 8, {n} pixels, keep 1/2: exact objective at its minimum {minimum:.6}", examples.len());
    println!("| way | to 1 % above it, ms | to .1 % above it, ms | at the end % above it | in all ms |");
    println!("|---|---|---|---|---|");
    let row = |name: &str, path: &[(f64, f64)]| {
        let reached = |part: f64| {
            let first = path.iter().find(|(_, value)| *value <= (1.0 + part) * minimum);
            first.map_or("never".into(), |(seconds, _)| format!("{:.1}", seconds * 1e3))
        };
        let &(all, end) = path.last().expect("a first point");
        let above = 100.0 * (end / minimum - 1.0);
        println!("| {name} | {} | {} | {above:.3} | {:.1} |", reached(0.01), reached(0.001), all * 1e3);
    };
    // Only the training is timed and not what it is judged by.
    let by_lbfgs = |objective: Objective| {
        let (mut path, mut stopwatch) = (Vec::new(), Stopwatch::start());
        let watched = |unit: &Affine<f64>| {
            let found = objective(unit)?;
            path.push((stopwatch.seconds(), stopwatch.pause(|| exact(unit))?.0));
            Ok(found)
        };
        method.fit(&start, watched).unwrap();
        path
    };
    row("exact, L-BFGS", &by_lbfgs(&exact));
    row("fast dropout, L-BFGS", &by_lbfgs(&fast));
    let (steps, rates): (&[u64], &[f64]) =
        if quick { (&[300], &[0.05]) } else { (&[1000, 10_000, 100_000], &[0.015, 0.05, 0.15]) };
    for (&steps, &rate) in steps.iter().flat_map(|steps| rates.iter().map(move |rate| (steps, rate))) {
        let (mut path, mut stopwatch) = (Vec::new(), Stopwatch::start());
        let every = steps / 100;
        let mut trained =
            Model::new(model.network().clone(), HeadKind::Bernoulli, model.keep().clone(), model.convention()).unwrap();
        Training::new(steps)
            .learning_rate(rate)
            .l2(L2)
            .run(&mut trained, &set, |progress| {
                if (progress.step + 1) % every == 0 {
                    let unit = progress.network.affine().next().expect("one layer");
                    let seconds = stopwatch.seconds();
                    path.push((seconds, stopwatch.pause(|| exact(unit)).expect("finite weights").0));
                }
                ControlFlow::Continue(())
            })
            .unwrap();
        row(&format!("sampled masks, {steps} steps, rate {rate}"), &path);
    }
}

/// The strength of the penalty.
const L2: f64 = 1e-3;

/// A value with its gradient.
type Objective<'a> = &'a dyn Fn(&Affine<f64>) -> Result<(f64, Affine<f64>)>;

/// A clock that can be stopped.
struct Stopwatch {
    start: Instant,
    paused: Duration,
}

impl Stopwatch {
    fn start() -> Self {
        Self { start: Instant::now(), paused: Duration::ZERO }
    }

    /// Does what is not to be timed.
    fn pause<T>(&mut self, task: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let done = task();
        self.paused += start.elapsed();
        done
    }

    fn seconds(&self) -> f64 {
        (self.start.elapsed() - self.paused).as_secs_f64()
    }
}
