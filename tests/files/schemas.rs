//! The schema of manifests and the reader agree on what a manifest is.

use crate::weights::{data, f64s, network};
use dropout_oracle::file::{FORMAT, MAX_INPUTS, load_model, save_model};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::path::Path;

fn schema() -> (Value, Validator) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/network-1.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    (schema, validator)
}

/// A manifest of the network 2-2, softmax.
fn manifest(change: impl FnOnce(&mut Value)) -> Value {
    let mut manifest = json!({
        "format": FORMAT, "inputs": 2, "weights": "w.safetensors", "convention": "inverted",
        "layers": [{"dropout": {"keep": 0.5}}, {"linear": {"weight": "w"}}], "head": "softmax",
    });
    change(&mut manifest);
    manifest
}

fn loads(manifest: &Value) -> Result<(), String> {
    let weights = f64s(&[("w", &[2, 2], &[1.0, 2.0, 3.0, 4.0])]);
    let (_folder, path) = network(&manifest.to_string(), &weights);
    load_model(path).map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn both_accept_manifests_that_are_right() {
    let (_, validator) = schema();
    let layers = |layers: Value| manifest(|m| m["layers"] = layers);
    let right = [
        manifest(|_| ()),
        manifest(|m| m["convention"] = json!("standard")),
        manifest(|m| m["head"] = json!("bernoulli")),
        manifest(|m| m["head"] = json!("poisson")),
        manifest(|m| m["head"] = json!({"gaussian": {"variance": 2}})),
        layers(json!([])),
        layers(json!(["identity", "relu", "tanh", "sigmoid"])),
        layers(json!([{"dropout": {"keep": [0.5, 1]}}, {"linear": {"weight": "w", "bias": null, "layout": "in_out"}}])),
        layers(json!([{"dropout": {"keep": 1}}])),
        layers(json!([{"maxout": 1}])),
    ];
    for manifest in right {
        assert!(validator.is_valid(&manifest), "schema: {manifest}");
        assert_eq!(loads(&manifest), Ok(()), "reader: {manifest}");
    }
}

/// What is wrong by itself, whatever the weights, is refused by both; the reader says why in one sentence.
#[test]
fn both_refuse_manifests_that_are_wrong() {
    let (_, validator) = schema();
    let layer = |layer: Value| manifest(|m| m["layers"] = json!([layer]));
    let keep = |keep: Value| layer(json!({"dropout": {"keep": keep}}));
    let wrong = [
        (
            manifest(|m| m["format"] = json!("dropout-oracle/network-2")),
            "this version reads \"dropout-oracle/network-1\"",
        ),
        (manifest(|m| drop(m.as_object_mut().unwrap().remove("format"))), "missing field `format`"),
        (manifest(|m| drop(m.as_object_mut().unwrap().remove("head"))), "missing field `head`"),
        (manifest(|m| m["bias"] = json!(true)), "unknown field `bias`, expected one of `format`"),
        (manifest(|m| m["inputs"] = json!(0)), "\"inputs\" is 0; it must lie between 1 and"),
        (manifest(|m| m["inputs"] = json!(MAX_INPUTS + 1)), "must lie between 1 and"),
        (manifest(|m| m["inputs"] = json!(-2)), "invalid value: integer `-2`"),
        (manifest(|m| m["inputs"] = json!(2.5)), "invalid type: floating point `2.5`"),
        (
            manifest(|m| m["convention"] = json!("Inverted")),
            "unknown variant `Inverted`, expected `standard` or `inverted`",
        ),
        (manifest(|m| m["head"] = json!("gaussian")), "invalid type: unit variant"),
        (manifest(|m| m["head"] = json!({"gaussian": {}})), "missing field `variance`"),
        (manifest(|m| m["head"] = json!({"gaussian": {"variance": 0.0}})), "variance of a Gaussian head is 0"),
        (
            manifest(|m| m["head"] = json!("logistic")),
            "unknown variant `logistic`, expected one of `softmax`, `bernoulli`",
        ),
        (layer(json!("gelu")), "unknown variant `gelu`, expected one of `dropout`, `linear`, `identity`, `relu`"),
        (layer(json!({"conv": {}})), "unknown variant `conv`, expected one of `dropout`"),
        (layer(json!({"dropout": {"rate": 0.5}})), "unknown field `rate`, expected `keep`"),
        (layer(json!({"dropout": {}})), "missing field `keep`"),
        (
            layer(json!({"linear": {"weight": "w", "layout": "in-out"}})),
            "unknown variant `in-out`, expected `out_in` or",
        ),
        (layer(json!({"linear": {"weight": "w", "transposed": true}})), "unknown field `transposed`"),
        (layer(json!({"linear": {"bias": "b"}})), "missing field `weight`"),
        (layer(json!({"maxout": 0})), "expected a nonzero"),
        (
            keep(json!(0)),
            "layer 0 (counted from 0): keep is 0; it must lie in (0, 1]: it is the probability of KEEPING",
        ),
        (keep(json!(1.5)), "keep is 1.5"),
        (keep(json!(-0.5)), "keep is -0.5"),
        (keep(json!([0.5, 0.0])), "keep of unit 1 is 0"),
        (keep(json!(null)), "invalid type: null, expected a KEEP probability in (0, 1]"),
        (keep(json!("0.5")), "invalid type: string \"0.5\", expected a KEEP probability"),
        (keep(json!([[0.5], 0.5])), "a list within a list"),
        (keep(json!([0.5, "NaN"])), "invalid type: string \"NaN\", expected a KEEP probability"),
    ];
    for (manifest, why) in wrong {
        assert!(!validator.is_valid(&manifest), "schema: {manifest}");
        let error = loads(&manifest).expect_err(&manifest.to_string());
        assert!(error.contains(why) && error.contains("net.json"), "{error:?} should say {why:?}");
    }
}

#[test]
fn examples_and_saved_networks_follow_the_schema() {
    let (_, validator) = schema();
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("net.json");
    save_model(&load_model(data("tiny.json")).unwrap(), &saved).unwrap();
    for path in [data("tiny.json"), saved] {
        let manifest = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        validator.validate(&manifest).unwrap();
    }
}

#[test]
fn the_schema_and_the_program_have_the_same_constants() {
    let (schema, _) = schema();
    assert_eq!(schema["properties"]["format"]["const"], FORMAT);
    assert_eq!(schema["properties"]["inputs"]["maximum"], MAX_INPUTS);
}
