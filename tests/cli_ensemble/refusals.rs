//! Every bad network and input ends with status 2 and one sentence with the place and the remedy; a wrong command line
//! with status 3.

use crate::weights::{data, f64s, manifest, network, raw, safetensors};
use crate::{ensemble, predict};
use std::fs;
use std::path::Path;

/// The one sentence on standard error of a run that could not be.
#[track_caller]
fn refusal(net: &Path, inputs: &Path) -> String {
    let outcome = predict(net, inputs, &["--format", "json"]);
    assert_eq!((outcome.status, outcome.stdout.as_str()), (2, ""), "{}", outcome.stderr);
    let sentence = outcome.stderr.strip_prefix("error: ").unwrap().strip_suffix('\n').unwrap();
    assert!(!sentence.contains('\n'), "{sentence:?}");
    sentence.into()
}

/// A network of the given layers with 2 inputs must be refused with these words.
#[track_caller]
fn refused(layers: &str, weights: &[u8], words: &[&str]) {
    let (folder, net) = network(&manifest(2, layers), weights);
    let inputs = folder.path().join("x.csv");
    fs::write(&inputs, "1,2\n").unwrap();
    let sentence = refusal(&net, &inputs);
    for words in words {
        assert!(sentence.contains(words), "{sentence:?} should say {words:?}");
    }
}

const LINEAR: &str = r#""relu", {"linear": {"weight": "1.weight", "bias": "1.bias"}}"#;

