//! `--certified`: every enclosure against the definition in 400-bit arithmetic, written out here, and `--targets`.

use crate::by_definition::{INPUTS, KEEP, tiny};
use crate::weights::{data, f64s, manifest, network};
use crate::{ensemble, json, numbers, predict};
use dashu_float::{DBig, FBig, round::mode::HalfAway};
use serde_json::Value;
use std::fs;

/// Far beyond the 160 bits of the enclosures.
const BITS: usize = 400;
type Big = FBig<HalfAway, 2>;

fn big(x: f64) -> Big {
    Big::try_from(x).unwrap().with_precision(BITS).value()
}

/// A decimal of the report.
fn decimal(text: &Value) -> Big {
    text.as_str().unwrap().parse::<DBig>().unwrap().with_base_and_precision::<2>(BITS).value()
}

fn sum(terms: impl IntoIterator<Item = Big>) -> Big {
    terms.into_iter().fold(big(0.0), |sum, term| sum + term)
}

/// The network of tiny.json.
fn output(x: &[f64; 3], m: &[Big; 5]) -> Vec<Big> {
    let x = [0, 1, 2].map(|i| big(x[i]) * &m[i]);
    let unit = |bias: f32, w: [f64; 3], m: &Big| {
        let z = big(bias.into()) + sum(x.iter().zip(w).map(|(x, w)| x * big(w)));
        z.max(big(0.0)) * m
    };
    let h = [unit(0.1, [1.0, -2.0, 0.5], &m[3]), unit(-0.2, [0.25, 1.5, -1.0], &m[4])];
    vec![big(1.5) * &h[0] - big(0.5) * &h[1], big(0.25) - &h[0] + big(2.0) * &h[1]]
}

/// Every sub-model's output with its probability under inverted dropout.
fn submodels(x: &[f64; 3]) -> Vec<(Vec<Big>, Big)> {
    let submodel = |mask: usize| {
        let kept = |unit: usize| mask >> unit & 1 == 1;
        let m = [0, 1, 2, 3, 4].map(|unit| if kept(unit) { big(1.0) / big(KEEP[unit]) } else { big(0.0) });
        let factor = |unit: usize| if kept(unit) { big(KEEP[unit]) } else { big(1.0) - big(KEEP[unit]) };
        (output(x, &m), (0..5).fold(big(1.0), |product, unit| product * factor(unit)))
    };
    (0..32).map(submodel).collect()
}

/// The distributions at an output, as groups of probabilities that sum to one.
type Outcomes = fn(&[Big]) -> Vec<Vec<Big>>;

fn softmax(z: &[Big]) -> Vec<Vec<Big>> {
    let total = sum(z.iter().map(Big::exp));
    vec![z.iter().map(|z| z.exp() / &total).collect()]
}

fn bernoulli(z: &[Big]) -> Vec<Vec<Big>> {
    z.iter().map(|z| vec![big(1.0) / (big(1.0) + (-z).exp()), big(1.0) / (big(1.0) + z.exp())]).collect()
}

/// Every number of `certified`, in the order of [`enclosures`], from the definitions.
fn by_definition(x: &[f64; 3], outcomes: Outcomes, shown: &[(usize, usize)], target: &[(usize, usize)]) -> Vec<Big> {
    let all = submodels(x);
    let mean = |f: &dyn Fn(&Big) -> Big, group: usize, y: usize| {
        sum(all.iter().map(|(output, weight)| f(&outcomes(output)[group][y]) * weight))
    };
    let ws = outcomes(&output(x, &[1.0; 5].map(big)));
    let over_groups = |f: &dyn Fn(usize, usize) -> Big| -> Vec<Vec<Big>> {
        ws.iter().enumerate().map(|(group, p)| (0..p.len()).map(|y| f(group, y)).collect()).collect()
    };
    let am = over_groups(&|group, y| mean(&Big::clone, group, y));
    let root = over_groups(&|group, y| mean(&Big::ln, group, y).exp());
    let mass: Vec<Big> = root.iter().map(|group| sum(group.iter().cloned())).collect();
    let ngm = over_groups(&|group, y| &root[group][y] / &mass[group]);
    let kl = |q: &Vec<Vec<Big>>| {
        let term = |(p, q): (&Big, &Big)| p * (p.ln() - q.ln());
        sum(am.iter().flatten().zip(q.iter().flatten()).map(term))
    };
    // The losses: of AM as the mixture of products, of the others as products.
    let product = |p: &[Vec<Big>]| target.iter().fold(big(1.0), |product, (group, y)| product * &p[*group][*y]);
    let am_loss = -sum(all.iter().map(|(output, weight)| product(&outcomes(output)) * weight)).ln();
    let pick = |p: &Vec<Vec<Big>>| shown.iter().map(|(group, y)| p[*group][*y].clone()).collect::<Vec<_>>();
    let log_mass = sum(mass.iter().map(Big::ln));
    let last = [log_mass, kl(&ngm), kl(&ws), am_loss, -product(&ngm).ln(), -product(&ws).ln()];
    [pick(&am), pick(&ngm), pick(&ws), last.into()].concat()
}

