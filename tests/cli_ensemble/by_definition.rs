//! The predictions against loops over the masks that use nothing of the library but exp and ln.

use crate::weights::data;
use crate::{close, json, numbers};
use dropout_oracle::Real;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// KEEP probabilities of the five droppable units of tiny.json.
pub const KEEP: [f64; 5] = [0.8, 0.8, 0.8, 0.5, 0.75];

/// The inputs of tiny_inputs.npy.
pub const INPUTS: [[f64; 3]; 2] = [[1.0, 0.5, -1.0], [0.25, -1.0, 2.0]];

/// The network of tiny.json, written out: output for multipliers m.
pub fn network(x: &[f64; 3], m: &[f64; 5]) -> [f64; 2] {
    let x = [x[0] * m[0], x[1] * m[1], x[2] * m[2]];
    let h0 = f64::from(0.1f32) + x[0] - 2.0 * x[1] + 0.5 * x[2];
    let h1 = f64::from(-0.2f32) + 0.25 * x[0] + 1.5 * x[1] - x[2];
    let (h0, h1) = (h0.max(0.0) * m[3], h1.max(0.0) * m[4]);
    [1.5 * h0 - 0.5 * h1, 0.25 - h0 + 2.0 * h1]
}

/// Every sub-model's output with its probability, under inverted or standard dropout.
fn submodels(x: &[f64; 3], inverted: bool) -> Vec<([f64; 2], f64)> {
    let submodel = |mask: usize| {
        let (mut multipliers, mut weight) = ([0.0; 5], 1.0);
        for (unit, keep) in KEEP.iter().enumerate() {
            if mask >> unit & 1 == 1 {
                multipliers[unit] = if inverted { 1.0 / keep } else { 1.0 };
                weight *= keep;
            } else {
                weight *= 1.0 - keep;
            }
        }
        (network(x, &multipliers), weight)
    };
    (0..32).map(submodel).collect()
}

/// Σ π(mask) g(output), entry by entry.
fn mean(submodels: &[([f64; 2], f64)], g: impl Fn([f64; 2]) -> [f64; 2]) -> [f64; 2] {
    submodels.iter().fold([0.0; 2], |sum, (output, weight)| {
        let g = g(*output);
        [sum[0] + weight * g[0], sum[1] + weight * g[1]]
    })
}

pub fn softmax(z: [f64; 2]) -> [f64; 2] {
    let e = z.map(Real::exp);
    [e[0] / (e[0] + e[1]), e[1] / (e[0] + e[1])]
}

fn logistic(z: f64) -> f64 {
    1.0 / (1.0 + Real::exp(-z))
}

/// The expected y at an output, and from all sub-models the normalised geometric mean and ln Z, from their definitions.
type HeadByDefinition = (fn([f64; 2]) -> [f64; 2], fn(&[([f64; 2], f64)]) -> ([f64; 2], f64));

fn softmax_head() -> HeadByDefinition {
    (softmax, |all| {
        let root = mean(all, |z| softmax(z).map(Real::ln)).map(Real::exp); // Π p^π, equation 7.54
        let mass = root[0] + root[1];
        (root.map(|p| p / mass), Real::ln(mass))
    })
}

fn bernoulli_head() -> HeadByDefinition {
    (
        |z| z.map(logistic),
        |all| {
            let one = mean(all, |z| z.map(|z| Real::ln(logistic(z)))).map(Real::exp);
            let zero = mean(all, |z| z.map(|z| Real::ln(logistic(-z)))).map(Real::exp);
            let mass = [one[0] + zero[0], one[1] + zero[1]];
            ([one[0] / mass[0], one[1] / mass[1]], Real::ln(mass[0]) + Real::ln(mass[1]))
        },
    )
}

/// With variance 2: the product of normal densities is one around the mean of the means, ln Z = −Σ Var/2σ².
fn gaussian_head() -> HeadByDefinition {
    (
        |z| z,
        |all| {
            let centre = mean(all, |z| z);
            let variance = mean(all, |z| [(z[0] - centre[0]).powi(2), (z[1] - centre[1]).powi(2)]);
            (centre, -(variance[0] + variance[1]) / 4.0)
        },
    )
}

