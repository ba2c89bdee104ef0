//! The training jobs in Candle, as a user would write them; its own SGD has no momentum.
//!
//! `RAYON_NUM_THREADS=1 cargo run --release [-- --only SHAPE]`

#[path = "../../job.rs"]
mod job;

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::{Dropout, loss};
use job::{MAX_NORM, MOMENTUM, RATE, Shape};

/// An affine layer with the dropout before it.
struct Layer {
    dropout: Option<Dropout>,
    weight: Var,
    bias: Var,
}

impl Layer {
    fn new(inputs: usize, outputs: usize, drop: f64) -> Result<Self> {
        let bound = (6.0 / inputs as f64).sqrt();
        Ok(Self {
            dropout: (drop > 0.0).then(|| Dropout::new(drop as f32)),
            weight: Var::rand_f64(-bound, bound, (outputs, inputs), DType::F32, &Device::Cpu)?,
            bias: Var::zeros(outputs, DType::F32, &Device::Cpu)?,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = match &self.dropout {
            Some(dropout) => dropout.forward(x, true)?,
            None => x.clone(),
        };
        x.matmul(&self.weight.t()?)?.broadcast_add(&self.bias)
    }

    /// Scales the incoming weights of each unit down to the largest norm allowed.
    fn constrain(&self) -> Result<()> {
        let scale = (MAX_NORM / self.weight.sqr()?.sum_keepdim(1)?.sqrt()?)?.minimum(1.0)?;
        self.weight.set(&self.weight.broadcast_mul(&scale)?)
    }
}

fn steps(shape: &Shape) -> Result<impl FnMut() -> Result<f32> + use<>> {
    let widths = shape.widths.windows(2).enumerate();
    let layers: Vec<Layer> =
        widths.map(|(number, pair)| Layer::new(pair[0], pair[1], shape.drop(number))).collect::<Result<_>>()?;
    let parameters: Vec<Var> = layers.iter().flat_map(|layer| [layer.weight.clone(), layer.bias.clone()]).collect();
    let mut velocities: Vec<Tensor> = parameters.iter().map(|p| p.zeros_like()).collect::<Result<_>>()?;
    let (inputs, classes) = shape.examples();
    let x = Tensor::from_vec(inputs, (shape.batch, shape.widths[0]), &Device::Cpu)?;
    let classes = Tensor::from_vec(classes, shape.batch, &Device::Cpu)?;
    Ok(move || {
        let mut h = layers[0].forward(&x)?;
        for layer in &layers[1..] {
            h = layer.forward(&h.relu()?)?;
        }
        let loss = loss::cross_entropy(&h, &classes)?;
        let gradients = loss.backward()?;
        for (parameter, velocity) in parameters.iter().zip(&mut velocities) {
            let gradient = gradients.get(parameter).expect("the loss depends on every parameter");
            *velocity = ((&*velocity * MOMENTUM)? - (gradient * RATE)?)?;
            parameter.set(&(parameter.as_tensor() + &*velocity)?)?;
        }
        layers.iter().try_for_each(Layer::constrain)?;
        loss.to_scalar()
    })
}

fn main() {
    job::run("candle", "0.11.1", |shape| {
        let mut step = steps(shape).expect("the shapes fit");
        move || step().expect("the shapes fit")
    });
}
