//! The mistakes that the vectors bring to light, and where each was seen.

use super::format::Flag;

/// Name, mistake, effect, claims, threads (repository and number).
type Entry = (&'static str, &'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const FLAGS: &[Entry] = &[
    (
        "active-in-evaluation",
        "units are dropped in evaluation too",
        "predictions are random",
        &["ws.softmax"],
        &["pytorch/pytorch#124464", "wenet-e2e/wenet#2699"],
    ),
    (
        "alpha-constants",
        "alpha dropout with other constants than SELU's, or without the affine correction",
        "mean 0 and variance 1 are lost",
        &["noise.alpha"],
        &[],
    ),
    (
        "gradient-mask",
        "the gradient does not go through the mask of its own call, or infers it from the output",
        "wrong gradients, above all where x = 0",
        &["sgd.standard-vs-inverted"],
        &["FluxML/NNlib.jl#454", "Dao-AILab/flash-attention#1251"],
    ),
    (
        "keep-drop-swapped",
        "p is taken for the keep probability where it is the drop rate, or the reverse",
        "invisible at p = 1/2, wrong rate and scale elsewhere",
        &["sgd.standard-vs-inverted"],
        &["tiny-dnn/tiny-dnn#961", "tensorflow/tensorflow#44880"],
    ),
    (
        "mean-for-ensemble",
        "one mean of the sub-models is returned for another",
        "the arithmetic mean, the geometric mean and weight scaling differ",
        &["ens.decomposition", "ws.fails-relu"],
        &[],
    ),
    (
        "never-applied",
        "the mask is ignored",
        "nothing is dropped",
        &["sgd.standard-vs-inverted"],
        &["pytorch/torchtune#996"],
    ),
    (
        "non-finite",
        "a dropped infinity or NaN is multiplied by 0 in one mode and removed in another",
        "NaN where the documentation promises 0, or the reverse",
        &[],
        &["pytorch/pytorch#59421"],
    ),
    (
        "not-the-real-minimiser",
        "training stops elsewhere than at the minimiser of the expected loss",
        "the ridge penalty of dropout is missing or has another weight",
        &["l2.minimiser"],
        &[],
    ),
    (
        "p-one",
        "1/(1 - p) is formed at p = 1",
        "NaN in outputs or gradients",
        &[],
        &["google/flax#2055", "pytorch/pytorch#100025", "elixir-nx/axon#367"],
    ),
    (
        "p-unchecked",
        "p outside [0, 1] or NaN is taken",
        "zeros, or units scaled by a negative number",
        &[],
        &["tracel-ai/burn#2694"],
    ),
    ("p-zero-drops", "p = 0 is no identity", "units are dropped, or rounded", &[], &["ROCm/tensorflow-upstream#2128"]),
    (
        "scaled-twice",
        "kept units are scaled in training and in evaluation too, or by p for 1/(1 - p)",
        "the mean over masks is not the output of evaluation",
        &["sgd.standard-vs-inverted"],
        &["CSTR-Edinburgh/mlpractical#32", "lmjohns3/theanets#123"],
    ),
    (
        "wrong-shared-axis",
        "the mask is constant along another axis than is said",
        "whole batches or time steps are dropped for feature maps, or the reverse",
        &["noise.spatial"],
        &["keras-team/keras#9841", "clab/dynet#812", "pytorch/pytorch#69801"],
    ),
];

/// The flag of this name.
pub fn named(name: &str) -> Flag {
    let list = |list: &[&str]| list.iter().map(ToString::to_string).collect();
    let entry = FLAGS.iter().find(|(known, ..)| *known == name);
    let &(_, bug, effect, claims, seen) = entry.unwrap_or_else(|| panic!("no flag is called {name}"));
    Flag { bug: bug.into(), effect: effect.into(), claims: list(claims), seen: list(seen) }
}
