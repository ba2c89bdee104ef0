//! Independent networks beside the one.

use super::{SMALL, Workshop};
use dropout_oracle::data::Digits;
use dropout_oracle::file::load_model;
use dropout_oracle::scalar::Real;
use serde_json::json;

fn with_committee(settings: &str) -> Workshop {
    Workshop::new(&format!("{SMALL}    committee = {{ {settings} }}"))
}

/// The first member has the seed of the network itself, so without resampling it is the network itself.
#[test]
fn members_are_networks_of_their_own_seeds_and_examples() {
    let (all, drawn) = (with_committee("members = 3"), with_committee("members = 2, bootstrap = true"));
    let report = all.report(&["--threads", "1"]);
    assert_eq!(report["committee"], json!(["t.0.json", "t.1.json", "t.2.json"]));
    let weights = |workshop: &Workshop, member: u64| workshop.read(&format!("t.{member}.safetensors"));
    assert!(weights(&all, 0) == all.read("t.safetensors"));
    assert!(weights(&all, 1) != weights(&all, 0) && weights(&all, 2) != weights(&all, 1));
    assert_eq!(drawn.report(&[])["committee"], json!(["t.0.json", "t.1.json"]));
    assert!(drawn.read("t.safetensors") == all.read("t.safetensors"));
    assert!((0..2).all(|k| weights(&drawn, k) != weights(&all, k)));
    // The second member is the network of the next seed.
    let next = Workshop::new(&SMALL.replace("seed = 3", "seed = 4"));
    next.report(&[]);
    assert!(weights(&all, 1) == next.read("t.safetensors"));
    let threads = with_committee("members = 3");
    threads.report(&["--threads", "3"]);
    assert!((0..3).all(|k| weights(&threads, k) == weights(&all, k)));
}

/// The mean of the members' probabilities, and the softmax of the mean of their logits, by the networks in the files.
#[test]
fn both_means_of_the_committee_are_those_of_the_definition() {
    let workshop = with_committee("members = 3, bootstrap = true");
    let report = workshop.report(&[]);
    let names: Vec<_> = report["test"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["weight_scaling", "committee_arithmetic_mean", "committee_geometric_mean"]);
    let members = [0, 1, 2].map(|k| load_model(workshop.path(&format!("t.{k}.json"))).unwrap());
    let test = Digits::load().examples().split(36, 0).unwrap().0;
    let (mut nll, mut wrong) = ([0.0; 2], [0.0; 2]);
    for (x, y) in test.iter() {
        let each = members.each_ref().map(|member| member.ensemble().weight_scaling(x).unwrap());
        let arithmetic = each.iter().sum::<nalgebra::DVector<f64>>() / 3.0;
        let product = each[0].component_mul(&each[1]).component_mul(&each[2]).map(|p| Real::exp(Real::ln(p) / 3.0));
        let geometric = &product / product.sum();
        for (mean, expected) in [arithmetic, geometric].iter().enumerate() {
            nll[mean] -= Real::ln(expected.dot(y)) / 36.0;
            wrong[mean] += f64::from(u8::from(expected.argmax().0 != y.argmax().0)) / 36.0;
        }
    }
    for (mean, row) in report["test"].as_array().unwrap()[1..].iter().enumerate() {
        // A few dozen roundings of size 2^-53 on either side.
        approx::assert_relative_eq!(row["nll"].as_f64().unwrap(), nll[mean], max_relative = 1e-12);
        approx::assert_relative_eq!(row["error"].as_f64().unwrap(), wrong[mean], max_relative = 1e-12);
    }
    assert_ne!(report["test"][1]["nll"], report["test"][2]["nll"]);
    assert!(workshop.train(&[]).stdout.contains("The members of the committee are in t.0.json, t.1.json, t.2.json."));
}

#[test]
fn committees_that_cannot_be_trained_so_are_refused_by_name() {
    for (settings, why) in [
        ("members = 0", "[committee] members is 0; it must be from 1 to 63"),
        ("members = 64", "[committee] members is 64; it must be from 1 to 63"),
        ("bootstrap = true", "missing field `members`"),
        ("members = 2, patience = 1", "unknown field `patience`"),
        ("members = 2 }\nearly_stopping = { patience = 1", "[committee] does not go with [early_stopping]"),
    ] {
        let refusal = with_committee(settings).refusal(&[]);
        assert!(refusal.contains(why), "{refusal}");
    }
    let workshop = with_committee("members = 2");
    for (options, why) in [
        (["--checkpoint", "c"], "--checkpoint does not go with [committee]"),
        (["--log", "t.1.json"], "would be two files at once"),
        (["--curves", "t.0.safetensors"], "would be two files at once"),
    ] {
        let outcome = workshop.train(&options);
        assert_eq!((outcome.status, outcome.stderr.contains(why)), (3, true), "{}", outcome.stderr);
        assert!(!workshop.path(options[1]).exists());
    }
    let exact = Workshop::new(
        "data = { inputs = 'd.csv' }\n\
         network = { hidden = [], keep = [0.5], head = 'bernoulli' }\n\
         training = { method = 'exact-marginal', steps = 1 }\n\
         committee = { members = 2 }",
    );
    assert!(exact.refusal(&[]).contains("[committee] does not belong to method = \"exact-marginal\""));
}
