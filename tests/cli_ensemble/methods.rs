//! Ways to the means over all masks: each gives the same, in one run or in parts, and says which it is.

use crate::weights::{f64s, manifest, network};
use crate::{Outcome, close, ensemble, json, numbers, predict};
use dropout_oracle::Real;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Softmax regression on `units` droppable inputs, or ReLU units on them, and two inputs.
fn regression(units: usize, head: &str, outputs: usize) -> (TempDir, PathBuf, PathBuf) {
    let number = |i: usize| ((37 * i + 11) % 64) as f64 / 64.0 - 0.5;
    let weight: Vec<f64> = (0..units * outputs).map(number).collect();
    let layers = r#"{"dropout": {"keep": 0.5}}, {"linear": {"weight": "w", "bias": "b"}}"#;
    let bias: Vec<f64> = (0..outputs).map(|y| number(1000 + y)).collect();
    let weights = f64s(&[("w", &[outputs, units], &weight), ("b", &[outputs], &bias)]);
    let manifest = manifest(units, layers).replace("\"softmax\"", &format!("\"{head}\""));
    let (folder, net) = network(&manifest, &weights);
    let inputs = folder.path().join("x.csv");
    let row = |shift: usize| (0..units).map(|i| (number(i + shift) + 1.0).to_string()).collect::<Vec<_>>().join(",");
    fs::write(&inputs, format!("{}\n{}\n", row(3), row(700))).unwrap();
    (folder, net, inputs)
}

fn means(report: &Value, name: &str) -> Vec<f64> {
    report["predictions"].as_array().unwrap().iter().flat_map(|row| numbers(&row[name])).collect()
}

#[test]
fn all_exact_ways_agree_and_are_named() {
    let (_folder, net, inputs) = regression(12, "softmax", 3);
    let definition = json(&net, &inputs, &[]);
    assert_eq!(definition["method"]["name"], "definition");
    let fast = json(&net, &inputs, &["--method", "fast"]);
    assert_eq!(fast["method"]["name"], "fast");
    for name in ["arithmetic_mean", "geometric_mean", "weight_scaling"] {
        close(&means(&fast, name), &means(&definition, name));
    }
    let (_folder, net, inputs) = regression(12, "bernoulli", 1);
    let definition = json(&net, &inputs, &[]);
    let mean = json(&net, &inputs, &["--method", "last-layer"]);
    assert_eq!(mean["method"]["name"], "last-layer");
    close(&means(&mean, "arithmetic_mean"), &means(&definition, "arithmetic_mean"));
    assert!(means(&mean, "arithmetic_mean_error").iter().all(|error| (0.0..1e-14).contains(error)));
    assert!(mean["predictions"][0]["geometric_mean"].is_null());
}

/// Seventeen units and two inputs are more than 2^16 sub-models; a hundred units are too many for any enumeration.
#[test]
fn the_cheapest_affordable_way_is_taken_and_explained() {
    let (_folder, net, inputs) = regression(17, "softmax", 3);
    assert_eq!(json(&net, &inputs, &[])["method"]["name"], "fast");
    let (_folder, net, inputs) = regression(100, "bernoulli", 1);
    let report = json(&net, &inputs, &[]);
    assert_eq!(report["method"]["name"], "last-layer");
    assert!(report["method"]["because"].as_str().unwrap().starts_with("too many masks to enumerate"));
    let text = predict(&net, &inputs, &[]).stdout;
    assert!(text.contains("Method: too many masks") && text.contains("AM ") && !text.contains("NGM"), "{text}");
    // Four classes: a threefold sum.
    let (_folder, net, inputs) = regression(100, "softmax", 4);
    let report = json(&net, &inputs, &[]);
    assert_eq!(report["method"]["name"], "last-layer");
    assert!(report["method"]["because"].as_str().unwrap().contains("softmax of 4 classes"));
    let (mean, error) = (means(&report, "arithmetic_mean"), means(&report, "arithmetic_mean_error"));
    assert!(error.iter().all(|error| (0.0..1e-12).contains(error)), "{error:?}");
    for (mean, error) in mean.chunks(4).zip(error.chunks(4)) {
        assert!((mean.iter().sum::<f64>() - 1.0).abs() <= error.iter().sum(), "{mean:?} {error:?}");
    }
    // Ten classes have neither, and the refusal says what each would take.
    let (_folder, net, inputs) = regression(100, "softmax", 10);
    let refused = predict(&net, &inputs, &[]);
    for why in ["2^100 masks", "--no-enumeration --monte-carlo", "--method last-layer takes", "softmax of 10 classes"] {
        assert!(refused.status == 2 && refused.stderr.contains(why), "{why} {}", refused.stderr);
    }
}

