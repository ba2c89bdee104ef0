//! Candle's dropout.

use adapter_protocol::{Array, Framework, Operator, Refusal, serve};
use candle_core::{DType, Device, Error, Tensor, Var};
use candle_nn::Dropout;
use serde_json::{Value, json};

/// As Cargo.toml pins it.
const VERSION: &str = "0.11.1";

struct Candle;

impl Framework for Candle {
    fn about(&self) -> (&str, &str) {
        ("candle", VERSION)
    }

    fn layers(&self) -> Vec<Value> {
        vec![json!({
            "id": "candle_nn::Dropout", "kind": "dropout", "levels": ["C0", "C1"],
            "dtypes": ["f16", "bf16", "f32", "f64"],
            "p": {"means": "drop", "accepts_zero": true, "accepts_one": false},
            "scaling": "inverted", "mask": [], "seed": false, "second_order": false,
            "shared_axes": [], "ranks": [0, 1, 2, 3, 4], "declared": {"non_finite_dropped": "nan"}
        })]
    }

    fn seed(&mut self, seed: u64) -> Result<(), Refusal> {
        Device::Cpu.set_seed(seed).map_err(|e| Refusal::Skipped(e.to_string()))
    }

    fn make(&mut self, _: &str, p: f64) -> Result<Box<dyn Operator>, Refusal> {
        Ok(Box::new(Layer(Dropout::new(p as f32))))
    }
}

struct Layer(Dropout);

impl Operator for Layer {
    fn call(&self, x: &Array, train: bool, gradient: Option<&Array>) -> Result<(Array, Option<Array>), Refusal> {
        let run = || -> Result<_, Error> {
            let x = Var::from_tensor(&tensor(x)?)?;
            let y = self.0.forward(&x, train)?;
            let dx = match gradient {
                None => None,
                Some(g) => Some(match (&y * tensor(g)?)?.sum_all()?.backward()?.get(&x) {
                    Some(dx) => dx.clone(),
                    None => x.zeros_like()?, // y does not depend on x
                }),
            };
            Ok((array(&y)?, dx.as_ref().map(array).transpose()?))
        };
        run().map_err(|e| Refusal::Rejected(e.to_string()))
    }
}

fn tensor(array: &Array) -> Result<Tensor, Error> {
    let dtype = match array.dtype.as_str() {
        "f16" => DType::F16,
        "bf16" => DType::BF16,
        "f32" => DType::F32,
        _ => DType::F64,
    };
    Tensor::from_raw_buffer(&array.data, dtype, &array.shape, &Device::Cpu)
}

fn array(tensor: &Tensor) -> Result<Array, Error> {
    let flat = tensor.flatten_all()?;
    let data = match tensor.dtype() {
        DType::F16 => flat.to_vec1::<half::f16>()?.iter().flat_map(|v| v.to_le_bytes()).collect(),
        DType::BF16 => flat.to_vec1::<half::bf16>()?.iter().flat_map(|v| v.to_le_bytes()).collect(),
        DType::F32 => flat.to_vec1::<f32>()?.iter().flat_map(|v| v.to_le_bytes()).collect(),
        _ => flat.to_vec1::<f64>()?.iter().flat_map(|v| v.to_le_bytes()).collect(),
    };
    Ok(Array { dtype: tensor.dtype().as_str().into(), shape: tensor.dims().to_vec(), data })
}

fn main() -> std::io::Result<()> {
    serve(Candle)
}
