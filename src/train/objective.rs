//! What dropout training minimises, with its gradient: sampled, and summed over all masks.

use crate::data::Examples;
use crate::ensemble::expectation;
use crate::error::Result;
use crate::head::Head;
use crate::law::FiniteLaw;
use crate::network::backpropagation::Gradient;
use crate::network::{Affine, Mlp, Unit};
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};

/// The value of an objective and its gradient with respect to every weight and bias.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective<T> {
    /// The mean of [`Head::loss`]: −ln p(y) without the base measure.
    pub loss: T,
    /// Its gradient, one entry an affine layer.
    pub gradient: Gradient<T>,
}

/// \\(\frac1{|B|} \sum_{r} \ell(f(x_{n_r}, \mu_r), y_{n_r})\\): the objective of one minibatch, with one mask a row.
///
/// `rows` are the numbers \\(n_r\\) of the examples, at least one; `multipliers` gives \\(\mu_r\\) for the r-th of them.
/// The rows are added in their order.
///
/// ```
/// use dropout_oracle::{data::Examples, head::Gaussian, network::linear_regression, train::objective::sampled};
/// use nalgebra::dvector;
/// let net = linear_regression(dvector![2.0], 0.0)?;
/// let examples = Examples::new(vec![dvector![1.0]], vec![dvector![1.0]])?;
/// // the input dropped once and kept once: predictions 0 and 2, errors −1 and 1
/// let masks = [dvector![0.0], dvector![1.0]];
/// let objective = sampled(&net, &Gaussian::new(1.0)?, &examples, &[0, 0], |r| masks[r].clone())?;
/// assert_eq!(objective.gradient[0].weight[0], 0.5);
/// assert_eq!(objective.gradient[0].bias[0], 0.0);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) unless inputs, targets and multipliers have the network's lengths.
pub fn sampled<T: Scalar, A: Unit<T>, H: Head<T> + ?Sized>(
    network: &Mlp<T, A>,
    head: &H,
    examples: &Examples<T>,
    rows: &[usize],
    mut multipliers: impl FnMut(usize) -> DVector<T>,
) -> Result<Objective<T>> {
    mean_over_rows(rows, |r, n| {
        let (x, target) = (&examples.inputs()[n], &examples.targets()[n]);
        let (output, gradient) = network.backpropagate(x, &multipliers(r), |output| head.error(output, target))?;
        Ok(Objective { loss: head.loss(&output, target)?, gradient })
    })
}

/// \\(\frac1{|B|} \sum_r\\) of `row(r, n_r)`, added in the order of the rows, of which there must be at least one.
pub(super) fn mean_over_rows<T: Scalar>(
    rows: &[usize],
    mut row: impl FnMut(usize, usize) -> Result<Objective<T>>,
) -> Result<Objective<T>> {
    let (&first, rest) = rows.split_first().expect("a minibatch has at least one row");
    let mut mean = row(0, first)?;
    for (r, &n) in (1..).zip(rest) {
        mean.add(&row(r, n)?);
    }
    mean.divide(T::ratio(rows.len() as i64, 1));
    Ok(mean)
}

/// \\(\frac1N \sum_n \mathbb E_\mu\\, \ell(f(x_n, \mu), y_n)\\): the dropout objective itself, by enumeration of the law.
///
/// ```
/// use dropout_oracle::{data::Examples, head::Gaussian, law::Uniform, network::linear_regression};
/// use dropout_oracle::train::objective::enumerated;
/// use nalgebra::dvector;
/// let net = linear_regression(dvector![2.0], 0.0)?;
/// let examples = Examples::new(vec![dvector![1.0]], vec![dvector![1.0]])?;
/// let objective = enumerated(&net, &Gaussian::new(1.0)?, &Uniform::new(1), &examples)?;
/// assert_eq!(objective.loss, 0.5 * 0.0 + 0.5 * (0.5 * 4.0 - 2.0)); // ½m² − my at m = 0 and m = 2
/// assert_eq!(objective.gradient[0].weight[0], 0.5);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
///
/// # Errors
/// As [`sampled`], and [`Error::TooManyMasks`](crate::Error::TooManyMasks).
pub fn enumerated<T: Scalar, A: Unit<T>, H: Head<T> + ?Sized, L: FiniteLaw<T> + ?Sized>(
    network: &Mlp<T, A>,
    head: &H,
    law: &L,
    examples: &Examples<T>,
) -> Result<Objective<T>> {
    let rows: Vec<usize> = (0..examples.count()).collect();
    let mean =
        expectation(
            law,
            |multipliers| Ok(sampled(network, head, examples, &rows, |_| multipliers.clone())?.flatten()),
        )?;
    Ok(Objective::unflatten(network, &mean))
}

impl<T: Scalar> Objective<T> {
    /// Adds another objective of the same network.
    pub(super) fn add(&mut self, other: &Self) {
        self.loss += other.loss.clone();
        for (sum, term) in self.gradient.iter_mut().zip(&other.gradient) {
            sum.weight += &term.weight;
            sum.bias += &term.bias;
        }
    }

    fn divide(&mut self, count: T) {
        self.loss /= count.clone();
        for affine in &mut self.gradient {
            affine.weight /= count.clone();
            affine.bias /= count.clone();
        }
    }

    /// The loss, then each layer's weight (column by column) and bias.
    fn flatten(&self) -> DVector<T> {
        let layers = self.gradient.iter().flat_map(|affine| affine.weight.iter().chain(&affine.bias));
        DVector::from_vec(std::iter::once(&self.loss).chain(layers).cloned().collect())
    }

    /// The inverse of [`Objective::flatten`], in the shapes of the network's layers.
    fn unflatten<A: Unit<T>>(network: &Mlp<T, A>, numbers: &DVector<T>) -> Self {
        let mut numbers = numbers.iter().cloned();
        let loss = numbers.next().expect("the loss comes first");
        let gradient = network.affine().map(|affine| {
            let (outputs, inputs) = affine.weight.shape();
            Affine {
                weight: DMatrix::from_iterator(outputs, inputs, numbers.by_ref().take(outputs * inputs)),
                bias: DVector::from_iterator(outputs, numbers.by_ref().take(outputs)),
            }
        });
        Self { loss, gradient: gradient.collect() }
    }
}
