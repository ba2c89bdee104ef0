//! Dropout as a penalty: what training with masks adds to the loss of the network without them.
//!
//! For linear regression the penalty is exact and quadratic, a ridge penalty with its own coefficient for each feature
//! (Srivastava et al. 2014, section 9.1). For other generalised linear models it is exact as well, but no longer
//! quadratic; L2 is its second-order approximation (Wager, Wang and Liang 2013).
//!
//! | what | module | claims |
//! |---|---|---|
//! | squared loss under any law, per-feature ridge coefficients | [`linear`] | l2.general-law, l2.per-feature |
//! | its minimiser | [`minimiser`] | l2.minimiser, l2.limit |
//! | gradient descent on it with fresh masks: mean and covariance of the weights | [`moments`] | l2.sgd-moments, l2.batch-mask |
//! | generalised linear models: the exact penalty, its quadratic approximation, Fisher information | [`glm`], [`canonical`] | glm.penalty, glm.quadratic, adagrad.fisher |
//! | closed forms for Poisson regression and exponential loss, and a bound for logistic loss | [`closed_form`] | glm.poisson, mcf.exponential |
//! | deep linear networks and matrix factorisations | [`factorisation`] | deep.linear-one-hidden |
//! | the Taylor series behind the quadratic approximation, and where it diverges | [`taylor`] | glm.taylor-radius |

pub mod canonical;
pub mod closed_form;
pub mod factorisation;
pub mod glm;
mod ldl;
pub mod linear;
pub mod minimiser;
pub mod moments;
pub mod taylor;

pub use canonical::Canonical;
pub use glm::Glm;
pub use linear::LeastSquares;
pub use moments::{Descent, MaskPer, Moments};
