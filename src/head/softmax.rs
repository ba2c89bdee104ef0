use super::{Head, LogProbability, Normalised};
use crate::error::{Error, Result};
use crate::scalar::{Real, log_sum_exp};
use nalgebra::DVector;

/// One of C classes: \\(p(y) = e^{\eta_y}/\sum_k e^{\eta_k}\\), with the logits η as the network's output.
///
/// ```
/// use dropout_oracle::head::{Head, Softmax};
/// use nalgebra::dvector;
/// let p = Softmax.expected(&dvector![1000.0, 1000.0]); // no overflow
/// assert_eq!(p.as_slice(), [0.5, 0.5]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softmax;

/// \\(e^{x_y}/\sum_k e^{x_k}\\). The largest x is taken out first, so that nothing overflows and no digits cancel
/// however large the logits. An x of −∞ is a class of probability zero.
fn softmax<T: Real>(x: &DVector<T>) -> DVector<T> {
    let (shifted, sum) = shift(x);
    shifted.map(|x| x.exp() / sum)
}

/// ln of [`softmax`].
fn log_softmax<T: Real>(x: &DVector<T>) -> DVector<T> {
    let (shifted, sum) = shift(x);
    let log_sum = sum.ln();
    shifted.map(|x| x - log_sum)
}

/// x less its largest entry, and the sum of the exponentials of that.
fn shift<T: Real>(x: &DVector<T>) -> (DVector<T>, T) {
    let largest = x.iter().copied().fold(T::neg_infinity(), T::maximum);
    let shifted = x.map(|x| x - largest);
    let sum = shifted.iter().fold(T::zero(), |sum, x| sum + x.exp());
    (shifted, sum)
}

impl<T: Real> Head<T> for Softmax {
    fn check(&self, outputs: usize) -> Result<()> {
        if outputs < 2 {
            return Err(Error::Domain {
                what: "number of classes of a softmax".into(),
                value: outputs.to_string(),
                must: "at least 2 (one logit is a Bernoulli head)",
            });
        }
        Ok(())
    }
    fn expected(&self, output: &DVector<T>) -> DVector<T> {
        softmax(output)
    }
    fn loss(&self, output: &DVector<T>, target: &DVector<T>) -> Result<T> {
        self.check_target(output, target)?;
        // Summed over the classes that have a share in the target, so that a −∞ elsewhere costs nothing.
        Ok(log_softmax(output).zip_fold(
            target,
            T::zero(),
            |loss, log_p, t| if t.is_zero() { loss } else { loss - t * log_p },
        ))
    }
    fn error(&self, output: &DVector<T>, target: &DVector<T>) -> Result<DVector<T>> {
        self.check_target(output, target)?;
        Ok(self.expected(output) * target.sum() - target)
    }
    fn log_coordinates(&self, output: &DVector<T>) -> DVector<T> {
        log_softmax(output)
    }
    fn normalise(&self, coordinates: &DVector<T>) -> Result<Normalised<T>> {
        let log_mass = log_sum_exp(coordinates.as_slice());
        if log_mass == T::neg_infinity() {
            return Err(Error::ZeroProbability);
        }
        Ok(Normalised { expected: softmax(coordinates), log_mass })
    }
}

impl<T: Real> LogProbability<T> for Softmax {
    fn log_base_measure(&self, _target: &DVector<T>) -> T {
        T::zero()
    }
}
