//! What training can go down.

use super::Workshop;
use dropout_oracle::Model;
use dropout_oracle::data::Examples;
use dropout_oracle::file::load_model;
use dropout_oracle::law::Law;
use dropout_oracle::model::Convention;
use dropout_oracle::network::{Affine, Network};
use dropout_oracle::train::objective::enumerated;
use nalgebra::{DVector, dvector};
use std::collections::HashSet;

const L2: f64 = 0.01;

/// Forty examples of six inputs, whose target follows two of them.
fn examples() -> Examples {
    let number = |k: usize| f64::from((k * k * 7919 + k * 104_729 + 12_345) as u32 % 1009) / 504.5 - 1.0;
    let row = |r: usize| DVector::from_fn(6, |j, _| number(6 * r + j));
    let target = |x: &DVector<f64>| dvector![f64::from(u8::from(x[0] - 0.5 * x[1] + 0.3 * x[2] > 0.0))];
    let inputs: Vec<_> = (0..40).map(row).collect();
    let targets = inputs.iter().map(target).collect();
    Examples::new(inputs, targets).unwrap()
}

/// A logistic regression on them.
fn logistic(method: &str, rest: &str) -> Workshop {
    let workshop = Workshop::new(&format!(
        "data = {{ inputs = 'd.csv' }}\n\
         test = {{ inputs = 'd.csv' }}\n\
         network = {{ hidden = [], keep = [0.6], head = 'bernoulli'{rest} }}\n\
         training = {{ method = '{method}', steps = 200, tolerance = 1e-9, l2 = {L2} }}"
    ));
    let row = |(x, y): (&DVector<f64>, &DVector<f64>)| {
        let numbers: Vec<String> = x.iter().chain(y).map(|number| format!("{number:?}")).collect();
        numbers.join(",") + "\n"
    };
    workshop.write("d.csv", examples().iter().map(row).collect::<String>());
    workshop
}

/// The largest entry of the gradient of what training has to minimise, and the loss without the penalty: by enumeration.
fn by_enumeration(model: &Model) -> (f64, f64) {
    let objective = enumerated(model.network(), model.head(), model.law(), &examples()).unwrap();
    let Affine { weight, .. } = model.network().affine().next().unwrap();
    let by_weight = (&objective.gradient[0].weight + weight * L2).amax();
    (by_weight.max(objective.gradient[0].bias.amax()), objective.loss)
}

/// Both conventions: where training stops, the enumerated objective is stationary, to the tolerance and the 1e-11 that
/// bound the errors of the exact gradient (claim marginal.objective).
#[test]
fn exact_marginal_training_ends_where_the_enumerated_objective_is_stationary() {
    for (name, convention) in [("inverted", Convention::Inverted), ("standard", Convention::Standard)] {
        let workshop = logistic("exact-marginal", &format!(", convention = '{name}'"));
        let report = workshop.report(&[]);
        let model = load_model(workshop.path("t.json")).unwrap();
        assert_eq!((model.convention(), model.keep().len()), (convention, 6));
        let (slope, loss) = by_enumeration(&model);
        assert!(slope <= 1e-9 + 1e-11, "{name}: {slope:e}");
        assert!(report["gradient"].as_f64().unwrap() <= 1e-9 && report["method"] == "exact-marginal");
        let looks = report["looks"].as_array().unwrap();
        assert_eq!((looks.len(), &looks[0]["step"]), (1, &report["steps"]));
        assert!((looks[0]["loss"].as_f64().unwrap() - loss).abs() <= 1e-11, "{name}: {loss}");
    }
}

/// Fast dropout goes down something else: it ends higher, where the enumerated objective still has a slope.
#[test]
fn fast_dropout_training_ends_elsewhere() {
    let (exact, fast) = (logistic("exact-marginal", ""), logistic("fast-dropout", ""));
    assert!(exact.report(&[])["gradient"].as_f64().unwrap() <= 1e-9);
    assert!(fast.report(&[])["gradient"].as_f64().unwrap() <= 1e-9);
    let at = |workshop: &Workshop| load_model(workshop.path("t.json")).unwrap();
    let value = |model: &Model| {
        by_enumeration(model).1 + L2 / 2.0 * model.network().affine().next().unwrap().weight.norm_squared()
    };
    assert!(by_enumeration(&at(&fast)).0 > 1e-5);
    assert!(value(&at(&fast)) > value(&at(&exact)) + 1e-9);
}

