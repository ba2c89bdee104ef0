//! L11: the mask is shared along the declared axes and nowhere else.

use super::input::{kept, telling_ids};
use super::scale::zero_or_scaled;
use super::{Law, Needs};
use crate::conformance::case::{Layout, Mode};
use crate::conformance::layer::{Kind, Level};
use crate::conformance::tensor::Tensor;
use crate::conformance::trial::{Check, Trial};
use crate::conformance::verdict::Failure;
use itertools::Itertools;

/// See the module.
pub const LAW: Law = Law {
    id: "L11",
    name: "sharing",
    statement: "The mask is constant along the declared shared axes and varies along every other, by logical index: for every \
                rank, and however x lies in memory.",
    needs: Needs { kinds: &[Kind::Dropout, Kind::Dropconnect, Kind::Alpha], ..Needs::FORWARD },
    false_alarm: 1e-30, // 2^-128 for each axis, rank, layout and call; fewer than 2^28 of them
    power: "one differing pair along a shared axis is enough; an axis that is shared by mistake is always seen",
    diagnosis: "the mask has another shape than declared: look at which axis is the features', and at masks that are drawn \
                in the order of memory",
    claim: "noise.spatial",
    seen: &["pytorch 69801", "keras 9841", "PyTorch-NLP 71", "dynet PR812"],
    check,
};

fn check(trial: &mut Trial<'_>) -> Check {
    let dtype = trial.widest();
    for rank in trial.ranks().into_iter().filter(|&rank| rank > 0) {
        let layouts = [Layout::Contiguous, Layout::Transposed, Layout::Sliced, Layout::Broadcast];
        for &layout in &layouts[..if trial.layer.offers(Level::C4) { 4 } else { 1 }] {
            trial.part(&format!("rank {rank}, {layout:?}"), |trial| {
                // 512 elements that are drawn separately: 256 pairs along an axis of two, 128 with a broadcast axis.
                let shape = trial.layer.shape_of_rank(rank, 512);
                let x = telling_ids(trial.layer, dtype, &shape);
                let x = if layout == Layout::Broadcast { first_slice_repeated(&x) } else { x };
                let case = trial.case(Mode::Train, 0.5, x).layout(layout);
                let y = trial.call(&case)?.y;
                if trial.layer.kind != Kind::Alpha {
                    zero_or_scaled(trial, &case, 0.5, &y)?;
                }
                trial.evidence.comparisons += y.len() as u64;
                let kept = kept(trial.layer, 0.5, &y);
                for (axis, shared) in trial.layer.shared(rank).into_iter().enumerate() {
                    let (stride, size) = (shape[axis + 1..].iter().product::<usize>(), shape[axis]);
                    let differs = |&i: &usize| i / stride % size != 0 && kept[i] != kept[i - stride];
                    let differing = (0..kept.len()).find(differs);
                    match (shared, differing) {
                        (true, Some(i)) => {
                            let got = format!("another mask at {:?} than at {:?}", y.index(i), y.index(i - stride));
                            let expected = format!("one mask along axis {axis}, which is declared shared");
                            return Err(Failure { at: Some(y.index(i)), ..Failure::new(&case, expected, got) }.into());
                        }
                        (false, None) if size > 1 => {
                            let expected = format!("masks that vary along axis {axis}, which is not declared shared");
                            return Err(Failure::new(&case, expected, "the same mask all along it").into());
                        }
                        _ => {}
                    }
                }
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// The first slice along the first axis at every index of it.
fn first_slice_repeated(x: &Tensor) -> Tensor {
    let slice = x.len() / x.shape()[0];
    let bits = x.bits()[..slice].iter().copied().cycle().take(x.len()).collect_vec();
    Tensor::from_bits(x.dtype(), x.shape(), bits)
}
