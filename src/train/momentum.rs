//! Gradient descent with classical momentum.

use crate::network::backpropagation::Gradient;
use crate::network::{Affine, Mlp, Unit};
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};

/// \\(v \leftarrow m v - \eta g,\quad \theta \leftarrow \theta + v\\), with m the momentum and η the learning rate
/// (Polyak 1964). With m = 0 it is plain gradient descent.
///
/// Only arithmetic is needed, so trajectories can be compared exactly in rationals.
///
/// ```
/// use dropout_oracle::network::linear_regression;
/// use dropout_oracle::train::Momentum;
/// use nalgebra::dvector;
/// let mut net = linear_regression(dvector![1.0], 0.0)?;
/// let mut momentum = Momentum::new(&net, 0.5);
/// for expected in [0.0, -1.5] { // v = −1, then −0.5 − 1
///     let (_, gradient) = net.backpropagate(&dvector![1.0], &dvector![1.0], |_| Ok(dvector![1.0]))?;
///     momentum.step(&mut net, &gradient, 1.0);
///     assert_eq!(net.affine().next().unwrap().weight[0], expected);
/// }
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Momentum<T> {
    momentum: T,
    nesterov: bool,
    velocity: Gradient<T>,
}

impl<T: Scalar> Momentum<T> {
    /// No velocity yet, in the shapes of the network's layers.
    pub fn new<A: Unit<T>>(network: &Mlp<T, A>, momentum: T) -> Self {
        let still = |affine: &Affine<T>| Affine {
            weight: DMatrix::zeros(affine.outputs(), affine.inputs()),
            bias: DVector::zeros(affine.outputs()),
        };
        Self { momentum, nesterov: false, velocity: network.affine().map(still).collect() }
    }

    /// Nesterov's momentum instead: \\(v \leftarrow m v - \eta g,\quad \theta \leftarrow \theta + m v - \eta g\\), which
    /// is v at the point that the next step of v would reach (Sutskever et al. 2013, in the variable θ + m v).
    ///
    /// ```
    /// use dropout_oracle::network::linear_regression;
    /// use dropout_oracle::train::Momentum;
    /// use nalgebra::dvector;
    /// let mut net = linear_regression(dvector![1.0], 0.0)?;
    /// let mut momentum = Momentum::new(&net, 0.5).nesterov();
    /// let (_, gradient) = net.backpropagate(&dvector![1.0], &dvector![1.0], |_| Ok(dvector![1.0]))?;
    /// momentum.step(&mut net, &gradient, 1.0);
    /// assert_eq!(net.affine().next().unwrap().weight[0], -0.5); // v = −1, then 1 + ½·(−1) − 1
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    pub fn nesterov(self) -> Self {
        Self { nesterov: true, ..self }
    }

    /// One step of the network down `gradient`, which must have the shapes of its layers.
    pub fn step<A: Unit<T>>(&mut self, network: &mut Mlp<T, A>, gradient: &Gradient<T>, learning_rate: T) {
        for ((affine, velocity), gradient) in network.affine_mut().zip(&mut self.velocity).zip(gradient) {
            let parts = [
                (affine.weight.as_mut_slice(), velocity.weight.as_mut_slice(), gradient.weight.as_slice()),
                (affine.bias.as_mut_slice(), velocity.bias.as_mut_slice(), gradient.bias.as_slice()),
            ];
            for (parameters, velocity, gradient) in parts {
                for ((theta, v), g) in parameters.iter_mut().zip(velocity).zip(gradient) {
                    let down = learning_rate.clone() * g.clone();
                    *v = self.momentum.clone() * v.clone() - down.clone();
                    *theta += if self.nesterov { self.momentum.clone() * v.clone() - down } else { v.clone() };
                }
            }
        }
    }
}
