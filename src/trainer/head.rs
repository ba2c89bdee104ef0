//! Losses and errors of a row of outputs, without allocation.

use super::float::Float;
use crate::model::HeadKind;

/// Turns a row of outputs into the gradient of its loss, and gives the loss: −ln p(y) without the base measure, as
/// [`Head::loss`](crate::head::Head::loss) and [`Head::error`](crate::head::Head::error) have them.
pub(super) fn loss_and_error<F: Float>(head: &HeadKind, output: &mut [F], target: &[F]) -> F {
    let pairs = output.iter_mut().zip(target);
    match head {
        HeadKind::Softmax => softmax(output, target),
        HeadKind::Bernoulli => pairs.fold(F::zero(), |loss, (z, &y)| {
            let logit = *z;
            *z = logit.logistic() - y;
            loss + y * (-logit).softplus() + (F::one() - y) * logit.softplus()
        }),
        HeadKind::Gaussian { variance } => {
            let (variance, half) = (F::from_f64(*variance), F::ratio(1, 2));
            pairs.fold(F::zero(), |loss, (z, &y)| {
                let mean = *z;
                *z = (mean - y) / variance;
                loss + (half * mean - y) * mean / variance
            })
        }
        HeadKind::Poisson => pairs.fold(F::zero(), |loss, (z, &y)| {
            let log_rate = *z;
            *z = log_rate.exp() - y;
            loss + log_rate.exp() - y * log_rate
        }),
    }
}

/// The largest logit is taken out, so that nothing overflows.
fn softmax<F: Float>(output: &mut [F], target: &[F]) -> F {
    let largest = output.iter().copied().fold(F::neg_infinity(), F::maximum);
    let mut total = F::zero();
    let (mut linear, mut mass) = (F::zero(), F::zero());
    for (z, &y) in output.iter_mut().zip(target) {
        *z -= largest;
        if !y.is_zero() {
            linear += y * *z;
            mass += y;
        }
        *z = z.exp();
        total += *z;
    }
    for (z, &y) in output.iter_mut().zip(target) {
        *z = *z / total * mass - y;
    }
    mass * total.ln() - linear
}
