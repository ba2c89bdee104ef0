//! Masks shared along the wrong axes.

use super::Mutant;
use crate::conformance::layer::Layer;
use crate::conformance::tensor::first_along;
use crate::conformance::zoo::dropout::{Context, Dropout, plain};

pub(super) fn all() -> Vec<Mutant> {
    zoo! {
        "L11" "feature maps of rank 3 dropped by rows" RowsOfRank3, ["pytorch 69801"];
        "L11" "shared along the wrong axis" WrongAxis, ["keras 9841", "PyTorch-NLP 71", "dynet PR812"];
    }
}

/// Says that it drops feature maps, but takes an input of rank 3 for a batch of sequences.
struct RowsOfRank3;
impl Dropout for RowsOfRank3 {
    fn layer(&self) -> Layer {
        feature_maps()
    }
    fn unit(&self, call: &Context<'_>, place: u64) -> u64 {
        let shared = if call.shape.len() == 3 { &[false, false, true][..] } else { &call.shared };
        first_along(shared, call.shape, place)
    }
}

/// Says that it drops features over time (axis 1), but drops times over features (axis 2).
struct WrongAxis;
impl Dropout for WrongAxis {
    fn layer(&self) -> Layer {
        Layer { shared_axes: vec![-2], ranks: vec![3], ..plain() }
    }
    fn unit(&self, call: &Context<'_>, place: u64) -> u64 {
        first_along(&[false, false, true], call.shape, place)
    }
}

fn feature_maps() -> Layer {
    Layer { shared_axes: vec![-1, -2], ranks: vec![3, 4], ..plain() }
}
