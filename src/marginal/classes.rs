//! Softmax over classes whose logits share their masks: brackets for any number of classes, values for a few.

use super::certificate::Certified;
use super::double_double::DoubleDouble;
use super::logit::{Logit, Term, U};
use super::rivals::Rivals;
use crate::error::{Error, Result};
use crate::scalar::{Real, log_sum_exp};
use itertools::izip;
use nalgebra::{DMatrix, DVector};

/// \\(z = A d + b\\), one logit a class, with independent \\(d_j \sim \mathrm{Bernoulli}(p_j)\\).
#[derive(Clone, Debug)]
pub struct Classes {
    weights: DMatrix<f64>,
    keep: DVector<f64>,
    bias: DVector<f64>,
}

/// Two numbers between which the truth lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bracket {
    /// The truth is no less.
    pub low: f64,
    /// The truth is no more.
    pub high: f64,
}

impl Classes {
    /// The classes with weights A (classes × units), KEEP probabilities p and biases b.
    ///
    /// # Errors
    /// [`Error::Shape`] unless the lengths fit, [`Error::Domain`] for fewer than two classes; otherwise as [`Logit::new`].
    pub fn masked(weights: DMatrix<f64>, keep: DVector<f64>, bias: DVector<f64>) -> Result<Self> {
        Error::shape("keep probabilities, one a column of the weights", weights.ncols(), keep.len())?;
        Error::shape("biases, one a class", weights.nrows(), bias.len())?;
        if bias.len() < 2 {
            return Err(Error::Domain {
                what: "number of classes of a softmax".into(),
                value: bias.len().to_string(),
                must: "at least 2 (one logit is a Bernoulli head)",
            });
        }
        let classes = Self { weights, keep, bias };
        for y in 0..classes.bias.len() {
            Logit::masked(&classes.weights.row(y).transpose(), &classes.keep, classes.bias[y])?;
        }
        Ok(classes)
    }

    /// A bracket of \\(\mathbb E \operatorname{softmax}(z)_y\\) in O(nCK): with \\(u_k = z_y - z_k\\),
    /// \\[ \frac1{1+\sum_k \mathbb E\\,e^{-u_k}},\quad 1 - \sum_k \mathbb E\\,\sigma(-u_k) \\;\le\\;
    /// \mathbb E \frac1{1+\sum_k e^{-u_k}} \\;\le\\; \min_k \mathbb E\\,\sigma(u_k), \\]
    /// on the left by Jensen's inequality and by \\(\operatorname{softmax}_k \le \sigma(-u_k)\\), on the right since
    /// leaving out terms of the sum can only raise it.
    ///
    /// ```
    /// use dropout_oracle::marginal::Classes;
    /// use nalgebra::{dmatrix, dvector};
    /// // logits (d, 0): softmax is σ(0) or σ(1), and two classes leave nothing open on the right
    /// let classes = Classes::masked(dmatrix![1.0; 0.0], dvector![0.5], dvector![0.0, 0.0])?;
    /// let bracket = classes.bracket(0)?;
    /// let mean = 0.5 * 0.5 + 0.5 / (1.0 + (-1f64).exp());
    /// assert!(bracket.low <= mean && mean <= bracket.high && bracket.high - mean < 1e-14);
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Domain`] for a class that does not exist; otherwise as [`Logit::expected_logistic`].
    pub fn bracket(&self, y: usize) -> Result<Bracket> {
        self.check(y)?;
        let (mut logs, mut high, mut missing) = (vec![0.0], 1.0f64, 0.0);
        for k in (0..self.bias.len()).filter(|k| *k != y) {
            let (difference, off) = self.difference(y, k)?;
            // A logit that is off by `off` moves e^−u by that factor, and σ by at most a quarter of it.
            let moment = difference.log_exponential_moment(-1.0)?;
            logs.push(moment.value + moment.error + off);
            let binary = difference.expected_logistic()?;
            high = high.min(binary.high() + off / 4.0);
            missing += 1.0 - binary.low() + off / 4.0;
        }
        // The logarithm of the sum is off by two roundings a term and two of its size.
        let roundings = (2.0 * logs.len() as f64 + 6.0) * U;
        let log = log_sum_exp(&logs);
        let jensen = Real::exp(-log) * (1.0 - roundings - 4.0 * U * log.abs());
        let union = 1.0 - missing - roundings * (1.0 + missing);
        Ok(Bracket { low: jensen.max(union).max(0.0), high: high.min(1.0) })
    }

    /// \\(\mathbb E \operatorname{softmax}(z)_y\\): for two classes one integral, for C ≥ 3 that matter a sum over
    /// some 20 to 100 nodes to the power C − 1.
    ///
    /// ```
    /// use dropout_oracle::marginal::Classes;
    /// use nalgebra::{DMatrix, DVector, dvector};
    /// // four classes, 2^40 masks
    /// let weights = DMatrix::from_fn(4, 40, |i, j| if i == j % 4 { 0.5 } else { 0.0 });
    /// let classes = Classes::masked(weights, DVector::from_element(40, 0.5), dvector![0.0, 0.0, 0.0, 0.0])?;
    /// let mean = classes.expected_softmax(0)?;
    /// assert!((mean.value - 0.25).abs() <= mean.error && mean.error < 1e-12);
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Domain`] for more nodes than can be summed, by many classes or logits that spread widely (there is
    /// [`Classes::bracket`]); otherwise as [`Logit::expected_logistic`].
    pub fn expected_softmax(&self, y: usize) -> Result<Certified> {
        let (rivals, off) = self.rivals(y)?;
        let mean = Rivals::new(&rivals).expected_softmax()?;
        // The derivatives of softmax_y in the u_k are products of two probabilities that add up to 1 or less.
        Ok(Certified { error: mean.error + off / 4.0, ..mean })
    }

    /// About how many multiplications [`Classes::expected_softmax`] takes for one class (some 10⁹ are a second).
    ///
    /// # Errors
    /// [`Error::Domain`] for a class that does not exist; otherwise as [`Logit::expected_logistic`].
    pub fn operations(&self, y: usize) -> Result<f64> {
        Rivals::new(&self.rivals(y)?.0).operations()
    }

    /// The z_y − z_k, and what the rounding of their weights can move them by, all together.
    fn rivals(&self, y: usize) -> Result<(Vec<Logit>, f64)> {
        self.check(y)?;
        let (mut rivals, mut total) = (vec![], 0.0);
        for k in (0..self.bias.len()).filter(|k| *k != y) {
            let (difference, off) = self.difference(y, k)?;
            rivals.push(difference);
            total += off;
        }
        Ok((rivals, total))
    }

    /// z_y − z_k, and what the rounding of its weights can move it by.
    fn difference(&self, y: usize, k: usize) -> Result<(Logit, f64)> {
        let minus = |a: f64, b: f64| DoubleDouble::sum(a, -b);
        let bias = minus(self.bias[y], self.bias[k]);
        let mut off = bias.lo.abs();
        let (of_y, of_k) = (self.weights.row(y), self.weights.row(k));
        let terms = izip!(of_y.iter(), of_k.iter(), &self.keep).map(|(&a, &b, &keep)| {
            let weight = minus(a, b);
            off += weight.lo.abs();
            Term::Masked { weight: weight.hi, keep }
        });
        let terms = terms.collect();
        Ok((Logit::new(bias.hi, terms)?, 1.001 * off))
    }

    fn check(&self, y: usize) -> Result<()> {
        if y < self.bias.len() {
            return Ok(());
        }
        Err(Error::Domain { what: "class".into(), value: y.to_string(), must: "below the number of classes" })
    }
}
