//! Fast dropout (Wang & Manning 2013): replace a masked sum by a normal variable with its mean and variance.
//!
//! A pre-activation is a sum of many independent masked terms, so it is nearly normal, and what a unit does to a normal
//! variable has a closed form or a close one. Mean and variance then travel through the network together ([`moments`]),
//! one pass instead of one a mask. Two errors remain: the sum is not quite normal, and correlations between units that
//! share masks are forgotten ([`marginal::deep_linear`](crate::marginal::deep_linear) keeps them).
//!
//! What fast dropout approximates is the **arithmetic** mean of the sub-models; weight scaling is the geometric one.
//! The two have different targets (claim fast.target).
//!
//! | step | formula | exact? | item |
//! |---|---|---|---|
//! | dropout | \\(\operatorname{Var}(dh) = p \operatorname{Var} h + p(1-p)(\mathbb E h)^2\\) | yes | [`Moments::multiply`] |
//! | affine | \\(W m + b,\ (W \circ W)\\,v\\) | for uncorrelated units | [`Moments::affine`] |
//! | ReLU | \\(m\Phi(m/s) + s\phi(m/s)\\) | for normal input | [`unit::relu`] |
//! | logistic | \\(\sigma(m/\sqrt{1+\pi s^2/8})\\) | to .0177 for normal input | [`unit::logistic_mean`] |
//! | loss | \\(-\tfrac1c \ln \sigma(\pm c m)\\) | to .0355 s for normal input | [`objective()`] |

pub mod moments;
pub mod objective;
pub mod unit;

pub use moments::{Moments, network_moments};
pub use objective::{ExpectedLoss, expected_loss, objective};
pub use unit::GaussianUnit;
