//! DropConnect in training: a mask on every weight that leaves a droppable unit (Wan et al. 2013).
//!
//! All rows of a minibatch share one mask. The paper draws one a row, which has the same mean gradient and less variance
//! (claim l2.batch-mask), but each row then meets weights of its own: as many random bits and products of single vectors
//! as weights times rows, instead of one product of matrices.
//!
//! The multipliers are one vector: for each affine layer that takes in droppable units, each output, and each of those
//! units in the order of the dropout layer, the multiplier of that weight. Biases are never dropped. As dropout of product
//! units this is [`noise::dropconnect`](crate::noise::dropconnect).

use super::Objective;
use crate::error::{Error, Result};
use crate::law::{Independent, Rescaled};
use crate::model::Model;
use crate::network::{Affine, Layer, Mlp, Unit};
use crate::scalar::Scalar;
use nalgebra::DVector;

/// The droppable units that enter each affine layer.
///
/// # Errors
/// [`Error::Domain`] for a dropout layer that no affine layer follows.
fn droppable<T: Scalar, A: Unit<T>>(network: &Mlp<T, A>) -> Result<Vec<&[usize]>> {
    let (mut layers, mut waiting) = (Vec::new(), None);
    for (number, layer) in network.layers().iter().enumerate() {
        match layer {
            Layer::Affine(_) => layers.push(waiting.take().map_or(&[][..], |(_, units): (usize, &Vec<usize>)| units)),
            Layer::Dropout(units) if waiting.is_none() => waiting = Some((number, units)),
            _ if waiting.is_some() => break,
            _ => {}
        }
    }
    match waiting {
        None => Ok(layers),
        Some((number, _)) => Err(Error::Domain {
            what: format!("dropout layer {number} of a network for DropConnect"),
            value: "no weights of these units follow".into(),
            must: "followed by an affine layer",
        }),
    }
}

/// The law of a model's weight multipliers: independent, 0 or 1 under the standard convention, 0 or 1/p under the inverted
/// one, with p the KEEP probability of the unit that the weight leaves.
///
/// ```
/// use dropout_oracle::law::Law;
/// use dropout_oracle::model::{Convention, HeadKind, Model};
/// use dropout_oracle::network::{Affine, Layer, Mlp};
/// use dropout_oracle::train::dropconnect;
/// use nalgebra::{dmatrix, dvector};
/// let affine = Affine::new(dmatrix![1.0, 2.0; 3.0, 4.0], dvector![0.0, 0.0])?;
/// let network = Mlp::new(2, vec![Layer::dropout(2), Layer::Affine(affine)])?;
/// let model = Model::new(network, HeadKind::Softmax, dvector![0.5, 0.75], Convention::Standard)?;
/// assert_eq!(dropconnect::law(&model)?.mean(), dvector![0.5, 0.75, 0.5, 0.75]);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::Domain`] for a dropout layer that no affine layer follows.
pub fn law(model: &Model) -> Result<Rescaled<f64, Independent<f64>>> {
    let (mut keep, mut used) = (Vec::new(), 0);
    for (affine, units) in model.network().affine().zip(droppable(model.network())?) {
        let of_units = &model.keep().as_slice()[used..used + units.len()];
        (0..affine.outputs()).for_each(|_| keep.extend_from_slice(of_units));
        used += units.len();
    }
    model.convention().law(Independent::new(keep.into())?)
}

/// An objective of the weights under their multipliers, \\(J(\mu \star W)\\), with its gradient with respect to W,
/// \\(\mu \star J'(\mu \star W)\\).
///
/// ```
/// use dropout_oracle::{data::Examples, head::Gaussian, network::linear_regression};
/// use dropout_oracle::train::{dropconnect, objective};
/// use nalgebra::dvector;
/// let net = linear_regression(dvector![2.0, 3.0], 0.0)?;
/// let examples = Examples::new(vec![dvector![1.0, 1.0]], vec![dvector![1.0]])?;
/// let objective = dropconnect::through(&net, &dvector![2.0, 0.0], |net| {
///     objective::sampled(net, &Gaussian::new(1.0)?, &examples, &[0], |_| dvector![1.0, 1.0])
/// })?;
/// assert_eq!(objective.gradient[0].weight.as_slice(), [6.0, 0.0]); // the error 2·2 − 1, times the multiplier
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`] unless there is a multiplier a weight, [`Error::Domain`] for a dropout layer that no affine layer
/// follows; those of `objective`.
pub fn through<T: Scalar, A: Unit<T>>(
    network: &Mlp<T, A>,
    multipliers: &DVector<T>,
    objective: impl FnOnce(&Mlp<T, A>) -> Result<Objective<T>>,
) -> Result<Objective<T>> {
    let droppable = droppable(network)?;
    let weights = network.affine().zip(&droppable).map(|(affine, units)| affine.outputs() * units.len()).sum();
    Error::shape("multipliers, one a weight that leaves a droppable unit", weights, multipliers.len())?;
    let multiply = |affine: &mut Affine<T>, units: &[usize], used: &mut usize| {
        for output in 0..affine.outputs() {
            for &unit in units {
                affine.weight[(output, unit)] *= multipliers[*used].clone();
                *used += 1;
            }
        }
    };
    let (mut masked, mut used) = (network.clone(), 0);
    masked.affine_mut().zip(&droppable).for_each(|(affine, units)| multiply(affine, units, &mut used));
    let mut objective = objective(&masked)?;
    used = 0;
    objective.gradient.iter_mut().zip(&droppable).for_each(|(affine, units)| multiply(affine, units, &mut used));
    Ok(objective)
}
