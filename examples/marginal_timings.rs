//! What the exact mean of one logistic unit costs, and how far cheaper answers are from it:
//! `cargo run --release --example marginal_timings`.

use dropout_oracle::approximation::fast_dropout::unit::logistic_mean;
use dropout_oracle::law::{Independent, Law};
use dropout_oracle::marginal::{Classes, Logit};
use dropout_oracle::scalar::dot;
use dropout_oracle::{Real, Result};
use nalgebra::{DMatrix, DVector};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// The least time of a few runs (other work on the machine can only add to it), and the last answer.
fn timed<T>(runs: usize, mut f: impl FnMut() -> T) -> (Duration, T) {
    let mut times = Vec::new();
    let mut answer = None;
    for _ in 0..runs {
        let start = Instant::now();
        answer = Some(black_box(f()));
        times.push(start.elapsed());
    }
    (times.into_iter().min().unwrap_or_default(), answer.expect("at least one run"))
}

/// Nearly normal numbers of standard deviation `scale`.
fn weights(n: usize, scale: f64, rng: &mut ChaCha8Rng) -> DVector<f64> {
    DVector::from_fn(n, |_, _| scale * ((0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0))
}

fn main() -> Result<()> {
    println!("one thread; times are the least of several runs");
    println!(
        "| n | weights | keep | sd(S) | E sigma | all six | gradient | bound | 100 sampled masks | MacKay off by |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for (n, scale) in [
        (100, 0.2),
        (100, 1.0),
        (784, 0.05),
        (1000, 0.1),
        (1000, 1.0),
        (10_000, 0.05),
        (10_000, 1.0),
        (100_000, 0.01),
        (100_000, 1.0),
        (1_000_000, 0.01),
    ] {
        for mixed in [false, true] {
            let mut rng = ChaCha8Rng::seed_from_u64(n as u64);
            let a = weights(n, scale, &mut rng);
            let keep = DVector::from_fn(n, |_, _| if mixed { 0.2 + 0.6 * rng.random::<f64>() } else { 0.5 });
            let bias = 1.0 - dot(&a, &keep);
            let runs = if n > 100_000 { 3 } else { 25 };
            let logit = || Logit::masked(&a, &keep, bias);
            let (mean_time, mean) = timed(runs, || logit()?.expected_logistic());
            let (all_time, _) = timed(runs, || logit()?.readout());
            let (gradient_time, _) = timed(runs, || logit()?.softplus_gradient());
            let law = Independent::new(keep.clone())?;
            let (sampling, _) = timed(3, || {
                let mut rng = ChaCha8Rng::seed_from_u64(1);
                (0..100).map(|_| (bias + dot(&a, &law.sample(&mut rng))).logistic()).sum::<f64>()
            });
            let (mean, logit) = (mean?, logit()?);
            println!(
                "| {n} | {scale} | {} | {:.2} | {mean_time:.1?} | {all_time:.1?} | {gradient_time:.1?} | {:.1e} | {sampling:.1?} | {:.1e} |",
                if mixed { "mixed" } else { "1/2" },
                logit.variance().sqrt(),
                mean.error,
                (logistic_mean(logit.mean(), logit.variance()) - mean.value).abs(),
            );
        }
    }
    println!();
    println!("a few classes, keep from .2 to .8: one class's probability, on all threads");
    println!("| classes | n | weights | time | value | bound |");
    println!("|---|---|---|---|---|---|");
    let three = [(3, 18, 1.0), (3, 100, 0.3), (3, 100, 1.0), (3, 1000, 0.3)];
    let four = [(4, 18, 1.0), (4, 100, 0.3), (4, 100, 1.0), (4, 1000, 0.3)];
    for (classes, n, scale) in three.into_iter().chain(four).chain([(5, 100, 0.3)]) {
        let mut rng = ChaCha8Rng::seed_from_u64(n as u64);
        let keep = DVector::from_fn(n, |_, _| 0.2 + 0.6 * rng.random::<f64>());
        let rows: Vec<_> = (0..classes).map(|_| weights(n, scale, &mut rng)).collect();
        let a = DMatrix::from_fn(classes, n, |i, j| rows[i][j]);
        let bias = DVector::from_fn(classes, |i, _| 0.1 * i as f64 - dot(&rows[i], &keep));
        let (time, mean) = timed(3, || Classes::masked(a.clone(), keep.clone(), bias.clone())?.expected_softmax(0));
        let mean = mean?;
        println!("| {classes} | {n} | {scale} | {time:.1?} | {} | {:.1e} |", mean.value, mean.error);
    }
    Ok(())
}
