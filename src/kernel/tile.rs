//! What a tile gives.

/// Sums over all masks of a tile, each term times its probability within the tile.
pub(super) struct TileSums {
    /// Σ π p_y of each class but the reference, and of the reference last.
    pub classes: Vec<f64>,
    /// Σ π ln s, with s = Σ_y e^η over the class relative to the reference.
    pub logarithm: f64,
}
