//! Too many masks: refused by name before the work starts, and served by other means.

use crate::weights::{f64s, manifest, network};
use crate::{json, numbers, predict};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// A network with so many droppable inputs and no weights, and one input of ones.
fn wide(units: usize) -> (TempDir, PathBuf, PathBuf) {
    let (folder, net) = network(&manifest(units, r#"{"dropout": {"keep": 0.5}}"#), &f64s(&[]));
    let inputs = folder.path().join("x.csv");
    fs::write(&inputs, vec!["1"; units].join(",") + "\n").unwrap();
    (folder, net, inputs)
}

#[test]
fn too_many_masks_are_refused_with_their_number_and_time() {
    let (_folder, net, inputs) = wide(40);
    let outcome = predict(&net, &inputs, &[]);
    assert_eq!((outcome.status, outcome.stdout.as_str()), (2, ""));
    for part in [
        "net.json: 40 droppable units have 1099511627776 masks",
        "would take about",
        "sub-models a second",
        "use --no-enumeration --monte-carlo 10000",
        "or --limit 40 to enumerate them all the same",
    ] {
        assert!(outcome.stderr.contains(part), "{:?} should say {part:?}", outcome.stderr);
    }
    assert_eq!(predict(&net, &inputs, &["--limit", "39"]).status, 2);
}

#[test]
fn a_limit_counts_units() {
    let (_folder, net, inputs) = wide(6);
    assert_eq!(predict(&net, &inputs, &["--limit", "6"]).status, 0);
    let outcome = predict(&net, &inputs, &["--limit", "5"]);
    assert!(outcome.status == 2 && outcome.stderr.contains("6 droppable units have 64 masks"), "{}", outcome.stderr);
}

/// The default counts inputs too: 2^20 masks are few, for 65 inputs they are more than 2^26 sub-models, too many for the
/// definition; 2^30 for 5 inputs are more than 2^32, too many for the fast way too.
#[test]
fn the_default_limit_counts_sub_models() {
    for (units, rows, options) in [(20, 65, &["--method", "definition"][..]), (30, 5, &[])] {
        let (_folder, net, inputs) = wide(units);
        let row = fs::read_to_string(&inputs).unwrap();
        fs::write(&inputs, row.repeat(rows)).unwrap();
        let outcome = predict(&net, &inputs, options);
        let counted = format!("for each input ({rows} in all)");
        assert!(outcome.status == 2 && outcome.stderr.contains(&counted), "{}", outcome.stderr);
    }
}

#[test]
fn more_masks_than_can_be_indexed_leave_samples_only() {
    let (_folder, net, inputs) = wide(100);
    let outcome = predict(&net, &inputs, &["--limit", "63"]);
    assert_eq!(outcome.status, 2);
    assert!(outcome.stderr.contains("100 droppable units have 2^100 masks, more than can be enumerated"));
    assert!(!outcome.stderr.contains("or --limit"));
    let report = json(&net, &inputs, &["--no-enumeration", "--monte-carlo", "10"]);
    assert_eq!(report["masks"], "2^100");
    assert_eq!(numbers(&report["predictions"][0]["weight_scaling"]).len(), 100);
    assert_eq!(numbers(&report["predictions"][0]["monte_carlo"]["mean"]).len(), 100);
}

/// Up to 2^53 the number of masks is exact in every JSON reader.
#[test]
fn the_number_of_masks_is_a_number_while_that_is_exact() {
    for (units, masks) in [(53, "9007199254740992"), (54, "\"2^54\"")] {
        let (_folder, net, inputs) = wide(units);
        assert_eq!(json(&net, &inputs, &["--no-enumeration"])["masks"].to_string(), masks);
    }
}

/// Units with KEEP probability 1 have no masks, so any number of them is served.
#[test]
fn units_that_are_never_dropped_do_not_count() {
    let keep = format!("[{} 0.5]", "1, ".repeat(99));
    let (folder, net) = network(&manifest(100, &format!(r#"{{"dropout": {{"keep": {keep}}}}}"#)), &f64s(&[]));
    let inputs = folder.path().join("x.csv");
    fs::write(&inputs, vec!["1"; 100].join(",") + "\n").unwrap();
    let report = json(&net, &inputs, &[]);
    assert_eq!((&report["masks"], &report["units"]), (&2.into(), &1.into()));
}
