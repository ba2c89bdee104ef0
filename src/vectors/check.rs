//! Judging the answers of an implementation.

use super::format::{Enclosure, Expected, Numbers, Test, VectorFile};
use super::ulps::ulps_outside;
use crate::conformance::Dtype;
use itertools::Itertools;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The first field of every file of answers.
pub const ANSWERS: &str = "dropout-oracle/answers-1";

/// What an implementation made of the vectors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// [`ANSWERS`].
    pub format: String,
    /// The implementation, in any words.
    pub implementation: String,
    /// One entry a test that was run, by its id.
    pub answers: BTreeMap<String, Answer>,
}

/// What came of one test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Answer {
    /// Every expected output by its name: the IEEE bits of its elements in row-major order, in hexadecimal.
    Outputs(BTreeMap<String, Vec<String>>),
    /// The input was refused; by what.
    Rejected(String),
    /// The test was not run; why.
    Skipped(String),
}

/// What is to be said of one test.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// As it must be.
    Passed,
    /// Not as it must be.
    Failed {
        /// Which number, what it is and what it must be.
        why: String,
    },
    /// There is no answer, or one that says why not.
    NotAnswered {
        /// The reason given, if any.
        why: Option<String>,
    },
}

/// One test's verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgement {
    /// The test.
    pub id: String,
    /// What is particular about it.
    pub comment: String,
    /// The mistakes that it brings to light.
    pub flags: Vec<String>,
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// The verdict on every test of the files, in their order.
///
/// Of tests that differ in the declared choice alone, one must be passed: the others count as not answered. An answer to a
/// test that does not exist is a failure of its own.
pub fn judge(files: &[VectorFile], answers: &Answers) -> Vec<Judgement> {
    let tests =
        files.iter().flat_map(|file| file.groups.iter().flat_map(|group| group.tests.iter().map(|t| (group.dtype, t))));
    let mut judgements: Vec<Judgement> = Vec::new();
    for (_, alternatives) in &tests.clone().chunk_by(|(_, test)| family(test)) {
        judgements.extend(alternative(alternatives.map(|(dtype, test)| judgement(dtype, test, answers)).collect()));
    }
    let known: Vec<&str> = tests.map(|(_, test)| &*test.id).collect();
    judgements.extend(answers.answers.keys().filter(|id| !known.contains(&&***id)).map(|id| Judgement {
        id: id.clone(),
        comment: String::new(),
        flags: Vec::new(),
        verdict: Verdict::Failed { why: "no test has this id in this version of the suite".into() },
    }));
    judgements
}

/// What the alternatives of one choice have in common: the id but for the choice, or all of it.
fn family(test: &Test) -> String {
    match test.verdict.strip_prefix("declared:") {
        Some(choice) => test.id.trim_end_matches(choice).to_owned(),
        None => test.id.clone(),
    }
}

/// If one alternative is passed, the failures of the others are but other choices.
fn alternative(mut judgements: Vec<Judgement>) -> Vec<Judgement> {
    if judgements.len() > 1 && judgements.iter().any(|judgement| judgement.verdict == Verdict::Passed) {
        for judgement in &mut judgements {
            if matches!(judgement.verdict, Verdict::Failed { .. }) {
                judgement.verdict = Verdict::NotAnswered { why: Some("another choice is documented".into()) };
            }
        }
    }
    judgements
}

fn judgement(dtype: Dtype, test: &Test, answers: &Answers) -> Judgement {
    let rejects = test.expected.is_empty();
    let verdict = match answers.answers.get(&test.id) {
        None => Verdict::NotAnswered { why: None },
        Some(Answer::Skipped(why)) => Verdict::NotAnswered { why: Some(why.clone()) },
        Some(Answer::Rejected(_)) if rejects => Verdict::Passed,
        Some(Answer::Rejected(what)) => Verdict::Failed { why: format!("rejected ({what}), and it is legal") },
        Some(Answer::Outputs(_)) if rejects => Verdict::Failed { why: "accepted, and it must be rejected".into() },
        Some(Answer::Outputs(outputs)) => {
            let found = test.expected.iter().find_map(|(name, expected)| match outputs.get(name) {
                None => Some(format!("output {name} is missing")),
                Some(bits) => mistake(dtype, expected, bits).map(|why| format!("{name}{why}")),
            });
            found.map_or(Verdict::Passed, |why| Verdict::Failed { why })
        }
    };
    Judgement { id: test.id.clone(), comment: test.comment.clone(), flags: test.flags.clone(), verdict }
}

/// The first number that is not as it must be.
fn mistake(dtype: Dtype, expected: &Expected, bits: &[String]) -> Option<String> {
    let count = match expected {
        Expected::Enclosure(enclosure) => enclosure.lo.bits.len(),
        Expected::Exactly { exactly } => exactly.bits.len(),
    };
    if bits.len() != count {
        return Some(format!(" has {} numbers, and must have {count}", bits.len()));
    }
    let got = Numbers { dtype, shape: vec![count], bits: bits.into(), decimal: Vec::new() };
    let Some(got) = got.values() else {
        return Some(format!(" is not written in {dtype}, {} hexadecimal digits a number", 2 * dtype.bytes()));
    };
    match expected {
        Expected::Enclosure(enclosure) => outside(dtype, enclosure, &got),
        Expected::Exactly { exactly } => {
            let expected = exactly.values().expect("vectors are well-formed");
            let same = |a: f64, b: f64| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan();
            let at = got.iter().zip(&expected).position(|(&got, &expected)| !same(got, expected))?;
            Some(format!("[{at}] is {:?} ({}), and must be {:?} to the bit", got[at], bits[at], expected[at]))
        }
    }
}

fn outside(dtype: Dtype, enclosure: &Enclosure, got: &[f64]) -> Option<String> {
    let [lo, hi] = [&enclosure.lo, &enclosure.hi].map(|ends| ends.values().expect("vectors are well-formed"));
    let largest = lo.iter().chain(&hi).fold(0.0, |size: f64, x| size.max(x.abs()));
    got.iter().enumerate().find_map(|(i, &got)| {
        let size = if enclosure.unit == "largest" { largest } else { lo[i].abs().max(hi[i].abs()) };
        let ulps = ulps_outside(dtype, got, (lo[i], hi[i]), size);
        (ulps > enclosure.ulps.into()).then(|| {
            let budget = enclosure.ulps;
            format!("[{i}] is {got:?}, {ulps:.3e} units outside [{:?}, {:?}]; allowed are {budget}", lo[i], hi[i])
        })
    })
}
