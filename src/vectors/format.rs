//! The format `dropout-oracle/vectors-1`, which `schemas/vectors-1.schema.json` describes to programs.

use crate::certified::Interval;
use crate::conformance::Dtype;
use crate::scalar::Rational;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The first field of every file of vectors.
pub const FORMAT: &str = "dropout-oracle/vectors-1";

/// The vectors of one operation: one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VectorFile {
    /// [`FORMAT`].
    pub format: String,
    /// The version of the suite; an id means the same test in every version that has it.
    pub suite: String,
    /// The operation, which is the file's name.
    pub operation: String,
    /// What it is, with its formula.
    pub about: String,
    /// Where the inputs come from.
    pub generator: Generator,
    /// How many tests the groups hold.
    pub number_of_tests: usize,
    /// The kinds of mistake that the tests bring to light.
    pub flags: BTreeMap<String, Flag>,
    /// Tests that share a format and conventions.
    pub groups: Vec<Group>,
}

/// The source of the inputs that are not chosen by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generator {
    /// The generator.
    pub name: String,
    /// Its seed.
    pub seed: u64,
}

/// A kind of mistake.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flag {
    /// The mistake.
    pub bug: String,
    /// What comes of it.
    pub effect: String,
    /// The claims of the ledger that it breaks.
    pub claims: Vec<String>,
    /// Where it was seen, as repository and number of the thread.
    pub seen: Vec<String>,
}

/// Tests of one format under one convention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The format of inputs and outputs.
    pub dtype: Dtype,
    /// What is meant by p, and what is done with it.
    pub convention: Convention,
    /// The tests.
    pub tests: Vec<Test>,
}

/// What is meant by p, and what is done with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Convention {
    /// `drop` or `keep`: whose probability p is.
    pub p_means: String,
    /// `inverted`: kept units are divided by the keep probability in training; `classic`: multiplied by it in evaluation.
    pub scaling: String,
    /// What a dropped unit becomes: `0`, or `selu_limit`.
    pub dropped_value: String,
    /// The axes along which the mask is constant, from the front.
    pub shared_axes: Vec<usize>,
}

/// One input with what must come of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// Its name for ever.
    pub id: String,
    /// What is particular about it.
    pub comment: String,
    /// The mistakes that it brings to light, by their names in the file's `flags`.
    pub flags: Vec<String>,
    /// What is given.
    pub inputs: BTreeMap<String, Input>,
    /// What must come of it; empty where the inputs must be rejected.
    pub expected: BTreeMap<String, Expected>,
    /// `must`, `must_reject`, or `declared:CHOICE`: of the tests with one comment and different choices, an
    /// implementation passes the one whose choice it documents.
    pub verdict: String,
}

/// Something given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Input {
    /// Numbers of the group's format, or of another where `dtype` says so.
    Numbers(Numbers),
    /// Which units are kept.
    Mask(Bitset),
    /// The layers of a network, first one first.
    Network(Vec<Layer>),
    /// A count or a class, from 0.
    Integer(u64),
    /// The name of a choice.
    Text(String),
}

/// Numbers with all their bits, in row-major order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    /// Their format.
    pub dtype: Dtype,
    /// The length of each axis; none for a single number.
    pub shape: Vec<usize>,
    /// IEEE bits in hexadecimal, the sign first.
    pub bits: Vec<String>,
    /// The same, for people: the shortest decimal that names the number among all `f64`.
    pub decimal: Vec<String>,
}

/// A mask, in row-major order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bitset {
    /// The length of each axis.
    pub shape: Vec<usize>,
    /// Two hexadecimal digits a byte: unit i is kept if bit i mod 8, least significant first, of byte ⌊i/8⌋ is 1.
    pub kept: String,
}

/// A layer of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Layer {
    /// Multiply by the mask, with these KEEP probabilities, one a unit.
    Dropout(Numbers),
    /// W h + b, with W of shape outputs × inputs.
    Linear {
        /// W.
        weight: Numbers,
        /// b.
        bias: Numbers,
    },
    /// max(h, 0).
    Relu,
    /// The largest of each run of so many units.
    Maxout(usize),
}

/// What must come of a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Expected {
    /// Real numbers, enclosed.
    Enclosure(Enclosure),
    /// These very bits, where NaN is any NaN.
    Exactly {
        /// The numbers.
        exactly: Numbers,
    },
}

/// Each result must lie in [lo, hi] widened by `ulps` on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enclosure {
    /// Not above the real numbers.
    pub lo: Numbers,
    /// Not below them.
    pub hi: Numbers,
    /// The budget, in units in the last place of the group's format.
    pub ulps: u32,
    /// `element`: units of the element itself; `largest`: of the largest of the tensor.
    pub unit: String,
    /// Why this budget.
    pub reason: String,
}

impl Numbers {
    /// A tensor of numbers that are rounded to the format, if need be.
    pub fn new(dtype: Dtype, shape: &[usize], values: impl IntoIterator<Item = f64>) -> Self {
        let bits: Vec<_> = values.into_iter().map(|x| dtype.round(x)).collect();
        assert_eq!(bits.len(), shape.iter().product::<usize>(), "one number an element");
        Self {
            dtype,
            shape: shape.into(),
            decimal: bits.iter().map(|&bits| format!("{:?}", dtype.value(bits))).collect(),
            bits: bits.iter().map(|&bits| format!("{bits:0digits$x}", digits = 2 * dtype.bytes())).collect(),
        }
    }

    /// One `f64`.
    pub fn scalar(x: f64) -> Self {
        Self::new(Dtype::F64, &[], [x])
    }

    /// The numbers, exactly; nothing if the bits are not the format's.
    pub fn values(&self) -> Option<Vec<f64>> {
        let digits = 2 * self.dtype.bytes();
        let decode = |hex: &String| {
            let bits = u64::from_str_radix(hex, 16).ok().filter(|_| hex.len() == digits)?;
            Some(self.dtype.value(bits))
        };
        self.bits.iter().map(decode).collect()
    }
}

impl Bitset {
    /// The mask that keeps the units where `kept` is true.
    pub fn new(shape: &[usize], kept: &[bool]) -> Self {
        let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte: u8, &bit| byte << 1 | u8::from(bit));
        Self { shape: shape.into(), kept: kept.chunks(8).map(|bits| format!("{:02x}", byte(bits))).collect() }
    }
}

impl Expected {
    /// Exact rational results.
    pub fn rationals<'a>(shape: &[usize], values: impl IntoIterator<Item = &'a Rational>, budget: Budget) -> Self {
        Self::intervals(shape, values.into_iter().map(Interval::from), budget)
    }

    /// Enclosed real results.
    pub fn intervals(shape: &[usize], values: impl IntoIterator<Item = Interval>, budget: Budget) -> Self {
        let (lo, hi): (Vec<_>, Vec<_>) = values.into_iter().map(|interval| interval.to_f64s()).unzip();
        let Budget { ulps, unit, reason } = budget;
        Self::Enclosure(Enclosure {
            lo: Numbers::new(Dtype::F64, shape, lo),
            hi: Numbers::new(Dtype::F64, shape, hi),
            ulps,
            unit: unit.into(),
            reason: reason.into(),
        })
    }
}

/// How far from the real numbers a result may be.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// [`Enclosure::ulps`].
    pub ulps: u32,
    /// [`Enclosure::unit`].
    pub unit: &'static str,
    /// [`Enclosure::reason`].
    pub reason: &'static str,
}
