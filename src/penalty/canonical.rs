//! Heads whose network output is the natural parameter, up to a fixed scale: canonical links.

use crate::head::{Bernoulli, Gaussian, Head, Poisson, Softmax};
use crate::scalar::{Real, Scalar, log_sum_exp};
use nalgebra::{DMatrix, DVector};

/// A head with log-partition function A of the network's output η: the loss is A(η) less something *linear* in η, where
/// alone the target comes in.
///
/// That is why the penalty of dropout does not see the target (claim glm.penalty), and why the Hessian of the loss does
/// not either: it is A″, the Fisher information of η (claim adagrad.fisher).
pub trait Canonical<T: Scalar>: Head<T> {
    /// A(η).
    fn log_partition(&self, output: &DVector<T>) -> T {
        // The loss at the target 0, where nothing but A is left of it.
        self.loss(output, &output.map(|_| T::zero())).expect("one target an output")
    }

    /// A″(η), the Hessian, one row and one column an output: the covariance of y, in units of the output's scale.
    ///
    /// ```
    /// use dropout_oracle::{head::Bernoulli, penalty::Canonical};
    /// use nalgebra::dvector;
    /// assert_eq!(Bernoulli.curvature(&dvector![0.0])[0], 0.25); // σ(1 − σ)
    /// ```
    fn curvature(&self, output: &DVector<T>) -> DMatrix<T>;
}

impl<T: Real> Canonical<T> for Bernoulli {
    /// diag σ(η)(1 − σ(η)).
    fn curvature(&self, output: &DVector<T>) -> DMatrix<T> {
        DMatrix::from_diagonal(&output.map(|logit| logit.logistic() * (-logit).logistic()))
    }
}

impl<T: Real> Canonical<T> for Softmax {
    /// ln Σ e^η. (A target of zero is no distribution over classes.)
    fn log_partition(&self, output: &DVector<T>) -> T {
        log_sum_exp(output.as_slice())
    }
    /// diag p − p pᵀ.
    fn curvature(&self, output: &DVector<T>) -> DMatrix<T> {
        let p = self.expected(output);
        DMatrix::from_fn(p.len(), p.len(), |i, j| p[i] * (if i == j { T::one() - p[i] } else { -p[j] }))
    }
}

impl<T: Real> Canonical<T> for Poisson {
    /// The rates.
    fn curvature(&self, output: &DVector<T>) -> DMatrix<T> {
        DMatrix::from_diagonal(&output.map(T::exp))
    }
}

impl<T: Scalar> Canonical<T> for Gaussian<T> {
    /// 1/σ², whatever the mean: here the quadratic approximation is exact.
    fn curvature(&self, output: &DVector<T>) -> DMatrix<T> {
        DMatrix::from_diagonal_element(output.len(), output.len(), T::one() / self.variance().clone())
    }
}