#[test]
fn training_without_noise_gives_the_same_bytes_on_any_number_of_threads() {
    for method in ["exact-marginal", "fast-dropout"] {
        let (one, other) = (logistic(method, ""), logistic(method, ""));
        one.report(&["--threads", "1", "--log", "log"]);
        other.report(&["--threads", "3", "--log", "log"]);
        for name in ["t.safetensors", "log"] {
            assert!(one.read(name) == other.read(name), "{method} {name}");
        }
    }
}

const SMALL: &str = "
    data = { inputs = 'digits' }
    validation = { fraction = 0.05, every = 5 }
    test = { fraction = 0.041 }
    network = { hidden = [19], keep = [0.8, 0.5], head = 'softmax' }
    training = { steps = 5, batch = 16 }
";

/// Under the inverted convention the network of the mean multipliers is the one without dropout, under the standard one
/// it is not.
#[test]
fn plain_training_is_without_noise() {
    let weights = |config: &str| {
        let workshop = Workshop::new(config);
        workshop.report(&[]);
        load_model(workshop.path("t.json")).unwrap().network().affine().cloned().collect::<Vec<_>>()
    };
    let plain = SMALL.replace("steps = 5", "steps = 5, method = 'plain'");
    let without = plain.replace("keep = [0.8, 0.5], ", "");
    assert!(weights(&plain) == weights(&without));
    assert!(weights(SMALL) != weights(&without));
    assert!(weights(&plain.replace("head", "convention = 'standard', head")) != weights(&without));
}

/// Identity units make another network than ReLU, which is the default.
#[test]
fn activations_are_those_of_the_configuration() {
    let layers = |activation: &str| {
        let workshop = Workshop::new(&SMALL.replace("head", &format!("activation = '{activation}', head")));
        workshop.report(&[]);
        load_model(workshop.path("t.json")).unwrap().network().layers().to_vec()
    };
    let default = Workshop::new(SMALL);
    default.report(&[]);
    let of_default = load_model(default.path("t.json")).unwrap().network().layers().to_vec();
    assert!(layers("relu") == of_default);
    assert!(layers("identity") != of_default);
}

/// 74 test examples, so that the last block and its last group of rows are partly filled: the scores are the sums of the
/// definition's losses, one example after another, to the bit.
#[test]
fn scores_are_those_of_the_definition_to_the_bit_on_any_number_of_threads() {
    let workshop = Workshop::new(&SMALL.replace("head", "convention = 'standard', head"));
    let report = workshop.report(&["--threads", "1"]);
    assert_eq!(workshop.report(&["--threads", "3"]), report);
    let model = load_model(workshop.path("t.json")).unwrap();
    let test = dropout_oracle::data::Digits::load().examples().split(74, 0).unwrap().0;
    assert_eq!(report["examples"]["test"], 74);
    let losses = test.iter().map(|(x, y)| {
        let output = model.network().output(x, &model.law().mean()).unwrap();
        -model.head().log_probability(&output, y).unwrap()
    });
    assert_eq!(report["test"][0]["nll"].as_f64().unwrap(), losses.sum::<f64>() / 74.0);
}

