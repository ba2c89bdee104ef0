//! The normalised weighted geometric mean of one probability (Baldi & Sadowski 2013, 2014).

use crate::error::{Error, Result};
use crate::law::check_weights;
use crate::scalar::Real;

/// The four means of a probability \\(O_\mu \in [0, 1]\\) over the sub-models.
///
/// ```
/// use dropout_oracle::ensemble::nwgm::BinaryMeans;
/// let means = BinaryMeans::new(&[(0.622459f64, 0.5), (0.731059, 0.5)])?;
/// assert_eq!(format!("{:.6}", means.normalised()), "0.679179"); // Baldi & Sadowski's example: logits ½ and 1
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BinaryMeans<T> {
    /// \\(E = \sum_\mu \pi(\mu)\\, O_\mu\\).
    pub arithmetic: T,
    /// \\(\ln G\\), with \\(G = \prod_\mu O_\mu^{\pi(\mu)}\\).
    pub log_geometric: T,
    /// \\(\ln G'\\), with \\(G' = \prod_\mu (1-O_\mu)^{\pi(\mu)}\\), the geometric mean of the complements.
    pub log_complement: T,
}

impl<T: Real> BinaryMeans<T> {
    /// The means of probabilities O with weights π, given as pairs (O, π).
    ///
    /// # Errors
    /// [`Error::Domain`] for an O outside [0, 1] or NaN, [`Error::NotALaw`] unless the weights are non-negative and sum
    /// to one, [`Error::ZeroProbability`] if both geometric means are zero.
    pub fn new(outcomes: &[(T, T)]) -> Result<Self> {
        if let Some((o, _)) = outcomes.iter().find(|(o, _)| !(*o >= T::zero() && *o <= T::one())) {
            return Err(Error::Domain {
                what: "a sub-model's probability".into(),
                value: o.to_f64().to_string(),
                must: "in [0, 1]",
            });
        }
        check_weights(outcomes.iter().map(|(_, weight)| weight), |i| format!("sub-model {i}"))?;
        let mean = |f: fn(T) -> T| {
            let drawn = outcomes.iter().filter(|(_, weight)| !weight.is_zero());
            drawn.fold(T::zero(), |sum, &(o, weight)| sum + weight * f(o))
        };
        let means =
            Self { arithmetic: mean(|o| o), log_geometric: mean(T::ln), log_complement: mean(|o| (-o).ln_1p()) };
        let impossible = T::neg_infinity();
        if means.log_geometric == impossible && means.log_complement == impossible {
            return Err(Error::ZeroProbability);
        }
        Ok(means)
    }

    /// G.
    pub fn geometric(&self) -> T {
        self.log_geometric.exp()
    }

    /// \\(\mathrm{NWGM} = G/(G+G')\\), which for logistic units is \\(\sigma(\mathbb E\\,S)\\) (claim nwgm.logistic).
    pub fn normalised(&self) -> T {
        (self.log_geometric - self.log_complement).logistic()
    }
}

/// \\(\operatorname{Var} S/(12\sqrt3)\\): the most by which \\(\sigma(\mathbb E\\,S)\\) can miss \\(\mathbb E\\,\sigma(S)\\)
/// (claim nwgm.true-bounds).
///
/// Taylor's theorem at E S, with \\(\sup|\sigma''| = 1/(6\sqrt3)\\). For independent units with KEEP probabilities p and
/// weights w on inputs x, \\(\operatorname{Var} S = \sum_i p_i(1-p_i) w_i^2 x_i^2\\).
///
/// ```
/// use dropout_oracle::{Real, ensemble::nwgm::logistic_gap_bound};
/// // S = 0 or 2, each with probability one half: variance 1
/// let gap = (0.5 + 2f64.logistic()) / 2.0 - 1f64.logistic();
/// assert!(gap.abs() <= logistic_gap_bound(1.0));
/// ```
pub fn logistic_gap_bound<T: Real>(variance: T) -> T {
    variance / (T::ratio(12, 1) * T::ratio(3, 1).sqrt())
}

/// \\(\tfrac12\sqrt{\operatorname{Var} S}\\): the most by which \\(\max(\mathbb E\\,S, 0)\\) can fall short of
/// \\(\mathbb E \max(S, 0)\\), which it never exceeds (claim nwgm.true-bounds).
///
/// The shortfall is at most \\(\tfrac12\\,\mathbb E|S-\mathbb E\\,S|\\), with equality where E S = 0.
///
/// ```
/// use dropout_oracle::ensemble::nwgm::relu_gap_bound;
/// // S = ±1, each with probability one half: E max(S, 0) = 1/2, and max(E S, 0) = 0
/// assert_eq!(relu_gap_bound(1.0), 0.5);
/// ```
pub fn relu_gap_bound<T: Real>(variance: T) -> T {
    variance.sqrt() / T::ratio(2, 1)
}
