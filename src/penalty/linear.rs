//! Linear regression under dropout: the expected squared loss is a squared loss plus a quadratic penalty.

use crate::ensemble::expectation;
use crate::error::{Error, Result};
use crate::law::{FiniteLaw, Law};
use crate::scalar::{Scalar, dot};
use nalgebra::{DMatrix, DVector};

/// Examples for linear regression: the rows of X (examples × features) and their targets y.
///
/// Losses are **sums** over the examples of squared errors, without ½. There is no bias: a constant feature that is
/// never dropped (keep probability 1) is one.
///
/// ```
/// use dropout_oracle::{law::Uniform, penalty::LeastSquares};
/// use nalgebra::{dmatrix, dvector};
/// let problem = LeastSquares::new(dmatrix![1.0, 2.0; 3.0, 4.0], dvector![1.0, 0.0])?;
/// let (law, w) = (Uniform::new(2), dvector![1.0, -1.0]);
/// // by definition, over all four masks, and in closed form
/// assert_eq!(problem.expected_loss(&law, &w)?, problem.penalised_loss(&law, &w)?);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LeastSquares<T> {
    inputs: DMatrix<T>,
    targets: DVector<T>,
}

impl<T: Scalar> LeastSquares<T> {
    /// The problem with one row of `inputs` and one target an example.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there are as many targets as rows, [`Error::NotFinite`] for a NaN or infinite number.
    pub fn new(inputs: DMatrix<T>, targets: DVector<T>) -> Result<Self> {
        Error::shape("targets, one a row of the inputs", inputs.nrows(), targets.len())?;
        for (what, numbers) in [("an input", inputs.as_slice()), ("a target", targets.as_slice())] {
            if let Some(bad) = numbers.iter().find(|number| !number.is_finite()) {
                return Err(Error::NotFinite { what: what.into(), value: bad.to_f64() });
            }
        }
        Ok(Self { inputs, targets })
    }

    /// X, one row an example.
    pub fn inputs(&self) -> &DMatrix<T> {
        &self.inputs
    }

    /// y, one entry an example.
    pub fn targets(&self) -> &DVector<T> {
        &self.targets
    }

    /// The number of features: the length of w.
    pub fn features(&self) -> usize {
        self.inputs.ncols()
    }

    /// y − X w.
    fn residuals(&self, weights: &DVector<T>) -> Result<DVector<T>> {
        Error::shape("weights, one a feature", self.features(), weights.len())?;
        Ok(&self.targets - &self.inputs * weights)
    }

    /// \\(\\|y - X w\\|^2\\), the loss of the network that keeps every feature.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there is one weight a feature.
    pub fn loss(&self, weights: &DVector<T>) -> Result<T> {
        let residuals = self.residuals(weights)?;
        Ok(dot(&residuals, &residuals))
    }

    /// The gradient of **half** the loss of one sub-model, \\(-\mu \odot X^\top (y - X(\mu \odot w))\\), in w.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there are one weight and one multiplier a feature.
    pub fn gradient(&self, weights: &DVector<T>, multipliers: &DVector<T>) -> Result<DVector<T>> {
        Error::shape("multipliers, one a feature", self.features(), multipliers.len())?;
        Error::shape("weights, one a feature", self.features(), weights.len())?;
        let residuals = self.residuals(&weights.component_mul(multipliers))?;
        Ok(-self.with_inputs(&residuals).component_mul(multipliers))
    }

    /// \\(G = X^\top X\\). Its diagonal holds the sums of squares: *uncentred* second moments, not variances.
    pub fn gram(&self) -> DMatrix<T> {
        let columns: Vec<_> = self.inputs.column_iter().map(|column| column.into_owned()).collect();
        DMatrix::from_fn(self.features(), self.features(), |i, j| dot(&columns[i], &columns[j]))
    }

    /// \\(X^\top v\\).
    pub(super) fn with_inputs(&self, v: &DVector<T>) -> DVector<T> {
        let products = self.inputs.column_iter().map(|column| dot(&column.into_owned(), v));
        DVector::from_iterator(self.features(), products)
    }

    /// \\(\mathbb E_\mu \\|y - X(\mu \odot w)\\|^2\\), by definition: every sub-model of the law is evaluated.
    ///
    /// Whether all examples share a mask or each has its own makes no difference to this mean.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there are one weight and one unit of the law a feature,
    /// [`Error::TooManyMasks`] where they cannot be counted.
    pub fn expected_loss<L: FiniteLaw<T> + ?Sized>(&self, law: &L, weights: &DVector<T>) -> Result<T> {
        self.check(law)?;
        Error::shape("weights, one a feature", self.features(), weights.len())?;
        let loss =
            |multipliers: &DVector<T>| Ok(DVector::from_element(1, self.loss(&weights.component_mul(multipliers))?));
        Ok(expectation(law, loss)?[0].clone())
    }

    /// The same in closed form, for **any** law with mean m and covariance C:
    /// \\(\\|y - X(m \odot w)\\|^2 + w^\top (C \circ X^\top X)\\, w\\) (claim l2.general-law).
    ///
    /// # Errors
    /// [`Error::Shape`] unless there are one weight and one unit of the law a feature.
    pub fn penalised_loss<L: Law<T> + ?Sized>(&self, law: &L, weights: &DVector<T>) -> Result<T> {
        let penalty = self.penalty_matrix(law)?;
        Error::shape("weights, one a feature", self.features(), weights.len())?;
        Ok(self.loss(&weights.component_mul(&law.mean()))? + dot(weights, &(penalty * weights)))
    }

    /// \\(C \circ X^\top X\\), the penalty as a quadratic form: diagonal where the units are independent, and not where
    /// they are not (claim l2.fixed-count).
    ///
    /// # Errors
    /// [`Error::Shape`] unless the law has one unit a feature.
    pub fn penalty_matrix<L: Law<T> + ?Sized>(&self, law: &L) -> Result<DMatrix<T>> {
        self.check(law)?;
        Ok(law.covariance().component_mul(&self.gram()))
    }

    /// The ridge coefficients of dropout with **keep** probabilities p, one a feature:
    /// \\(\lambda_j = \frac{1-p_j}{p_j} \sum_n x_{nj}^2\\) (claim l2.per-feature).
    ///
    /// In terms of the weights \\(\tilde w = p \odot w\\) that weight scaling uses, the expected loss is
    /// \\(\\|y - X\tilde w\\|^2 + \sum_j \lambda_j \tilde w_j^2\\). The sums of squares are not centred: a feature is
    /// penalised for its mean as much as for its variance (claim l2.second-moment).
    ///
    /// # Errors
    /// [`Error::Shape`] unless there is one keep probability a feature, [`Error::KeepProbability`] for one outside (0, 1].
    pub fn ridge_coefficients(&self, keep: &DVector<T>) -> Result<DVector<T>> {
        let keep = crate::law::Independent::new(keep.clone())?;
        self.check(&keep)?;
        Ok(keep.keep().zip_map(&self.gram().diagonal(), |p, square| (T::one() - p.clone()) / p * square))
    }

    /// Whether the law has one unit a feature.
    pub(super) fn check<L: Law<T> + ?Sized>(&self, law: &L) -> Result<()> {
        Error::shape("units of the law, one a feature", self.features(), law.units())
    }
}
