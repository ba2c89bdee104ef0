//! Implementations held against the vectors: right ones pass whichever way they form the scale, wrong ones fail.

use crate::SUITE;
use dropout_oracle::conformance::Dtype;
use dropout_oracle::vectors::check::{ANSWERS, Answer, Answers, Verdict, judge};
use dropout_oracle::vectors::format::{Bitset, Input, Numbers, Test, VectorFile};
use std::collections::BTreeMap;

/// x, kept, p → y, every step rounded to the format.
type Rule = fn(Dtype, f64, bool, f64) -> f64;

fn rounded(format: Dtype, x: f64) -> f64 {
    format.value(format.round(x))
}

fn by_quotient(format: Dtype, x: f64, kept: bool, p: f64) -> f64 {
    if kept { rounded(format, x / (1.0 - p)) } else { 0.0 }
}

fn by_rounded_scale(format: Dtype, x: f64, kept: bool, p: f64) -> f64 {
    if kept { rounded(format, x * rounded(format, 1.0 / (1.0 - p))) } else { 0.0 }
}

fn by_masked_product(format: Dtype, x: f64, kept: bool, p: f64) -> f64 {
    rounded(format, x * if kept { 1.0 / (1.0 - p) } else { 0.0 })
}

/// The files of one operation.
fn files(operation: &str) -> Vec<VectorFile> {
    SUITE.iter().filter(|file| file.operation == operation).cloned().collect()
}

fn numbers(test: &Test, name: &str) -> Vec<f64> {
    let Some(Input::Numbers(numbers)) = test.inputs.get(name) else { panic!("{} has no {name}", test.id) };
    numbers.values().unwrap()
}

fn mask(test: &Test) -> Vec<bool> {
    let Some(Input::Mask(Bitset { kept, shape })) = test.inputs.get("mask") else { panic!("{} has no mask", test.id) };
    let byte = |i: usize| u8::from_str_radix(&kept[2 * i..2 * i + 2], 16).unwrap();
    (0..shape.iter().product()).map(|unit: usize| byte(unit / 8) >> (unit % 8) & 1 == 1).collect()
}

/// The verdicts on an implementation of inverted dropout, forward and backward by the same rule.
fn verdicts(operation: &str, rule: Rule) -> Vec<Verdict> {
    let files = files(operation);
    let mut answers = BTreeMap::new();
    for group in files.iter().flat_map(|file| &file.groups).filter(|group| group.convention.scaling == "inverted") {
        for test in &group.tests {
            let (p, kept) = (numbers(test, "p")[0], mask(test));
            let apply = |name: &str| {
                let y = numbers(test, name).into_iter().zip(&kept).map(|(x, &kept)| rule(group.dtype, x, kept, p));
                Numbers::new(group.dtype, &[kept.len()], y).bits
            };
            let mut outputs = BTreeMap::from([("y".to_owned(), apply("x"))]);
            if test.inputs.contains_key("g") {
                outputs.insert("dx".into(), apply("g"));
            }
            answers.insert(test.id.clone(), Answer::Outputs(outputs));
        }
    }
    let answers = Answers { format: ANSWERS.into(), implementation: "a test".into(), answers };
    let judged = judge(&files, &answers).into_iter().map(|judgement| judgement.verdict);
    judged.filter(|verdict| !matches!(verdict, Verdict::NotAnswered { .. })).collect()
}

#[test]
fn every_natural_way_to_scale_passes() {
    let rules: [Rule; 3] = [by_quotient, by_rounded_scale, by_masked_product];
    for (operation, rule) in itertools::iproduct!(["masked", "scale"], rules) {
        let verdicts = verdicts(operation, rule);
        assert!(verdicts.len() >= 16 && verdicts.iter().all(|verdict| *verdict == Verdict::Passed), "{verdicts:?}");
    }
}

