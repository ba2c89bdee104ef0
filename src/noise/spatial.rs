//! Spatial dropout: whole feature maps (Tompson et al. 2015).

use crate::error::Result;
use crate::law::{Independent, Tied};
use crate::scalar::Scalar;
use nalgebra::DVector;

/// The law that keeps channel c, all `positions` units of it together, with KEEP probability `keep[c]`.
///
/// Unit i is position i mod `positions` of channel i div `positions`. Each unit's marginal is that of ordinary dropout;
/// units of one channel have covariance p(1−p) instead of 0. Weight scaling stays exact where the network is
/// multi-affine in the *channels*, and fails where two units of one channel are multiplied (claim noise.spatial).
///
/// ```
/// use dropout_oracle::{law::{FiniteLaw, Law}, noise::spatial};
/// let law = spatial::spatial_dropout(vec![0.5, 0.8].into(), 9)?; // two 3×3 channels
/// assert_eq!((law.units(), law.submodels()?), (18, 4));
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::KeepProbability`](crate::Error::KeepProbability) unless every p lies in (0, 1]; the unit that it names is
/// the channel.
pub fn spatial_dropout<T: Scalar>(keep: DVector<T>, positions: usize) -> Result<Tied<Independent<T>>> {
    let channel_of = (0..keep.len() * positions).map(|unit| unit / positions).collect();
    Tied::new(Independent::new(keep)?, channel_of)
}
