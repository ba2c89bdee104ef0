//! The noise of batch normalisation: every other example of the batch draws it.

use crate::error::{Error, Result};
use crate::law::FixedCount;
use crate::scalar::{Real, Scalar, dot};
use nalgebra::DVector;

/// One pre-activation over N training examples, normalised in random batches of m of them.
///
/// With μ, σ² the moments over the population and μ_B, σ_B² those over the batch (all divided by N and m),
///
/// \\[ y_i = \frac{x_i - \mu_B}{\sigma_B} = \frac{\sigma}{\sigma_B}\\,\hat x_i + \frac{\mu - \mu_B}{\sigma_B},
///    \qquad \hat x_i = \frac{x_i - \mu}{\sigma}. \\]
///
/// So training multiplies \\(\hat x_i\\) by noise and adds noise. This is no law over multipliers μ: the two noises are
/// correlated, and both depend on the example, because it is in its own batch. All batches of m out of N are
/// [`FixedCount`] masks, and the formulas here are tested against their enumeration (claim noise.batch-norm).
///
/// ```
/// use dropout_oracle::{Rational, Scalar, noise::Population};
/// let q = |n| Rational::ratio(n, 1);
/// let x = Population::new(vec![q(0), q(1), q(5)].into(), 2)?;
/// assert_eq!(x.mean(), q(2));
/// assert_eq!(x.variance_of_batch_mean(), Rational::ratio(7, 6)); // batch means ½, 5⁄2 and 3
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Population<T> {
    values: DVector<T>,
    batch: usize,
}

/// What one batch does to its examples: \\(y_i = \text{factor} \cdot \hat x_i + \text{offset}\\).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNoise<T> {
    /// \\(\sigma/\sigma_B\\).
    pub factor: T,
    /// \\((\mu-\mu_B)/\sigma_B\\).
    pub offset: T,
}

impl<T: Scalar> Population<T> {
    /// The population `values`, in batches of `batch` different examples.
    ///
    /// # Errors
    /// [`Error::Domain`] for fewer than two examples or a batch size outside 1..=N, [`Error::NotFinite`] for a value
    /// that is not a number.
    pub fn new(values: DVector<T>, batch: usize) -> Result<Self> {
        if values.len() < 2 {
            let value = values.len().to_string();
            return Err(Error::Domain { what: "number of examples".into(), value, must: "at least 2" });
        }
        if batch == 0 || batch > values.len() {
            let what = format!("batch size out of {} examples", values.len());
            return Err(Error::Domain { what, value: batch.to_string(), must: "at least 1 and at most their number" });
        }
        if let Some(bad) = values.iter().find(|x| !x.is_finite()) {
            return Err(Error::NotFinite { what: "a pre-activation".into(), value: bad.to_f64() });
        }
        Ok(Self { values, batch })
    }

    /// μ.
    pub fn mean(&self) -> T {
        self.moments(&DVector::from_element(self.values.len(), T::one())).0
    }

    /// σ², divided by N.
    pub fn variance(&self) -> T {
        self.moments(&DVector::from_element(self.values.len(), T::one())).1
    }

    /// The law of the batch: a multiplier 1 for each example in it.
    ///
    /// # Errors
    /// [`Error::TooManyMasks`] for more than [`Mask::MAX_UNITS`](crate::Mask::MAX_UNITS) examples.
    pub fn batches(&self) -> Result<FixedCount<T>> {
        FixedCount::new(self.values.len(), self.batch)
    }

    /// μ_B and σ_B² of the examples whose multiplier is 1.
    ///
    /// # Panics
    /// If no example is in the batch.
    pub fn moments(&self, batch: &DVector<T>) -> (T, T) {
        let count = batch.iter().fold(T::zero(), |sum, d| sum + d.clone());
        let mean = dot(batch, &self.values) / count.clone();
        let squares = self.values.map(|x| (x.clone() - mean.clone()) * (x - mean.clone()));
        (mean.clone(), dot(batch, &squares) / count)
    }

    /// \\(\operatorname{Var} \mu_B = \sigma^2\\,\frac{N-m}{m(N-1)}\\).
    pub fn variance_of_batch_mean(&self) -> T {
        self.variance() * self.finite_population()
    }

    /// \\(\mathbb E\\,\sigma_B^2 = \sigma^2\\,\frac{N(m-1)}{m(N-1)}\\): batches look narrower than the population.
    pub fn expected_batch_variance(&self) -> T {
        let (n, m) = (self.values.len() as i64, self.batch as i64);
        self.variance() * T::ratio(n * (m - 1), m * (n - 1))
    }

    /// \\(\mathbb E(\mu_B \mid i \in B) - \mu = (x_i-\mu)\\,\frac{N-m}{m(N-1)}\\): an example pulls its own batch's
    /// mean.
    ///
    /// # Panics
    /// If there is no example i.
    pub fn shift_given(&self, i: usize) -> T {
        (self.values[i].clone() - self.mean()) * self.finite_population()
    }

    /// (N − m)/(m(N − 1)): the variance of a mean of m out of N, without replacement.
    fn finite_population(&self) -> T {
        let (n, m) = (self.values.len() as i64, self.batch as i64);
        T::ratio(n - m, m * (n - 1))
    }
}

impl<T: Real> Population<T> {
    /// The factor and the offset of one batch, in the form of a multiplier 1 for each example in it.
    ///
    /// # Errors
    /// [`Error::Domain`] for a batch of equal values, where \\(\sigma_B = 0\\) and y is 0/0.
    pub fn noise(&self, batch: &DVector<T>) -> Result<BatchNoise<T>> {
        let (mean, variance) = self.moments(batch);
        if variance.is_zero() {
            let what = "variance of a batch".into();
            return Err(Error::Domain { what, value: "0".into(), must: "positive, or batch normalisation is 0/0" });
        }
        let deviation = variance.sqrt();
        Ok(BatchNoise { factor: self.variance().sqrt() / deviation, offset: (self.mean() - mean) / deviation })
    }
}

/// The variance that batch normalisation sees in training when inverted dropout with KEEP probability p comes before
/// it: \\((v + m^2)/p - m^2\\) for units of mean m and variance v. In evaluation it normalises a variance of v.
///
/// For m = 0 the two differ by the factor 1/p (Li et al. 2019; claim norm.variance-shift).
///
/// ```
/// assert_eq!(dropout_oracle::noise::batch_norm::training_variance(0.0, 1.0, 0.5)?, 2.0);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::KeepProbability`] unless `keep` lies in (0, 1].
pub fn training_variance<T: Scalar>(mean: T, variance: T, keep: T) -> Result<T> {
    crate::law::Independent::new(DVector::from_element(1, keep.clone()))?;
    let square = mean.clone() * mean;
    Ok((variance + square.clone()) / keep - square)
}
