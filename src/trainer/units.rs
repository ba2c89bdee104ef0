//! The units of a layer: their activation, and its derivative as a function of the activation.

use super::float::Float;
use crate::network::{Activation, PiecewiseLinear};
use crate::scalar::Real;
use pulp::Simd;

/// From pre-activations z to activations h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Units {
    /// h = z.
    Linear,
    /// h = max(z, 0).
    Rectified,
    /// h = tanh z, h' = 1 − h².
    Tanh,
    /// h = σ(z), h' = h − h².
    Logistic,
}

impl Units {
    /// Those of a network's layer; nothing for maxout.
    pub(super) fn new(activation: Activation) -> Option<Self> {
        match activation {
            Activation::PiecewiseLinear(PiecewiseLinear::Identity) => Some(Self::Linear),
            Activation::PiecewiseLinear(PiecewiseLinear::Relu) => Some(Self::Rectified),
            Activation::PiecewiseLinear(PiecewiseLinear::Maxout { .. }) => None,
            Activation::Tanh => Some(Self::Tanh),
            Activation::Logistic => Some(Self::Logistic),
        }
    }

    /// The activation of units that are neither linear nor rectified: [`Real`]'s, correctly rounded, one number after
    /// another. [`Units::activate`] leaves z to it.
    pub(super) fn smooth<F: Real>(self) -> Option<fn(F) -> F> {
        match self {
            Self::Linear | Self::Rectified => None,
            Self::Tanh => Some(F::tanh),
            Self::Logistic => Some(F::logistic),
        }
    }

    /// h of z, before what [`Units::smooth`] gives.
    #[inline(always)]
    pub(super) fn activate<S: Simd, F: Float>(self, simd: S, z: F::Vector<S>) -> F::Vector<S> {
        if self == Self::Rectified { F::positive_part(simd, z) } else { z }
    }

    /// The gradient with respect to z from the one with respect to h. In place of h, a rectified unit's positive multiple
    /// does.
    #[inline(always)]
    pub(super) fn pull_back<S: Simd, F: Float>(self, simd: S, h: F::Vector<S>, gradient: F::Vector<S>) -> F::Vector<S> {
        let less_square = |start| {
            let minus = F::times(simd, h, F::splat(simd, -F::one()));
            F::times(simd, F::mul_add(simd, minus, h, start), gradient)
        };
        match self {
            Self::Linear => gradient,
            Self::Rectified => F::where_positive(simd, h, gradient),
            Self::Tanh => less_square(F::splat(simd, F::one())),
            Self::Logistic => less_square(h),
        }
    }

    /// [`Units::pull_back`] of one number.
    pub(super) fn pull_back_one<F: Real>(self, h: F, gradient: F) -> F {
        match self {
            Self::Linear => gradient,
            Self::Rectified => {
                if h > F::zero() {
                    gradient
                } else {
                    F::zero()
                }
            }
            Self::Tanh => (F::one() - h * h) * gradient,
            Self::Logistic => (h - h * h) * gradient,
        }
    }
}