#[test]
fn wrong_implementations_fail() {
    let swapped: Rule = |format, x, kept, p| by_quotient(format, x, kept, 1.0 - p);
    let by_p: Rule = |format, x, kept, p| if kept { rounded(format, x / p) } else { 0.0 };
    let never: Rule = |format, x, _, p| by_quotient(format, x, true, p);
    let unscaled: Rule = |_, x, kept, _| if kept { x } else { 0.0 };
    let twice: Rule = |format, x, kept, p| by_quotient(format, by_quotient(format, x, kept, p), kept, p);
    let inverted_mask: Rule = |format, x, kept, p| by_quotient(format, x, !kept, p);
    for (name, rule) in [
        ("swapped", swapped),
        ("by p", by_p),
        ("never", never),
        ("unscaled", unscaled),
        ("twice", twice),
        ("inverted mask", inverted_mask),
    ] {
        let failed = verdicts("masked", rule).iter().filter(|v| matches!(v, Verdict::Failed { .. })).count();
        assert!(failed >= 12, "{name}: {failed} tests failed");
    }
}

/// The rounding of the rate to the format, as TensorFlow 2.21 does it for half types, is seen by the scale.
#[test]
fn a_rate_that_is_rounded_to_a_half_type_fails() {
    let rule: Rule = |format, x, kept, p| by_quotient(format, x, kept, rounded(format, p));
    let failed = verdicts("scale", rule).into_iter().filter(|v| matches!(v, Verdict::Failed { .. })).count();
    assert!(failed >= 1);
}

#[test]
fn what_must_be_rejected_must_be_rejected() {
    let files = files("p_edges");
    let judged = |answer: fn() -> Answer| {
        let ids =
            files[0].groups[0].tests.iter().filter(|test| test.verdict == "must_reject").map(|test| test.id.clone());
        let answers = ids.map(|id| (id, answer())).collect();
        judge(&files, &Answers { format: ANSWERS.into(), implementation: "a test".into(), answers })
    };
    let count = |answer, passed| judged(answer).iter().filter(|j| (j.verdict == Verdict::Passed) == passed).count();
    assert_eq!(count(|| Answer::Rejected("ValueError".into()), true), 7);
    assert_eq!(count(|| Answer::Outputs(BTreeMap::new()), true), 0);
}

/// One documented choice is enough, and the other one is then no failure; neither is one.
#[test]
fn a_declared_choice_is_kept() {
    let files = files("special_values");
    let test = |choice: &str| files[0].groups[0].tests.iter().find(|test| test.id.ends_with(choice)).unwrap();
    let judged = |value: f64| {
        let answers = ["zero", "nan"].map(|choice| {
            let (x, kept) = (numbers(test(choice), "x"), mask(test(choice)));
            let dropped = |x: f64| if x.is_finite() { 0.0 } else { value };
            let y = x.iter().zip(kept).map(|(&x, kept)| if kept { 2.0 * x } else { dropped(x) });
            let bits = Numbers::new(Dtype::F16, &[x.len()], y).bits;
            (test(choice).id.clone(), Answer::Outputs(BTreeMap::from([("y".into(), bits)])))
        });
        let answers = Answers { format: ANSWERS.into(), implementation: "a test".into(), answers: answers.into() };
        judge(&files, &answers).into_iter().filter(|judgement| judgement.id.contains("/f16/")).map(|j| j.verdict)
    };
    for right in [0.0, f64::NAN] {
        let verdicts: Vec<_> = judged(right).collect();
        assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Passed).count(), 1, "{verdicts:?}");
        assert!(!verdicts.iter().any(|verdict| matches!(verdict, Verdict::Failed { .. })));
    }
    assert!(judged(1.0).all(|verdict| matches!(verdict, Verdict::Failed { .. })));
}

#[test]
fn answers_to_no_test_and_answers_of_the_wrong_size_fail() {
    let files = files("masked");
    let id = files[0].groups[0].tests[0].id.clone();
    let outputs = BTreeMap::from([("y".to_owned(), vec!["3c00".to_owned()])]);
    for id in [id, "masked/f8/none".into()] {
        let answers = BTreeMap::from([(id.clone(), Answer::Outputs(outputs.clone()))]);
        let judged = judge(&files, &Answers { format: ANSWERS.into(), implementation: "a test".into(), answers });
        let verdict = &judged.iter().find(|judgement| judgement.id == id).unwrap().verdict;
        assert!(matches!(verdict, Verdict::Failed { .. }), "{id}: {verdict:?}");
    }
}
