//! Gradients by differences, for the tests of objectives and penalties.

use dropout_oracle::Scalar;
use dropout_oracle::network::backpropagation::Gradient;
use dropout_oracle::network::{Mlp, Unit};

/// Every weight and bias, as the network that has it moved by a step.
fn moved<T: Scalar, A: Unit<T>>(network: &Mlp<T, A>, step: &T) -> Vec<Mlp<T, A>> {
    let sizes: Vec<(usize, usize)> = network.affine().map(|a| (a.weight.len(), a.bias.len())).collect();
    let places = sizes.iter().enumerate().flat_map(|(layer, (w, b))| (0..w + b).map(move |k| (layer, k)));
    places
        .map(|(layer, k)| {
            let mut network = network.clone();
            let affine = network.affine_mut().nth(layer).unwrap();
            let weights = affine.weight.len();
            *(if k < weights { &mut affine.weight[k] } else { &mut affine.bias[k - weights] }) += step.clone();
            network
        })
        .collect()
}

/// (F(θ + h) − F(θ − h))/2h for every weight and bias θ.
pub fn central_differences<T: Scalar, A: Unit<T>>(
    network: &Mlp<T, A>,
    step: &T,
    objective: impl Fn(&Mlp<T, A>) -> T,
) -> Vec<T> {
    let ahead = moved(network, step);
    let behind = moved(network, &-step.clone());
    let pairs = ahead.iter().zip(&behind);
    pairs.map(|(a, b)| (objective(a) - objective(b)) / (step.clone() + step.clone())).collect()
}

/// The entries of a gradient in the order of [`moved`].
pub fn entries<T: Scalar>(gradient: &Gradient<T>) -> Vec<T> {
    gradient.iter().flat_map(|affine| affine.weight.iter().chain(&affine.bias).cloned()).collect()
}
