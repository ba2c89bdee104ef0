//! Gradient descent on the dropout loss with fresh masks: the exact mean and covariance of the weights.

use super::ldl;
use super::linear::LeastSquares;
use crate::ensemble::expectation;
use crate::error::{Error, Result};
use crate::law::FiniteLaw;
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};

/// The mean and the covariance of a random vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments<T> {
    /// The mean.
    pub mean: DVector<T>,
    /// The covariance.
    pub covariance: DMatrix<T>,
}

impl<T: Scalar> Moments<T> {
    /// The moments of a vector that is not random.
    pub fn certain(value: DVector<T>) -> Self {
        let covariance = DMatrix::zeros(value.len(), value.len());
        Self { mean: value, covariance }
    }

    /// The moments of f(μ), by enumeration of the law.
    fn of<L: FiniteLaw<T> + ?Sized>(law: &L, f: impl Fn(&DVector<T>) -> Result<DVector<T>> + Sync) -> Result<Self> {
        let mean = expectation(law, &f)?;
        let squares = expectation(law, |multipliers| {
            let off = f(multipliers)? - &mean;
            Ok(DVector::from_fn(off.len() * off.len(), |k, _| off[k % off.len()].clone() * off[k / off.len()].clone()))
        })?;
        Ok(Self { covariance: DMatrix::from_vec(mean.len(), mean.len(), squares.data.into()), mean })
    }
}

/// Which examples of a minibatch share a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaskPer {
    /// All of them: one mask a minibatch.
    Batch,
    /// None: a mask for each row of X, independent of the others.
    Row,
}

impl<T: Scalar> LeastSquares<T> {
    /// Mean and covariance of the [gradient of half the loss](LeastSquares::gradient) at fixed weights, over the masks.
    ///
    /// The mean does not depend on who shares a mask; the covariance does, and neither way is always the smaller
    /// (claim l2.batch-mask).
    ///
    /// ```
    /// use dropout_oracle::{law::Uniform, penalty::{LeastSquares, MaskPer}};
    /// use nalgebra::{dmatrix, dvector};
    /// let problem = LeastSquares::new(dmatrix![1.0; 1.0], dvector![2.0, 2.0])?;
    /// let moments = |per| problem.gradient_moments(&Uniform::new(1), &dvector![1.0], per);
    /// let (batch, row) = (moments(MaskPer::Batch)?, moments(MaskPer::Row)?);
    /// assert_eq!(batch.mean, row.mean);
    /// assert_eq!((batch.covariance[0], row.covariance[0]), (1.0, 0.5)); // independent rows cancel out in part
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] unless there are one weight and one unit of the law a feature,
    /// [`Error::TooManyMasks`] where they cannot be counted.
    pub fn gradient_moments<L: FiniteLaw<T> + ?Sized>(
        &self,
        law: &L,
        weights: &DVector<T>,
        per: MaskPer,
    ) -> Result<Moments<T>> {
        match per {
            MaskPer::Batch => Moments::of(law, |multipliers| self.gradient(weights, multipliers)),
            // Independent rows: means and covariances add.
            MaskPer::Row => {
                let none = Moments::certain(DVector::zeros(self.features()));
                self.rows().try_fold(none, |sum, row| {
                    let row = row.gradient_moments(law, weights, MaskPer::Batch)?;
                    Ok(Moments { mean: sum.mean + row.mean, covariance: sum.covariance + row.covariance })
                })
            }
        }
    }

    /// Each example as a problem of its own.
    fn rows(&self) -> impl Iterator<Item = Self> {
        self.inputs().row_iter().zip(self.targets()).map(|(row, target)| {
            let inputs = DMatrix::from_iterator(1, self.features(), row.iter().cloned());
            Self::new(inputs, DVector::from_element(1, target.clone())).expect("a row of a problem is one")
        })
    }
}

/// Full-batch gradient descent on ½‖y − X(μ∘w)‖², with one fresh mask a step and constant step size α:
/// \\(w \leftarrow w + \alpha\\, \mu \odot X^\top (y - X(\mu \odot w))\\) (Clara, Langer and Schmidt-Hieber 2024).
///
/// The update is affine in w and its mask independent of w, so mean and covariance obey a recursion of their own. Its
/// fixed point has the minimiser of the expected loss as its mean, exactly, and a covariance of order α: with a constant
/// step the weights keep fluctuating about the minimiser (claim l2.sgd-moments).
#[derive(Debug)]
pub struct Descent<'a, T, L: ?Sized> {
    problem: &'a LeastSquares<T>,
    /// The same X with y = 0, whose update is the linear part.
    homogeneous: LeastSquares<T>,
    law: &'a L,
    step: T,
}

