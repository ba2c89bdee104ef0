//! What multiplies the units that enter a layer, or the weights that they meet.

use super::aligned::Aligned;
use super::columns::Columns;
use super::float::Float;
use super::kernel::Multipliers;
use super::masks::{KeepProbability, Masks};
use super::tasks::for_each_chunk;

/// The law of a layer's multipliers, from the KEEP probability p and the mean multiplier m: 1, or p under the standard
/// convention.
#[derive(Clone, Copy, Debug)]
pub(super) struct NoiseLaw {
    pub(super) kind: NoiseKind,
    pub(super) keep: f64,
    pub(super) mean: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoiseKind {
    /// m.
    Mean,
    /// m/p with probability p, else 0, for each unit and row.
    Masks,
    /// m N(1, (1 − p)/p), for each unit and row.
    Gaussian,
    /// m/p with probability p, else 0, for each weight and all rows.
    Weights,
}

impl NoiseLaw {
    /// No noise.
    pub(super) const NONE: Self = Self { kind: NoiseKind::Mean, keep: 1.0, mean: 1.0 };

    /// Whether units, rather than weights, are multiplied by anything but 1.
    pub(super) fn multiplies_units(self) -> bool {
        self.kind != NoiseKind::Weights && (self.kind != NoiseKind::Mean || self.mean != 1.0)
    }

    /// How many units have masks that could be enumerated.
    pub(super) fn masked(self, inputs: usize) -> usize {
        if self.kind == NoiseKind::Masks { inputs } else { 0 }
    }
}

/// The law, with room for what a step draws from it.
#[derive(Clone, Debug)]
pub(super) struct Noise<F: Float> {
    pub(super) law: NoiseLaw,
    keep: KeepProbability,
    drawn: Drawn<F>,
}

#[derive(Clone, Debug)]
enum Drawn<F: Float> {
    Nothing,
    /// A bit for each unit and row.
    Masks {
        words: Vec<u64>,
        stride: usize,
    },
    /// A number for each unit and row, the last ones of a row zero.
    Numbers {
        numbers: Aligned<F>,
        stride: usize,
        units: usize,
    },
    /// A bit for each weight: a row an input.
    Weights {
        words: Vec<u64>,
        stride: usize,
    },
}

impl<F: Float> Noise<F> {
    /// For a layer's inputs and outputs and `batch` rows; the law's p must be a KEEP probability.
    pub(super) fn new(law: NoiseLaw, keep: KeepProbability, inputs: Columns, outputs: Columns, batch: usize) -> Self {
        let bits = |rows: usize, columns: Columns| {
            let stride = columns.width.div_ceil(64);
            (vec![0; rows * stride], stride)
        };
        let drawn = match law.kind {
            NoiseKind::Mean => Drawn::Nothing,
            NoiseKind::Masks => {
                let (words, stride) = bits(batch, inputs);
                Drawn::Masks { words, stride }
            }
            NoiseKind::Gaussian => {
                let stride = inputs.padded();
                Drawn::Numbers { numbers: Aligned::zeros(batch * stride), stride, units: inputs.width }
            }
            NoiseKind::Weights => {
                let (words, stride) = bits(inputs.width, outputs);
                Drawn::Weights { words, stride }
            }
        };
        Self { law, keep, drawn }
    }

    /// Draws the multipliers of a step for this number of rows: those of a row, or of the weights from an input, come
    /// from the mask stream of that number.
    pub(super) fn draw(&mut self, masks: Masks, step: u64, layer: usize, rows: usize, parallel: bool) {
        let (law, keep) = (self.law, self.keep);
        match &mut self.drawn {
            Drawn::Nothing => {}
            Drawn::Masks { words, stride } => {
                for_each_chunk(parallel, &mut words[..rows * *stride], *stride, |row, words| {
                    masks.fill(step, layer, row, keep, words);
                });
            }
            Drawn::Weights { words, stride } => {
                for_each_chunk(parallel, words, *stride, |input, words| masks.fill(step, layer, input, keep, words));
            }
            Drawn::Numbers { numbers, stride, units } => {
                let deviation = ((1.0 - law.keep) / law.keep).sqrt();
                let units = *units;
                for_each_chunk(parallel, &mut numbers[..rows * *stride], *stride, |row, numbers| {
                    for (number, z) in numbers[..units].iter_mut().zip(masks.normals(step, layer, row)) {
                        *number = F::from_f64((1.0 + deviation * z) * law.mean);
                    }
                });
            }
        }
    }

    /// Takes this mask for every row, of at most 64 units.
    pub(super) fn set_mask(&mut self, mask: u64) {
        if let Drawn::Masks { words, .. } = &mut self.drawn {
            words.fill(mask);
        }
    }

    /// What multiplies the units from number `first` on: what was drawn, or else their mean.
    pub(super) fn of_units(&self, drawn: bool, first: usize) -> Multipliers<'_, F> {
        match &self.drawn {
            Drawn::Masks { words, stride } if drawn => {
                Multipliers::Bits { words, stride: *stride, first, scale: self.kept() }
            }
            Drawn::Numbers { numbers, stride, .. } if drawn => Multipliers::Numbers { numbers, stride: *stride, first },
            Drawn::Weights { .. } => Multipliers::One,
            _ if self.law.mean == 1.0 => Multipliers::One,
            _ => Multipliers::Same(F::from_f64(self.law.mean)),
        }
    }

    /// What multiplies the weights into the units from number `first` on.
    pub(super) fn of_weights(&self, first: usize) -> Multipliers<'_, F> {
        match &self.drawn {
            Drawn::Weights { words, stride } => Multipliers::Bits { words, stride: *stride, first, scale: self.kept() },
            _ => Multipliers::One,
        }
    }

    /// What is kept is multiplied by m/p.
    fn kept(&self) -> F {
        F::from_f64(self.law.mean / self.law.keep)
    }
}
