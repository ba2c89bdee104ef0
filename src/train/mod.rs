//! Training with dropout by stochastic gradient descent: plain, seeded, and the same bits on every machine.
//!
//! Each step draws a minibatch without replacement, one mask a row, and goes down the mean gradient of the sub-models'
//! losses; that gradient is unbiased for the one of the dropout objective
//! \\(\frac1N \sum_n \mathbb E_\mu\\, \ell(f(x_n, \mu), y_n)\\), which [`objective::enumerated`] computes by summing over
//! all masks.
//!
//! | part | module |
//! |---|---|
//! | the settings and the loop | [`Training`] |
//! | the objective: plain, dropout, Gaussian noise, DropConnect, dropout boosting | [`method`] |
//! | the step of dropout boosting | [`boosting`] |
//! | masks on weights: DropConnect | [`dropconnect`] |
//! | penalties beside it: L2, L1, sparse activity | [`regulariser`] |
//! | stopping on a validation set | [`early_stopping`] |
//! | independent networks, with or without bagging | [`committee`] |
//! | minibatches, epoch by epoch | [`batches`] |
//! | sampled and enumerated objective with their gradients | [`objective`] |
//! | classical momentum | [`momentum`] |
//! | the max-norm constraint | [`constraint`] |
//! | initial weights | [`initial`] |
//! | minimising what is known exactly: L-BFGS | [`quasi_newton`] |
//!
//! Every random choice comes from a [stream](crate::random) of its own, named by seed, purpose, step and row, so that
//! nothing depends on the order of evaluation or on the number of threads.

pub mod batches;
pub mod boosting;
pub mod committee;
pub mod constraint;
pub mod dropconnect;
pub mod early_stopping;
pub mod initial;
pub mod method;
pub mod momentum;
pub mod objective;
pub mod quasi_newton;
pub mod regulariser;
mod sgd;

pub use batches::Batches;
pub use committee::Committee;
pub use early_stopping::EarlyStopping;
pub use method::Method;
pub use momentum::Momentum;
pub use objective::Objective;
pub use quasi_newton::{Minimum, QuasiNewton};
pub use regulariser::Regularisers;
pub use sgd::{Decay, Progress, Summary, Training};
