//! From the activations that the last dropout layer sees to the head's means over its masks.

use super::affine_sum::{AffineSum, Multiplier};
use super::batch::Batch;
use super::prefix::Stage;
use super::softmax::Softmax;
use super::sums::Sums;
use super::tile::Pass;
use super::{Subtree, closed_form};
use crate::error::Result;
use crate::marginal::double_double::DoubleDouble;
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
            // An affine layer without dropout.
            Some([rest @ .., Layer::Affine(layer)]) => {
                stages.last_mut().expect("there is a last stage").layers = rest;
                let multipliers = vec![Multiplier::One; layer.inputs()];
                return Self::Affine { layer: Cow::Borrowed(layer), multipliers, head: model.head_kind() };
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

    /// The softmaxes for eight activations at a time; `None` if they have too many units, or cannot be.
    pub fn batches(&self) -> Option<Vec<Batch>> {
        let Self::Affine { layer, multipliers, head } = self else { return None };
        if self.units() > Batch::MOST {
            return None;
        }
        // Every input as a unit that contributes what it does for h = 1.
        let units = multipliers.iter().map(|multiplier| match *multiplier {
            Multiplier::One => Multiplier::Dropped { keep: 0.5, scale: DoubleDouble::ONE },
            Multiplier::Dropped { keep: 0.0, .. } => Multiplier::Dropped { keep: 0.5, scale: DoubleDouble::ZERO },
            Multiplier::Dropped { scale, .. } => Multiplier::Dropped { keep: 0.5, scale },
        });
        let ones = DVector::from_element(layer.inputs(), 1.0);
        let sum = AffineSum::new(layer, &ones, &units.collect::<Vec<_>>()).ok()?;
        match head {
            HeadKind::Softmax => Some(vec![Batch::new(&sum, multipliers)]),
            HeadKind::Bernoulli => Some((0..sum.outputs()).map(|k| Batch::new(&sum.answer(k), multipliers)).collect()),
            HeadKind::Poisson | HeadKind::Gaussian { .. } => None,
        }
    }

    /// The sums of the head from those of its softmaxes.
    pub fn combine(&self, mut sums: Vec<Sums>) -> Sums {
        match self {
            Self::Affine { head: HeadKind::Bernoulli, .. } => answers(sums),
            _ => sums.pop().expect("one softmax for the classes"),
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
    /// The softmaxes whose masks are summed: one for the classes, one an answer, none where the sums are known.
    pub fn softmaxes(&self) -> &[Softmax] {
        match self {
            Self::Classes(softmax) => std::slice::from_ref(softmax),
            Self::Answers(softmaxes) => softmaxes,
            Self::Known(_) => &[],
        }
    }

    /// The depth of the tree over the masks of this layer.
    pub fn depth(&self) -> u32 {
        self.softmaxes().iter().map(Softmax::depth).max().unwrap_or(0)
    }

    /// The sums over the masks of a subtree of a tree that is `depth` deep, at least as deep as this one.
    pub fn sums(&self, subtree: Subtree, depth: u32, pass: Pass) -> Sums {
        match self {
            Self::Classes(softmax) => softmax.sums(subtree, depth, pass),
            Self::Answers(softmaxes) => {
                answers(softmaxes.iter().map(|answer| answer.sums(subtree, depth, pass)).collect())
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

/// The sums of yes/no answers from those of a softmax over "no" and "yes" each.
fn answers(sums: Vec<Sums>) -> Sums {
    let yes = sums.iter().map(|sums| sums.expected[1]);
    let pairs = sums.iter().flat_map(|sums| [sums.log_coordinates[1], sums.log_coordinates[0]]);
    let squares = sums.iter().filter_map(|sums| sums.squares.as_slice().get(1).copied());
    Sums {
        squares: DVector::from_vec(squares.collect()),
        expected: DVector::from_iterator(sums.len(), yes),
        log_coordinates: DVector::from_iterator(2 * sums.len(), pairs),
    }
}
