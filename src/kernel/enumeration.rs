//! All masks of a network for one input: the tree over all its dropout layers.

use super::affine_sum::Multiplier;
use super::block::Blocks;
use super::prefix::{Node, Stage};
use super::readout::{Readout, Structure};
use super::sums::Sums;
use super::tile::Pass;
use super::{InstructionSet, Subtree};
use crate::ensemble::Prediction;
use crate::error::{Error, Result};
use crate::marginal::double_double::DoubleDouble;
use crate::mask::Mask;
use crate::model::{Convention, Model};
use crate::network::{Layer, Network};
use itertools::Itertools;
use nalgebra::DVector;

/// The masks of a [`Model`] for one input, as a binary tree that can be summed in parts.
///
/// ```
/// use dropout_oracle::kernel::{Enumeration, Subtree};
/// use dropout_oracle::model::{Convention, HeadKind, Model};
/// use dropout_oracle::network::{Affine, Layer, Mlp};
/// use nalgebra::{DMatrix, DVector, dvector};
/// let weight = DMatrix::from_fn(3, 20, |y, i| ((3 * i + 7 * y) % 11) as f64 / 10.0);
/// let layers = vec![Layer::dropout(20), Layer::Affine(Affine::new(weight, dvector![0.1, 0.2, 0.3])?)];
/// let keep = DVector::from_element(20, 0.5);
/// let model = Model::new(Mlp::new(20, layers)?, HeadKind::Softmax, keep, Convention::Inverted)?;
/// let x = DVector::from_element(20, 1.0);
/// let enumeration = Enumeration::new(&model, &x)?;
/// let whole = enumeration.sums(Subtree::ROOT)?; // 2^20 masks
/// let [left, right] = Subtree::ROOT.halves();
/// // two halves, summed anywhere, give the same bits
/// assert_eq!(enumeration.sums(left)?.join(&enumeration.sums(right)?), whole);
/// let prediction = enumeration.prediction(&whole)?;
/// assert!((prediction.arithmetic_mean.sum() - 1.0).abs() < 1e-15);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
pub struct Enumeration<'a> {
    model: &'a Model,
    x: &'a DVector<f64>,
    stages: Vec<Stage<'a>>,
    structure: Structure<'a>,
    /// The readout, if there is nothing to decide before it.
    only: Option<Readout>,
    /// How a small readout is summed for many masks of the stages at once.
    blocks: Option<Blocks>,
    /// The depth of the part of the tree that decides the stages' units, or those above the blocks.
    prefix_depth: u32,
    /// The depth of the part below it, which decides the units of the last dropout layer.
    readout_depth: u32,
    pass: Pass,
}

impl<'a> Enumeration<'a> {
    /// The masks of `model` for `x`, to be summed with the fastest instructions that the processor has.
    ///
    /// # Errors
    /// [`Error::Shape`] for an input of another length, [`Error::NotFinite`] for one with NaN or infinity,
    /// [`Error::TooManyMasks`] where the masks cannot be counted, [`Error::Domain`] if the sizes of a logit's terms sum to
    /// more than 2^40.
    pub fn new(model: &'a Model, x: &'a DVector<f64>) -> Result<Self> {
        let network = model.network();
        Error::shape("inputs of the network", network.inputs(), x.len())?;
        if let Some(bad) = x.iter().find(|x| !x.is_finite()) {
            return Err(Error::NotFinite { what: "an input of the network".into(), value: *bad });
        }
        let mut stages = stages(model);
        let structure = Structure::of(model, &mut stages);
        let prefix_units: usize = stages.iter().map(|stage| stage.units.len()).sum();
        Mask::count(prefix_units + structure.units())?;
        let blocks = Blocks::new(&structure, stages.last().map_or(0, |stage| stage.units.len()));
        let prefix_depth = prefix_units as u32 - blocks.as_ref().map_or(0, Blocks::depth);
        let pass = Pass { instructions: InstructionSet::detect(), squares: false };
        let only = if prefix_units > 0 {
            None
        } else {
            let root = Node::root(&stages, x);
            Some(structure.readout(root.outcome().0)?)
        };
        // Inputs that are 0 have no effect, and the only readout knows them.
        let readout_depth = only.as_ref().map_or(structure.depth(), Readout::depth);
        Ok(Self { model, x, stages, structure, only, blocks, prefix_depth, readout_depth, pass })
    }

    /// The same, with these instructions: another speed, the same bits.
    pub fn with_instructions(self, instructions: InstructionSet) -> Self {
        Self { pass: Pass { instructions, ..self.pass }, ..self }
    }

    /// The same, summing squares too: about half as much work again.
    pub fn with_variance(self) -> Self {
        Self { pass: Pass { squares: true, ..self.pass }, ..self }
    }

    /// The depth of the tree. Each of its 2^depth leaves is summed in one go: a tile of up to 2^16 masks of the last dropout
    /// layer, or up to 4096 masks of the layers before with all masks of the last.
    pub fn depth(&self) -> u32 {
        self.prefix_depth + self.readout_depth
    }

