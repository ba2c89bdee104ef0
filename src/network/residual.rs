//! Residual networks whose blocks can be dropped: stochastic depth (Huang et al. 2016), or drop path.

use super::Network;
use crate::error::{Error, Result};
use crate::scalar::Scalar;
use nalgebra::DVector;

/// \\(h_l = h_{l-1} + \mu_l f_l(h_{l-1})\\), one multiplier a block.
///
/// Dropping a block is dropout of all units of its branch with one tied draw, made anew for each example. Standard
/// weights test with \\(h + p_l f_l(h)\\), inverted ones with \\(h + f_l(h)\\): both are weight scaling, exact for
/// blocks that are affine and dropped independently (claim noise.drop-path). A draw shared by a whole minibatch, as in
/// the paper, has the same law for each example and makes the examples' gradients dependent.
///
/// ```
/// use dropout_oracle::network::{Affine, Layer, Mlp, Network, PiecewiseLinear, Residual};
/// use nalgebra::{dmatrix, dvector};
/// let double = Layer::<f64, PiecewiseLinear>::Affine(Affine::new(dmatrix![2.0], dvector![0.0])?);
/// let block = Mlp::new(1, vec![double])?;
/// let net = Residual::new(vec![block.clone(), block])?;
/// assert_eq!(net.output(&dvector![1.0], &dvector![1.0, 1.0])?[0], 9.0);
/// assert_eq!(net.output(&dvector![1.0], &dvector![0.0, 1.0])?[0], 3.0); // the first block dropped
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Residual<N> {
    blocks: Vec<N>,
    width: usize,
}

impl<N> Residual<N> {
    /// The network of these blocks, in order. They have no droppable units of their own.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there is a block and all have the same number of inputs and outputs, and no droppable
    /// unit.
    pub fn new<T: Scalar>(blocks: Vec<N>) -> Result<Self>
    where
        N: Network<T>,
    {
        let no_block = || Error::Shape { what: "blocks of a residual network".into(), expected: 1, found: 0 };
        let width = blocks.first().ok_or_else(no_block)?.inputs();
        for (l, block) in blocks.iter().enumerate() {
            Error::shape(format!("inputs of block {l}"), width, block.inputs())?;
            Error::shape(format!("outputs of block {l}, to be added to its inputs"), width, block.outputs())?;
            Error::shape(format!("droppable units inside block {l}"), 0, block.units())?;
        }
        Ok(Self { blocks, width })
    }
}

impl<T: Scalar, N: Network<T>> Network<T> for Residual<N> {
    fn inputs(&self) -> usize {
        self.width
    }
    fn units(&self) -> usize {
        self.blocks.len()
    }
    fn outputs(&self) -> usize {
        self.width
    }
    fn output(&self, x: &DVector<T>, multipliers: &DVector<T>) -> Result<DVector<T>> {
        Error::shape("inputs of the network", self.width, x.len())?;
        Error::shape("multipliers, one a block", self.blocks.len(), multipliers.len())?;
        self.blocks.iter().zip(multipliers).try_fold(x.clone(), |h, (block, multiplier)| {
            let branch = block.output(&h, &DVector::zeros(0))? * multiplier.clone();
            Ok(h + branch)
        })
    }
}

/// The paper's KEEP probabilities, from near 1 at the first block down to `last` at the last: \\(p_l = 1 - \frac lL
/// (1-p_L)\\) for l = 1 … L.
///
/// ```
/// use dropout_oracle::network::residual::linear_decay;
/// assert_eq!(linear_decay(4, 0.5).as_slice(), [0.875, 0.75, 0.625, 0.5]);
/// ```
pub fn linear_decay<T: Scalar>(blocks: usize, last: T) -> DVector<T> {
    DVector::from_fn(blocks, |l, _| T::one() - T::ratio(l as i64 + 1, blocks as i64) * (T::one() - last.clone()))
}
