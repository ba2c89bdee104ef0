//! The output of the exact ensemble, for the step of dropout boosting.

use super::float::Float;
use super::network::TrainedNetwork;
use super::step::Step;

impl<F: Float> TrainedNetwork<F> {
    /// Puts \\(\mathbb E_\mu f(x, \mu)\\) in the place of the output, by enumeration of the masks of the layers before
    /// `linear`; from there on the mean multipliers give the mean.
    ///
    /// Masks are numbered with the units of the deepest layer lowest, so that most of them differ there alone and leave
    /// what lies before as it is. Their weights and the sum are in `f64`.
    pub(super) fn enter_ensemble(&mut self, step: &Step<'_, F>, linear: usize) {
        let outputs = self.layers.len();
        let units: usize = (0..linear).map(|layer| self.masked(layer)).sum();
        self.ensemble.fill(0.0);
        for number in 0..1u64 << units {
            let (from, weight) = self.take_mask(number, linear);
            (from..=outputs).for_each(|layer| self.enter(step, layer, linear));
            for (sum, z) in self.ensemble.iter_mut().zip(self.activations[outputs].iter()) {
                *sum += weight * z.to_f64();
            }
        }
        for (z, sum) in self.activations[outputs].iter_mut().zip(&self.ensemble) {
            *z = F::from_f64(*sum);
        }
    }

    /// The units with masks that layer `layer` takes in.
    fn masked(&self, layer: usize) -> usize {
        let layer = &self.layers[layer];
        layer.noise.law.masked(layer.inputs.width)
    }

    /// Sets the masks of that number; gives the first layer whose inputs are not those of the number before, and the
    /// mask's probability.
    fn take_mask(&mut self, number: u64, linear: usize) -> (usize, f64) {
        let (mut rest, mut before) = (number, number.wrapping_sub(1));
        let (mut from, mut weight) = (0, 1.0);
        for layer in (0..linear).rev() {
            let units = self.masked(layer);
            let (mask, keep) = (rest & ((1 << units) - 1), self.layers[layer].noise.law.keep);
            if number == 0 || mask != before & ((1 << units) - 1) {
                self.layers[layer].noise.set_mask(mask);
                from = layer;
            }
            for unit in 0..units {
                weight *= if mask >> unit & 1 == 1 { keep } else { 1.0 - keep };
            }
            (rest, before) = (rest >> units, before >> units);
        }
        (if number == 0 { 0 } else { from }, weight)
    }
}
