//! Stochastic pooling: one unit of a region, drawn in proportion to its activation (Zeiler & Fergus 2013).

use crate::error::{Error, Result};
use crate::law::Table;
use crate::mask::Mask;
use crate::scalar::Scalar;
use nalgebra::DVector;

/// A pooling region with activations \\(a_i \ge 0\\).
///
/// Training passes on a_I with \\(P(I = i) = p_i = a_i/\sum_k a_k\\); a region without any activation gives 0. Test
/// time passes on \\(\sum_i p_i a_i = \sum a^2/\sum a\\), the exact expectation (claim noise.stochastic-pooling).
///
/// For fixed activations this is a law over one-hot masks ([`Region::law`]). But the law depends on the input and on
/// every parameter below, so it is no mask law π(μ) of a network, and back-propagation through the drawn unit is *not*
/// the gradient of the expected loss: it leaves out [`Region::score_gradient`].
///
/// ```
/// use dropout_oracle::noise::Region;
/// use nalgebra::dvector;
/// let region = Region::new(dvector![1.0, 3.0, 0.0])?;
/// assert_eq!(region.probabilities().as_slice(), [0.25, 0.75, 0.0]);
/// assert_eq!(region.expected(), 2.5);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Region<T> {
    activations: DVector<T>,
    total: T,
}

impl<T: Scalar> Region<T> {
    /// The region with these activations.
    ///
    /// # Errors
    /// [`Error::Domain`] for an activation that is negative or not finite, [`Error::Shape`] for an empty region.
    pub fn new(activations: DVector<T>) -> Result<Self> {
        if activations.is_empty() {
            return Err(Error::Shape { what: "units of a pooling region".into(), expected: 1, found: 0 });
        }
        match activations.iter().position(|a| !(*a >= T::zero() && a.is_finite())) {
            Some(unit) => Err(Error::Domain {
                what: format!("activation {unit} of a stochastic pooling region"),
                value: activations[unit].to_f64().to_string(),
                must: "finite and not negative (put it behind a ReLU)",
            }),
            None => {
                let total = activations.iter().fold(T::zero(), |sum, a| sum + a.clone());
                Ok(Self { activations, total })
            }
        }
    }

    /// p, all zero for a region without any activation: then no unit is drawn.
    pub fn probabilities(&self) -> DVector<T> {
        self.activations.map(|a| if self.total.is_zero() { T::zero() } else { a / self.total.clone() })
    }

    /// The law of the drawn unit's mask, for these activations: one-hot with probabilities p, or the empty mask for a
    /// region without any activation. The pooled value is μ·a, so pooling with p·a is its weight scaling.
    ///
    /// # Errors
    /// [`Error::TooManyMasks`] for more than [`Mask::MAX_UNITS`] units.
    pub fn law(&self) -> Result<Table<T>> {
        let units = self.activations.len();
        if self.total.is_zero() {
            return Table::new(vec![(Mask::new(units, 0)?, T::one())]);
        }
        let drawn = self.probabilities();
        Mask::count(units)?;
        let entries = drawn.iter().enumerate().map(|(i, p)| Ok((Mask::new(units, 1 << i)?, p.clone())));
        Table::new(entries.collect::<Result<_>>()?)
    }

    /// \\(\mathbb E\\,a_I = \sum a^2/\sum a\\), what test time passes on; 0 for a region without any activation.
    pub fn expected(&self) -> T {
        self.expected_loss(T::clone)
    }

    /// \\(\mathbb E f(a_I) = \sum_i p_i f(a_i)\\), by enumeration; f(0) for a region without any activation.
    pub fn expected_loss(&self, f: impl Fn(&T) -> T) -> T {
        if self.total.is_zero() {
            return f(&T::zero());
        }
        let sum = self.activations.iter().fold(T::zero(), |sum, a| sum + a.clone() * f(a));
        sum / self.total.clone()
    }

    /// \\(p_k f'(a_k)\\): what back-propagation through the drawn unit gives on average, for the loss f with the given
    /// derivative.
    pub fn pathwise_gradient(&self, derivative: impl Fn(&T) -> T) -> DVector<T> {
        self.probabilities().zip_map(&self.activations, |p, a| p * derivative(&a))
    }

    /// \\((f(a_k) - \mathbb E f)/\sum a\\): the part of \\(\partial\\,\mathbb E f/\partial a_k\\) that comes from p,
    /// and that back-propagation through the drawn unit omits.
    ///
    /// # Errors
    /// [`Error::Domain`] for a region without any activation, where \\(\mathbb E f\\) has no derivative.
    pub fn score_gradient(&self, f: impl Fn(&T) -> T) -> Result<DVector<T>> {
        if self.total.is_zero() {
            let what = "total activation of a stochastic pooling region".into();
            return Err(Error::Domain { what, value: "0".into(), must: "positive where a gradient is asked for" });
        }
        let mean = self.expected_loss(&f);
        Ok(self.activations.map(|a| (f(&a) - mean.clone()) / self.total.clone()))
    }
}
