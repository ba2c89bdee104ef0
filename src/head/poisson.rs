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
    fn loss(&self, output: &DVector<T>, target: &DVector<T>) -> Result<T> {
        self.check_target(output, target)?;
        Ok(log_partition(output.iter().copied()) - dot(output, target))
    }
    fn error(&self, output: &DVector<T>, target: &DVector<T>) -> Result<DVector<T>> {
        self.check_target(output, target)?;
        Ok(self.expected(output) - target)
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

/// Up to this count the logarithms are added one by one.
const SUMMED: f64 = 256.0;

/// ln count!, and +∞ for what is no count.
fn log_factorial<T: Real>(count: T) -> T {
    let y = count.to_f64();
    if !(y >= 0.0 && y.fract() == 0.0) {
        return -T::neg_infinity();
    }
    if y > SUMMED {
        return stirling(count);
    }
    (2..=y as i64).fold(T::zero(), |sum, factor| sum + T::ratio(factor, 1).ln())
}

/// \\(\ln y! = y(\ln y - 1) + \tfrac12 \ln 2\pi y + \tfrac1{12y} - \tfrac1{360y^3} + \dots\\), Stirling's series. It is left
/// off at a term below \\(y^{-5}/1260\\), which from 256 on is below 10⁻¹⁵. Half an ulp of the sum, which is above 1000, is
/// a hundred times as much, and so is what a running error bound allows the logarithm beyond its rounding.
fn stirling<T: Real>(y: T) -> T {
    let correction = (T::one() - T::one() / (T::ratio(30, 1) * y * y)) / (T::ratio(12, 1) * y);
    y * (y.ln() - T::one()) + (T::two_pi() * y).ln() / T::ratio(2, 1) + correction
}

impl<T: Real> LogProbability<T> for Poisson {
    /// −ln y!, −∞ where y is no count: a sum of logarithms up to 256, from there Stirling's series, so that no count takes
    /// long. A few roundings off either way: at 257 the sum has 256 of them, the series eight.
    fn log_base_measure(&self, target: &DVector<T>) -> T {
        target.iter().fold(T::zero(), |sum, &count| sum - log_factorial(count))
    }
}