/// Rates e^η: the geometric mean of the rates, ln Z = Σ (that − the mean rate).
fn poisson_head() -> HeadByDefinition {
    (
        |z| z.map(Real::exp),
        |all| {
            let geometric = mean(all, |z| z).map(Real::exp);
            let arithmetic = mean(all, |z| z.map(Real::exp));
            (geometric, geometric[0] - arithmetic[0] + geometric[1] - arithmetic[1])
        },
    )
}

/// tiny.json with another head and convention, beside its weights.
pub fn tiny(head: &str, convention: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(data("tiny.safetensors"), folder.path().join("tiny.safetensors")).unwrap();
    let mut manifest: Value = serde_json::from_slice(&fs::read(data("tiny.json")).unwrap()).unwrap();
    manifest["head"] = serde_json::from_str(head).unwrap();
    manifest["convention"] = convention.into();
    let path = folder.path().join("net.json");
    fs::write(&path, manifest.to_string()).unwrap();
    (folder, path)
}

fn check(net: &Path, (expected, geometric): HeadByDefinition, inverted: bool) {
    let report = json(net, &data("tiny_inputs.npy"), &[]);
    assert_eq!((&report["masks"], &report["units"]), (&32.into(), &5.into()));
    assert_eq!(report["predictions"].as_array().unwrap().len(), INPUTS.len());
    for (prediction, x) in report["predictions"].as_array().unwrap().iter().zip(&INPUTS) {
        let all = submodels(x, inverted);
        let (geometric_mean, log_mass) = geometric(&all);
        let scaled = network(x, &if inverted { [1.0; 5] } else { KEEP });
        close(&numbers(&prediction["arithmetic_mean"]), &mean(&all, expected));
        close(&numbers(&prediction["geometric_mean"]), &geometric_mean);
        close(&[prediction["log_geometric_mass"].as_f64().unwrap()], &[log_mass]);
        close(&numbers(&prediction["weight_scaling"]), &expected(scaled));
        assert!(prediction.get("monte_carlo").is_none());
    }
}

#[test]
fn predictions_are_the_means_over_all_masks_for_every_head_and_convention() {
    let heads = [
        (r#""softmax""#, softmax_head()),
        (r#""bernoulli""#, bernoulli_head()),
        (r#"{"gaussian": {"variance": 2.0}}"#, gaussian_head()),
        (r#""poisson""#, poisson_head()),
    ];
    for (head, by_definition) in heads {
        for convention in ["inverted", "standard"] {
            let (_folder, net) = tiny(head, convention);
            check(&net, by_definition, convention == "inverted");
        }
    }
}

/// Every kind of file holds the same inputs, so the reports are the same bytes.
#[test]
fn predictions_do_not_depend_on_the_kind_of_file() {
    let net = data("tiny.json");
    let report = json(&net, &data("tiny_inputs.npy"), &[]);
    for name in ["tiny_inputs.csv", "fortran_big_endian.npy", "half.npy", "stored.npz", "deflated.npz"] {
        assert_eq!(json(&net, &data(name), &[]), report, "{name}");
    }
    assert_eq!(json(&net, &data("unclear.npz"), &["--array", "train"]), report);
    assert_eq!(json(&net, &data("one_axis.npy"), &[])["predictions"][0], report["predictions"][0]);
}

/// `--threads` changes no bit, neither over the masks of one input nor over inputs.
#[test]
fn any_number_of_threads_prints_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = folder.path().join("x.csv");
    let rows: String =
        (0..40).map(|i| format!("{},{},{}\n", i as f64 / 7.0, 1.0 - i as f64, (i * i) as f64 / 9.0)).collect();
    fs::write(&inputs, rows).unwrap();
    let run = |threads| {
        let options = ["--format", "json", "--monte-carlo", "50", "--threads", threads];
        crate::predict(&data("tiny.json"), &inputs, &options).stdout
    };
    let one = run("1");
    assert_eq!(one.matches("arithmetic_mean").count(), 40);
    assert!(run("2") == one && run("3") == one);
}
