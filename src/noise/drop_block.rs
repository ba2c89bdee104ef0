//! DropBlock: squares of a feature map (Ghiasi et al. 2018).

use crate::error::{Error, Result};
use crate::law::{FiniteLaw, Independent, Law};
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};
use rand::Rng;

/// Independent seeds, each of which drops the block × block square below and to the right of it.
///
/// Seeds stand where the whole square fits into the map: (height − block + 1)(width − block + 1) of them. A unit is
/// kept if no seed drops it, so with γ the probability that a seed is active,
///
/// \\[ \mathbb E\\,\mu_u = (1-\gamma)^{|C(u)|}, \qquad \mathbb E\\,\mu_u\mu_v = (1-\gamma)^{|C(u) \cup C(v)|}, \\]
///
/// where C(u) are the seeds whose squares cover u. At the edges fewer do: the KEEP probability is not the same for all
/// units. It is 1 minus the nominal drop rate of [`DropBlock::with_drop_rate`] for blocks of one unit and for a block
/// that is the whole map, and in general not (claim noise.drop-block).
///
/// The paper then multiplies each draw by the number of units over the number kept. That is
/// [`DropBlock::renormalise`]; its mean is not 1 for every unit, and it is 0/0 where everything is dropped.
/// [`Rescaled::inverted`](crate::law::Rescaled::inverted) of this law has mean 1.
///
/// ```
/// use dropout_oracle::{Rational, Scalar, law::{FiniteLaw, Law}, noise::DropBlock};
/// let law = DropBlock::new(3, 3, 2, Rational::ratio(1, 2))?;
/// assert_eq!(law.submodels()?, 16); // 4 seeds
/// assert_eq!(law.mean()[0], Rational::ratio(1, 2)); // the corner: one seed covers it
/// assert_eq!(law.mean()[4], Rational::ratio(1, 16)); // the centre: all four do
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DropBlock<T> {
    height: usize,
    width: usize,
    block: usize,
    idle: Independent<T>,
}

impl<T: Scalar> DropBlock<T> {
    /// DropBlock on a height × width map, row by row, where each seed is active with probability `seed_rate`, γ.
    ///
    /// # Errors
    /// [`Error::Domain`] unless the block is at least 1 and fits into the map, [`Error::KeepProbability`] (of a seed's
    /// staying idle, 1 − γ) unless γ lies in [0, 1).
    pub fn new(height: usize, width: usize, block: usize, seed_rate: T) -> Result<Self> {
        if block == 0 || block > height.min(width) {
            let what = format!("block size on a map of {height} by {width}");
            return Err(Error::Domain { what, value: block.to_string(), must: "at least 1 and at most either side" });
        }
        let seeds = (height - block + 1) * (width - block + 1);
        let idle = Independent::new(DVector::from_element(seeds, T::one() - seed_rate))?;
        Ok(Self { height, width, block, idle })
    }

    /// The paper's γ for a nominal DROP rate δ: \\(\gamma = \frac{\delta}{b^2}\\,\frac{hw}{(h-b+1)(w-b+1)}\\), which
    /// counts overlapping squares twice.
    ///
    /// # Errors
    /// As [`DropBlock::new`].
    pub fn with_drop_rate(height: usize, width: usize, block: usize, drop_rate: T) -> Result<Self> {
        let free = Self::new(height, width, block, T::zero())?;
        let squares = (block * block * free.idle.units()) as i64;
        Self::new(height, width, block, drop_rate * T::ratio((height * width) as i64, squares))
    }

    /// The seeds whose squares cover a unit.
    fn covering(&self, unit: usize) -> Vec<usize> {
        let (row, column) = (unit / self.width, unit % self.width);
        let across = self.width - self.block + 1;
        (0..self.idle.units())
            .filter(|seed| {
                let (top, left) = (seed / across, seed % across);
                (top..top + self.block).contains(&row) && (left..left + self.block).contains(&column)
            })
            .collect()
    }

    /// The probability that all these seeds are idle.
    fn all_idle(&self, seeds: impl IntoIterator<Item = usize>) -> T {
        seeds.into_iter().fold(T::one(), |product, seed| product * self.idle.keep()[seed].clone())
    }

    /// 1 for each unit that no active seed covers.
    fn kept(&self, idle: &DVector<T>) -> DVector<T> {
        DVector::from_fn(self.units(), |unit, _| {
            if self.covering(unit).iter().all(|&seed| !idle[seed].is_zero()) { T::one() } else { T::zero() }
        })
    }

    /// The paper's scaling of one draw: μ times the number of units over the number of units kept.
    ///
    /// # Errors
    /// [`Error::Domain`] if no unit is kept.
    pub fn renormalise(&self, multipliers: &DVector<T>) -> Result<DVector<T>> {
        let kept = multipliers.iter().fold(T::zero(), |sum, d| sum + d.clone());
        if kept.is_zero() {
            let what = "number of units that DropBlock kept".into();
            return Err(Error::Domain { what, value: "0".into(), must: "positive, or the scale is 0/0" });
        }
        Ok(multipliers * (T::ratio(self.units() as i64, 1) / kept))
    }
}

impl<T: Scalar> Law<T> for DropBlock<T> {
    fn units(&self) -> usize {
        self.height * self.width
    }
    fn mean(&self) -> DVector<T> {
        DVector::from_fn(self.units(), |unit, _| self.all_idle(self.covering(unit)))
    }
    fn covariance(&self) -> DMatrix<T> {
        let (seeds, mean): (Vec<_>, _) = ((0..self.units()).map(|u| self.covering(u)).collect(), self.mean());
        DMatrix::from_fn(self.units(), self.units(), |u, v| {
            let others = seeds[v].iter().filter(|seed| !seeds[u].contains(seed));
            self.all_idle(seeds[u].iter().chain(others).copied()) - mean[u].clone() * mean[v].clone()
        })
    }
    fn sample(&self, rng: &mut dyn Rng) -> DVector<T> {
        self.kept(&self.idle.sample(rng))
    }
}

impl<T: Scalar> FiniteLaw<T> for DropBlock<T> {
    fn submodels(&self) -> Result<u64> {
        self.idle.submodels()
    }
    fn submodel(&self, index: u64) -> (DVector<T>, T) {
        let (idle, weight) = self.idle.submodel(index);
        (self.kept(&idle), weight)
    }
}
