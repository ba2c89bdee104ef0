//! The exact law of a sum of masked integers, by dynamic programming.

use crate::error::{Error, Result};
use crate::law::Independent;
use crate::scalar::Scalar;
use itertools::izip;

/// The law of \\(S = \sum_j d_j k_j\\) for integers k_j and independent \\(d_j \sim \mathrm{Bernoulli}(p_j)\\).
///
/// One unit after another, \\(P(s) \leftarrow (1-p_j)\\,P(s) + p_j\\,P(s-k_j)\\). That costs O(n R) for sums in a range of
/// R integers instead of 2^n, and gives the mean of *any* function of S; weights on a finer grid are integers times the
/// grid's step. All terms are positive, so in floating point each probability is within 3n roundings of the truth,
/// relatively; in rationals it is the truth.
///
/// ```
/// use dropout_oracle::{Rational, Scalar, law::Independent, marginal::Lattice};
/// let half = Independent::new(vec![Rational::ratio(1, 2); 3].into())?;
/// let law = Lattice::new(&[2, -1, 2], &half)?;
/// assert_eq!(law.probability(2), Rational::ratio(1, 4)); // one of the two twos, without the −1
/// assert_eq!(law.expectation(|s| Rational::ratio(s * s, 1)), Rational::ratio(9, 2));
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Lattice<T> {
    lowest: i64,
    probabilities: Vec<T>,
}

impl<T: Scalar> Lattice<T> {
    /// The widest range of sums.
    pub const MAX_RANGE: u64 = 1 << 26;

    /// The law of the masked sum of `weights`.
    ///
    /// # Errors
    /// [`Error::Shape`] unless the law has one unit a weight, [`Error::Domain`] if the sums range over more than
    /// [`Lattice::MAX_RANGE`] integers.
    pub fn new(weights: &[i64], law: &Independent<T>) -> Result<Self> {
        Error::shape("units of the law, one a weight", weights.len(), law.keep().len())?;
        let range: u128 = weights.iter().map(|k| u128::from(k.unsigned_abs())).sum();
        if range >= Self::MAX_RANGE.into() {
            return Err(Error::Domain {
                what: "range of the sums of integer weights".into(),
                value: range.to_string(),
                must: "below 2^26",
            });
        }
        let lowest: i64 = weights.iter().filter(|k| **k < 0).sum();
        let mut probabilities = vec![T::zero(); range as usize + 1];
        // The empty sum is 0; so far the sums lie in [low, high].
        let (mut low, mut high) = (-lowest as usize, -lowest as usize);
        probabilities[low] = T::one();
        for (&weight, keep) in izip!(weights, law.keep()) {
            let shift = weight.unsigned_abs() as usize;
            let before = probabilities[low..=high].to_vec();
            probabilities[low..=high].iter_mut().for_each(|p| *p *= T::one() - keep.clone());
            let kept_from = if weight < 0 { low - shift } else { low + shift };
            for (p, before) in probabilities[kept_from..].iter_mut().zip(before) {
                *p += keep.clone() * before;
            }
            (low, high) = if weight < 0 { (low - shift, high) } else { (low, high + shift) };
        }
        Ok(Self { lowest, probabilities })
    }

    /// P(S = s).
    pub fn probability(&self, s: i64) -> T {
        let index = s.checked_sub(self.lowest).and_then(|index| usize::try_from(index).ok());
        index.and_then(|index| self.probabilities.get(index)).cloned().unwrap_or_else(T::zero)
    }

    /// Every integer that S can be, ascending, with its probability; probabilities of zero are left out.
    pub fn support(&self) -> impl Iterator<Item = (i64, &T)> {
        (self.lowest..).zip(&self.probabilities).filter(|(_, p)| !p.is_zero())
    }

    /// E g(S), added from the smallest S on.
    pub fn expectation(&self, g: impl Fn(i64) -> T) -> T {
        self.support().fold(T::zero(), |sum, (s, p)| sum + p.clone() * g(s))
    }
}
