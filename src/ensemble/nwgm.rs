//! The normalised weighted geometric mean of one probability (Baldi & Sadowski 2013, 2014).

use crate::error::{Error, Result};
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
    /// \\(E = \sum_\mu \pi(\mu)\, O_\mu\\).
    pub arithmetic: T,
    /// \\(\ln G\\), with \\(G = \prod_\mu O_\mu^{\pi(\mu)}\\).
    pub log_geometric: T,
    /// \\(\ln G'\\), with \\(G' = \prod_\mu (1-O_\mu)^{\pi(\mu)}\\), the geometric mean of the complements.
    pub log_complement: T,
}

impl<T: Real> BinaryMeans<T> {
    /// The means of probabilities O with weights π, given as pairs (O, π). The weights must sum to one.
    ///
    /// # Errors
    /// [`Error::Domain`] for an O outside [0, 1] or NaN, [`Error::ZeroProbability`] if both geometric means are zero.
    pub fn new(outcomes: &[(T, T)]) -> Result<Self> {
        if let Some((o, _)) = outcomes.iter().find(|(o, _)| !(*o >= T::zero() && *o <= T::one())) {
            return Err(Error::Domain {
                what: "a sub-model's probability".into(),
                value: o.to_f64().to_string(),
                must: "in [0, 1]",
            });
        }
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

    /// \\(\mathrm{NWGM} = G/(G+G')\\), which for logistic units is \\(\sigma(\mathbb E\,S)\\) (claim nwgm.logistic).
    pub fn normalised(&self) -> T {
        (self.log_geometric - self.log_complement).logistic()
    }
}
