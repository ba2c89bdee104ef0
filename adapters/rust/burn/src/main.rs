//! Burn's dropout and Gaussian noise, on its CPU backend Flex.

use adapter_protocol::{Array, Framework, Operator, Refusal, serve};
use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, GaussianNoise, GaussianNoiseConfig};
use burn::tensor::{DType, Device, Tensor, TensorData};
use serde_json::{Value, json};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// As Cargo.toml pins it.
const VERSION: &str = "0.22.1";

struct Burn;

impl Framework for Burn {
    fn about(&self) -> (&str, &str) {
        ("burn", VERSION)
    }

    fn layers(&self) -> Vec<Value> {
        let every = ["f16", "bf16", "f32", "f64"];
        let layer = |id: &str, kind: &str, dtypes: &[&str], accepts_one: bool| {
            json!({
                "id": id, "kind": kind, "levels": ["C0", "C1", "C2", "C4"],
                "dtypes": dtypes,
                "p": {"means": "drop", "accepts_zero": true, "accepts_one": accepts_one},
                "scaling": "inverted", "mask": [], "seed": true, "second_order": false,
                "shared_axes": [], "ranks": [1, 2, 3, 4],
                "declared": {"non_finite_dropped": "nan", "eval_touches_seed": false}
            })
        };
        vec![
            layer("burn::nn::Dropout", "dropout", &every, false),
            layer("burn::nn::Dropout { prob }", "dropout", &every, true),
            // Its noise is of the device's default type, and panics beside any other.
            layer("burn::nn::GaussianNoise", "gaussian_additive", &["f32"], true),
        ]
    }

    fn seed(&mut self, seed: u64) -> Result<(), Refusal> {
        Device::default().seed(seed);
        Ok(())
    }

    fn make(&mut self, layer: &str, p: f64) -> Result<Box<dyn Operator>, Refusal> {
        attempt(|| -> Box<dyn Operator> {
            match layer {
                "burn::nn::GaussianNoise" => Box::new(Layer(GaussianNoiseConfig::new(p).init())),
                "burn::nn::Dropout" => Box::new(Layer(DropoutConfig::new(p).init())),
                // The rate is a public field, which a program may set at any time.
                _ => Box::new(Layer(Dropout { prob: p, ..DropoutConfig::new(0.5).init() })),
            }
        })
    }
}

/// Runs what may panic, which is how Burn refuses.
fn attempt<T>(run: impl FnOnce() -> T) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        Refusal::Rejected(text.or_else(|| panic.downcast_ref().cloned()).unwrap_or_default())
    })
}

trait Noise: Module {
    fn noise<const D: usize>(&self, x: Tensor<D>) -> Tensor<D>;
}

impl Noise for Dropout {
    fn noise<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        self.forward(x)
    }
}

impl Noise for GaussianNoise {
    fn noise<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        self.forward(x)
    }
}

struct Layer<M>(M);

impl<M: Noise> Operator for Layer<M> {
    fn call(&self, x: &Array, train: bool, gradient: Option<&Array>) -> Result<(Array, Option<Array>), Refusal> {
        match x.shape.len() {
            1 => attempt(|| self.ranked::<1>(x, train, gradient)),
            2 => attempt(|| self.ranked::<2>(x, train, gradient)),
            3 => attempt(|| self.ranked::<3>(x, train, gradient)),
            4 => attempt(|| self.ranked::<4>(x, train, gradient)),
            rank => Err(Refusal::Skipped(format!("no tensors of rank {rank}"))),
        }
    }
}

impl<M: Noise> Layer<M> {
    /// Evaluation is another device and the model's `valid`; where a gradient is wanted, a frozen layer on the same device.
    fn ranked<const D: usize>(&self, x: &Array, train: bool, gradient: Option<&Array>) -> (Array, Option<Array>) {
        let Some(gradient) = gradient else {
            let (layer, device) = match train {
                true => (self.0.clone(), Device::default().autodiff()),
                false => (self.0.valid(), Device::default()),
            };
            return (array(layer.noise(tensor::<D>(x, &device))), None);
        };
        let device = Device::default().autodiff();
        let layer = if train { self.0.clone() } else { self.0.clone().freeze() };
        let x = tensor::<D>(x, &device).require_grad();
        let y = layer.noise(x.clone());
        let slopes = (y.clone() * tensor(gradient, &device)).sum().backward();
        let dx = x.grad(&slopes).unwrap_or_else(|| x.zeros_like().inner());
        (array(y), Some(array(dx)))
    }
}

fn tensor<const D: usize>(array: &Array, device: &Device) -> Tensor<D> {
    let dtype = match array.dtype.as_str() {
        "f16" => DType::F16,
        "bf16" => DType::BF16,
        "f32" => DType::F32,
        _ => DType::F64,
    };
    let data = TensorData::from_bytes_vec(array.data.clone(), array.shape.clone(), dtype);
    Tensor::from_data(data, (device, dtype))
}

fn array<const D: usize>(tensor: Tensor<D>) -> Array {
    let data = tensor.into_data();
    let dtype = match data.dtype() {
        DType::F16 => "f16",
        DType::BF16 => "bf16",
        DType::F32 => "f32",
        _ => "f64",
    };
    Array { dtype: dtype.into(), shape: data.shape().to_vec(), data: data.as_bytes().to_vec() }
}

fn main() -> std::io::Result<()> {
    serve(Burn)
}
