//! Means over masks, summed along a fixed binary tree.

use crate::error::Result;
use crate::law::FiniteLaw;
use crate::scalar::Scalar;
use nalgebra::DVector;
use std::ops::Range;

/// Below this many leaves a subtree stays on one thread.
const SEQUENTIAL: u64 = 64;

/// \\(\mathbb E_\pi f(\mu) = \sum_\mu \pi(\mu) f(\mu)\\), over every μ of the law.
///
/// The terms are added along the binary tree of their indices, each node splitting at the largest power of two: for 2^n
/// masks that is a tree over the mask bits. The rounding error grows with n rather than with 2^n, and the bits are the
/// same for any number of threads. A sub-model of probability zero is left out, whatever f is there.
///
/// ```
/// use dropout_oracle::{ensemble::expectation, law::Uniform};
/// use nalgebra::DVector;
/// // the mean number of kept units out of 10
/// let kept = expectation(&Uniform::new(10), |mu: &DVector<f64>| Ok(DVector::from_element(1, mu.sum())))?;
/// assert_eq!(kept[0], 5.0);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// Those of f, and [`Error::TooManyMasks`](crate::Error::TooManyMasks).
pub fn expectation<T: Scalar, L: FiniteLaw<T> + ?Sized>(
    law: &L,
    f: impl Fn(&DVector<T>) -> Result<DVector<T>> + Sync,
) -> Result<DVector<T>> {
    let term = |index| {
        let (multipliers, weight) = law.submodel(index);
        let value = f(&multipliers)?;
        // 0 · −∞ is not a number, and a sub-model that is never drawn has no say.
        Ok(value.map(|v| if weight.is_zero() { T::zero() } else { weight.clone() * v }))
    };
    pairwise(0..law.submodels()?, &term, &|a, b| Ok(a? + b?))
}

/// `term(start) ⊕ … ⊕ term(end − 1)`, along the tree whose every node splits at the largest power of two below its size.
///
/// The range must not be empty.
pub(super) fn pairwise<V: Send>(
    range: Range<u64>,
    term: &(impl Fn(u64) -> V + Sync),
    add: &(impl Fn(V, V) -> V + Sync),
) -> V {
    let count = range.end - range.start;
    if count == 1 {
        return term(range.start);
    }
    let middle = range.start + count.next_power_of_two() / 2;
    let left = || pairwise(range.start..middle, term, add);
    let right = || pairwise(middle..range.end, term, add);
    let (left, right) = if count > SEQUENTIAL { rayon::join(left, right) } else { (left(), right()) };
    add(left, right)
}