impl<'a, T: Scalar, L: FiniteLaw<T> + ?Sized> Descent<'a, T, L> {
    /// Descent on `problem` with masks from `law` and step size α = `step`.
    ///
    /// # Errors
    /// [`Error::Shape`] unless the law has one unit a feature, [`Error::Domain`] unless the step is positive.
    pub fn new(problem: &'a LeastSquares<T>, law: &'a L, step: T) -> Result<Self> {
        problem.check(law)?;
        if !(step > T::zero() && step.is_finite()) {
            let value = step.to_f64().to_string();
            return Err(Error::Domain { what: "step size".into(), value, must: "positive and finite" });
        }
        let homogeneous = LeastSquares::new(problem.inputs().clone(), problem.targets().map(|_| T::zero()))?;
        Ok(Self { problem, homogeneous, law, step })
    }

    /// The weights after one step with the multipliers μ.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there are one weight and one multiplier a feature.
    pub fn update(&self, weights: &DVector<T>, multipliers: &DVector<T>) -> Result<DVector<T>> {
        Ok(weights - self.problem.gradient(weights, multipliers)? * self.step.clone())
    }

    /// The moments of the weights after one more step, given those before it.
    ///
    /// # Errors
    /// [`Error::Shape`] unless the moments are those of one weight a feature,
    /// [`Error::TooManyMasks`] where the masks cannot be counted.
    pub fn next(&self, before: &Moments<T>) -> Result<Moments<T>> {
        let n = self.problem.features();
        Error::shape("covariance of the weights, one row a feature", n, before.covariance.nrows())?;
        Error::shape("covariance of the weights, one column a feature", n, before.covariance.ncols())?;
        // The law of total covariance: that of the mean given the mask, plus the mean of that given the mask.
        let of_means = Moments::of(self.law, |multipliers| self.update(&before.mean, multipliers))?;
        let within = expectation(self.law, |multipliers| {
            let a = self.linear_part(multipliers)?;
            let half = columns(&before.covariance, |column| &a * column);
            Ok(DVector::from_vec(columns(&half.transpose(), |column| &a * column).data.into()))
        })?;
        Ok(Moments { covariance: of_means.covariance + DMatrix::from_vec(n, n, within.data.into()), ..of_means })
    }

    /// The moments that a step leaves as they are: the mean is the minimiser w* of the expected loss, and the covariance
    /// S solves \\(S = \mathbb E\\, A_\mu S A_\mu + \alpha^2 \operatorname{Cov} g_\mu\\), with \\(A_\mu\\) the linear part
    /// of the update and \\(g_\mu\\) the gradient at w*.
    ///
    /// # Errors
    /// [`Error::Undetermined`] without a unique minimiser, [`Error::Domain`] for a step so large that the second moment
    /// grows (which it may while the mean still converges).
    pub fn stationary(&self) -> Result<Moments<T>> {
        let mean = self.problem.minimiser(self.law)?;
        let noise = Moments::of(self.law, |multipliers| self.update(&mean, multipliers))?.covariance;
        let n = mean.len();
        let kronecker = expectation(self.law, |multipliers| {
            let a = self.linear_part(multipliers)?;
            let entry = |i: usize, j: usize| a[(i % n, j % n)].clone() * a[(i / n, j / n)].clone();
            Ok(DVector::from_fn(n.pow(4), |k, _| entry(k % (n * n), k / (n * n))))
        })?;
        let system = DMatrix::identity(n * n, n * n) - DMatrix::from_vec(n * n, n * n, kronecker.data.into());
        // E A ⊗ A is symmetric and its largest eigenvalue is its spectral radius (S ↦ E A S A keeps S ≥ 0), so the second
        // moment contracts iff the system is positive definite.
        let covariance = ldl::solve(system, DVector::from_vec(noise.data.into())).map_err(|_| Error::Domain {
            what: "step size".into(),
            value: self.step.to_f64().to_string(),
            must: "so small that the second moment of the weights contracts",
        })?;
        Ok(Moments { mean, covariance: DMatrix::from_vec(n, n, covariance.data.into()) })
    }

    /// \\(A_\mu = I - \alpha \operatorname{diag}(\mu) X^\top X \operatorname{diag}(\mu)\\).
    fn linear_part(&self, multipliers: &DVector<T>) -> Result<DMatrix<T>> {
        let n = self.problem.features();
        let mut a = DMatrix::identity(n, n);
        for mut column in a.column_iter_mut() {
            let unit = column.clone_owned();
            column -= self.homogeneous.gradient(&unit, multipliers)? * self.step.clone();
        }
        Ok(a)
    }
}

/// f of each column.
fn columns<T: Scalar>(a: &DMatrix<T>, f: impl Fn(DVector<T>) -> DVector<T>) -> DMatrix<T> {
    DMatrix::from_columns(&a.column_iter().map(|column| f(column.into_owned())).collect::<Vec<_>>())
}
