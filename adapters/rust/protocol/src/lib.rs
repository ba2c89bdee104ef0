//! Protocol 1 (`docs/protocol.md`) for adapters in Rust: the loop, tensors and masks as they cross the pipe, error replies.

use serde_json::{Map, Value, json};
use std::io::{BufRead, Write};

/// A tensor as it crosses the pipe: elements in row-major order, each as its IEEE bytes, little-endian.
#[derive(Clone, Debug)]
pub struct Array {
    /// `f16`, `bf16`, `f32` or `f64`.
    pub dtype: String,
    /// The length of each axis.
    pub shape: Vec<usize>,
    /// The bytes of the elements.
    pub data: Vec<u8>,
}

/// A request that gets no result.
pub enum Refusal {
    /// A capability that is lacking.
    Skipped(String),
    /// The implementation itself refused the input.
    Rejected(String),
    /// Something broke while serving.
    Errored(String),
}

/// What a framework's adapter provides.
pub trait Framework {
    /// Name and version.
    fn about(&self) -> (&str, &str);
    /// The entries of `started`.
    fn layers(&self) -> Vec<Value>;
    /// Seeds the random state, where a user can.
    ///
    /// # Errors
    /// Where a user cannot.
    fn seed(&mut self, seed: u64) -> Result<(), Refusal>;
    /// An object of a layer for one p.
    ///
    /// # Errors
    /// Where the framework refuses p.
    fn make(&mut self, layer: &str, p: f64) -> Result<Box<dyn Operator>, Refusal>;
}

/// A layer made for one p.
pub trait Operator {
    /// y, and the gradient in x of that very call when the cotangent is given.
    ///
    /// # Errors
    /// Where the framework refuses the input.
    fn call(&self, x: &Array, train: bool, gradient: Option<&Array>) -> Result<(Array, Option<Array>), Refusal>;
}

/// Serves until `stop` or the end of the input.
///
/// # Errors
/// When standard input or output breaks, or a line is not JSON.
pub fn serve(mut framework: impl Framework) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let message: Value = serde_json::from_str(&line?)?;
        if message["type"] == "stop" {
            break;
        }
        let mut reply = answer(&mut framework, &message).unwrap_or_else(|refusal| match refusal {
            Refusal::Skipped(message) => json!({"type": "skipped", "message": message, "issue_url": null}),
            Refusal::Rejected(message) => json!({"type": "rejected", "kind": "Error", "message": message}),
            Refusal::Errored(context) => json!({"type": "errored", "context": context}),
        });
        if let Some(seq) = message.get("seq") {
            reply["seq"] = seq.clone();
        }
        writeln!(out, "{reply}")?;
        out.flush()?;
    }
    Ok(())
}

fn answer(framework: &mut impl Framework, message: &Value) -> Result<Value, Refusal> {
    match message["type"].as_str().unwrap_or_default() {
        "start" => {
            let layers = framework.layers();
            let (name, version) = framework.about();
            let about = json!({"name": name, "version": version, "language": "Rust", "device": "cpu"});
            Ok(json!({"type": "started", "protocol": 1, "implementation": about, "layers": layers}))
        }
        "run" => run(framework, message),
        "sample" => sample(framework, message),
        other => Err(Refusal::Skipped(format!("{other} is not offered"))),
    }
}

fn run(framework: &mut impl Framework, message: &Value) -> Result<Value, Refusal> {
    for field in ["mask", "second_order", "check_alias"] {
        if !matches!(message.get(field), None | Some(Value::Null | Value::Bool(false))) {
            return Err(Refusal::Skipped(format!("{field} is not offered")));
        }
    }
    if !matches!(message["layout"].as_str(), None | Some("contiguous")) {
        return Err(Refusal::Skipped("layouts are not offered".into()));
    }
    let operator = begin(framework, message)?;
    let x = decode(&message["x"])?;
    let gradient = message.get("gradient").map(decode).transpose()?;
    for earlier in message["before"].as_array().into_iter().flatten() {
        let operator = framework.make(text(&message["layer"])?, number(&earlier["p"])?)?;
        operator.call(&x, earlier["mode"] == "train", None)?;
    }
    let mut calls = Vec::new();
    for _ in 0..message["calls"].as_u64().unwrap_or(1) {
        let (y, dx) = operator.call(&x, message["mode"] == "train", gradient.as_ref())?;
        let mut call = Map::from_iter([("y".into(), encode(&y))]);
        call.extend(dx.map(|dx| ("dx".into(), encode(&dx))));
        calls.push(Value::Object(call));
    }
    Ok(json!({"type": "result", "calls": calls}))
}

