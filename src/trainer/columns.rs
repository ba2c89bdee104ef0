//! How the columns of a matrix are cut into panels.

use super::float::Float;

/// The layout of every matrix of the trainer: its columns are cut into panels of a few vectors each, and each panel is
/// stored whole, row after row. The last panel is filled up with zeros.
///
/// A panel is what one task writes, and its rows are what stays in registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    /// Columns of the matrix.
    pub(super) width: usize,
    /// Vectors a panel: 1 to [`Columns::MOST`].
    pub(super) vectors: usize,
    /// Columns a panel.
    pub(super) panel: usize,
}

impl Columns {
    /// Five vectors by five rows fill the 32 registers of AVX-512.
    pub(super) const MOST: usize = 5;

    /// The layout of `width` columns that leaves the fewest empty; of equals, the one with the widest panels.
    pub(super) fn new<F: Float>(width: usize) -> Self {
        let needed = width.div_ceil(F::LANES).max(1);
        let fewest = if needed <= Self::MOST { needed } else { 3 };
        let vectors = (fewest..=needed.min(Self::MOST)).rev().min_by_key(|&v| needed.div_ceil(v) * v);
        let vectors = vectors.expect("there is at least one candidate");
        Self { width, vectors, panel: vectors * F::LANES }
    }

    /// The number of panels.
    pub(super) fn panels(self) -> usize {
        self.width.div_ceil(self.panel).max(1)
    }

    /// The number of columns with those that fill up the last panel.
    pub(super) fn padded(self) -> usize {
        self.panels() * self.panel
    }

    /// How many columns of a panel belong to the matrix.
    pub(super) fn filled(self, panel: usize) -> usize {
        self.panel.min(self.width - panel * self.panel)
    }
}
