//! The penalty on the mean activity of hidden logistic units.

use super::float::Float;
use super::network::TrainedNetwork;
use super::step::Step;
use super::tasks::for_each_chunk;

impl<F: Float> TrainedNetwork<F> {
    /// The derivative of [`Sparsity::penalty`](crate::train::regulariser::Sparsity::penalty) with respect to a unit's
    /// activation in any row, \\(\frac\lambda{|B|} \bigl(\frac{1-\rho}{1-\hat\rho} - \frac\rho{\hat\rho}\bigr)\\).
    ///
    /// \\(1 - \hat\rho\\) is the difference: it counts as the unit roundoff where \\(\hat\rho\\) rounds to 1 (all
    /// derivatives of the unit are then 0), and \\(\hat\rho\\) as 10⁻³⁰ below that.
    pub(super) fn find_slopes(&mut self, step: &Step<'_, F>) {
        let Some(sparsity) = self.sparsity else { return };
        let batch = step.rows.len();
        let count = F::ratio(batch as i64, 1);
        let strength = F::from_f64(sparsity.strength) / count;
        let (target, rest) = (F::from_f64(sparsity.target), F::from_f64(1.0 - sparsity.target));
        let slope = |sum: F| {
            let on = (sum / count).maximum(F::from_f64(1e-30));
            let off = (F::one() - on).maximum(F::unit_roundoff());
            strength * (rest / off - target / on)
        };
        for number in 0..self.layers.len() {
            let columns = self.layers[number].outputs;
            let apart = &self.apart[number];
            let units = if apart.is_empty() { &self.activations[number + 1] } else { apart };
            for_each_chunk(step.parallel, &mut self.slopes[number], columns.panel, |p, slopes| {
                slopes.fill(F::zero());
                for row in units[p * batch * columns.panel..][..batch * columns.panel].chunks_exact(columns.panel) {
                    slopes.iter_mut().zip(row).for_each(|(sum, &h)| *sum += h);
                }
                slopes[..columns.filled(p)].iter_mut().for_each(|sum| *sum = slope(*sum));
            });
        }
    }
}
