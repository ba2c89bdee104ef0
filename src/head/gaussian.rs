use super::{Head, LogProbability, Normalised};
use crate::error::{Error, Result};
use crate::scalar::{Real, Scalar};
use nalgebra::DVector;

/// A normal distribution with the network's output as its mean and a variance σ² that no mask changes.
///
/// With σ² = 1, [`Head::loss`] is half the squared error minus ½‖y‖². Only arithmetic is needed, so this head works in
/// exact rationals: the geometric mean of N(m_μ, σ²) is N(E m_μ, σ²), with ln Z = −Σ Var(m_μ)/2σ².
///
/// ```
/// use dropout_oracle::head::{Gaussian, Head};
/// use nalgebra::dvector;
/// let head = Gaussian::new(4.0)?;
/// assert_eq!(head.error(&dvector![3.0], &dvector![1.0])?[0], 0.5); // (m − y)/σ²
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Gaussian<T> {
    variance: T,
}

impl<T: Scalar> Gaussian<T> {
    /// The head with variance σ² in every output, without correlation.
    ///
    /// # Errors
    /// [`Error::Domain`] unless the variance is positive and finite.
    pub fn new(variance: T) -> Result<Self> {
        if variance > T::zero() && variance.is_finite() {
            return Ok(Self { variance });
        }
        Err(Error::Domain {
            what: "variance of a Gaussian head".into(),
            value: variance.to_f64().to_string(),
            must: "positive and finite",
        })
    }

    /// σ².
    pub fn variance(&self) -> &T {
        &self.variance
    }

    /// \\(\\|m\\|^2/2\sigma^2\\), the log-partition function.
    fn log_partition(&self, mean: &DVector<T>) -> T {
        let square = mean.iter().fold(T::zero(), |sum, m| sum + m.clone() * m.clone());
        square / (T::ratio(2, 1) * self.variance.clone())
    }
}

impl<T: Scalar> Head<T> for Gaussian<T> {
    fn check(&self, outputs: usize) -> Result<()> {
        if outputs == 0 {
            return Err(Error::Shape { what: "means of a Gaussian head".into(), expected: 1, found: 0 });
        }
        Ok(())
    }
    fn expected(&self, output: &DVector<T>) -> DVector<T> {
        output.clone()
    }
    fn loss(&self, output: &DVector<T>, target: &DVector<T>) -> Result<T> {
        self.check_target(output, target)?;
        let product = crate::scalar::dot(output, target) / self.variance.clone();
        Ok(self.log_partition(output) - product)
    }
    fn error(&self, output: &DVector<T>, target: &DVector<T>) -> Result<DVector<T>> {
        self.check_target(output, target)?;
        Ok((output - target) / self.variance.clone())
    }
    /// The mean, then the log-partition function.
    fn log_coordinates(&self, output: &DVector<T>) -> DVector<T> {
        output.push(self.log_partition(output))
    }
    fn normalise(&self, coordinates: &DVector<T>) -> Result<Normalised<T>> {
        let (expected, partition) = coordinates.as_slice().split_at(coordinates.len() - 1);
        let expected = DVector::from_column_slice(expected);
        let log_mass = self.log_partition(&expected) - partition[0].clone();
        Ok(Normalised { expected, log_mass })
    }
}

impl<T: Real> LogProbability<T> for Gaussian<T> {
    fn log_base_measure(&self, target: &DVector<T>) -> T {
        -self.log_partition(target) - T::ratio(target.len() as i64, 2) * (T::two_pi() * self.variance).ln()
    }
}