#[test]
fn a_missing_tensor_is_named_with_those_there_are() {
    let weights = f64s(&[("a", &[2], &[0.0; 2]), ("1.weight", &[2, 2], &[0.0; 4])]);
    refused(LINEAR, &weights, &[r#"w.safetensors has no tensor "1.bias"; it has "1.weight", "a""#]);
    refused(LINEAR, &f64s(&[]), &[r#"has no tensor "1.weight"; it has none"#]);
}

#[test]
fn a_wrong_shape_is_named_with_the_right_one() {
    let load = |shape: &[usize], bias: usize, words: &[&str]| {
        let values = vec![0.0; shape.iter().product()];
        refused(LINEAR, &f64s(&[("1.weight", shape, &values), ("1.bias", &[bias], &vec![0.0; bias])]), words);
    };
    let place = "net.json: layer 1 (counted from 0): ";
    load(&[3, 4], 3, &[place, r#"weight "1.weight" has shape [3, 4]; layout "out_in" needs [outputs, 2] here"#]);
    load(&[2, 3], 3, &[r#"has shape [2, 3]"#, r#", and "layout": "in_out" would fit"#]);
    load(&[4], 4, &["has shape [4]; layout"]);
    load(&[0, 2], 0, &["has shape [0, 2]; layout"]);
    load(&[3, 2], 2, &[r#"bias "1.bias" has shape [2]; its weight needs [3]"#]);
    let layers = r#"{"linear": {"weight": "w", "layout": "in_out"}}"#;
    let weights = f64s(&[("w", &[3, 2], &[0.0; 6])]);
    refused(layers, &weights, &[r#"layout "in_out" needs [2, outputs] here, and "layout": "out_in" would fit"#]);
}

#[test]
fn numbers_that_are_none_are_named_with_their_place() {
    let mut values = [0.0; 6];
    values[5] = f64::NAN;
    let weights = f64s(&[("1.weight", &[3, 2], &values), ("1.bias", &[3], &[0.0; 3])]);
    refused(LINEAR, &weights, &["w.safetensors: 1.weight[2, 1] is NaN; every number must be finite"]);
    let weights = f64s(&[("1.weight", &[3, 2], &[0.0; 6]), ("1.bias", &[3], &[0.0, f64::NEG_INFINITY, 0.0])]);
    refused(LINEAR, &weights, &["w.safetensors: 1.bias[1] is -inf"]);
    let weights = safetensors(&[("w", "F16", &[1, 2], vec![0x00, 0x00, 0x00, 0x7c])]);
    refused(r#"{"linear": {"weight": "w"}}"#, &weights, &["w[0, 1] is inf"]);
    let weights = safetensors(&[("w", "I32", &[1, 2], vec![0; 8])]);
    refused(r#"{"linear": {"weight": "w"}}"#, &weights, &["w has dtype I32; convert it to one of F64, F32, F16, BF16"]);
}

#[test]
fn layers_that_do_not_fit_are_named() {
    let weights = f64s(&[]);
    refused(r#"{"dropout": {"keep": [0.5]}}"#, &weights, &["keep has length 1 for 2 units; give one a unit"]);
    refused(r#"{"maxout": 3}"#, &weights, &["layer 0 (counted from 0): 3 maxout pieces do not divide the 2 numbers"]);
    refused(r#"{"dropout": {"keep": 1.5}}"#, &weights, &["keep is 1.5; it must lie in (0, 1]", "KEEPING a unit"]);
    refused(r#"{"dropout": {"keep": NaN}}"#, &weights, &["net.json is not a network manifest", "line 2 column"]);
    refused(r#""swish""#, &weights, &["unknown variant `swish`, expected one of `dropout`, `linear`, `identity`"]);
    refused(r#"{"maxout": 2}"#, &weights, &["net.json: number of classes of a softmax is 1; it must be at least 2"]);
}

/// Headers that lie about lengths, offsets, shapes and types: neither a panic nor memory for what they promise.
#[test]
fn safetensors_that_lie_are_refused() {
    let tensor =
        |shape: &str, offsets: &str| format!(r#"{{"w":{{"dtype":"F64","shape":{shape},"data_offsets":{offsets}}}}}"#);
    let good = tensor("[1, 2]", "[0, 16]");
    let two = r#"{"w":{"dtype":"F64","shape":[1,2],"data_offsets":[0,16]},"v":{"dtype":"F64","shape":[1],"data_offsets":[8,16]}}"#;
    let mut truncated = raw(&good, &[0; 16]);
    truncated.truncate(20);
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "it has fewer than 8 bytes"),
        (vec![0xff; 100], "impossible length"),
        ([&99_999_999u64.to_le_bytes()[..], b"{}"].concat(), "its header is longer than the file"),
        (truncated, "its header is longer than the file"),
        (raw("not JSON", &[]), "invalid JSON"),
        (raw("{\"w\": 3}", &[]), "invalid JSON"),
        (raw("\u{0}", &[]), "invalid JSON"),
        ([&1u64.to_le_bytes()[..], b"\xff"].concat(), "invalid UTF-8"),
        (raw(&good, &[0; 15]), "more or fewer bytes than there are"),
        (raw(&good, &[0; 17]), "more or fewer bytes than there are"),
        (raw(&tensor("[1, 2]", "[0, 1000000000000]"), &[0; 16]), "more or fewer bytes than its shape and dtype need"),
        (raw(&tensor("[1, 2]", "[8, 24]"), &[0; 24]), r#"the bytes of tensor "w" do not begin where"#),
        (raw(&tensor("[1, 2]", "[16, 0]"), &[0; 16]), r#"the bytes of tensor "w" do not begin where"#),
        (raw(&tensor("[1, 3]", "[0, 16]"), &[0; 16]), "more or fewer bytes than its shape and dtype need"),
        (raw(&tensor("[4294967296, 4294967296]", "[0, 16]"), &[0; 16]), "overflow"),
        (raw(&tensor("[-1, 2]", "[0, 16]"), &[0; 16]), "invalid JSON"),
        (raw(two, &[0; 16]), r#"the bytes of tensor "v" do not begin where"#),
        (raw(&good.replace("F64", "F99"), &[0; 16]), "unknown variant `F99`"),
    ];
    for (weights, why) in cases {
        let layers = r#"{"linear": {"weight": "w"}}"#;
        refused(layers, &weights, &["w.safetensors is not a sound safetensors file: ", why, "; save it again"]);
    }
}

#[test]
fn missing_files_are_named() {
    let (folder, net) = network(&manifest(2, ""), &f64s(&[]));
    let at = |name: &str| folder.path().join(name);
    let missing = |net: &Path, inputs: &Path, name: &str| {
        let sentence = refusal(net, inputs);
        assert!(sentence.starts_with(&format!("cannot read {}: No such file", at(name).display())), "{sentence}");
    };
    missing(&at("none.json"), &at("x.csv"), "none.json");
    missing(&net, &at("none.npy"), "none.npy");
    fs::remove_file(at("w.safetensors")).unwrap();
    missing(&net, &at("x.csv"), "w.safetensors");
    let sentence = refusal(folder.path(), &at("x.csv"));
    assert!(sentence.contains("Is a directory"), "{sentence}");
}

#[test]
fn inputs_of_another_network_are_named() {
    let (folder, net) = network(&manifest(2, ""), &f64s(&[]));
    let sentence = refusal(&net, &data("tiny_inputs.npy"));
    assert!(sentence.ends_with("tiny_inputs.npy: its inputs have length 3, the network takes length 2"), "{sentence}");
    let inputs = folder.path().join("x.csv");
    fs::write(&inputs, "a,b\n1,2\n3,nan\n").unwrap();
    let sentence = refusal(&net, &inputs);
    assert!(sentence.ends_with("x.csv: line 3, column 2 (counted from 1) is NaN; every number must be finite"));
    let sentence = refusal(&data("tiny.json"), &data("unclear.npz"));
    assert!(sentence.contains(r#"its arrays are "train", "test""#), "{sentence}");
}

#[test]
fn a_wrong_command_line_ends_with_status_3() {
    let files = ["--net", "net.json", "--inputs", "x.npy"];
    for (options, words) in [
        (&["--net", "net.json"][..], "--inputs <FILE>"),
        (&["--inputs", "x.npy"], "--net <FILE>"),
        (&[&files[..], &["--monte-carlo", "0"]].concat(), "--monte-carlo"),
        (&[&files[..], &["--monte-carlo", "-5"]].concat(), "-5"),
        (&[&files[..], &["--seed", "1"]].concat(), "--monte-carlo <K>"),
        (&[&files[..], &["--limit", "64"]].concat(), "64 is not in 0..=63"),
        (&[&files[..], &["--limit", "20", "--no-enumeration"]].concat(), "cannot be used with"),
        (&[&files[..], &["--threads", "0"]].concat(), "--threads"),
        (&[&files[..], &["--format", "xml"]].concat(), "possible values: text, json"),
        (&[&files[..], &["--array", "x"]].concat(), "x.npy has but one, leave --array out"),
        (&["--net", "net.json", "--inputs", "x.csv", "--array", "x"], "--array x names an array of an .npz file"),
        (&[&files[..], &["--drop-rate", "0.5"]].concat(), "unexpected argument '--drop-rate'"),
    ] {
        let outcome = ensemble(options);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (3, ""), "{options:?}");
        assert!(outcome.stderr.contains(words), "{:?} should say {words:?}", outcome.stderr);
    }
}
