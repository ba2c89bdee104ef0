//! Initial weights.

use crate::network::{Mlp, Unit};
use crate::random::{Purpose, stream};
use rand::Rng;

/// Weights uniform on \\([-b, b)\\) with \\(b = \sqrt{6/n}\\) for a layer of n inputs, and biases zero: weights of
/// variance 2/n, which keep the second moment of ReLU units from layer to layer (He et al. 2015). Inverted dropout
/// leaves that moment to the kept units: it grows by 1/p a layer, p being the KEEP probability.
///
/// Affine layer l draws its weights row by row from the stream ([`Purpose::Initial`], l, 0) of the seed, one 64-bit word
/// u a weight: \\(w = b\\,(2 \lfloor u/2^{11} \rfloor 2^{-53} - 1)\\).
///
/// ```
/// use dropout_oracle::network::linear_regression;
/// use dropout_oracle::train::initial::he_uniform;
/// let mut net = linear_regression(vec![0.0; 600].into(), 1.0)?;
/// he_uniform(&mut net, 7);
/// let layer = net.affine().next().unwrap();
/// assert!(layer.weight.amax() < 0.1 && layer.weight.amax() > 0.09);
/// assert_eq!(layer.bias[0], 0.0);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
pub fn he_uniform<A: Unit<f64>>(network: &mut Mlp<f64, A>, seed: u64) {
    const STEP: f64 = 1.0 / (1u64 << 53) as f64;
    for (layer, affine) in (0..).zip(network.affine_mut()) {
        let mut rng = stream(seed, Purpose::Initial, layer, 0);
        let bound = (6.0 / affine.inputs() as f64).sqrt();
        for mut row in affine.weight.row_iter_mut() {
            row.apply(|w| *w = bound * (2.0 * (rng.next_u64() >> 11) as f64 * STEP - 1.0));
        }
        affine.bias.fill(0.0);
    }
}
