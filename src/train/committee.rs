//! Independent networks, averaged: what dropout is compared with (bagging, Breiman 1996).

use super::Training;
use crate::data::Examples;
use crate::ensemble::Ensemble;
use crate::error::{Error, Result};
use crate::head::LogProbability;
use crate::law::{FixedCount, Law};
use crate::model::Model;
use crate::network::Network;
use nalgebra::DVector;
use rayon::prelude::*;
use std::ops::ControlFlow;

/// Which examples each member of a committee is trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resampling {
    /// All of them: the members differ by their seeds only.
    None,
    /// Bagging: as many as there are, drawn with replacement ([`Examples::bootstrap`]).
    Bootstrap,
}

/// Networks without common weights, each predicting by weight scaling.
///
/// It is a [`Network`] with one droppable unit a member: \\(f(x, \mu) = \sum_k \mu_k f_k(x)\\). Under the law that keeps
/// exactly one of them its arithmetic and geometric means are those of the members, and weight scaling, the mean output,
/// is the geometric mean itself.
#[derive(Debug)]
pub struct Committee {
    members: Vec<Model>,
    law: FixedCount<f64>,
}

/// The ensemble of a [`Committee`]'s members, all with the same weight.
pub type CommitteeEnsemble<'a> = Ensemble<'a, Committee, dyn LogProbability<f64> + Send + 'a, FixedCount<f64>>;

impl Committee {
    /// The committee of these members.
    ///
    /// ```
    /// use dropout_oracle::model::{Convention, HeadKind, Model};
    /// use dropout_oracle::network::{Affine, Layer, Mlp};
    /// use dropout_oracle::train::Committee;
    /// use nalgebra::{dmatrix, dvector};
    /// let member = |logit: f64| {
    ///     let layers = vec![Layer::Affine(Affine::new(dmatrix![0.0], dvector![logit])?)];
    ///     Model::new(Mlp::new(1, layers)?, HeadKind::Bernoulli, dvector![], Convention::Inverted)
    /// };
    /// let committee = Committee::new(vec![member(0.0)?, member(2.0)?])?;
    /// let prediction = committee.ensemble().predict(&dvector![1.0])?;
    /// assert_eq!(format!("{:.6}", prediction.arithmetic_mean[0]), "0.690399"); // (½ + σ(2))/2
    /// assert_eq!(format!("{:.6}", prediction.geometric_mean.expected[0]), "0.731059"); // σ(1)
    /// # Ok::<(), dropout_oracle::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] without members or where their inputs or outputs differ in length, [`Error::Domain`] where their
    /// heads differ, [`Error::TooManyMasks`] for more than 63 members.
    pub fn new(members: Vec<Model>) -> Result<Self> {
        let Some(first) = members.first() else {
            return Err(Error::Shape { what: "members of a committee".into(), expected: 1, found: 0 });
        };
        for (k, member) in members.iter().enumerate() {
            Error::shape(format!("inputs of member {k}"), first.network().inputs(), member.network().inputs())?;
            Error::shape(format!("outputs of member {k}"), first.network().outputs(), member.network().outputs())?;
            if member.head_kind() != first.head_kind() {
                return Err(Error::Domain {
                    what: format!("head of member {k}"),
                    value: format!("{:?}", member.head_kind()),
                    must: "that of member 0",
                });
            }
        }
        let law = FixedCount::new(members.len(), 1)?;
        Ok(Self { members, law })
    }

    /// The members.
    pub fn members(&self) -> &[Model] {
        &self.members
    }

    /// The members as the sub-models of an ensemble, for its means.
    pub fn ensemble(&self) -> CommitteeEnsemble<'_> {
        Ensemble::new(self, self.members[0].head(), &self.law).expect("checked when the committee was built")
    }
}

impl Network<f64> for Committee {
    fn inputs(&self) -> usize {
        self.members[0].network().inputs()
    }
    fn units(&self) -> usize {
        self.members.len()
    }
    fn outputs(&self) -> usize {
        self.members[0].network().outputs()
    }
    fn output(&self, x: &DVector<f64>, multipliers: &DVector<f64>) -> Result<DVector<f64>> {
        Error::shape("multipliers, one a member", self.units(), multipliers.len())?;
        let mut output = DVector::zeros(self.outputs());
        for (member, &multiplier) in self.members.iter().zip(multipliers) {
            // Members that have no say are not asked.
            if multiplier != 0.0 {
                output += member.network().output(x, &member.law().mean())? * multiplier;
            }
        }
        Ok(output)
    }
}

impl Training {
    /// Trains a committee: member k from `untrained(s)` with the seed s = `seed` + k (modulo 2⁶⁴), on the examples that
    /// `resampling` gives it at that seed. The members are trained in parallel, which changes no bit;
    /// [`trainer::committee`](crate::trainer::committee()) trains them by the optimised trainer.
    ///
    /// # Errors
    /// As [`Training::run`] and [`Committee::new`], and those of `untrained`.
    pub fn committee(
        &self,
        members: u64,
        resampling: Resampling,
        examples: &Examples,
        untrained: impl Fn(u64) -> Result<Model> + Sync,
    ) -> Result<Committee> {
        self.committee_by(members, resampling, examples, untrained, |training, model, examples| {
            training.run(model, examples, |_| ControlFlow::Continue(())).map(|_| ())
        })
    }

    /// The same, each member trained by `train`.
    pub(crate) fn committee_by(
        &self,
        members: u64,
        resampling: Resampling,
        examples: &Examples,
        untrained: impl Fn(u64) -> Result<Model> + Sync,
        train: impl Fn(&Self, &mut Model, &Examples) -> Result<()> + Sync,
    ) -> Result<Committee> {
        let member = |k| {
            let seed = self.seed.wrapping_add(k);
            let mut model = untrained(seed)?;
            let drawn;
            let examples = match resampling {
                Resampling::None => examples,
                Resampling::Bootstrap => {
                    drawn = examples.bootstrap(seed);
                    &drawn
                }
            };
            train(&self.clone().seed(seed), &mut model, examples)?;
            Ok(model)
        };
        Committee::new((0..members).into_par_iter().map(member).collect::<Result<_>>()?)
    }
}
