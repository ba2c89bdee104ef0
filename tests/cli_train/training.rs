//! What a training learns, writes and prints.

use super::{SMALL, Workshop, run};
use dropout_oracle::data::{Digits, Examples};
use dropout_oracle::file::load_model;
use dropout_oracle::model::HeadKind;
use serde_json::Value;

/// The test examples of [`SMALL`]: 2 % of the digits, set apart first.
fn test_examples() -> Examples {
    Digits::load().examples().split(36, 0).unwrap().0
}

/// The comparison against the definition, by the network that was written: weight scaling, and both means by enumeration
/// of the sub-models one after another.
#[test]
fn comparisons_are_those_of_the_definition() {
    let workshop = Workshop::new(SMALL);
    let report = workshop.report(&["--compare", "--monte-carlo", "7"]);
    let model = load_model(workshop.path("t.json")).unwrap();
    assert_eq!((model.keep().len(), model.head_kind()), (5, &HeadKind::Softmax));
    let test = test_examples();
    let predictors = report["test"].as_array().unwrap();
    let names: Vec<_> = predictors.iter().map(|predictor| predictor["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["weight_scaling", "monte_carlo", "arithmetic_mean", "geometric_mean"]);
    let ensemble = model.ensemble();
    for (predictor, of) in predictors.iter().zip([0, 3, 1, 2]).filter(|(_, of)| *of < 3) {
        let (mut nll, mut wrong) = (0.0, 0.0);
        for (x, y) in test.iter() {
            let means = ensemble.predict(x).unwrap();
            let expected = [&means.weight_scaling, &means.arithmetic_mean, &means.geometric_mean.expected][of];
            let logits = expected.map(dropout_oracle::Real::ln);
            nll -= model.head().log_probability(&logits, y).unwrap() / test.count() as f64;
            wrong += f64::from(u8::from(expected.argmax().0 != y.argmax().0)) / test.count() as f64;
        }
        // A few dozen roundings of size 2^-53 on either side.
        approx::assert_relative_eq!(predictor["nll"].as_f64().unwrap(), nll, max_relative = 1e-12);
        approx::assert_relative_eq!(predictor["error"].as_f64().unwrap(), wrong, max_relative = 1e-12);
    }
    assert_eq!(predictors[1]["samples"], 7);
    assert_eq!(report["examples"], serde_json::json!({ "train": 1671, "validation": 90, "test": 36 }));
}

/// The last look is that of the network that was written.
#[test]
fn logs_have_a_line_of_json_a_look() {
    let workshop = Workshop::new(SMALL);
    let report = workshop.report(&["--log", "log"]);
    let lines: Vec<Value> = workshop.text("log").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(report["looks"].as_array().unwrap(), &lines);
    let steps: Vec<_> = lines.iter().map(|line| line["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, [5, 10, 12]);
    let model = load_model(workshop.path("t.json")).unwrap();
    let rest = Digits::load().examples().split(36, 0).unwrap().1;
    let validation = rest.split(90, 0).unwrap().0;
    let losses = validation.iter().map(|(x, y)| {
        let expected = model.ensemble().weight_scaling(x).unwrap();
        -model.head().log_probability(&expected.map(dropout_oracle::Real::ln), y).unwrap()
    });
    let nll = losses.sum::<f64>() / 90.0;
    // A few dozen roundings of size 2^-53 on either side.
    approx::assert_relative_eq!(lines[2]["validation"]["nll"].as_f64().unwrap(), nll, max_relative = 1e-12);
}

/// One curve without validation examples, two with them.
#[test]
fn curves_are_drawn() {
    let workshop = Workshop::new(SMALL);
    workshop.report(&["--curves", "c.svg"]);
    let svg = workshop.text("c.svg");
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
    for part in ["validation, weight scaling", "training, method dropout", "steps", "after step 12"] {
        assert!(svg.contains(part), "{part}");
    }
    let workshop = Workshop::new(&SMALL.replace("validation = { fraction = 0.05, every = 5 }", ""));
    workshop.report(&["--curves", "c.svg"]);
    assert!(!workshop.text("c.svg").contains("validation"));
}

/// With a learning rate that makes things worse, the best network is an early one.
#[test]
fn early_stopping_keeps_the_network_with_the_smallest_validation_loss() {
    let config = SMALL
        .replace("steps = 12", "steps = 400")
        .replace("learning_rate = 0.05", "learning_rate = 0.7, decay = 'constant'")
        + "early_stopping = { patience = 2 }";
    let workshop = Workshop::new(&config);
    let report = workshop.report(&[]);
    let looks = report["looks"].as_array().unwrap();
    let nll = |look: &Value| look["validation"]["nll"].as_f64().unwrap();
    let best = looks.iter().min_by(|a, b| nll(a).total_cmp(&nll(b))).unwrap();
    let (steps, kept) = (report["steps"].as_u64().unwrap(), report["kept_step"].as_u64().unwrap());
    assert_eq!(steps, kept + 2 * 5, "two looks after the best, training stopped");
    assert!(kept == 0 || best["step"] == kept);
}

#[test]
fn example_runs_as_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let example = run(folder.path(), &["train", "--example"]);
    assert_eq!((example.status, example.stderr.as_str()), (0, ""));
    // The whole of it is for the optimised program; four epochs show that it runs.
    let workshop = Workshop::new(&example.stdout.replace("epochs = 20", "epochs = 4"));
    let outcome = workshop.train(&["--threads", "2"]);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""));
    assert!(outcome.stdout.starts_with("Trained 64-64-64-10 for 136 steps on 1078 examples (270 for validation"));
    assert!(outcome.stdout.contains("The network is in t.json"));
    let model = load_model(workshop.path("t.json")).unwrap();
    assert_eq!((model.shape().as_str(), model.keep().len()), ("64-64-64-10", 64 + 64 + 64));
}