#[test]
fn a_way_that_does_not_apply_is_refused_by_name() {
    let (_folder, net, inputs) = regression(12, "softmax", 10);
    for (options, status, why) in [
        (&["--method", "deep-linear"][..], 2, "the method deep-linear"),
        (&["--method", "lattice", "--checkpoint", "c.json"], 3, "go with --method fast alone"),
        (&["--certified", "--method", "fast"], 3, "goes with the definition alone"),
        (&["--shard", "0/2"], 3, "--checkpoint"),
        (&["--shard", "2/2", "--checkpoint", "c.json"], 3, "write i/N"),
    ] {
        let refused = predict(&net, &inputs, options);
        assert!(refused.status == status && refused.stderr.contains(why), "{options:?}: {}", refused.stderr);
    }
}

fn targets(folder: &TempDir, rows: &str) -> String {
    let path = folder.path().join("y.csv");
    fs::write(&path, rows).unwrap();
    path.to_str().unwrap().into()
}

/// The numbers of the losses in one row of a report, and the bounds on their errors.
fn losses(report: &Value, row: usize) -> ([f64; 4], Value) {
    let of = &report["predictions"][row]["negative_log_likelihood"];
    let names = ["expected", "disagreement", "arithmetic_mean", "geometric_mean"];
    (names.map(|name| of[name].as_f64().unwrap()), of["error"].clone())
}

/// By the definition where the masks are few, by the last layer's integral where they are too many; asked for, both ways give
/// the same.
#[test]
fn losses_have_a_front_door() {
    let (folder, net, inputs) = regression(12, "bernoulli", 1);
    let y = targets(&folder, "1\n0\n");
    let definition = json(&net, &inputs, &["--targets", &y]);
    let without = json(&net, &inputs, &["--targets", &y, "--method", "last-layer"]);
    assert_eq!(
        (&definition["method"]["name"], &without["method"]["name"]),
        (&"definition".into(), &"last-layer".into())
    );
    for row in 0..2 {
        let ((found, error), (expected, no_error)) = (losses(&without, row), losses(&definition, row));
        close(&found, &expected);
        assert!(error["expected"].as_f64().unwrap() < 1e-14 && no_error.is_null());
        let [mean, disagreement, arithmetic, geometric] = expected;
        close(&[mean], &[geometric + disagreement]);
        assert!(disagreement > 0.0 && arithmetic < mean, "Jensen's inequality");
    }
    let (folder, net, inputs) = regression(100, "bernoulli", 1);
    let y = targets(&folder, "1\n0\n");
    let report = json(&net, &inputs, &["--targets", &y]);
    assert_eq!(report["method"]["name"], "last-layer");
    let ([.., arithmetic, _], _) = losses(&report, 1);
    close(&[arithmetic], &[-Real::ln(1.0 - means(&report, "arithmetic_mean")[1])]);
    let text = predict(&net, &inputs, &["--targets", &y]).stdout;
    assert!(text.contains("the cheapest exact way to the losses") && text.contains("E −ln p"), "{text}");
    // Several outputs share their masks: the mean prediction is no probability of a joint target.
    let (folder, net, inputs) = regression(100, "bernoulli", 2);
    let y = targets(&folder, "1,0\n0,0\n");
    let report = json(&net, &inputs, &["--targets", &y]);
    assert!(report["predictions"][0]["negative_log_likelihood"]["arithmetic_mean"].is_null());
}

