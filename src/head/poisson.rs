use super::{Head, LogProbability, Normalised};
use crate::error::{Error, Result};
use crate::scalar::{Real, dot};
use nalgebra::DVector;

/// Counts with rate \\(e^{\eta}\\): \\(p(y) = e^{\eta y - e^\eta}/y!\\), with the log rates η as the network's output.
///
/// The geometric mean of the rates 1 and 4 is 2, the arithmetic one 2.5 (claim ws.canonical-link).
///
/// ```
/// use dropout_oracle::head::{Head, Poisson};
/// use nalgebra::dvector;
/// assert_eq!(Poisson.expected(&dvector![0.0])[0], 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poisson;

fn log_partition<T: Real>(log_rates: impl IntoIterator<Item = T>) -> T {
    log_rates.into_iter().fold(T::zero(), |sum, log_rate| sum + log_rate.exp())
}

impl<T: Real> Head<T> for Poisson {
    fn check(&self, outputs: usize) -> Result<()> {
        if outputs == 0 {
            return Err(Error::Shape { what: "log rates of a Poisson head".into(), expected: 1, found: 0 });
        }
        Ok(())
    }
    fn expected(&self, output: &DVector<T>) -> DVector<T> {
        output.map(T::exp)
    }
    fn loss(&self, output: &DVector<T>, target: &DVector<T>) -> T {
        log_partition(output.iter().copied()) - dot(output, target)
    }
    fn error(&self, output: &DVector<T>, target: &DVector<T>) -> DVector<T> {
        self.expected(output) - target
    }
    /// The log rates, then the log-partition function.
    fn log_coordinates(&self, output: &DVector<T>) -> DVector<T> {
        output.push(log_partition(output.iter().copied()))
    }
    fn normalise(&self, coordinates: &DVector<T>) -> Result<Normalised<T>> {
        let (log_rates, partition) = coordinates.as_slice().split_at(coordinates.len() - 1);
        if !partition[0].is_finite() {
            // A log rate above ln(largest number): ∞ − ∞ would be NaN.
            return Err(Error::NotFinite {
                what: "the mean rate of a Poisson head".into(),
                value: partition[0].to_f64(),
            });
        }
        let log_mass = log_partition(log_rates.iter().copied()) - partition[0];
        Ok(Normalised { expected: DVector::from_column_slice(log_rates).map(T::exp), log_mass })
    }
}

/// ln count!, and +∞ for what is no count.
fn log_factorial<T: Real>(count: T) -> T {
    let (mut factor, mut sum) = (T::one(), T::zero());
    while factor < count && count.is_finite() {
        factor += T::one();
        sum += factor.ln();
    }
    if factor == count || count.is_zero() { sum } else { -T::neg_infinity() }
}

impl<T: Real> LogProbability<T> for Poisson {
    /// −ln y!, as a sum of logarithms; −∞ where y is no count.
    fn log_base_measure(&self, target: &DVector<T>) -> T {
        target.iter().fold(T::zero(), |sum, &count| sum - log_factorial(count))
    }
}
