//! The nonlinearities of hidden units.
//!
//! [`PiecewiseLinear`] needs only order and arithmetic, so networks built from it run in exact rationals.
//! [`Activation`] adds the transcendental units.

use crate::scalar::{Real, Scalar};
use nalgebra::DVector;

/// A layer of units: from pre-activations z to activations h.
pub trait Unit<T: Scalar>: Clone + Send + Sync {
    /// The number of pre-activations that feed one unit: 1 except for maxout.
    fn pieces(&self) -> usize;

    /// h, of length `z.len() / pieces`.
    fn activate(&self, z: &DVector<T>) -> DVector<T>;

    /// The gradient with respect to z, given the one with respect to h. At a kink the derivative is that of the side
    /// that [`Unit::activate`] treats as inactive (0 for ReLU at 0; the first of equal maxout pieces).
    fn pull_back(&self, z: &DVector<T>, gradient: &DVector<T>) -> DVector<T>;
}

/// Piecewise linear units: algebra, over any [`Scalar`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PiecewiseLinear {
    /// h = z.
    Identity,
    /// h = max(z, 0).
    Relu,
    /// h = the largest of `pieces` consecutive pre-activations (Goodfellow et al. 2013).
    Maxout {
        /// How many pre-activations feed one unit; at least 1.
        pieces: usize,
    },
}

/// Every kind of unit, over [`Real`] numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Identity, ReLU or maxout.
    PiecewiseLinear(PiecewiseLinear),
    /// h = tanh z.
    Tanh,
    /// h = σ(z) = 1/(1+e^−z).
    Logistic,
}

impl From<PiecewiseLinear> for Activation {
    fn from(unit: PiecewiseLinear) -> Self {
        Self::PiecewiseLinear(unit)
    }
}

/// The index of the largest entry, the first of equals.
fn winner<T: Scalar>(pieces: &[T]) -> usize {
    (1..pieces.len()).fold(0, |best, i| if pieces[i] > pieces[best] { i } else { best })
}

impl<T: Scalar> Unit<T> for PiecewiseLinear {
    fn pieces(&self) -> usize {
        if let Self::Maxout { pieces } = self { *pieces } else { 1 }
    }

    fn activate(&self, z: &DVector<T>) -> DVector<T> {
        match self {
            Self::Identity => z.clone(),
            Self::Relu => z.map(|z| z.maximum(T::zero())),
            Self::Maxout { pieces } => DVector::from_iterator(
                z.len() / pieces,
                z.as_slice().chunks_exact(*pieces).map(|piece| {
                    let (first, rest) = piece.split_first().expect("a unit has at least one piece");
                    rest.iter().cloned().fold(first.clone(), T::maximum)
                }),
            ),
        }
    }

    fn pull_back(&self, z: &DVector<T>, gradient: &DVector<T>) -> DVector<T> {
        match self {
            Self::Identity => gradient.clone(),
            Self::Relu => z.zip_map(gradient, |z, g| if z > T::zero() { g } else { T::zero() }),
            Self::Maxout { pieces } => {
                let mut back = DVector::zeros(z.len());
                for (i, piece) in z.as_slice().chunks_exact(*pieces).enumerate() {
                    back[i * pieces + winner(piece)] = gradient[i].clone();
                }
                back
            }
        }
    }
}

impl<T: Real> Unit<T> for Activation {
    fn pieces(&self) -> usize {
        match self {
            Self::PiecewiseLinear(unit) => Unit::<T>::pieces(unit),
            Self::Tanh | Self::Logistic => 1,
        }
    }

    fn activate(&self, z: &DVector<T>) -> DVector<T> {
        match self {
            Self::PiecewiseLinear(unit) => unit.activate(z),
            Self::Tanh => z.map(T::tanh),
            Self::Logistic => z.map(T::logistic),
        }
    }

    fn pull_back(&self, z: &DVector<T>, gradient: &DVector<T>) -> DVector<T> {
        match self {
            Self::PiecewiseLinear(unit) => unit.pull_back(z, gradient),
            Self::Tanh => z.zip_map(gradient, |z, g| g * (T::one() - z.tanh() * z.tanh())),
            Self::Logistic => z.zip_map(gradient, |z, g| g * z.logistic() * (-z).logistic()),
        }
    }
}
