//! Tied units: several units that share one draw, as when one mask is reused at every time step or channel.

use super::{FiniteLaw, Law};
use crate::error::{Error, Result};
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};
use rand::Rng;

/// A law over groups, spread over units: \\(\mu_i = \nu_{g(i)}\\) with ν drawn from the group law.
///
/// \\(\mathbb E\\,\mu_i = \mathbb E\\,\nu_{g(i)}\\) and
/// \\(\operatorname{Cov}(\mu_i,\mu_j) = \operatorname{Cov}(\nu_{g(i)},\nu_{g(j)})\\).
///
/// ```
/// use dropout_oracle::law::{FiniteLaw, Tied, Uniform};
/// let law = Tied::new(Uniform::<f64>::new(1), vec![0, 0, 0])?; // one coin for three units
/// assert_eq!(law.submodels()?, 2);
/// assert_eq!(law.submodel(1).0.as_slice(), [1.0; 3]);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Tied<L> {
    groups: L,
    group_of: Vec<usize>,
}

impl<L> Tied<L> {
    /// Unit i shares the draw of group `group_of[i]` under the law `groups`.
    ///
    /// # Errors
    /// [`Error::Domain`] for a group that the law does not have.
    pub fn new<T: Scalar>(groups: L, group_of: Vec<usize>) -> Result<Self>
    where
        L: Law<T>,
    {
        match group_of.iter().position(|&g| g >= groups.units()) {
            Some(unit) => Err(Error::Domain {
                what: format!("group of unit {unit}"),
                value: group_of[unit].to_string(),
                must: "below the number of groups of the law",
            }),
            None => Ok(Self { groups, group_of }),
        }
    }

    fn spread<T: Scalar>(&self, groups: &DVector<T>) -> DVector<T> {
        DVector::from_fn(self.group_of.len(), |i, _| groups[self.group_of[i]].clone())
    }
}

impl<T: Scalar, L: Law<T>> Law<T> for Tied<L> {
    fn units(&self) -> usize {
        self.group_of.len()
    }
    fn mean(&self) -> DVector<T> {
        self.spread(&self.groups.mean())
    }
    fn covariance(&self) -> DMatrix<T> {
        let groups = self.groups.covariance();
        let n = self.group_of.len();
        DMatrix::from_fn(n, n, |i, j| groups[(self.group_of[i], self.group_of[j])].clone())
    }
    fn sample(&self, rng: &mut dyn Rng) -> DVector<T> {
        self.spread(&self.groups.sample(rng))
    }
}

impl<T: Scalar, L: FiniteLaw<T>> FiniteLaw<T> for Tied<L> {
    fn submodels(&self) -> Result<u64> {
        self.groups.submodels()
    }
    fn submodel(&self, index: u64) -> (DVector<T>, T) {
        let (groups, weight) = self.groups.submodel(index);
        (self.spread(&groups), weight)
    }
}
