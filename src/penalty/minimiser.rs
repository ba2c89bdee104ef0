//! The weights that minimise the expected squared loss.

use super::ldl;
use super::linear::LeastSquares;
use crate::error::{Error, Result};
use crate::law::Law;
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};

impl<T: Scalar> LeastSquares<T> {
    /// \\((X^\top X + \operatorname{diag}\lambda)^{-1} X^\top y\\): ridge regression with a coefficient λ_j ≥ 0 for each
    /// feature.
    ///
    /// With the [coefficients of dropout](LeastSquares::ridge_coefficients) this is \\(\tilde w = p \odot w\\) for the
    /// minimiser w of the expected loss (claim l2.minimiser): the weights after weight scaling, and those that inverted
    /// dropout arrives at.
    ///
    /// ```
    /// use dropout_oracle::penalty::LeastSquares;
    /// use nalgebra::{dmatrix, dvector};
    /// // every example is x = 1, y = 1: no variance at all, and yet dropout with p = ½ halves the weight
    /// let problem = LeastSquares::new(dmatrix![1.0; 1.0; 1.0], dvector![1.0, 1.0, 1.0])?;
    /// let lambda = problem.ridge_coefficients(&dvector![0.5])?;
    /// assert_eq!(problem.ridge(&lambda)?.as_slice(), [0.5]);
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] unless there is one coefficient a feature, [`Error::Domain`] for a negative one, and
    /// [`Error::Undetermined`] unless the minimiser is unique: no feature is zero in all examples, and those with λ_j = 0
    /// are linearly independent.
    pub fn ridge(&self, coefficients: &DVector<T>) -> Result<DVector<T>> {
        Error::shape("ridge coefficients, one a feature", self.features(), coefficients.len())?;
        if let Some(feature) = coefficients.iter().position(|lambda| !(*lambda >= T::zero() && lambda.is_finite())) {
            return Err(Error::Domain {
                what: format!("ridge coefficient of feature {feature}"),
                value: coefficients[feature].to_f64().to_string(),
                must: "at least 0 and finite",
            });
        }
        self.solve(self.gram() + DMatrix::from_diagonal(coefficients), self.with_inputs(self.targets()))
    }

    /// The weights w that minimise the expected loss under **any** law with mean m and covariance C, from its normal
    /// equations \\(((C + m m^\top) \circ X^\top X)\\, w = m \odot X^\top y\\).
    ///
    /// These are the weights before weight scaling, which uses m∘w. As p → 0, w_j → (Xᵀy)_j / G_jj: each feature is
    /// regressed on by itself (claim l2.limit).
    ///
    /// ```
    /// use dropout_oracle::{law::FixedCount, penalty::LeastSquares};
    /// use nalgebra::{dmatrix, dvector};
    /// let problem = LeastSquares::new(dmatrix![1.0, 1.0; 1.0, -1.0], dvector![3.0, 1.0])?;
    /// // one of the two features at a time: marginal regressions
    /// assert_eq!(problem.minimiser(&FixedCount::new(2, 1)?)?.as_slice(), [2.0, 1.0]);
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] unless the law has one unit a feature, [`Error::Undetermined`] unless the minimiser is unique.
    pub fn minimiser<L: Law<T> + ?Sized>(&self, law: &L) -> Result<DVector<T>> {
        self.check(law)?;
        let mean = law.mean();
        let outer = DMatrix::from_fn(mean.len(), mean.len(), |i, j| mean[i].clone() * mean[j].clone());
        let moments = law.covariance() + outer;
        self.solve(moments.component_mul(&self.gram()), self.with_inputs(self.targets()).component_mul(&mean))
    }

    /// The solution of normal equations, or the feature whose weight they leave open.
    fn solve(&self, a: DMatrix<T>, b: DVector<T>) -> Result<DVector<T>> {
        if let Some(feature) = a.diagonal().iter().position(|square| square.is_zero()) {
            let why = "the feature is zero in every example, or under every mask; remove it";
            return Err(Error::Undetermined { feature, why });
        }
        ldl::solve(a, b).map_err(|feature| Error::Undetermined {
            feature,
            why: "some features, this one the last of them, are linearly dependent and no mask tells them apart; remove \
                  it or drop them independently",
        })
    }
}
