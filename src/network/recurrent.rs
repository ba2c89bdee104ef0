//! Recurrent networks, with dropout on the connections that are said to have it.

use super::{Affine, Network, Unit};
use crate::error::{Error, Result};
use crate::scalar::Scalar;
use nalgebra::{DMatrix, DVector};

/// Which connections of a [`Recurrent`] network have a droppable unit at their source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// From the input of each step.
    pub inputs: bool,
    /// From the hidden state of each step to the next step.
    pub recurrent: bool,
    /// From the last hidden state to the output.
    pub readout: bool,
}

impl Dropped {
    /// Inputs and readout but not the recurrence (Zaremba et al. 2014): no path meets more than two masks, whatever its
    /// length.
    pub const NON_RECURRENT: Self = Self { inputs: true, recurrent: false, readout: true };
}

/// \\(h_t = \varphi(U(\mu^h_t \circ h_{t-1}) + W(\mu^x_t \circ x_t) + b)\\) for t = 1 … T with \\(h_0 = 0\\), and the
/// output \\(V(\mu^o \circ h_T) + c\\).
///
/// The input x holds x_1 … x_T one after another. Droppable units come in the order of time: those of x_t, then those
/// of h_t. Every step has multipliers of its own, *fresh* masks; for one mask that all steps share, tie them with
/// [`Recurrent::tied_in_time`]. In a linear network fresh masks keep the mean, and a tied one does not once it sits on
/// the recurrence (claim rnn.fresh-vs-tied).
///
/// ```
/// use dropout_oracle::network::{Affine, Network, PiecewiseLinear, Recurrent, recurrent::Dropped};
/// use nalgebra::{dmatrix, dvector};
/// let one = Affine::new(dmatrix![1.0], dvector![0.0])?;
/// let dropped = Dropped { recurrent: true, ..Dropped::default() };
/// let net = Recurrent::new(one.clone(), dmatrix![1.0], PiecewiseLinear::Identity, one, 3, dropped)?;
/// // x_1 = 1 passes two recurrent connections, with multipliers 2 and ½
/// assert_eq!(net.output(&dvector![1.0, 0.0, 0.0], &dvector![2.0, 0.5])?[0], 1.0);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Recurrent<T, A> {
    input: Affine<T>,
    recurrent: DMatrix<T>,
    unit: A,
    readout: Affine<T>,
    steps: usize,
    dropped: Dropped,
}

/// The connections of one step that have droppable units.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Input,
    Recurrent,
    Readout,
}

impl<T: Scalar, A: Unit<T>> Recurrent<T, A> {
    /// The network that takes `steps` inputs through W and b (`input`), U (`recurrent`), `unit`, and V and c
    /// (`readout`).
    ///
    /// # Errors
    /// [`Error::Shape`] where the maps do not fit, [`Error::Domain`] for zero steps or a maxout that does not divide
    /// the pre-activations.
    pub fn new(
        input: Affine<T>,
        recurrent: DMatrix<T>,
        unit: A,
        readout: Affine<T>,
        steps: usize,
        dropped: Dropped,
    ) -> Result<Self> {
        let (feeds, pieces) = (input.outputs(), unit.pieces());
        if pieces == 0 || feeds % pieces != 0 {
            let what = format!("pieces of the maxout units, fed by {feeds} numbers");
            return Err(Error::Domain { what, value: pieces.to_string(), must: "a divisor of the width" });
        }
        if steps == 0 {
            return Err(Error::Domain { what: "number of steps".into(), value: "0".into(), must: "at least 1" });
        }
        Error::shape("rows of the recurrent weight", feeds, recurrent.nrows())?;
        Error::shape("columns of the recurrent weight, one a hidden unit", feeds / pieces, recurrent.ncols())?;
        Error::shape("inputs of the readout, one a hidden unit", feeds / pieces, readout.inputs())?;
        Ok(Self { input, recurrent, unit, readout, steps, dropped })
    }

    /// The groups of a [`Tied`](crate::law::Tied) law whose masks all steps share (Gal & Ghahramani 2016): first one
    /// group for each dropped entry of an input, then for each dropped entry of a state that recurs, then for each of
    /// the state that is read out.
    pub fn tied_in_time(&self) -> Vec<usize> {
        let before = |source| {
            let earlier: &[Source] = match source {
                Source::Input => &[],
                Source::Recurrent => &[Source::Input],
                Source::Readout => &[Source::Input, Source::Recurrent],
            };
            earlier.iter().map(|&s| if self.drops(s) { self.width(s) } else { 0 }).sum::<usize>()
        };
        self.sources().flat_map(|source| before(source)..before(source) + self.width(source)).collect()
    }

    /// The dropped connections in the order of time.
    fn sources(&self) -> impl Iterator<Item = Source> {
        let after = |t| if t + 1 < self.steps { Source::Recurrent } else { Source::Readout };
        (0..self.steps).flat_map(move |t| [Source::Input, after(t)]).filter(|&source| self.drops(source))
    }

    fn drops(&self, source: Source) -> bool {
        match source {
            Source::Input => self.dropped.inputs,
            Source::Recurrent => self.dropped.recurrent,
            Source::Readout => self.dropped.readout,
        }
    }

    fn width(&self, source: Source) -> usize {
        if source == Source::Input { self.input.inputs() } else { self.readout.inputs() }
    }
}

impl<T: Scalar, A: Unit<T>> Network<T> for Recurrent<T, A> {
    fn inputs(&self) -> usize {
        self.steps * self.input.inputs()
    }
    fn units(&self) -> usize {
        self.sources().map(|source| self.width(source)).sum()
    }
    fn outputs(&self) -> usize {
        self.readout.outputs()
    }
    fn output(&self, x: &DVector<T>, multipliers: &DVector<T>) -> Result<DVector<T>> {
        Error::shape("inputs of the network, those of all steps", self.inputs(), x.len())?;
        Error::shape("multipliers, one a droppable unit", self.units(), multipliers.len())?;
        let mut used = 0;
        let mut drop = |h: DVector<T>, source| {
            if !self.drops(source) {
                return h;
            }
            used += h.len();
            h.component_mul(&multipliers.rows(used - h.len(), h.len()))
        };
        let no_bias = Affine { weight: self.recurrent.clone(), bias: DVector::zeros(self.recurrent.nrows()) };
        let mut state = DVector::zeros(self.readout.inputs());
        for t in 0..self.steps {
            let x = drop(x.rows(t * self.input.inputs(), self.input.inputs()).into_owned(), Source::Input);
            state = self.unit.activate(&(no_bias.apply(&state) + self.input.apply(&x)));
            state = drop(state, if t + 1 < self.steps { Source::Recurrent } else { Source::Readout });
        }
        Ok(self.readout.apply(&state))
    }
}
