//! Constraints that hold after every step.

use crate::network::Affine;
use crate::scalar::Real;

/// Max-norm: shrinks the incoming weights of every unit whose Euclidean norm exceeds `limit` onto the sphere of that
/// radius (Srebro and Shraibman 2005; with dropout: Hinton et al. 2012, Srivastava et al. 2014, section 5.1).
///
/// The incoming weights of unit i are row i of W; the bias is not among them.
///
/// ```
/// use dropout_oracle::network::Affine;
/// use dropout_oracle::train::constraint::max_norm;
/// use nalgebra::{dmatrix, dvector};
/// let mut layer = Affine::new(dmatrix![3.0, 4.0; 0.6, 0.0], dvector![9.0, 9.0])?;
/// max_norm(&mut layer, 1.0);
/// assert_eq!(layer.weight, dmatrix![3.0 * (1.0 / 5.0), 4.0 * (1.0 / 5.0); 0.6, 0.0]);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
pub fn max_norm<T: Real>(affine: &mut Affine<T>, limit: T) {
    for mut row in affine.weight.row_iter_mut() {
        // The largest entry is taken out, so that no square overflows.
        let largest = row.iter().fold(T::zero(), |largest, &w| largest.maximum(w).maximum(-w));
        if largest.is_zero() {
            continue;
        }
        let squares = row.iter().fold(T::zero(), |sum, &w| sum + (w / largest) * (w / largest));
        let norm = largest * squares.sqrt();
        if norm > limit {
            row *= limit / norm;
        }
    }
}
