//! What a tile is asked and gives.

use super::InstructionSet;

/// Sums over all masks of a tile, each term times its probability within the tile.
pub(super) struct TileSums {
    /// Σ π p_y of each class but the reference, and of the reference last.
    pub classes: Vec<f64>,
    /// Σ π ln s, with s = Σ_y e^η over the class relative to the reference.
    pub logarithm: f64,
    /// Σ π p_y², in the order of the classes; empty if not asked for.
    pub squares: Vec<f64>,
}

/// What is summed, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    pub instructions: InstructionSet,
    /// Whether to sum squares too.
    pub squares: bool,
}
