//! Mask laws π(μ): how the multipliers of the droppable units are drawn.
//!
//! A [`Law`] is a distribution over multiplier vectors μ, one real entry per droppable unit. For 0/1 masks the entry
//! says whether the unit is kept; [`Rescaled`] turns them into inverted dropout's 0 or 1/p. A [`FiniteLaw`] has finitely
//! many sub-models and lists them with their weights: that list *is* the definition of every ensemble in this crate.
//!
//! | law | module | mean | dependence |
//! |---|---|---|---|
//! | all 2^n masks alike (seed eq. 7.54) | [`uniform`] | ½ | independent |
//! | keep probability p_i per unit | [`independent`] | p | independent |
//! | exactly k of n units kept | [`fixed_count`] | k/n | negative |
//! | units that share one draw | [`tied`] | of the draw | total within a group |
//! | any table of masks | [`table`] | of the table | any |
//! | any law, given that not all units are dropped | [`non_empty`] | m/(1−π(0)) | positive or negative |
//! | inverted dropout of any of these | [`rescaled`] | m/p | as before |
//! | normal multipliers, infinitely many sub-models | [`gaussian`] | 1 or 0 | independent |

pub mod fixed_count;
pub mod gaussian;
pub mod independent;
pub mod independent_units;
pub mod non_empty;
pub mod rescaled;
pub mod table;
pub mod tied;
pub mod uniform;

pub use fixed_count::FixedCount;
pub use gaussian::Gaussian;
pub use independent::Independent;
pub use independent_units::IndependentUnits;
pub use non_empty::NonEmpty;
pub use rescaled::Rescaled;
pub use table::Table;
pub use tied::Tied;
pub use uniform::Uniform;

use crate::error::{Error, Result};
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};
use rand::Rng;

/// A distribution π over multiplier vectors μ.
pub trait Law<T: Scalar> {
    /// The number n of droppable units: the length of μ.
    fn units(&self) -> usize;

    /// \\(\mathbb E\\,\mu\\), where weight scaling evaluates the network.
    fn mean(&self) -> DVector<T>;

    /// \\(\operatorname{Cov}\mu\\), n × n.
    fn covariance(&self) -> DMatrix<T>;

    /// One draw of μ. The stream of `rng` alone decides it, on every platform.
    fn sample(&self, rng: &mut dyn Rng) -> DVector<T>;
}

/// A law with finitely many multiplier vectors, indexed from 0.
pub trait FiniteLaw<T: Scalar>: Law<T> + Sync {
    /// The number of sub-models.
    ///
    /// # Errors
    /// [`Error::TooManyMasks`] where the index would not fit.
    fn submodels(&self) -> Result<u64>;

    /// Sub-model number `index`: its multipliers μ and their probability π(μ), which may be zero.
    ///
    /// `index` must be below [`FiniteLaw::submodels`].
    fn submodel(&self, index: u64) -> (DVector<T>, T);

    /// All sub-models with their weights, which sum to one.
    ///
    /// # Errors
    /// As [`FiniteLaw::submodels`].
    fn support(&self) -> Result<Box<dyn Iterator<Item = (DVector<T>, T)> + '_>> {
        Ok(Box::new((0..self.submodels()?).map(|index| self.submodel(index))))
    }
}

/// Whether an event of probability `p` happens: u < p for a uniform u on the grid of 2⁻⁵³.
///
/// P(true) = ⌈p·2⁵³⌉/2⁵³, hence exact for 0, 1 and every multiple of 2⁻⁵³.
fn happens<T: Scalar>(p: &T, rng: &mut dyn Rng) -> bool {
    const STEP: f64 = 1.0 / (1u64 << 53) as f64;
    ((rng.next_u64() >> 11) as f64 * STEP) < p.to_f64()
}

/// μ_i = 1 where `kept(i)`, else 0.
fn zero_one<T: Scalar>(units: usize, mut kept: impl FnMut(usize) -> bool) -> DVector<T> {
    DVector::from_fn(units, |i, _| if kept(i) { T::one() } else { T::zero() })
}

/// That the weights of a law are non-negative and sum to one: exactly in rationals, to two roundings an entry in floating
/// point. `name` says whose weight an entry is.
pub(crate) fn check_weights<'a, T: Scalar>(
    weights: impl ExactSizeIterator<Item = &'a T>,
    name: impl Fn(usize) -> String,
) -> Result<()> {
    // Each weight and each addition is rounded once: 2 roundings an entry.
    let allowed = T::unit_roundoff() * T::ratio(2 * weights.len() as i64, 1);
    let mut total = T::zero();
    for (i, weight) in weights.enumerate() {
        if !(*weight >= T::zero() && weight.is_finite()) {
            return Err(Error::NotALaw { why: format!("{} has probability {}", name(i), weight.to_f64()) });
        }
        total += weight.clone();
    }
    let off = total.clone() - T::one();
    if off.clone().maximum(-off) > allowed {
        return Err(Error::NotALaw { why: format!("the probabilities sum to {}, not to 1", total.to_f64()) });
    }
    Ok(())
}
