//! From the activations that the last dropout layer sees to the head's means over its masks.

use super::affine_sum::{AffineSum, Multiplier};
use super::prefix::Stage;
use super::softmax::Softmax;
use super::sums::Sums;
use super::tile::Pass;
use super::{Subtree, closed_form};
use crate::error::Result;
use crate::model::{HeadKind, Model};
use crate::network::{Affine, Layer, Network};
use nalgebra::{DMatrix, DVector};
use std::borrow::Cow;

/// What lies behind the stages that are enumerated mask by mask.
pub(super) enum Structure<'a> {
    /// A last dropout layer and an affine layer: all masks of it at once.
    Affine {
        layer: Cow<'a, Affine<f64>>,
        /// One an input of the layer.
        multipliers: Vec<Multiplier>,
        head: &'a HeadKind,
    },
    /// Nothing but the head: the stages decide every unit.
    Head(&'a Model),
}

/// All masks of the last dropout layer, for given activations of it.
pub(super) enum Readout {
    /// One of C classes.
    Classes(Softmax),
    /// Yes/no answers: a softmax over "no" and "yes" each.
    Answers(Vec<Softmax>),
    /// Known without enumeration.
    Known(Sums),
}

impl<'a> Structure<'a> {
    /// Takes the last of the stages if its units enter the outputs through a sum.
    pub fn of(model: &'a Model, stages: &mut Vec<Stage<'a>>) -> Self {
        let layer = match stages.last().map(|stage| stage.layers) {
            Some([Layer::Affine(affine)]) => Cow::Borrowed(affine),
            Some([]) => {
                let width = model.network().outputs();
                Cow::Owned(Affine { weight: DMatrix::identity(width, width), bias: DVector::zeros(width) })
            }
            _ => return Self::Head(model),
        };
        let mut multipliers = vec![Multiplier::One; layer.inputs()];
        let last = stages.pop().expect("there is a last stage");
        last.units.into_iter().for_each(|(place, multiplier)| multipliers[place] = multiplier);
        Self::Affine { layer, multipliers, head: model.head_kind() }
    }

    /// The number of units that the readout has.
    pub fn units(&self) -> usize {
        match self {
            Self::Affine { multipliers, .. } => multipliers.iter().filter(|m| !matches!(m, Multiplier::One)).count(),
            Self::Head(_) => 0,
        }
    }

    /// The depth of the deepest readout.
    pub fn depth(&self) -> u32 {
        match self {
            Self::Affine { head: HeadKind::Softmax | HeadKind::Bernoulli, .. } => Softmax::depth_of(self.units()),
            _ => 0,
        }
    }

    /// The readout for the given activations.
    pub fn readout(&self, h: &DVector<f64>) -> Result<Readout> {
        match self {
            Self::Affine { layer, multipliers, head } => {
                let sum = AffineSum::new(layer, h, multipliers)?;
                Ok(match head {
                    HeadKind::Softmax => Readout::Classes(Softmax::new(&sum)),
                    HeadKind::Bernoulli => {
                        Readout::Answers((0..sum.outputs()).map(|k| Softmax::new(&sum.answer(k))).collect())
                    }
                    HeadKind::Poisson => Readout::Known(closed_form::poisson(&sum)),
                    HeadKind::Gaussian { variance } => Readout::Known(closed_form::gaussian(&sum, *variance)),
                })
            }
            Self::Head(model) => {
                let (expected, log_coordinates) = (model.head().expected(h), model.head().log_coordinates(h));
                Ok(Readout::Known(Sums { squares: expected.map(|mean| mean * mean), expected, log_coordinates }))
            }
        }
    }
}

impl Readout {
    /// The depth of the tree over the masks of this layer.
    pub fn depth(&self) -> u32 {
        match self {
            Self::Classes(softmax) => softmax.depth(),
            Self::Answers(answers) => answers.iter().map(Softmax::depth).max().unwrap_or(0),
            Self::Known(_) => 0,
        }
    }

    /// The sums over the masks of a subtree of a tree that is `depth` deep, at least as deep as this one.
    pub fn sums(&self, subtree: Subtree, depth: u32, pass: Pass) -> Sums {
        match self {
            Self::Classes(softmax) => softmax.sums(subtree, depth, pass),
            Self::Answers(answers) => {
                let sums: Vec<_> = answers.iter().map(|answer| answer.sums(subtree, depth, pass)).collect();
                let yes = sums.iter().map(|sums| sums.expected[1]);
                let pairs = sums.iter().flat_map(|sums| [sums.log_coordinates[1], sums.log_coordinates[0]]);
                let squares = sums.iter().filter_map(|sums| sums.squares.as_slice().get(1).copied());
                Sums {
                    squares: DVector::from_vec(squares.collect()),
                    expected: DVector::from_iterator(answers.len(), yes),
                    log_coordinates: DVector::from_iterator(2 * answers.len(), pairs),
                }
            }
            Self::Known(sums) => {
                let none = Sums::none(sums.expected.len(), sums.log_coordinates.len(), pass.squares);
                if subtree.index() > 0 {
                    none
                } else if pass.squares {
                    sums.clone()
                } else {
                    Sums { squares: none.squares, ..sums.clone() }
                }
            }
        }
    }
}
