//! A panel of a layer: what one task reads and writes.

use super::aligned::Aligned;
use super::columns::Columns;
use super::float::Float;

/// The weights into a panel of units, with what moves them.
///
/// Row i holds the weights from input i to each unit of the panel. There is a row for each input with those that fill up
/// the inputs' last panel; what fills up stays zero.
#[derive(Clone, Debug)]
pub(super) struct Panel<F: Float> {
    pub(super) weight: Aligned<F>,
    pub(super) velocity: Aligned<F>,
    pub(super) bias: Aligned<F>,
    pub(super) bias_velocity: Aligned<F>,
    /// Room for the squared norm of each unit's incoming weights, and then for what max-norm multiplies them by.
    pub(super) squares: Aligned<F>,
    /// Room for the weights times their noise; empty where weights have none.
    pub(super) noisy: Aligned<F>,
    /// Whether the last step left every number finite.
    pub(super) finite: bool,
}

impl<F: Float> Panel<F> {
    pub(super) fn zeros(inputs: Columns, outputs: Columns, noisy: bool) -> Self {
        let numbers = || Aligned::zeros(inputs.padded() * outputs.panel);
        let row = || Aligned::zeros(outputs.panel);
        Self {
            weight: numbers(),
            velocity: numbers(),
            bias: row(),
            bias_velocity: row(),
            squares: row(),
            noisy: if noisy { numbers() } else { Aligned::zeros(0) },
            finite: true,
        }
    }

    /// The weights that the products of a step see.
    #[inline(always)]
    pub(super) fn used(&self) -> &[F] {
        if self.noisy.is_empty() { &self.weight } else { &self.noisy }
    }

    /// Takes over another panel's numbers, without allocation.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.weight.copy_from_slice(&other.weight);
        self.velocity.copy_from_slice(&other.velocity);
        self.bias.copy_from_slice(&other.bias);
        self.bias_velocity.copy_from_slice(&other.bias_velocity);
    }
}
