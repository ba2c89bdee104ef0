//! Dropout boosting: the whole ensemble, trained as one model (Warde-Farley et al. 2014).

use super::{Ensemble, expectation};
use crate::error::Result;
use crate::head::{Head, LogProbability};
use crate::law::FiniteLaw;
use crate::network::backpropagation::Gradient;
use crate::network::{Affine, Mlp, Unit};
use crate::scalar::{Real, Scalar};
use nalgebra::{DMatrix, DVector};

impl<T: Scalar, A: Unit<T>, H: ?Sized, L: ?Sized> Ensemble<'_, Mlp<T, A>, H, L> {
    /// The objective of dropout boosting, \\(-\ln \mathrm{NGM}(y)\\): the loss of the ensemble, not the mean loss of
    /// its members. It is the dropout loss without the disagreement R of [`Ensemble::decomposition`].
    ///
    /// # Errors
    /// As [`Ensemble::geometric_mean`].
    pub fn boosting_loss(&self, x: &DVector<T>, target: &DVector<T>) -> Result<T>
    where
        T: Real,
        H: LogProbability<T>,
        L: FiniteLaw<T>,
    {
        Ok(self.decomposition(x, target)?.geometric_loss)
    }

    /// Its exact gradient \\(\mathbb E_\mu\\, J_\mu^\top (p_{\mathrm{NGM}} - e_y)\\), by enumeration: every sub-model
    /// back-propagates the *ensemble's* output error (claim boost.objective).
    ///
    /// Holds for heads whose natural parameter is an affine function of the network's output, as for softmax,
    /// Bernoulli, Gaussian with one variance, and Poisson: then the ensemble's output is the mean output. To
    /// back-propagate the error of the weight-scaled network instead is biased wherever weight scaling is not the
    /// geometric mean.
    ///
    /// ```
    /// use dropout_oracle::{Ensemble, head::Softmax, law::Uniform, network::softmax_regression};
    /// use nalgebra::{dmatrix, dvector};
    /// let net = softmax_regression(dmatrix![1.0; -1.0], dvector![0.0, 0.0])?;
    /// let law = Uniform::new(1);
    /// let ensemble = Ensemble::new(&net, &Softmax, &law)?;
    /// let gradient = ensemble.boosting_gradient(&dvector![2.0], &dvector![1.0, 0.0])?;
    /// // the bias sees the ensemble's error, σ(½·2·2) − 1
    /// assert_eq!(format!("{:.4}", gradient[0].bias[0]), "-0.1192");
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) for an input or a target of another length,
    /// [`Error::TooManyMasks`](crate::Error::TooManyMasks) where they cannot be counted.
    pub fn boosting_gradient(&self, x: &DVector<T>, target: &DVector<T>) -> Result<Gradient<T>>
    where
        H: Head<T>,
        L: FiniteLaw<T>,
    {
        let error = self.head.error(&self.expect(x, DVector::clone)?, target)?;
        self.mean_gradient(x, |_| Ok(error.clone()))
    }

    /// The exact gradient of the dropout loss, \\(\mathbb E_\mu\\, J_\mu^\top (p_\mu - e_y)\\): every sub-model
    /// back-propagates its *own* output error. What it has beyond [`Ensemble::boosting_gradient`] is the gradient of
    /// the disagreement R.
    ///
    /// # Errors
    /// As [`Ensemble::boosting_gradient`].
    pub fn dropout_gradient(&self, x: &DVector<T>, target: &DVector<T>) -> Result<Gradient<T>>
    where
        H: Head<T>,
        L: FiniteLaw<T>,
    {
        self.mean_gradient(x, |output| self.head.error(output, target))
    }

    /// \\(\mathbb E_\mu\\, J_\mu^\top e(f(x, \mu))\\) for an output error e.
    ///
    /// # Errors
    /// As [`Ensemble::boosting_gradient`]; [`Error::Shape`](crate::Error::Shape) unless e has one entry an output.
    pub fn mean_gradient(
        &self,
        x: &DVector<T>,
        error: impl Fn(&DVector<T>) -> Result<DVector<T>> + Sync,
    ) -> Result<Gradient<T>>
    where
        L: FiniteLaw<T>,
    {
        let mean =
            expectation(self.law, |multipliers| Ok(flat(&self.network.backpropagate(x, multipliers, &error)?.1)))?;
        let mut rest = mean.iter().cloned();
        let shaped = self.network.affine().map(|affine| Affine {
            weight: DMatrix::from_iterator(affine.outputs(), affine.inputs(), rest.by_ref().take(affine.weight.len())),
            bias: DVector::from_iterator(affine.outputs(), rest.by_ref().take(affine.outputs())),
        });
        Ok(shaped.collect())
    }
}

/// All entries, layer by layer, each weight column by column and then its bias.
fn flat<T: Scalar>(gradient: &Gradient<T>) -> DVector<T> {
    let entries: Vec<T> = gradient.iter().flat_map(|g| g.weight.iter().chain(&g.bias).cloned()).collect();
    entries.into()
}
