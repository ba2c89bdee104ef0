//! All masks of a network for one input: the tree over all its dropout layers.

use super::affine_sum::Multiplier;
use super::prefix::{Node, Stage};
use super::readout::{Readout, Structure};
use super::sums::Sums;
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
    /// The depth of the part of the tree that decides the stages' units.
    prefix_depth: u32,
    depth: u32,
    instructions: InstructionSet,
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
        let prefix_depth = stages.iter().map(|stage| stage.units.len()).sum::<usize>();
        let units = prefix_depth + structure.units();
        Mask::count(units)?;
        let prefix_depth = prefix_depth as u32;
        let mut this = Self {
            model,
            x,
            stages,
            structure,
            prefix_depth,
            depth: prefix_depth,
            instructions: InstructionSet::detect(),
        };
        // Every mask of the stages has the same tree below it.
        let any = (0..prefix_depth).fold(this.root(), |node, _| node.decide(&this.stages, false));
        this.depth += this.readout(&any)?.depth();
        Ok(this)
    }

    /// The same, with these instructions: another speed, the same bits.
    pub fn with_instructions(self, instructions: InstructionSet) -> Self {
        Self { instructions, ..self }
    }

    /// The depth of the tree. Its 2^depth leaves are tiles of up to 2^16 masks, each summed in one go.
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// The sums over the masks of a subtree, on the current rayon threads: the same bits for any number of them.
    ///
    /// # Errors
    /// [`Error::Domain`] if the subtree lies below the tree's [`depth`](Enumeration::depth), or if the sizes of a logit's
    /// terms sum to more than 2^40.
    pub fn sums(&self, subtree: Subtree) -> Result<Sums> {
        if subtree.depth() > self.depth {
            return Err(Error::Domain {
                what: format!("depth of a subtree of a tree of depth {}", self.depth),
                value: subtree.depth().to_string(),
                must: "at most the depth of the tree",
            });
        }
        let (above, below) = subtree.split(self.prefix_depth);
        let node = above.path().fold(self.root(), |node, kept| node.decide(&self.stages, kept));
        self.below(node, self.prefix_depth - above.depth(), below)
    }

    /// The sums below a node of the stages' tree with `undecided` units left; at its leaves, those of one subtree of the
    /// readout.
    fn below(&self, node: Node, undecided: u32, subtree: Subtree) -> Result<Sums> {
        if undecided == 0 {
            let (_, weight) = node.outcome();
            return Ok(self.readout(&node)?.sums(subtree, self.instructions).times(weight));
        }
        let (left, right) = rayon::join(
            || self.below(node.clone().decide(&self.stages, false), undecided - 1, subtree),
            || self.below(node.clone().decide(&self.stages, true), undecided - 1, subtree),
        );
        Ok(left?.join(&right?))
    }

    fn root(&self) -> Node {
        Node::root(&self.stages, self.x)
    }

    fn readout(&self, node: &Node) -> Result<Readout> {
        self.structure.readout(node.outcome().0)
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
