//! What a part of the masks adds to the means.

use nalgebra::DVector;

/// Sums over some of the masks μ, each term times its probability π(μ).
///
/// Those of the two halves of a [`Subtree`](super::Subtree) make the one of the whole by [`Sums::join`]. The numbers are
/// all there is to them: stored bit for bit and joined later, they give the same bits as one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Sums {
    /// \\(\sum_\mu \pi(\mu)\\, \mathbb E(y \mid x, \mu)\\), the share in the arithmetic mean.
    pub expected: DVector<f64>,
    /// \\(\sum_\mu \pi(\mu)\\) times the head's [log coordinates](crate::head::Head::log_coordinates), the share in the
    /// logarithm of the geometric mean: of ln p_y for classes, of ln p(1) and ln p(0) for answers.
    pub log_coordinates: DVector<f64>,
    /// \\(\sum_\mu \pi(\mu)\\, \mathbb E(y \mid x, \mu)^2\\), entry by entry: what the variance needs. Empty unless
    /// [asked for](super::Enumeration::with_variance).
    pub squares: DVector<f64>,
}

impl Sums {
    /// The sums over no masks: of −0.0, which added to any number changes no bit of it.
    pub(super) fn none(expected: usize, log_coordinates: usize, squares: bool) -> Self {
        let zeros = |len| DVector::from_element(len, -0.0);
        let squares = if squares { expected } else { 0 };
        Self { expected: zeros(expected), log_coordinates: zeros(log_coordinates), squares: zeros(squares) }
    }

    /// The sums over the masks of both.
    pub fn join(self, other: &Self) -> Self {
        Self {
            expected: self.expected + &other.expected,
            log_coordinates: self.log_coordinates + &other.log_coordinates,
            squares: self.squares + &other.squares,
        }
    }

    /// The same, each term times `weight`.
    pub(super) fn times(self, weight: f64) -> Self {
        Self {
            expected: self.expected * weight,
            log_coordinates: self.log_coordinates * weight,
            squares: self.squares * weight,
        }
    }
}
