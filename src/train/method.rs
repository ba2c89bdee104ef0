//! What a step goes down: nothing dropped, dropout or other noise, or dropout boosting.

use super::{Objective, boosting, dropconnect, objective};
use crate::data::Examples;
use crate::ensemble::expectation;
use crate::error::Result;
use crate::head::Head;
use crate::law::{FiniteLaw, Gaussian, Law, Rescaled};
use crate::model::Model;
use crate::network::{Mlp, Network, Unit};
use crate::scalar::Scalar;
use nalgebra::DVector;

/// The objective of training, and how a step estimates its gradient.
///
/// Independent networks, with or without bagging, are trained by one of these methods each: see
/// [`Training::committee`](super::Training::committee).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// No noise: \\(\ell(f(x, \mathbb E\\,\mu), y)\\), the loss of the very network that weight scaling predicts with.
    Plain,
    /// \\(\mathbb E_\mu\\, \ell(f(x, \mu), y)\\), estimated by one mask a row ([`objective::sampled`]).
    Dropout,
    /// −ln NGM(y), the loss of the ensemble: one mask a row, through which the ensemble's own output error goes back
    /// ([`boosting::sampled`]). The ensemble's output is exact, so the estimate is unbiased, and every row costs as many
    /// evaluations as there are masks: for small numbers of units only.
    Boosting,
    /// As [`Method::Boosting`], with weight scaling standing in for the ensemble: for any number of units, but biased
    /// wherever weight scaling is not the geometric mean (claim boost.objective).
    BoostingWeightScaled,
    /// \\(\mathbb E_\mu\\, \ell(f(x, \mu), y)\\) with normal multipliers of the mean and variance that dropout has:
    /// \\(\mu_i \sim N(1, (1-p_i)/p_i)\\) under the inverted convention, and \\(p_i\\) times that under the standard one.
    /// One number for each unit and row multiplies the *activation* (Srivastava et al. 2014, section 10).
    Gaussian,
    /// A mask on every weight that leaves a droppable unit, with the KEEP probability and scale of that unit (Wan et al.
    /// 2013): [`dropconnect`].
    DropConnect,
}

impl Method {
    /// The law of the multipliers that a step draws: of units, or for [`Method::DropConnect`] of
    /// [weights](dropconnect::law). [`Method::Plain`] takes its mean instead.
    ///
    /// # Errors
    /// [`Error::Domain`](crate::Error::Domain) from [`Method::DropConnect`] for a dropout layer that no affine layer
    /// follows.
    pub fn law(self, model: &Model) -> Result<Box<dyn Law<f64>>> {
        Ok(match self {
            Self::Gaussian => Box::new(Rescaled::new(Gaussian::matching(model.keep().clone())?, model.law().mean())?),
            Self::DropConnect => Box::new(dropconnect::law(model)?),
            Self::Plain | Self::Dropout | Self::Boosting | Self::BoostingWeightScaled => Box::new(model.law().clone()),
        })
    }

    /// An objective of the network and the multipliers of its units, under the noise of this method: where that is on the
    /// weights, of the network with those weights and all its units.
    pub(super) fn under_noise<T: Scalar, A: Unit<T>>(
        self,
        network: &Mlp<T, A>,
        mut multipliers: impl FnMut(usize) -> DVector<T>,
        objective: impl FnOnce(&Mlp<T, A>, &mut dyn FnMut(usize) -> DVector<T>) -> Result<Objective<T>>,
    ) -> Result<Objective<T>> {
        match self {
            Self::DropConnect => dropconnect::through(network, &multipliers(0), |network| {
                let all = DVector::from_element(network.units(), T::one());
                objective(network, &mut |_| all.clone())
            }),
            _ => objective(network, &mut multipliers),
        }
    }

    /// The estimate for one minibatch; `multipliers` draws the mask of its r-th row, where the method needs one. For
    /// [`Method::DropConnect`] the multipliers are those of the weights, drawn once, as `multipliers(0)`.
    ///
    /// ```
    /// use dropout_oracle::{data::Examples, head::Gaussian, law::Uniform, network::linear_regression, train::Method};
    /// use nalgebra::dvector;
    /// let (net, law) = (linear_regression(dvector![2.0], 0.0)?, Uniform::new(1));
    /// let examples = Examples::new(vec![dvector![1.0]], vec![dvector![3.0]])?;
    /// let error = |method: Method| {
    ///     let step = method.sampled(&net, &Gaussian::new(1.0)?, &law, &examples, &[0], |_| dvector![1.0])?;
    ///     Ok::<f64, dropout_oracle::Error>(step.gradient[0].bias[0])
    /// };
    /// assert_eq!(error(Method::Dropout)?, -1.0); // the sub-model with the input predicts 2
    /// assert_eq!(error(Method::Boosting)?, -2.0); // the ensemble predicts 1
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`objective::sampled`] and [`dropconnect::through`]; [`Error::TooManyMasks`](crate::Error::TooManyMasks) from
    /// [`Method::Boosting`].
    pub fn sampled<T: Scalar, A: Unit<T>, H: Head<T> + ?Sized, L: FiniteLaw<T> + ?Sized>(
        self,
        network: &Mlp<T, A>,
        head: &H,
        law: &L,
        examples: &Examples<T>,
        rows: &[usize],
        multipliers: impl FnMut(usize) -> DVector<T>,
    ) -> Result<Objective<T>> {
        match self {
            Self::Plain => objective::sampled(network, head, examples, rows, |_| law.mean()),
            Self::Dropout | Self::Gaussian | Self::DropConnect => {
                self.under_noise(network, multipliers, |network, multipliers| {
                    objective::sampled(network, head, examples, rows, multipliers)
                })
            }
            Self::Boosting => boosting::sampled(network, head, examples, rows, multipliers, |x| {
                expectation(law, |multipliers| network.output(x, multipliers))
            }),
            Self::BoostingWeightScaled => {
                boosting::sampled(network, head, examples, rows, multipliers, |x| network.output(x, &law.mean()))
            }
        }
    }
}
