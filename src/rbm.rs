//! The dropout restricted Boltzmann machine (Srivastava et al. 2014, section 8), by enumeration.

use crate::error::{Error, Result};
use crate::law::{FiniteLaw, Independent, Law};
use crate::mask::Mask;
use crate::scalar::{Real, Scalar};
use nalgebra::{DMatrix, DVector};

/// \\(P(r, h, v) = P(r)\\,P(h, v \mid r)\\) with binary visible units v, hidden units h and a mask r of the hidden
/// units:
///
/// \\[ P(h, v \mid r) = \frac{1}{Z'(r)}\\, e^{v^\top W h + a^\top h + b^\top v} \prod_j g(h_j, r_j), \qquad
///    g(h_j, r_j) = 1 \text{ if } r_j = 1 \text{ or } h_j = 0, \text{ else } 0. \\]
///
/// Given r it is the RBM of the kept hidden units. Summed over h, \\(P(v \mid r) = e^{b^\top v} \prod_{r_j = 1} (1 +
/// e^{a_j + W_{:j}^\top v})/Z'(r)\\), and an observed v says something about the mask: \\(P(r \mid v) \ne P(r)\\)
/// unless \\(P(v \mid r)\\) is the same for all r (claim rbm.dropout).
///
/// The parameters are held as the factors \\(e^{W_{ij}}, e^{a_j}, e^{b_i}\\): then every probability is algebra, exact
/// in rationals.
///
/// ```
/// use dropout_oracle::{Mask, Rational, Scalar, law::Independent, rbm::DropoutRbm};
/// use nalgebra::{dmatrix, dvector};
/// let q = |n, d| Rational::ratio(n, d);
/// // one visible and one hidden unit, e^W = 3
/// let keep = Independent::new(dvector![q(1, 2)])?;
/// let rbm = DropoutRbm::from_factors(dmatrix![q(3, 1)], dvector![q(1, 1)], dvector![q(1, 1)], keep)?;
/// let (on, off) = (Mask::new(1, 1)?, Mask::new(1, 0)?);
/// assert_eq!(rbm.visible_given_mask(on, on)?, q(2, 3)); // (1 + 3)/(1 + 1 + 1 + 3)
/// assert_eq!(rbm.visible_given_mask(on, off)?, q(1, 2)); // no hidden unit left
/// assert_eq!(rbm.mask_given_visible(on, on)?, q(4, 7)); // not ½: v tells about r
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct DropoutRbm<T> {
    weight: DMatrix<T>,
    hidden: DVector<T>,
    visible: DVector<T>,
    masks: Independent<T>,
}

impl<T: Real> DropoutRbm<T> {
    /// The machine with weight W (visible × hidden), hidden bias a, visible bias b, and masks of the hidden units.
    ///
    /// # Errors
    /// As [`DropoutRbm::from_factors`]; a parameter too large for its exponential is refused too.
    pub fn new(weight: DMatrix<T>, a: DVector<T>, b: DVector<T>, masks: Independent<T>) -> Result<Self> {
        Self::from_factors(weight.map(T::exp), a.map(T::exp), b.map(T::exp), masks)
    }
}

impl<T: Scalar> DropoutRbm<T> {
    /// The machine with the factors \\(e^{W}\\) (visible × hidden), \\(e^{a}\\) and \\(e^{b}\\).
    ///
    /// # Errors
    /// [`Error::Shape`] where the lengths do not fit, [`Error::Domain`] unless every factor is positive and finite,
    /// [`Error::TooManyMasks`] for more than [`Mask::MAX_UNITS`] units of a kind.
    pub fn from_factors(
        weight: DMatrix<T>,
        hidden: DVector<T>,
        visible: DVector<T>,
        masks: Independent<T>,
    ) -> Result<Self> {
        Error::shape("visible biases", weight.nrows(), visible.len())?;
        Error::shape("hidden biases", weight.ncols(), hidden.len())?;
        Error::shape("masked hidden units", weight.ncols(), masks.units())?;
        Mask::count(visible.len())?;
        Mask::count(hidden.len())?;
        match weight.iter().chain(&hidden).chain(&visible).find(|f| !(**f > T::zero() && f.is_finite())) {
            Some(bad) => Err(Error::Domain {
                what: "exponential of a parameter of the RBM".into(),
                value: bad.to_f64().to_string(),
                must: "positive and finite",
            }),
            None => Ok(Self { weight, hidden, visible, masks }),
        }
    }

