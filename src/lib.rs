//! The executable reference for **dropout**: exact ensembles of all sub-networks, and every claim of dropout theory as a
//! checked test.
//!
//! Dropout (section 7.12 of Goodfellow, Bengio & Courville, *Deep Learning*) trains the exponentially many sub-networks
//! that are left when units of a network are removed, and predicts with some average of them. This crate evaluates all
//! of them. One idea carries it: a sub-model is the network at a vector μ of multipliers, **f(x, μ)**, with one real
//! entry for each droppable unit.
//!
//! ```
//! use dropout_oracle::{ensemble::Ensemble, head::Softmax, law::Independent, network::*};
//! use nalgebra::{dmatrix, dvector};
//! // Two inputs, two hidden ReLU units, both layers with dropout; KEEP probabilities .8 and .5.
//! let network = Mlp::new(2, vec![
//!     Layer::dropout(2),
//!     Layer::Affine(Affine::new(dmatrix![1.0, -1.0; 2.0, 0.5], dvector![0.0, -0.5])?),
//!     Layer::Unit(PiecewiseLinear::Relu),
//!     Layer::dropout(2),
//!     Layer::Affine(Affine::new(dmatrix![1.0, 0.0; -1.0, 2.0], dvector![0.0, 0.0])?),
//! ])?;
//! let law = Independent::new(dvector![0.8, 0.8, 0.5, 0.5])?;
//! let prediction = Ensemble::new(&network, &Softmax, &law)?.predict(&dvector![1.0, 1.0])?;
//! println!("arithmetic mean of all 16 sub-networks {}", prediction.arithmetic_mean);
//! println!("their normalised geometric mean        {}", prediction.geometric_mean.expected);
//! println!("weight scaling                         {}", prediction.weight_scaling);
//! # Ok::<(), dropout_oracle::Error>(())
//! ```
//!
//! # The four parts
//!
//! | part | what it is | module |
//! |---|---|---|
//! | network | f(x, μ): logits, means or log rates, for any real μ | [`network`] |
//! | head | from that parameter to a distribution over y, in logarithms | [`head`] |
//! | mask law | π(μ): mean, covariance, list of sub-models, seeded sampler | [`law`] |
//! | ensemble | the means of the sub-models, and what approximates them | [`ensemble`] |
//!
//! Around them:
//!
//! | what | module |
//! |---|---|
//! | predictions as intervals that contain the real number, and running error bounds | [`certified`] |
//! | all 2^n masks at the speed of the arithmetic units, in parts that join to the same bits | [`kernel`] |
//! | those parts as files: checkpoints, and shards for many machines | `shard` |
//! | exact means and losses without enumeration: logistic and Poisson readouts, a few classes, lattice weights, deep linear networks | [`marginal`] |
//! | dropout as a penalty: linear regression and L2, generalised linear models, factorisations | [`penalty`] |
//! | fast dropout (Wang & Manning 2013) | [`approximation`] |
//! | other noise: DropConnect, Gaussian, additive, stochastic pooling, batch normalisation, alpha dropout, DropBlock | [`noise`] |
//! | recurrent and residual networks; the dropout RBM | [`network`], [`rbm`] |
//! | training with dropout, boosting, committees; L2, L1, max-norm, sparsity, early stopping | [`train`] |
//! | the same, optimised: blocked kernels in `f32` or `f64`, masks as bits, all threads | [`trainer`] |
//! | other implementations, held against the laws of dropout | `conformance` |
//! | a network with its head, keep probabilities and convention; as a file | [`Model`], `file` |
//!
//! Enumerating the law over network and head **is** the definition. Every closed form, fast path and approximation is a
//! second way to a value that the definition already gives, and is tested against it.
//!
//! # The section, equation by equation
//!
//! | equation | says | here |
//! |---|---|---|
//! | 7.53 | \\(\sum_\mu p(\mu)\\, p(y \mid x, \mu)\\), the arithmetic mean | [`Ensemble::arithmetic_mean`] |
//! | 7.54 | \\(\tilde p(y \mid x) = \sqrt[2^d]{\prod_\mu p(y \mid x, \mu)}\\), the geometric mean (uniform law; π(μ) as exponents in general) | [`Ensemble::expected_log_probability`], its logarithm |
//! | 7.55 | \\(p = \tilde p / \sum_{y'} \tilde p\\), normalised; exists iff some y has positive probability everywhere (claim `ens.zero-probability`) | [`Ensemble::geometric_mean`], [`head::Head::normalise`] |
//! | 7.56 | \\(P(y \mid v) = \mathrm{softmax}(W^\top v + b)_y\\) | [`network::softmax_regression`] at μ = 1 |
//! | 7.57 | \\(P(y \mid v; d) = \mathrm{softmax}(W^\top (d \odot v) + b)_y\\) | the same at μ = d |
//! | 7.58, 7.59 | 7.55 and 7.54 for softmax regression | [`Ensemble::geometric_mean`] |
//! | 7.60–7.66 | the geometric mean is softmax(½Wᵀv + b): weight scaling is exact | claims `ws.softmax`, `ens.dyadic`; tests `eq_7_56_to_7_66_softmax_weight_scaling`, one function a step |
//!
//! The weight scaling rule itself is [`Ensemble::weight_scaling`]: the network at E μ, whatever the law. Where it is exact
//! and where it is not, is the subject of the `ws.*` claims.
//!
//! # Conventions
//!
//! - **p is the probability of keeping a unit.** Frameworks often call the drop rate 1 − p "p"; here it is always called a
//!   drop rate.
//! - *Standard* dropout trains with h∘d and predicts with p∘h; *inverted* dropout trains with h∘d/p and predicts with h
//!   ([`law::Rescaled`]). Biases are neither dropped nor scaled.
//! - Geometric means live in logarithms: the product of 2^10 probabilities of 10^−3 is zero in `f64`.
//!
//! # Numbers
//!
//! Networks are generic over [`Scalar`]: `f64`, `f32` or exact [`Rational`]s, so that algebraic claims are tested with
//! `==`. [`Real`] adds correctly rounded exp, ln and tanh. Sums over masks follow a fixed binary tree
//! ([`ensemble::expectation`]). So the bits of a result depend neither on the number of threads nor on the machine.
//!
//! # Evidence
//!
//! `cargo test` is the check of the specification, and its output is the list of claims. The ledger `claims.toml` says for
//! each claim where it stands, under which conditions it holds, which tests check it, where it fails outside its conditions,
//! and which wrong implementations the tests refuse; `dropout-oracle claims` prints it.

pub mod approximation;
pub mod certified;
#[cfg(feature = "cli")]
pub mod claims;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod data;
pub mod ensemble;
pub mod error;
pub mod experiment;
#[cfg(feature = "files")]
pub mod file;
pub mod head;
pub mod kernel;
pub mod law;
pub mod marginal;
pub mod mask;
pub mod model;
pub mod network;
pub mod noise;
pub mod normal;
pub mod penalty;
pub mod random;
pub mod rbm;
pub mod scalar;
#[cfg(feature = "files")]
pub mod shard;
pub mod train;
pub mod trainer;
#[cfg(feature = "conformance")]
pub mod vectors;

pub use ensemble::Ensemble;
pub use error::{Error, Result};
pub use mask::Mask;
pub use model::Model;
pub use scalar::{Rational, Real, Scalar};
