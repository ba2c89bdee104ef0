//! The training jobs in Burn, on its CPU backend Flex, as a user would write them.
//!
//! `RAYON_NUM_THREADS=1 cargo run --release [-- --only SHAPE]`

#[path = "../../job.rs"]
mod job;

use burn::module::{Initializer, Module};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, SgdConfig};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
use job::{MAX_NORM, MOMENTUM, RATE, Shape};

#[derive(Module, Debug)]
struct Network {
    dropouts: Vec<Dropout>,
    layers: Vec<Linear>,
}

impl Network {
    fn new(shape: &Shape, device: &Device) -> Self {
        let layer = |pair: &[usize]| {
            let bound = (6.0 / pair[0] as f64).sqrt();
            let uniform = Initializer::Uniform { min: -bound, max: bound };
            LinearConfig::new(pair[0], pair[1]).with_initializer(uniform).init(device)
        };
        let layers: Vec<_> = shape.widths.windows(2).map(layer).collect();
        Self {
            dropouts: (0..layers.len()).map(|number| DropoutConfig::new(shape.drop(number)).init()).collect(),
            layers,
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let mut h = x;
        for (number, (dropout, layer)) in self.dropouts.iter().zip(&self.layers).enumerate() {
            h = if number == 0 { h } else { relu(h) };
            h = layer.forward(dropout.forward(h));
        }
        h
    }

    /// Scales the incoming weights of each unit down to the largest norm allowed.
    fn constrain(mut self) -> Self {
        for layer in &mut self.layers {
            let constrain = |weight: Tensor<2>| {
                let weight = weight.inner();
                let norm = weight.clone().powi_scalar(2).sum_dim(0).sqrt();
                let scale = norm.recip().mul_scalar(MAX_NORM).clamp_max(1.0);
                (weight * scale).autodiff().require_grad()
            };
            layer.weight = layer.weight.clone().map(constrain);
        }
        self
    }
}

fn steps(shape: &Shape) -> impl FnMut() -> f32 + use<> {
    let device = Device::default().autodiff();
    let momentum = MomentumConfig::new().with_momentum(MOMENTUM).with_dampening(0.0);
    let mut optimiser = SgdConfig::new().with_momentum(Some(momentum)).init();
    let mut network = Some(Network::new(shape, &device));
    let (inputs, classes) = shape.examples();
    let x = Tensor::<2>::from_data(TensorData::new(inputs, [shape.batch, shape.widths[0]]), &device);
    let classes: Vec<i32> = classes.into_iter().map(|class| class as i32).collect();
    let classes = Tensor::<1, Int>::from_data(TensorData::new(classes, [shape.batch]), &device);
    let cross_entropy = CrossEntropyLossConfig::new().init(&device);
    move || {
        let model = network.take().expect("it is put back");
        let loss = cross_entropy.forward(model.forward(x.clone()), classes.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        network = Some(optimiser.step(RATE, model, gradients).constrain());
        loss.into_scalar::<f32>()
    }
}

fn main() {
    job::run("burn", "0.22.1", steps);
}