const MEANS: [&str; 3] = ["arithmetic_mean", "geometric_mean", "weight_scaling"];

/// Every enclosure of a prediction, in one order.
fn enclosures(prediction: &Value) -> Vec<Value> {
    let certified = &prediction["certified"];
    let mut all: Vec<Value> = MEANS.iter().flat_map(|mean| certified[mean].as_array().unwrap().clone()).collect();
    all.push(certified["log_geometric_mass"].clone());
    all.extend(MEANS[1..].iter().map(|mean| certified["divergence_from_arithmetic_mean"][mean].clone()));
    all.extend(MEANS.iter().map(|mean| certified["negative_log_likelihood"][mean].clone()));
    all
}

/// Whether an enclosure contains the number, in decimal and in `f64`, and is narrow: 40 digits of numbers above e^−10.
fn encloses(enclosure: &Value, exact: &Big) -> bool {
    let (lo, hi) = (decimal(&enclosure["lo"]), decimal(&enclosure["hi"]));
    let f64 = numbers(&enclosure["f64"]);
    let inside = lo <= *exact && *exact <= hi && big(f64[0]) <= lo && hi <= big(f64[1]);
    inside && hi - lo < big(1e-38) && f64[1] <= f64[0].next_up()
}

/// A head of the manifest, its outcomes, those that are shown, and a file of targets.
type HeadCase = (&'static str, Outcomes, &'static [(usize, usize)], &'static str);

/// The prediction of tiny.json with this head for each input, its target, and every number by definition.
fn cases() -> Vec<(Value, Vec<Big>)> {
    let mut cases = Vec::new();
    let classes: [[&[(usize, usize)]; 2]; 2] = [[&[(0, 1)], &[(0, 0)]], [&[(0, 0), (1, 1)], &[(0, 1), (1, 0)]]];
    let heads: [HeadCase; 2] = [
        (r#""softmax""#, softmax, &[(0, 0), (0, 1)], "1\n0\n"),
        (r#""bernoulli""#, bernoulli, &[(0, 0), (1, 0)], "1,0\n0,1\n"),
    ];
    for ((head, outcomes, shown, targets), classes) in heads.into_iter().zip(classes) {
        let (folder, net) = tiny(head, "inverted");
        let path = folder.path().join("y.csv");
        fs::write(&path, targets).unwrap();
        let options = ["--certified", "--targets", path.to_str().unwrap()];
        let report = json(&net, &data("tiny_inputs.npy"), &options);
        let predictions = report["predictions"].as_array().unwrap();
        assert_eq!(predictions.len(), 2);
        for ((prediction, x), class) in predictions.iter().zip(&INPUTS).zip(classes) {
            cases.push((prediction.clone(), by_definition(x, outcomes, shown, class)));
        }
    }
    cases
}

#[test]
fn certified_enclosures_contain_the_definition_in_400_bits() {
    for (prediction, exact) in cases() {
        let found = enclosures(&prediction);
        assert_eq!(found.len(), exact.len());
        for (enclosure, exact) in found.iter().zip(&exact) {
            assert!(encloses(enclosure, exact), "{enclosure} and {exact}");
        }
    }
}

/// Rounding both ends up, or moving them by one part in 10³⁷, would be refused for every number.
#[test]
fn certified_mutants_that_round_inward_are_refused() {
    for (prediction, exact) in cases() {
        for (mut enclosure, exact) in enclosures(&prediction).into_iter().zip(&exact) {
            enclosure["lo"] = enclosure["hi"].clone();
            assert!(!encloses(&enclosure, exact), "{enclosure}");
        }
    }
}

/// The plain numbers are no farther from the enclosures than their bounds say, and the bounds are small.
#[test]
fn certified_error_bounds_hold() {
    for (prediction, _) in cases() {
        let bounds = &prediction["certified"]["error_bounds"];
        let mut triples = Vec::new();
        let mut push = |plain: &Value, enclosure: &Value, bound: &Value| {
            triples.push((plain.as_f64().unwrap(), numbers(&enclosure["f64"]), bound.as_f64().unwrap()));
        };
        for mean in MEANS {
            for output in 0..2 {
                push(&prediction[mean][output], &prediction["certified"][mean][output], &bounds[mean][output]);
            }
            let loss = |of: &Value| of["negative_log_likelihood"][mean].clone();
            push(&loss(&prediction), &loss(&prediction["certified"]), &loss(bounds));
        }
        let log_mass = |of: &Value| of["log_geometric_mass"].clone();
        push(&log_mass(&prediction), &log_mass(&prediction["certified"]), &log_mass(bounds));
        assert_eq!(triples.len(), 10);
        for (plain, ends, bound) in triples {
            assert!(ends[0] - plain <= bound && plain - ends[1] <= bound, "{plain} {ends:?} {bound}");
            // Five levels of log-sum-exp, each of which can double what AM's loss inherits.
            assert!(bound > 0.0 && bound < 1e-11);
        }
    }
}

/// Means and rates have no divergence of finitely many outcomes; all else is there.
#[test]
fn certified_means_and_rates_have_no_divergence() {
    for (head, targets) in [(r#"{"gaussian": {"variance": 2.0}}"#, "0.5,-1\n1,2\n"), (r#""poisson""#, "3,0\n1,2\n")] {
        let (folder, net) = tiny(head, "standard");
        let path = folder.path().join("y.csv");
        fs::write(&path, targets).unwrap();
        let report = json(&net, &data("tiny_inputs.npy"), &["--certified", "--targets", path.to_str().unwrap()]);
        for prediction in report["predictions"].as_array().unwrap() {
            let certified = &prediction["certified"];
            assert!(certified["divergence_from_arithmetic_mean"].is_null());
            for mean in MEANS {
                let (plain, ends) =
                    (&prediction["negative_log_likelihood"][mean], &certified["negative_log_likelihood"][mean]);
                let (plain, ends) = (plain.as_f64().unwrap(), numbers(&ends["f64"]));
                assert!((plain - ends[0]).abs() < 1e-13 * plain.abs().max(1.0), "{plain} {ends:?}");
            }
        }
    }
}

#[test]
fn certified_text() {
    let (folder, net) = tiny(r#""softmax""#, "inverted");
    let path = folder.path().join("y.csv");
    fs::write(&path, "1\n0\n").unwrap();
    let outcome = predict(&net, &data("tiny_inputs.npy"), &["--certified", "--targets", path.to_str().unwrap()]);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""));
    assert_eq!(outcome.stdout, fs::read_to_string(data("tiny_certified.txt")).unwrap());
}

#[test]
fn certified_refuses_units_that_are_not_piecewise_linear() {
    let weights = f64s(&[("w", &[2, 2], &[0.5; 4])]);
    let (folder, net) = network(&manifest(2, r#""relu", {"linear": {"weight": "w"}}, "sigmoid""#), &weights);
    let inputs = folder.path().join("x.csv");
    fs::write(&inputs, "1,2\n").unwrap();
    let outcome = predict(&net, &inputs, &["--certified"]);
    assert_eq!((outcome.status, outcome.stdout.as_str()), (2, ""));
    let why = "net.json: the units of layer 2 of a certified network is Logistic; it must be identity, ReLU or maxout; leave \
               --certified out";
    assert!(outcome.stderr.contains(why), "{}", outcome.stderr);
}

/// 2^14 sub-models in all are enclosed without being asked to, and `--limit` asks.
#[test]
fn certified_has_its_own_budget() {
    let (folder, net) = network(&manifest(15, r#"{"dropout": {"keep": 0.5}}"#), &f64s(&[]));
    let inputs = folder.path().join("x.csv");
    fs::write(&inputs, vec!["1"; 15].join(",") + "\n").unwrap();
    let outcome = predict(&net, &inputs, &["--certified"]);
    assert_eq!((outcome.status, outcome.stdout.as_str()), (2, ""));
    for part in ["15 droppable units have 32768 masks", "would take about", "leave --certified out", "or --limit 15 to"]
    {
        assert!(outcome.stderr.contains(part), "{:?} should say {part:?}", outcome.stderr);
    }
    assert_eq!(predict(&net, &inputs, &[]).status, 0);
    let conflict = predict(&net, &inputs, &["--certified", "--no-enumeration"]);
    assert!(conflict.status == 3 && conflict.stderr.contains("cannot be used with"));
}

#[test]
fn targets_that_are_none_are_named() {
    let check = |head: &str, targets: &str, why: &str| {
        let (folder, net) = tiny(head, "inverted");
        let path = folder.path().join("y.csv");
        fs::write(&path, targets).unwrap();
        let outcome = predict(&net, &data("tiny_inputs.npy"), &["--targets", path.to_str().unwrap()]);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (2, ""));
        assert!(outcome.stderr.contains(why), "{:?} should say {why:?}", outcome.stderr);
    };
    let must = "is 2; it must be a class, counted from 0; there are 2 outputs";
    check(r#""softmax""#, "0\n2\n", &format!("y.csv: target 1 (counted from 0) {must}"));
    check(r#""softmax""#, "0.5\n1\n", "target 0 (counted from 0) is 0.5; it must be a class");
    check(r#""softmax""#, "0\n", "y.csv has 1 targets for 2 inputs; give one an input");
    check(r#""softmax""#, "1,0\n0,1\n", "the targets (1 a row here): ");
    check(r#""bernoulli""#, "1,0\n0,0.5\n", "is 0.5; it must be 0 or 1");
    check(r#""poisson""#, "1,0\n0,-1\n", "is -1; it must be a count");
    check(r#""poisson""#, "1,nan\n0,1\n", "is NaN; every number must be finite");
    let outcome = ensemble(&["--net", "n", "--inputs", "x", "--targets", "y", "--no-enumeration"]);
    assert!(outcome.status == 3 && outcome.stderr.contains("cannot be used with"));
}
