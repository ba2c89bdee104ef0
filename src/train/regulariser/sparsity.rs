//! Sparse activity: the hidden units are asked to be on only so often.

use crate::data::Examples;
use crate::error::Result;
use crate::network::{Activation, Layer, Mlp, Network};
use crate::scalar::Real;
use crate::train::Objective;
use crate::train::objective::mean_over_rows;
use nalgebra::DVector;

/// \\(\lambda \sum_j \mathrm{KL}(\rho \\,\\|\\, \hat\rho_j)\\) over the hidden logistic units j, with \\(\hat\rho_j\\) the
/// unit's mean activation over the minibatch and
/// \\(\mathrm{KL}(\rho \\,\\|\\, \hat\rho) = \rho \ln\frac\rho{\hat\rho} + (1-\rho) \ln\frac{1-\rho}{1-\hat\rho}\\)
/// (compared with dropout in Srivastava et al. 2014, section 6.5).
///
/// Hidden units are those of every logistic layer but the last layer of the network. Their activation is taken before
/// they are themselves dropped, in the sub-model of the row's mask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sparsity<T> {
    /// ρ, the mean activation aimed at, in (0, 1).
    pub target: T,
    /// λ.
    pub strength: T,
}

/// The means over the minibatch, unit by unit, of one hidden layer.
struct Activity<T> {
    layer: usize,
    /// Of σ(z).
    on: DVector<T>,
    /// Of σ(−z), which is 1 − σ(z) without losing digits near 1.
    off: DVector<T>,
}

impl<T: Real> Sparsity<T> {
    /// The penalty at these rows and multipliers, given as in [`objective::sampled`](crate::train::objective::sampled),
    /// and its gradient.
    ///
    /// ```
    /// use dropout_oracle::data::Examples;
    /// use dropout_oracle::network::{Activation, Affine, Layer, Mlp};
    /// use dropout_oracle::train::regulariser::Sparsity;
    /// use nalgebra::{dmatrix, dvector};
    /// let layers = vec![
    ///     Layer::Affine(Affine::new(dmatrix![1.0], dvector![0.0])?),
    ///     Layer::Unit(Activation::Logistic),
    ///     Layer::Affine(Affine::new(dmatrix![1.0], dvector![0.0])?),
    /// ];
    /// let examples = Examples::new(vec![dvector![0.0]], vec![dvector![0.0]])?;
    /// let sparsity = Sparsity { target: 0.25, strength: 2.0 };
    /// let penalty = sparsity.penalty(&Mlp::new(1, layers)?, &examples, &[0], |_| dvector![])?;
    /// // the unit is half on: λ(−ρ/ρ̂ + (1 − ρ)/(1 − ρ̂)) = 2(−½ + 3/2), times σ' = ¼
    /// assert_eq!(penalty.gradient[0].bias[0], 0.5);
    /// assert_eq!(penalty.gradient[1].bias[0], 0.0);
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) unless inputs and multipliers have the network's lengths.
    pub fn penalty(
        &self,
        network: &Mlp<T>,
        examples: &Examples<T>,
        rows: &[usize],
        mut multipliers: impl FnMut(usize) -> DVector<T>,
    ) -> Result<Objective<T>> {
        let masks: Vec<_> = (0..rows.len()).map(&mut multipliers).collect();
        let traces: Vec<_> = rows
            .iter()
            .zip(&masks)
            .map(|(&n, mask)| network.trace(&examples.inputs()[n], mask))
            .collect::<Result<_>>()?;
        let activities: Vec<_> = hidden(network).map(|layer| Activity::new(layer, &traces)).collect();
        // The derivative with respect to each ρ̂; that of ρ̂ with respect to a row's activation is one over the rows.
        let slopes: Vec<_> = activities
            .iter()
            .map(|activity| activity.on.zip_map(&activity.off, |on, off| self.slope(on, off)))
            .collect();
        let mut objective = mean_over_rows(rows, |r, _| {
            let (mask, trace) = (&masks[r], &traces[r]);
            let gradient = network.chain_rule(trace, mask, DVector::zeros(network.outputs()), |layer, back| {
                if let Some(i) = activities.iter().position(|activity| activity.layer == layer) {
                    *back += &slopes[i];
                }
            });
            Ok(Objective { loss: T::zero(), gradient })
        })?;
        let units = activities.iter().flat_map(|activity| activity.on.iter().zip(&activity.off));
        objective.loss = units.fold(T::zero(), |sum, (&on, &off)| sum + self.value(on, off));
        Ok(objective)
    }

    /// λ KL(ρ‖ρ̂), with ρ̂ and 1 − ρ̂ given.
    fn value(&self, on: T, off: T) -> T {
        let (target, rest) = (self.target, T::one() - self.target);
        self.strength * (target * (target / on).ln() + rest * (rest / off).ln())
    }

    /// Its derivative with respect to ρ̂.
    fn slope(&self, on: T, off: T) -> T {
        self.strength * ((T::one() - self.target) / off - self.target / on)
    }
}

impl<T: Real> Activity<T> {
    /// From the traces of all rows: the entry of a layer is the layer's input z.
    fn new(layer: usize, traces: &[Vec<DVector<T>>]) -> Self {
        let mean = |activation: fn(T) -> T| {
            let sum = traces.iter().map(|trace| trace[layer].map(activation)).reduce(|sum, row| sum + row);
            sum.expect("a minibatch has at least one row") / T::ratio(traces.len() as i64, 1)
        };
        Self { layer, on: mean(T::logistic), off: mean(|z| (-z).logistic()) }
    }
}

/// The numbers of the logistic layers that another layer follows.
fn hidden<T: Real>(network: &Mlp<T>) -> impl Iterator<Item = usize> {
    let last = network.layers().len().saturating_sub(1);
    let logistic = |layer: &Layer<T>| matches!(layer, Layer::Unit(Activation::Logistic));
    network.layers().iter().take(last).enumerate().filter(move |(_, layer)| logistic(layer)).map(|(number, _)| number)
}
