//! Minimising a smooth objective that is known exactly: limited-memory BFGS.
//!
//! Where the dropout objective needs no sampling ([`marginal::objective`](crate::marginal::objective)), neither does the
//! optimiser: no learning rate, no minibatch, no seed. The steps are plain loops in a fixed order, hence the same bits on
//! every machine.

use crate::error::{Error, Result};
use crate::network::Affine;
use crate::scalar::dot;
use nalgebra::{DMatrix, DVector};
use std::collections::VecDeque;

/// When to stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuasiNewton {
    /// Stop where no entry of the gradient is larger.
    pub tolerance: f64,
    /// Stop after this many steps at the latest.
    pub steps: usize,
}

/// Where it stopped.
#[derive(Clone, Debug, PartialEq)]
pub struct Minimum {
    /// The parameters.
    pub point: DVector<f64>,
    /// The objective there.
    pub value: f64,
    /// The largest entry of its gradient there.
    pub gradient: f64,
    /// How many steps were taken.
    pub steps: usize,
}

/// Pairs of a step and what it changed in the gradient.
const MEMORY: usize = 10;

impl QuasiNewton {
    /// Goes down `objective`, which gives its value and gradient, from `start`.
    ///
    /// L-BFGS (Nocedal 1980) with halved steps until the value has fallen by 10⁻⁴ of what the gradient promises. It
    /// stops early where rounding hides any further fall.
    ///
    /// ```
    /// use dropout_oracle::train::QuasiNewton;
    /// use nalgebra::dvector;
    /// let method = QuasiNewton { tolerance: 1e-10, steps: 100 };
    /// // (x − 1)² + 10(y + 2)²
    /// let minimum = method.minimise(dvector![0.0, 0.0], |w| {
    ///     let (x, y) = (w[0] - 1.0, w[1] + 2.0);
    ///     Ok((x * x + 10.0 * y * y, dvector![2.0 * x, 20.0 * y]))
    /// })?;
    /// assert!((minimum.point - dvector![1.0, -2.0]).amax() < 1e-9);
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of the objective, [`Error::Shape`] unless its gradient is as long as `start`, and [`Error::NotFinite`] where
    /// the first value is not a number.
    pub fn minimise(
        &self,
        start: DVector<f64>,
        mut objective: impl FnMut(&DVector<f64>) -> Result<(f64, DVector<f64>)>,
    ) -> Result<Minimum> {
        let mut point = start;
        let (mut value, mut gradient) = objective(&point)?;
        Error::shape("entries of the gradient", point.len(), gradient.len())?;
        if !value.is_finite() {
            return Err(Error::NotFinite { what: "the objective at the start".into(), value });
        }
        let mut memory: VecDeque<(DVector<f64>, DVector<f64>)> = VecDeque::new();
        let mut steps = 0;
        while steps < self.steps && gradient.amax() > self.tolerance {
            let direction = -two_loops(&memory, &gradient);
            let slope = dot(&direction, &gradient);
            // Without curvature yet, a first step of length 1 at most.
            let first = if memory.is_empty() { (1.0 / dot(&gradient, &gradient).sqrt()).min(1.0) } else { 1.0 };
            let lengths = (0..60).map(|halvings| first * f64::powi(0.5, halvings));
            let mut found = None;
            for length in lengths {
                let next = &point + &direction * length;
                let (lower, there) = objective(&next)?;
                if lower <= value + 1e-4 * length * slope && lower < value {
                    found = Some((next, lower, there));
                    break;
                }
            }
            let Some((next, lower, there)) = found else { break };
            let (step, change) = (&next - &point, &there - &gradient);
            if dot(&step, &change) > 0.0 {
                memory.push_back((step, change));
                if memory.len() > MEMORY {
                    memory.pop_front();
                }
            }
            (point, value, gradient) = (next, lower, there);
            steps += 1;
        }
        Ok(Minimum { point, value, gradient: gradient.amax(), steps })
    }
}

impl QuasiNewton {
    /// [`QuasiNewton::minimise`] over the weights and biases of an affine map, whose gradient is one.
    ///
    /// ```
    /// use dropout_oracle::law::{Independent, Rescaled};
    /// use dropout_oracle::{marginal::objective::objective, network::Affine, train::QuasiNewton};
    /// use nalgebra::{dmatrix, dvector};
    /// // Logistic regression with dropout on its input: no sampling, no learning rate.
    /// let law = Rescaled::unscaled(Independent::new(dvector![0.5])?);
    /// let examples = [(dvector![1.0], dvector![1.0]), (dvector![-1.0], dvector![0.0])];
    /// let start = Affine::new(dmatrix![0.0], dvector![0.0])?;
    /// let method = QuasiNewton { tolerance: 1e-6, steps: 100 };
    /// let (unit, minimum) = method.fit(&start, |unit| {
    ///     let exact = objective(unit, &law, &examples)?;
    ///     Ok((exact.loss.value, exact.gradient))
    /// })?;
    /// assert!(unit.weight[0] > 5.0 && minimum.value < 1.4); // a dropped input leaves ln 2 of each
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`QuasiNewton::minimise`].
    pub fn fit(
        &self,
        start: &Affine<f64>,
        mut objective: impl FnMut(&Affine<f64>) -> Result<(f64, Affine<f64>)>,
    ) -> Result<(Affine<f64>, Minimum)> {
        let (outputs, inputs) = start.weight.shape();
        let flat = |of: &Affine<f64>| {
            DVector::from_iterator(outputs * (inputs + 1), of.weight.iter().chain(&of.bias).copied())
        };
        let affine = |point: &DVector<f64>| {
            let (weight, bias) = point.as_slice().split_at(outputs * inputs);
            Affine {
                weight: DMatrix::from_column_slice(outputs, inputs, weight),
                bias: DVector::from_column_slice(bias),
            }
        };
        let minimum = self.minimise(flat(start), |point| {
            let (value, gradient) = objective(&affine(point))?;
            Ok((value, flat(&gradient)))
        })?;
        Ok((affine(&minimum.point), minimum))
    }
}

/// The inverse Hessian that the pairs suggest, times g.
fn two_loops(memory: &VecDeque<(DVector<f64>, DVector<f64>)>, gradient: &DVector<f64>) -> DVector<f64> {
    let mut g = gradient.clone();
    let mut shares = Vec::with_capacity(memory.len());
    for (step, change) in memory.iter().rev() {
        let share = dot(step, &g) / dot(step, change);
        g -= change * share;
        shares.push(share);
    }
    if let Some((step, change)) = memory.back() {
        g *= dot(step, change) / dot(change, change);
    }
    for ((step, change), share) in memory.iter().zip(shares.into_iter().rev()) {
        g += step * (share - dot(change, &g) / dot(step, change));
    }
    g
}
