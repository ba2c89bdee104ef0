//! Any network at all: a function from masks to outputs, given as a table with one row a mask.

use crate::support::{any_law, reals};
use dropout_oracle::law::{FiniteLaw, Table};
use dropout_oracle::network::Network;
use dropout_oracle::{Mask, Rational, Real, Result, Scalar};
use nalgebra::DVector;
use proptest::prelude::*;

/// The outputs of all sub-models, at the integers of their masks. There is no input, and no output between the masks.
#[derive(Clone, Debug)]
pub struct Submodels<T>(pub Vec<DVector<T>>);

impl<T: Scalar> Network<T> for Submodels<T> {
    fn inputs(&self) -> usize {
        0
    }
    fn units(&self) -> usize {
        self.0.len().ilog2() as usize
    }
    fn outputs(&self) -> usize {
        self.0[0].len()
    }
    fn output(&self, _: &DVector<T>, multipliers: &DVector<T>) -> Result<DVector<T>> {
        let mask = multipliers.iter().enumerate().map(|(i, m)| usize::from(m.is_one()) << i).sum::<usize>();
        Ok(self.0[mask].clone())
    }
}

/// The input of [`Submodels`].
pub fn no_input<T: Scalar>() -> DVector<T> {
    DVector::zeros(0)
}

/// Any sub-models with outputs between −3 and 3.
pub fn any_submodels(units: usize, outputs: usize) -> impl Strategy<Value = Submodels<f64>> + Clone {
    prop::collection::vec(reals(outputs), 1 << units).prop_map(Submodels)
}

/// The same law in f64.
pub fn in_f64(law: &Table<Rational>) -> Table<f64> {
    let weights = law.support().unwrap().map(|(_, weight)| Scalar::to_f64(&weight));
    Table::new(Mask::all(dropout_oracle::law::Law::units(law)).unwrap().zip(weights).collect()).unwrap()
}

/// Any joint law of the masks in f64, with zeros in it.
pub fn any_f64_law(units: usize) -> impl Strategy<Value = Table<f64>> + Clone {
    any_law(units).prop_map(|law| in_f64(&law))
}

/// The target of class y.
pub fn one_hot(classes: usize, y: usize) -> DVector<f64> {
    DVector::from_fn(classes, |k, _| f64::from(k == y))
}

/// \\(e^{z_y}/\sum_k e^{z_k}\\), as it is written.
pub fn probabilities(logits: &DVector<f64>) -> DVector<f64> {
    let exponentials = logits.map(Real::exp);
    &exponentials / exponentials.sum()
}

/// The sub-models that can be drawn: their probabilities of the classes, with their weights.
pub fn drawn(submodels: &Submodels<f64>, law: &impl FiniteLaw<f64>) -> Vec<(DVector<f64>, f64)> {
    let all = law
        .support()
        .unwrap()
        .map(|(multipliers, weight)| (probabilities(&submodels.output(&no_input(), &multipliers).unwrap()), weight));
    all.filter(|(_, weight)| *weight > 0.0).collect()
}

/// Equations 7.54 and 7.58 as they are written, with exponents π(μ): the products before normalisation.
pub fn products(drawn: &[(DVector<f64>, f64)]) -> DVector<f64> {
    let one = DVector::from_element(drawn[0].0.len(), 1.0);
    let power = |p: f64, weight: f64| Real::exp(weight * Real::ln(p));
    drawn.iter().fold(one, |product, (p, weight)| product.component_mul(&p.map(|p| power(p, *weight))))
}

/// Equation 7.53 as it is written.
pub fn mixture(drawn: &[(DVector<f64>, f64)]) -> DVector<f64> {
    drawn.iter().fold(DVector::zeros(drawn[0].0.len()), |sum, (p, weight)| sum + p * *weight)
}
