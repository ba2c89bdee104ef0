//! Sampled sub-models: the documented stream, estimates and standard errors.

use crate::by_definition::{INPUTS, KEEP, network, softmax};
use crate::weights::data;
use crate::{close, json, numbers};
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use std::fs;

/// The predictions of `samples` sub-models for input number `row`, drawn as the help text says.
fn samples(row: usize, samples: usize, seed: u64) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(row as u64);
    let mut draw = |keep: f64| ((rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64) < keep;
    (0..samples)
        .map(|_| softmax(network(&INPUTS[row], &KEEP.map(|p| if draw(p) { 1.0 / p } else { 0.0 })))[0])
        .collect()
}

#[test]
fn estimates_come_from_the_documented_streams() {
    let report = json(&data("tiny.json"), &data("tiny_inputs.npy"), &["--monte-carlo", "200", "--seed", "42"]);
    for row in 0..2 {
        let drawn = samples(row, 200, 42);
        let mean = drawn.iter().sum::<f64>() / 200.0;
        let variance = drawn.iter().map(|p| (p - mean).powi(2)).sum::<f64>() / 199.0;
        let prediction = &report["predictions"][row];
        let estimate = &prediction["monte_carlo"];
        assert_eq!(estimate["samples"], 200);
        close(&numbers(&estimate["mean"]), &[mean, 1.0 - mean]);
        let error = (variance / 200.0).sqrt();
        let found = numbers(&estimate["standard_error"]);
        // 200 squares of numbers around 0.1, each with a relative error of some 2⁻⁵⁰ from the means' cancellation.
        found.iter().for_each(|found| approx::assert_relative_eq!(*found, error, max_relative = 1e-11));
        // Not a test of chance: the seed is fixed. Five standard errors hold for all but 6e-7 of the seeds.
        let exact = numbers(&prediction["arithmetic_mean"])[0];
        assert!((mean - exact).abs() < 5.0 * error, "{mean} estimates {exact} with error {error}");
    }
}

#[test]
fn a_single_sample_has_no_standard_error() {
    let report = json(&data("tiny.json"), &data("tiny_inputs.npy"), &["--monte-carlo", "1"]);
    assert_eq!(report["predictions"][0]["monte_carlo"]["standard_error"], Value::Null);
    close(&numbers(&report["predictions"][1]["monte_carlo"]["mean"])[..1], &samples(1, 1, 0));
}

/// An input's estimate depends on its own number alone, and another seed gives another one.
#[test]
fn rows_do_not_depend_on_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = folder.path().join("x.csv");
    fs::write(&inputs, "1,0.5,-1\n1,1,1\n").unwrap();
    let options = ["--monte-carlo", "100", "--seed", "7"];
    let tiny = |options: &[&str]| json(&data("tiny.json"), &data("tiny_inputs.npy"), options);
    let (other, both) = (json(&data("tiny.json"), &inputs, &options), tiny(&options));
    assert_eq!(other["predictions"][0], both["predictions"][0]);
    assert_ne!(tiny(&["--monte-carlo", "100", "--seed", "8"]), both);
}

/// With and without enumeration the samples are the same.
#[test]
fn estimates_without_enumeration() {
    let with = json(&data("tiny.json"), &data("tiny_inputs.npy"), &["--monte-carlo", "100"]);
    let without = json(&data("tiny.json"), &data("tiny_inputs.npy"), &["--monte-carlo", "100", "--no-enumeration"]);
    for row in 0..2 {
        let (with, without) = (&with["predictions"][row], &without["predictions"][row]);
        for same in ["monte_carlo", "weight_scaling"] {
            assert_eq!(with[same], without[same]);
        }
        for absent in ["arithmetic_mean", "geometric_mean", "log_geometric_mass"] {
            assert_eq!(without[absent], Value::Null);
        }
    }
    assert_eq!((&without["masks"], &without["units"]), (&with["masks"], &with["units"]));
}