#[test]
fn losses_without_an_exact_way_are_refused_by_name() {
    let (folder, net, inputs) = regression(100, "softmax", 3);
    let y = targets(&folder, "1\n0\n");
    let refused = predict(&net, &inputs, &["--targets", &y]);
    assert_eq!((refused.status, refused.stdout.as_str()), (2, ""));
    for part in ["2^100 masks", "last-layer: the mean loss of a softmax of 3 classes", "lattice: ", "Monte Carlo"] {
        assert!(refused.stderr.contains(part), "no {part:?} in {}", refused.stderr);
    }
    let (folder, net, inputs) = regression(12, "softmax", 3);
    let y = targets(&folder, "1\n0\n");
    for (options, status, why) in [
        (["--method", "last-layer"], 2, "the mean loss of a softmax of 3 classes"),
        (["--method", "fast"], 3, "every method but fast"),
    ] {
        let refused = predict(&net, &inputs, &[&["--targets", &y][..], &options].concat());
        assert!(refused.status == status && refused.stderr.contains(why), "{options:?}: {}", refused.stderr);
    }
}

fn merge(net: &Path, inputs: &Path, files: &[PathBuf]) -> Outcome {
    let program = Command::new(env!("CARGO_BIN_EXE_dropout-oracle"))
        .args(["merge", "--format", "json", "--net", net.to_str().unwrap(), "--inputs", inputs.to_str().unwrap()])
        .args(files)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Outcome { status: program.status.code().unwrap(), stdout: text(program.stdout), stderr: text(program.stderr) }
}

/// The reports are equal but for why the method was taken.
fn same(report: &Value, other: &Value) -> bool {
    report["predictions"] == other["predictions"] && report["masks"] == other["masks"]
}

#[test]
fn shards_merge_to_the_bits_of_one_run_or_are_refused_by_name() {
    let (folder, net, inputs) = regression(20, "softmax", 3);
    let whole = json(&net, &inputs, &[]);
    let files: Vec<PathBuf> = (0..3)
        .map(|i| {
            let file = folder.path().join(format!("part-{i}.json"));
            let shard = format!("{i}/3");
            let done = predict(&net, &inputs, &["--shard", &shard, "--checkpoint", file.to_str().unwrap()]);
            assert_eq!(done.status, 0, "{}", done.stderr);
            file
        })
        .collect();
    let merged: Value = serde_json::from_str(&merge(&net, &inputs, &files).stdout).unwrap();
    assert!(same(&merged, &whole));
    let missing = merge(&net, &inputs, &files[..2]);
    assert!(missing.status == 2 && missing.stderr.contains("no file holds shard 2/3"), "{}", missing.stderr);
    let (_other, other, _) = regression(20, "softmax", 4);
    let foreign = merge(&other, &inputs, &files);
    assert!(foreign.status == 2 && foreign.stderr.contains("another network"), "{}", foreign.stderr);
}

/// Killed without warning, twenty times at most, at moments that move through the run: nothing is lost or wrong.
#[test]
fn a_run_that_is_killed_again_and_again_loses_nothing() {
    let (folder, net, inputs) = regression(22, "softmax", 3);
    let whole = json(&net, &inputs, &[]);
    let checkpoint = folder.path().join("run.json");
    let file = checkpoint.to_str().unwrap();
    for kill in 0..20u64 {
        let mut run = Command::new(env!("CARGO_BIN_EXE_dropout-oracle"))
            .args(["ensemble", "--net", net.to_str().unwrap(), "--inputs", inputs.to_str().unwrap()])
            .args(["--checkpoint", file, "--every", "0"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(3 + 7 * kill));
        let _ = run.kill();
        run.wait().unwrap();
        assert!(!checkpoint.exists() || fs::read(&checkpoint).unwrap().ends_with(b"}\n"), "kill {kill}");
    }
    assert!(same(&json(&net, &inputs, &["--checkpoint", file]), &whole));
    let leftovers = fs::read_dir(folder.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "json"));
    assert_eq!(leftovers.count(), 2, "the manifest and the checkpoint");
    assert_eq!(ensemble(&["--net", "none.json", "--inputs", "x.csv"]).status, 2);
}
