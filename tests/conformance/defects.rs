//! Every public defect that the laws were made for is a mutant of the zoo, killed by its law.

use dropout_oracle::conformance::zoo::mutants;

/// The law that kills, and the threads. Two more are no layers, and are held elsewhere: ConcreteDropout 15 (a regulariser
/// that sums biases too) by `l2.per-feature`, onnx 1173 (a vector in which nothing drops) by `tests/vectors`.
const PUBLIC: &[(&str, &[&str])] = &[
    ("L1", &["theanets PR123", "dlordinal PR138"]),
    ("L2", &["keras PR5665"]),
    ("L3", &["AiDotNet PR256", "torchtune 996", "aprender PR2170", "clean-net 2"]),
    (
        "L4",
        &[
            "guided-diffusion 167",
            "OLMo-core PR828",
            "pytorch 190717",
            "flash-attention 1251",
            "NNlib PR454",
            "gorgonia 69",
            "ConvNetSharp 118",
        ],
    ),
    ("L6", &["pytorch 124464", "wenet 2699", "apex PR1449", "TorchSharp 1464", "phygnn PR18", "burn PR2736"]),
    ("L7", &["flax PR2055", "pytorch 100025", "axon 367"]),
    ("L8", &["burn 2694"]),
    ("L9", &["pytorch 103681", "baal PR249"]),
    ("L10", &["Oneflow PR9808", "Mocha.jl 96"]),
    ("L11", &["pytorch 69801", "keras 9841", "PyTorch-NLP 71", "dynet PR812"]),
    ("L12", &["mlpractical PR32", "darch 12"]),
    ("L13", &["mxnet 15659", "onnxruntime 1487"]),
    ("L16", &["pytorch 74177", "mxnet 16705", "keras 17548", "pytorch 84516", "pytorch 174078"]),
    ("L17", &["pytorch 59421"]),
    (
        "S1",
        &[
            "tiny-dnn 961",
            "Dluid PR125",
            "nd4j 1373",
            "tensorflow PR44880",
            "AiDotNet.Tensors PR732",
            "boltz PR554",
            "Paddle PR51688",
        ],
    ),
    ("S3", &["Paddle 7796", "axon 423", "flax 4539", "pytorch 84614", "ngraph PR3006"]),
    ("S6", &["ROCm tensorflow-upstream PR2128"]),
    ("S7", &["j-min/Dropouts 2"]),
    ("S8", &["tensorflow 29391", "tensorflow 38922", "keras PR20656"]),
    ("S9", &["transformers 31412", "accelerate 114"]),
    ("S10", &["SalsaNext 40"]),
];

/// That its law kills each mutant is what the golden matrix shows.
#[test]
fn every_public_defect_is_a_mutant_of_its_law() {
    for (law, threads) in PUBLIC {
        for thread in *threads {
            let modelled = mutants().iter().any(|mutant| mutant.killed_by == *law && mutant.seen.contains(thread));
            assert!(modelled, "{thread} is no mutant of {law}");
        }
    }
}