    /// \\(e^{v^\top W h + a^\top h + b^\top v}\\).
    fn factor(&self, v: Mask, h: Mask) -> T {
        (0..h.units()).filter(|&j| h.keeps(j)).fold(self.visible_factor(v), |product, j| product * self.odds(v, j))
    }

    /// \\(e^{b^\top v}\\).
    fn visible_factor(&self, v: Mask) -> T {
        (0..v.units()).filter(|&i| v.keeps(i)).fold(T::one(), |product, i| product * self.visible[i].clone())
    }

    /// \\(e^{a_j + W_{:j}^\top v}\\), the odds of the kept hidden unit j.
    fn odds(&self, v: Mask, j: usize) -> T {
        (0..v.units())
            .filter(|&i| v.keeps(i))
            .fold(self.hidden[j].clone(), |product, i| product * self.weight[(i, j)].clone())
    }

    /// \\(e^{b^\top v}\prod_{r_j = 1}(1 + e^{a_j + W_{:j}^\top v})\\): h summed out.
    fn marginal_factor(&self, v: Mask, r: Mask) -> T {
        let kept = (0..r.units()).filter(|&j| r.keeps(j));
        kept.fold(self.visible_factor(v), |product, j| product * (T::one() + self.odds(v, j)))
    }

    fn check(&self, v: Option<Mask>, hidden: &[Mask]) -> Result<()> {
        if let Some(v) = v {
            Error::shape("visible units", self.visible.len(), v.units())?;
        }
        hidden.iter().try_for_each(|m| Error::shape("hidden units", self.hidden.len(), m.units()))
    }

    /// \\(Z'(r)\\), over all v.
    ///
    /// # Errors
    /// [`Error::Shape`] unless the mask has one entry a hidden unit.
    pub fn partition(&self, r: Mask) -> Result<T> {
        self.check(None, &[r])?;
        Ok(Mask::all(self.visible.len())?.fold(T::zero(), |sum, v| sum + self.marginal_factor(v, r)))
    }

    /// \\(P(h, v \mid r)\\), by definition; 0 where h uses a dropped unit.
    ///
    /// # Errors
    /// [`Error::Shape`] unless v, h and r have the machine's lengths.
    pub fn joint_given_mask(&self, h: Mask, v: Mask, r: Mask) -> Result<T> {
        self.check(Some(v), &[h, r])?;
        if h.bits() & !r.bits() != 0 {
            return Ok(T::zero());
        }
        Ok(self.factor(v, h) / self.partition(r)?)
    }

    /// \\(P(v \mid r)\\).
    ///
    /// # Errors
    /// [`Error::Shape`] unless v and r have the machine's lengths.
    pub fn visible_given_mask(&self, v: Mask, r: Mask) -> Result<T> {
        self.check(Some(v), &[r])?;
        Ok(self.marginal_factor(v, r) / self.partition(r)?)
    }

    /// \\(P(h_j = 1 \mid r, v) = r_j\\,\sigma(a_j + W_{:j}^\top v)\\), independent over j.
    ///
    /// # Errors
    /// [`Error::Shape`] unless v and r have the machine's lengths.
    pub fn hidden_given(&self, v: Mask, r: Mask) -> Result<DVector<T>> {
        self.check(Some(v), &[r])?;
        Ok(DVector::from_fn(r.units(), |j, _| {
            let odds = self.odds(v, j);
            if r.keeps(j) { odds.clone() / (T::one() + odds) } else { T::zero() }
        }))
    }

    /// P(r).
    ///
    /// # Errors
    /// [`Error::Shape`] unless the mask has one entry a hidden unit.
    pub fn mask_probability(&self, r: Mask) -> Result<T> {
        self.check(None, &[r])?;
        Ok(self.masks.submodel(r.bits()).1)
    }

    /// \\(P(v) = \sum_r P(r) P(v \mid r)\\).
    ///
    /// # Errors
    /// [`Error::Shape`] unless v has one entry a visible unit.
    pub fn visible(&self, v: Mask) -> Result<T> {
        Mask::all(self.hidden.len())?
            .try_fold(T::zero(), |sum, r| Ok(sum + self.mask_probability(r)? * self.visible_given_mask(v, r)?))
    }

    /// \\(P(r \mid v) = P(r) P(v \mid r)/P(v)\\), the posterior of the mask.
    ///
    /// # Errors
    /// [`Error::Shape`] unless v and r have the machine's lengths.
    pub fn mask_given_visible(&self, r: Mask, v: Mask) -> Result<T> {
        Ok(self.mask_probability(r)? * self.visible_given_mask(v, r)? / self.visible(v)?)
    }
}