    /// The sums over the masks of a subtree, on the current rayon threads: the same bits for any number of them.
    ///
    /// # Errors
    /// [`Error::Domain`] if the subtree lies below the tree's [`depth`](Enumeration::depth), or if the sizes of a logit's
    /// terms sum to more than 2^40.
    pub fn sums(&self, subtree: Subtree) -> Result<Sums> {
        if subtree.depth() > self.depth() {
            return Err(Error::Domain {
                what: format!("depth of a subtree of a tree of depth {}", self.depth()),
                value: subtree.depth().to_string(),
                must: "at most the depth of the tree",
            });
        }
        let (above, below) = subtree.split(self.prefix_depth);
        let node =
            above.path().try_fold(Node::root(&self.stages, self.x), |node, kept| node.decide(&self.stages, kept));
        Ok(self.below(node, self.prefix_depth - above.depth(), below)?.unwrap_or_else(|| self.nothing()))
    }

    /// The sums below a node of the stages' tree with `undecided` units left; at its leaves, those of one subtree of the
    /// readout. `None` below no node.
    fn below(&self, node: Option<Node>, undecided: u32, subtree: Subtree) -> Result<Option<Sums>> {
        let Some(node) = node else { return Ok(None) };
        if let (0, Some(blocks)) = (undecided, &self.blocks) {
            return blocks.sums(&self.structure, node.rest(&self.stages), self.pass).map(Some);
        }
        if undecided == 0 {
            let sums = |readout: &Readout| readout.sums(subtree, self.readout_depth, self.pass);
            let (activations, weight) = node.outcome();
            return Ok(Some(match &self.only {
                Some(readout) => sums(readout),
                None => sums(&self.structure.readout(activations)?).times(weight),
            }));
        }
        let half = |kept| self.below(node.clone().decide(&self.stages, kept), undecided - 1, subtree);
        let (left, right) = rayon::join(|| half(false), || half(true));
        // Nothing is added to what a unit without effect leaves: not even 0, which would change the sign of −0.
        Ok(match (left?, right?) {
            (Some(left), Some(right)) => Some(left.join(&right)),
            (left, right) => left.or(right),
        })
    }

    /// The sums over no masks.
    fn nothing(&self) -> Sums {
        let outputs = DVector::zeros(self.model.network().outputs());
        let head = self.model.head();
        Sums::none(head.expected(&outputs).len(), head.log_coordinates(&outputs).len(), self.pass.squares)
    }

    /// The three predictions, from the sums over all masks.
    ///
    /// # Errors
    /// [`Error::ZeroProbability`] and [`Error::NotFinite`] as [`Ensemble::geometric_mean`](crate::Ensemble::geometric_mean).
    pub fn prediction(&self, whole: &Sums) -> Result<Prediction<f64>> {
        Ok(Prediction {
            arithmetic_mean: whole.expected.clone(),
            geometric_mean: self.model.head().normalise(&whole.log_coordinates)?,
            weight_scaling: self.model.ensemble().weight_scaling(self.x)?,
        })
    }

    /// \\(\operatorname{Var}_\mu \mathbb E(y \mid x, \mu)\\), the spread of the sub-models' predictions, from the sums over
    /// all masks: the part that [`TotalVariance`](crate::ensemble::total_variance::TotalVariance) calls `between`. It is the
    /// mean square less the squared mean, each good to a few roundings of its own size; where they nearly cancel, the second
    /// pass of the definition keeps more digits.
    ///
    /// # Errors
    /// [`Error::Shape`] unless the sums were made [`with_variance`](Enumeration::with_variance).
    pub fn variance(&self, whole: &Sums) -> Result<DVector<f64>> {
        Error::shape("sums of squares, one an entry of y", whole.expected.len(), whole.squares.len())?;
        Ok(whole.squares.zip_map(&whole.expected, |square, mean| (square - mean * mean).max(0.0)))
    }
}

/// The dropout layers, each with its units that are not always kept and the layers up to the next. What comes before the
/// first is a stage without units.
fn stages(model: &Model) -> Vec<Stage<'_>> {
    let layers = model.network().layers();
    let starts = layers.iter().positions(|layer| matches!(layer, Layer::Dropout(_)));
    let mut keep = model.keep().iter();
    let bounds = starts.chain([layers.len()]).collect_vec();
    let first = Stage { units: Vec::new(), layers: &layers[..bounds[0]] };
    let others = bounds.iter().tuple_windows().map(|(&start, &end)| {
        let Layer::Dropout(places) = &layers[start] else { unreachable!("a stage starts with a dropout layer") };
        let units = places.iter().zip(keep.by_ref()).filter(|&(_, &keep)| keep < 1.0);
        let multiplier = |&keep: &f64| Multiplier::Dropped { keep, scale: scale(model.convention(), keep) };
        Stage {
            units: units.map(|(&place, keep)| (place, multiplier(keep))).collect(),
            layers: &layers[start + 1..end],
        }
    });
    std::iter::once(first).chain(others).collect()
}

/// What a kept unit is multiplied by.
fn scale(convention: Convention, keep: f64) -> DoubleDouble {
    match convention {
        Convention::Standard => DoubleDouble::ONE,
        Convention::Inverted => DoubleDouble::reciprocal(keep),
    }
}