fn sample(framework: &mut impl Framework, message: &Value) -> Result<Value, Refusal> {
    let shape: Vec<usize> =
        message["shape"].as_array().into_iter().flatten().filter_map(Value::as_u64).map(|n| n as usize).collect();
    let size: usize = shape.iter().product();
    let dtype = text(&message["dtype"])?.to_owned();
    let one: &[u8] = match dtype.as_str() {
        "f16" => &0x3c00u16.to_le_bytes(),
        "bf16" => &0x3f80u16.to_le_bytes(),
        "f32" => &1f32.to_le_bytes(),
        _ => &1f64.to_le_bytes(),
    };
    let ones = Array { dtype, shape, data: one.repeat(size) };
    let mut operators = vec![begin(framework, message)?];
    for _ in 1..message["instances"].as_u64().unwrap_or(1) {
        operators.push(framework.make(text(&message["layer"])?, number(&message["p"])?)?);
    }
    let (mut masks, mut values) = (Vec::new(), Vec::new());
    for call in 0..message["calls"].as_u64().unwrap_or(1) as usize {
        let (y, _) = operators[call % operators.len()].call(&ones, true, None)?;
        let y = within(y, &message["windows"], one.len());
        // An element is kept where it is not zero: where any bit but the sign is set.
        let kept: Vec<bool> = y
            .data
            .chunks(one.len())
            .map(|e| e.split_last().is_some_and(|(high, low)| high & 0x7f != 0 || low.iter().any(|b| *b != 0)))
            .collect();
        let bytes: Vec<u8> =
            kept.chunks(8).map(|c| c.iter().enumerate().map(|(i, k)| u8::from(*k) << i).sum()).collect();
        masks.push(hex(&bytes));
        if message["values"] == true {
            values.push(encode(&y));
        }
    }
    let mut reply = json!({"type": "samples", "masks": masks});
    if message["values"] == true {
        reply["values"] = values.into();
    }
    Ok(reply)
}

/// The elements, of so many bytes each, in the windows that are asked for: all of them if there are none.
fn within(y: Array, windows: &Value, size: usize) -> Array {
    let Some(windows) = windows.as_array() else { return y };
    let range = |w: &Value| Some((w[0].as_u64()? as usize * size, w[1].as_u64()? as usize * size));
    let data: Vec<u8> =
        windows.iter().filter_map(range).flat_map(|(start, length)| y.data[start..start + length].to_vec()).collect();
    Array { dtype: y.dtype, shape: vec![data.len() / size], data }
}

/// The operator asked for, after seeding.
fn begin(framework: &mut impl Framework, message: &Value) -> Result<Box<dyn Operator>, Refusal> {
    if let Some(seed) = message["seed"].as_u64() {
        framework.seed(seed)?;
    }
    framework.make(text(&message["layer"])?, number(&message["p"])?)
}

fn text(value: &Value) -> Result<&str, Refusal> {
    value.as_str().ok_or_else(|| Refusal::Errored(format!("a text was expected, not {value}")))
}

fn number(value: &Value) -> Result<f64, Refusal> {
    let special = value.as_str().and_then(|s| s.parse().ok());
    value.as_f64().or(special).ok_or_else(|| Refusal::Errored(format!("a number was expected, not {value}")))
}

fn decode(tensor: &Value) -> Result<Array, Refusal> {
    let (dtype, digits) = (text(&tensor["dtype"])?.to_owned(), text(&tensor["data"])?);
    let shape =
        tensor["shape"].as_array().into_iter().flatten().filter_map(Value::as_u64).map(|n| n as usize).collect();
    let pair = |i| u8::from_str_radix(digits.get(i..i + 2).unwrap_or_default(), 16);
    let data: Result<_, _> = (0..digits.len()).step_by(2).map(pair).collect();
    Ok(Array { dtype, shape, data: data.map_err(|e| Refusal::Errored(e.to_string()))? })
}

fn encode(array: &Array) -> Value {
    json!({"dtype": array.dtype, "shape": array.shape, "data": hex(&array.data)})
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]).map(char::from).collect()
}
