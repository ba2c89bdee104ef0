//! Every line held against the protocol's schema.

use dropout_oracle::conformance::Validator;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Judges a line by the schema of its own type, so that a complaint names the place rather than all that it is not.
pub fn validator() -> Validator {
    let schema: Value = serde_json::from_str(include_str!("../../../schemas/protocol-1.schema.json")).expect("JSON");
    let of_type = |name: &str| {
        let schema = json!({"$schema": schema["$schema"], "$ref": format!("#/$defs/{name}"), "$defs": schema["$defs"]});
        (name.to_string(), jsonschema::validator_for(&schema).expect("a schema"))
    };
    let names =
        ["request", "reply"].into_iter().flat_map(|side| schema["$defs"][side]["oneOf"].as_array().expect("an array"));
    let names = names.filter_map(|one| one["$ref"].as_str()?.strip_prefix("#/$defs/"));
    let validators: HashMap<_, _> = names.map(of_type).collect();
    Box::new(move |line| {
        let message: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let name = message["type"].as_str().ok_or("it has no type")?;
        let validator = validators.get(name).ok_or_else(|| format!("{name:?} is no type of message"))?;
        validator.validate(&message).map_err(|error| format!("{error}, at {:?}", error.instance_path().to_string()))
    })
}
