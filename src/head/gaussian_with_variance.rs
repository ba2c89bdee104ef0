use super::{Head, LogProbability, Normalised};
use crate::error::{Error, Result};
use crate::scalar::Real;
use nalgebra::DVector;

/// Normal distributions whose means *and variances* are the network's output: first all means, then all variances.
///
/// Here a mask changes the variance, and the geometric mean is no longer at the mean of the means: it averages
/// precisions, \\(1/v = \mathbb E\\,1/v_\mu\\) and \\(m = v\\,\mathbb E\\,m_\mu/v_\mu\\). For N(0, 1) and N(2, 4) with
/// weight ½ each it is N(0.4, 1.6), not mean 1 (claim ws.gaussian, outside its conditions).
///
/// ```
/// use dropout_oracle::head::{GaussianWithVariance, Head};
/// use nalgebra::dvector;
/// let head = GaussianWithVariance;
/// let coordinates = (head.log_coordinates(&dvector![0.0, 1.0]) + head.log_coordinates(&dvector![2.0, 4.0])) * 0.5;
/// let ngm = head.normalise(&coordinates)?;
/// assert_eq!(ngm.expected[0], 0.4);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GaussianWithVariance;

impl GaussianWithVariance {
    /// The variances of the distribution with these averaged coordinates.
    pub fn variance<T: Real>(&self, coordinates: &DVector<T>) -> DVector<T> {
        let outputs = coordinates.len() / 2;
        let precisions = coordinates.rows(outputs + 1, outputs);
        precisions.map(|precision| T::one() / precision)
    }
}

/// The means and the variances of an output.
fn split<T: Real>(output: &DVector<T>) -> impl Iterator<Item = (T, T)> {
    let (means, variances) = output.as_slice().split_at(output.len() / 2);
    means.iter().copied().zip(variances.iter().copied())
}

/// \\(m^2/2v + \tfrac12 \ln v\\), the log-partition function of one normal distribution.
fn log_partition<T: Real>(mean: T, variance: T) -> T {
    (mean * mean / variance + variance.ln()) / T::ratio(2, 1)
}

impl<T: Real> Head<T> for GaussianWithVariance {
    fn check(&self, outputs: usize) -> Result<()> {
        if outputs == 0 || outputs % 2 == 1 {
            return Err(Error::Domain {
                what: "outputs of a Gaussian head with its own variances".into(),
                value: outputs.to_string(),
                must: "an even number: the means, then as many variances",
            });
        }
        Ok(())
    }
    fn targets(&self, outputs: usize) -> usize {
        outputs / 2
    }
    fn expected(&self, output: &DVector<T>) -> DVector<T> {
        output.rows(0, output.len() / 2).into_owned()
    }
    fn loss(&self, output: &DVector<T>, target: &DVector<T>) -> Result<T> {
        self.check_target(output, target)?;
        Ok(split(output).zip(target).fold(T::zero(), |loss, ((m, v), &y)| {
            loss + log_partition(m, v) - m / v * y + y * y / (T::ratio(2, 1) * v)
        }))
    }
    fn error(&self, output: &DVector<T>, target: &DVector<T>) -> Result<DVector<T>> {
        self.check_target(output, target)?;
        let (mut by_mean, mut by_variance) = (Vec::new(), Vec::new());
        for ((m, v), &y) in split(output).zip(target) {
            by_mean.push((m - y) / v);
            by_variance.push((T::one() - (m - y) * (m - y) / v) / (T::ratio(2, 1) * v));
        }
        by_mean.extend(by_variance);
        Ok(by_mean.into())
    }
    /// m/v of each output, their joint log-partition function, then the precisions 1/v.
    fn log_coordinates(&self, output: &DVector<T>) -> DVector<T> {
        let partition = split(output).fold(T::zero(), |sum, (m, v)| sum + log_partition(m, v));
        let scaled = split(output).map(|(m, v)| m / v);
        let precisions = split(output).map(|(_, v)| T::one() / v);
        DVector::from_iterator(output.len() + 1, scaled.chain([partition]).chain(precisions))
    }
    fn normalise(&self, coordinates: &DVector<T>) -> Result<Normalised<T>> {
        let outputs = coordinates.len() / 2;
        let variance = self.variance(coordinates);
        // A variance of 0 gives an infinite precision, a negative one a negative precision or no logarithm.
        if !coordinates.iter().all(T::is_finite) || variance.iter().any(|v| *v <= T::zero()) {
            return Err(Error::Domain {
                what: "variance of a Gaussian head with its own variances".into(),
                value: "zero, negative or not a number under some sub-model".into(),
                must: "positive and finite under every one",
            });
        }
        let expected = coordinates.rows(0, outputs).component_mul(&variance);
        let own = expected.iter().zip(&variance).fold(T::zero(), |sum, (&m, &v)| sum + log_partition(m, v));
        Ok(Normalised { expected, log_mass: own - coordinates[outputs] })
    }
}

impl<T: Real> LogProbability<T> for GaussianWithVariance {
    fn log_base_measure(&self, target: &DVector<T>) -> T {
        -T::ratio(target.len() as i64, 2) * T::two_pi().ln()
    }
}
