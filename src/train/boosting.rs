//! The step of dropout boosting: sub-models are sampled, but they are told the error of the whole ensemble.

use super::objective::{Objective, mean_over_rows};
use crate::data::Examples;
use crate::error::Result;
use crate::head::Head;
use crate::network::{Mlp, Unit};
use crate::scalar::Scalar;
use nalgebra::DVector;

/// \\(\frac1{|B|} \sum_{r} J_{\mu_r}^\top e(\bar f(x_{n_r}), y_{n_r})\\): each row back-propagates, through the sub-model
/// of its own mask, the output error at the *ensemble's* output \\(\bar f\\) (Warde-Farley et al. 2014).
///
/// With \\(\bar f(x) = \mathbb E_\mu f(x, \mu)\\), whose distribution is the normalised geometric mean, the mean over the
/// masks is [`Ensemble::boosting_gradient`](crate::Ensemble::boosting_gradient) and the loss is −ln NGM(y) without the
/// base measure. With any other output `ensemble` gives, such as weight scaling's, the step is biased. Rows and
/// multipliers are as in [`objective::sampled`](super::objective::sampled).
///
/// ```
/// use dropout_oracle::{data::Examples, head::Gaussian, network::linear_regression, train::boosting::sampled};
/// use nalgebra::dvector;
/// let net = linear_regression(dvector![2.0], 0.0)?;
/// let examples = Examples::new(vec![dvector![1.0]], vec![dvector![3.0]])?;
/// // the input kept or dropped with probability one half: the ensemble predicts 1, its error is −2 …
/// let objective = sampled(&net, &Gaussian::new(1.0)?, &examples, &[0], |_| dvector![1.0], |_| Ok(dvector![1.0]))?;
/// assert_eq!(objective.gradient[0].weight[0], -2.0); // … although this sub-model predicts 2 and its own is −1
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) unless inputs, targets and multipliers have the network's lengths; those of
/// `ensemble`.
pub fn sampled<T: Scalar, A: Unit<T>, H: Head<T> + ?Sized>(
    network: &Mlp<T, A>,
    head: &H,
    examples: &Examples<T>,
    rows: &[usize],
    mut multipliers: impl FnMut(usize) -> DVector<T>,
    ensemble: impl Fn(&DVector<T>) -> Result<DVector<T>>,
) -> Result<Objective<T>> {
    mean_over_rows(rows, |r, n| {
        let (x, target) = (&examples.inputs()[n], &examples.targets()[n]);
        let output = ensemble(x)?;
        let (_, gradient) = network.backpropagate(x, &multipliers(r), |_| head.error(&output, target))?;
        Ok(Objective { loss: head.loss(&output, target)?, gradient })
    })
}