#[test]
fn settings_of_another_method_are_refused_by_name() {
    for (right, wrong, why) in [
        ("fast-dropout", "dropuot", "unknown method `dropuot`; it must be one of plain, dropout"),
        ("fast-dropout", "dropout", "tolerance does not belong to method = \"dropout\""),
        ("l2 =", "batch = 8, l2 =", "batch does not belong to method = \"fast-dropout\""),
        ("l2 =", "max_norm = 8.0, l2 =", "max_norm does not belong"),
        ("1e-9", "0.0", "tolerance and l2 must be positive"),
        ("hidden = []", "hidden = [3]", "is for logistic regression"),
        ("bernoulli", "softmax", "is for logistic regression"),
        ("[0.6]", "[1.0]", "a keep below 1"),
    ] {
        let workshop = logistic("fast-dropout", "");
        let config = workshop.text("t.toml");
        let wrong =
            config.replace(right, wrong).replace("hidden = [3], keep = [0.6]", "hidden = [3], keep = [0.6, 1.0]");
        assert_ne!(wrong, config);
        workshop.write("t.toml", wrong);
        let refusal = workshop.refusal(&[]);
        assert!(refusal.contains(why), "{refusal}");
    }
    let outcome = logistic("fast-dropout", "").train(&["--checkpoint", "c"]);
    assert_eq!(outcome.status, 3);
    assert!(outcome.stderr.contains("--checkpoint does not belong to method = \"fast-dropout\""), "{}", outcome.stderr);
}

/// Three steps on the digits, large enough that the threads share the work of a step.
fn three_steps(activation: &str, settings: &str) -> Workshop {
    Workshop::new(&format!(
        "data = {{ inputs = 'digits' }}\n\
         network = {{ hidden = [512, 4, 4], keep = [1, 1, 0.8, 0.5], head = 'softmax', activation = '{activation}' }}\n\
         training = {{ steps = 3, batch = 64, {settings} }}"
    ))
}

/// From the same initial weights and minibatches, no two of them come to the same network.
#[test]
fn every_method_and_unit_makes_its_own_network_on_any_number_of_threads() {
    let variants = [
        ("relu", "method = 'dropout'"),
        ("relu", "method = 'plain'"),
        ("relu", "method = 'boosting'"),
        ("relu", "method = 'boosting-weight-scaled'"),
        ("relu", "method = 'gaussian-noise'"),
        ("relu", "method = 'dropconnect'"),
        ("tanh", "method = 'dropout'"),
        ("logistic", "method = 'dropout'"),
        ("logistic", "method = 'dropout', sparsity = { target = 0.1, strength = 0.5 }"),
    ];
    let networks = variants.map(|(activation, settings)| {
        let [one, three] = ["1", "3"].map(|threads| {
            let workshop = three_steps(activation, settings);
            let report = workshop.report(&["--threads", threads]);
            assert!(settings.contains(&format!("'{}'", report["method"].as_str().unwrap())));
            workshop.read("t.safetensors")
        });
        assert!(one == three, "{activation} {settings}");
        one
    });
    assert_eq!(networks.iter().collect::<HashSet<_>>().len(), variants.len());
}

/// What is compared is said to be masks of units where those were not the noise of training, and only there.
#[test]
fn comparisons_say_where_training_drew_no_masks_of_units() {
    for (method, noise) in [
        ("dropout", None),
        ("boosting-weight-scaled", None),
        ("gaussian-noise", Some("multiplies units by normal numbers")),
        ("dropconnect", Some("masks weights one by one")),
    ] {
        let workshop = Workshop::new(&super::SMALL.replace("steps = 12", &format!("steps = 2, method = '{method}'")));
        let report = workshop.report(&["--compare", "--monte-carlo", "2"]);
        let text = workshop.train(&["--compare", "--monte-carlo", "2"]).stdout;
        assert_eq!(report["test"].as_array().unwrap().len(), 4);
        match noise {
            Some(noise) => {
                let note = report["note"].as_str().unwrap();
                assert!(note.contains(noise) && note.contains("over masks of whole units"), "{note}");
                assert!(text.contains(note), "{text}");
            }
            None => assert!(report.get("note").is_none() && !text.contains("masks of whole units"), "{method}"),
        }
    }
}

/// The refusal of an unknown method lists all of them.
#[test]
fn example_names_every_method() {
    let workshop = Workshop::new(&SMALL.replace("steps = 5", "steps = 5, method = 'none'"));
    let refusal = workshop.refusal(&[]);
    let names: Vec<_> = refusal.trim().rsplit("one of ").next().unwrap().lines().next().unwrap().split(", ").collect();
    assert_eq!(names.len(), 8, "{refusal}");
    let example = super::run(workshop.0.path(), &["train", "--example"]).stdout;
    for name in names {
        assert!(example.contains(&format!("\"{name}\"")), "{name}");
    }
}
