//! Generalised linear models under dropout: the exact penalty and its quadratic approximation (Wager et al. 2013).

use super::canonical::Canonical;
use crate::ensemble::expectation;
use crate::error::{Error, Result};
use crate::law::{FiniteLaw, Law};
use crate::network::Affine;
use crate::scalar::{Scalar, dot};
use nalgebra::{DMatrix, DVector};

/// A generalised linear model with canonical link and multiplicative noise μ on its inputs: \\(\eta = W(\mu \odot x) + b\\).
///
/// With mean input weights, \\(\bar\eta = W(\mathbb E\mu \odot x) + b\\), the expected loss is the loss at η̄ plus a
/// penalty that no target enters (claim glm.penalty). So it can be summed over inputs without targets as well: that is
/// all there is to semi-supervised dropout.
///
/// ```
/// use dropout_oracle::{head::Bernoulli, law::{Rescaled, Uniform}, network::Affine, penalty::Glm};
/// use nalgebra::{dmatrix, dvector};
/// let weights = Affine::new(dmatrix![0.1, -0.2], dvector![0.0])?;
/// let law = Rescaled::inverted(Uniform::new(2))?;
/// let glm = Glm::new(&weights, &Bernoulli, &law)?;
/// let inputs = dmatrix![1.0, 0.0; 1.0, 1.0]; // one example a row
/// let ratio: f64 = glm.quadratic_penalty(&inputs)? / glm.penalty(&inputs)?;
/// assert!((ratio - 1.0).abs() < 0.01); // small weights
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Debug)]
pub struct Glm<'a, T, H: ?Sized, L: ?Sized> {
    weights: &'a Affine<T>,
    head: &'a H,
    law: &'a L,
}

impl<'a, T: Scalar, H: Canonical<T> + ?Sized, L: Law<T> + ?Sized> Glm<'a, T, H, L> {
    /// The model with W and b in `weights` and noise from `law`.
    ///
    /// # Errors
    /// [`Error::Shape`] unless the law has one unit an input; the head's own if it does not fit the outputs.
    pub fn new(weights: &'a Affine<T>, head: &'a H, law: &'a L) -> Result<Self> {
        Error::shape("units of the law, one an input", weights.inputs(), law.units())?;
        head.check(weights.outputs())?;
        Ok(Self { weights, head, law })
    }

    /// \\(R = \sum_i \mathbb E\\, A(\eta_i) - A(\bar\eta_i)\\) over the rows of `inputs`, by enumeration of the law.
    ///
    /// By Jensen's inequality R ≥ 0.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there is one column an input, [`Error::TooManyMasks`] where they cannot be counted.
    pub fn penalty(&self, inputs: &DMatrix<T>) -> Result<T>
    where
        L: FiniteLaw<T>,
    {
        let mean = self.law.mean();
        self.sum(inputs, |x| {
            let partition = |multipliers: &DVector<T>| self.head.log_partition(&self.output(x, multipliers));
            let expected = expectation(self.law, |multipliers| Ok(DVector::from_element(1, partition(multipliers))))?;
            Ok(expected[0].clone() - partition(&mean))
        })
    }

    /// \\(R^q = \tfrac12 \sum_i \operatorname{tr}\big(A''(\bar\eta_i) \operatorname{Cov} \eta_i\big)\\), the second-order
    /// term of the penalty in the *noise*.
    ///
    /// For inverted dropout with drop rate δ and one output that is
    /// \\(\tfrac12 \frac{\delta}{1-\delta} \beta^\top \operatorname{diag}(X^\top V X)\\, \beta\\) with
    /// \\(V_{ii} = A''(x_i\beta)\\): L2 in units of the [Fisher information](Glm::fisher_information). It is good for
    /// small weights (claim glm.quadratic), not for small δ (claim glm.not-small-delta), and it vanishes where the exact
    /// penalty of logistic regression is largest (claim glm.shape).
    ///
    /// # Errors
    /// [`Error::Shape`] unless there is one column an input.
    pub fn quadratic_penalty(&self, inputs: &DMatrix<T>) -> Result<T> {
        let (mean, covariance) = (self.law.mean(), self.law.covariance());
        self.sum(inputs, |x| {
            let curvature = self.head.curvature(&self.output(x, &mean));
            // ηs move by the columns of J = W diag(x): tr(A″ J C Jᵀ) = Σ_jk C_jk J_jᵀ A″ J_k.
            let moves: Vec<DVector<T>> =
                self.weights.weight.column_iter().zip(x).map(|(column, x)| column * x.clone()).collect();
            let mut trace = T::zero();
            for (k, by) in moves.iter().enumerate() {
                let bent = &curvature * by;
                for (j, other) in moves.iter().enumerate() {
                    trace += covariance[(j, k)].clone() * dot(other, &bent);
                }
            }
            Ok(trace * T::ratio(1, 2))
        })
    }

    /// \\(\sum_i A''(\bar\eta_i) \otimes x_i x_i^\top\\), the Hessian of the loss and the Fisher information of W at
    /// weights W∘Eμ, over the rows of `inputs`. Entry (j·K + k) belongs to W_kj, for K outputs: the order in which
    /// nalgebra stores W.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there is one column an input.
    pub fn fisher_information(&self, inputs: &DMatrix<T>) -> Result<DMatrix<T>> {
        let (outputs, mean) = (self.weights.outputs(), self.law.mean());
        let size = outputs * self.weights.inputs();
        self.fold(inputs, DMatrix::zeros(size, size), |sum, x| {
            let curvature = self.head.curvature(&self.output(x, &mean));
            let entry = |i: usize, j: usize| {
                curvature[(i % outputs, j % outputs)].clone() * x[i / outputs].clone() * x[j / outputs].clone()
            };
            Ok(sum + DMatrix::from_fn(size, size, entry))
        })
    }

    /// η.
    fn output(&self, x: &DVector<T>, multipliers: &DVector<T>) -> DVector<T> {
        self.weights.apply(&x.component_mul(multipliers))
    }

    fn sum(&self, inputs: &DMatrix<T>, f: impl Fn(&DVector<T>) -> Result<T>) -> Result<T> {
        self.fold(inputs, T::zero(), |sum, x| Ok(sum + f(x)?))
    }

    fn fold<S>(&self, inputs: &DMatrix<T>, start: S, f: impl Fn(S, &DVector<T>) -> Result<S>) -> Result<S> {
        Error::shape("columns of the inputs, one an input of the model", self.weights.inputs(), inputs.ncols())?;
        inputs.row_iter().try_fold(start, |sum, row| f(sum, &row.transpose()))
    }
}
