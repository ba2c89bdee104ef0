use super::{Head, LogProbability, Normalised};
use crate::error::{Error, Result};
use crate::scalar::{Real, log_sum_exp};
use nalgebra::DVector;

/// Independent yes/no answers: \\(p(y_k = 1) = \sigma(\eta_k)\\), with the logits η as the network's output.
///
/// ```
/// use dropout_oracle::head::{Bernoulli, Head};
/// use nalgebra::dvector;
/// assert_eq!(Bernoulli.expected(&dvector![0.0, -800.0])[0], 0.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bernoulli;

impl<T: Real> Head<T> for Bernoulli {
    fn check(&self, outputs: usize) -> Result<()> {
        if outputs == 0 {
            return Err(Error::Shape { what: "logits of a Bernoulli head".into(), expected: 1, found: 0 });
        }
        Ok(())
    }
    fn expected(&self, output: &DVector<T>) -> DVector<T> {
        output.map(T::logistic)
    }
    fn loss(&self, output: &DVector<T>, target: &DVector<T>) -> Result<T> {
        self.check_target(output, target)?;
        Ok(output.zip_fold(target, T::zero(), |loss, logit, t| {
            loss + t * (-logit).softplus() + (T::one() - t) * logit.softplus()
        }))
    }
    fn error(&self, output: &DVector<T>, target: &DVector<T>) -> Result<DVector<T>> {
        self.check_target(output, target)?;
        Ok(self.expected(output) - target)
    }
    /// ln p(1) and ln p(0) of each answer, one pair after another.
    fn log_coordinates(&self, output: &DVector<T>) -> DVector<T> {
        DVector::from_iterator(
            2 * output.len(),
            output.iter().flat_map(|&logit| [-(-logit).softplus(), -logit.softplus()]),
        )
    }
    fn normalise(&self, coordinates: &DVector<T>) -> Result<Normalised<T>> {
        // The joint geometric mean of independent answers is the product of theirs.
        let mut log_mass = T::zero();
        let mut expected = Vec::with_capacity(coordinates.len() / 2);
        for pair in coordinates.as_slice().chunks_exact(2) {
            let mass = log_sum_exp(pair);
            if mass == T::neg_infinity() {
                return Err(Error::ZeroProbability);
            }
            log_mass += mass;
            expected.push((pair[0] - pair[1]).logistic());
        }
        Ok(Normalised { expected: expected.into(), log_mass })
    }
}

impl<T: Real> LogProbability<T> for Bernoulli {
    fn log_base_measure(&self, _target: &DVector<T>) -> T {
        T::zero()
    }
}
