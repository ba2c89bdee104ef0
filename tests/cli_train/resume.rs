//! Parts, threads and damaged checkpoints.

use super::{SMALL, Workshop, fits};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The manifest and the weights that a training wrote, and its log.
fn results(workshop: &Workshop) -> [Vec<u8>; 3] {
    ["t.json", "t.safetensors", "log"].map(|name| workshop.read(name))
}

/// A training that is killed twenty times at moments of any kind, half of them perhaps before it has read its checkpoint,
/// ends with the same bytes as one in one go: the seconds between checkpoints are 0, so each of its steps is one. Ten kills
/// let it take at most some hundred steps, so it cannot have ended before.
#[test]
fn killed_trainings_end_with_the_same_bytes_as_one_in_one_go_on_any_number_of_threads() {
    let config = SMALL.replace("steps = 12", "steps = 1000").replace("every = 5", "every = 50");
    for (stopping, precision) in [("", "f32"), ("early_stopping = { patience = 30 }", "f64")] {
        let config =
            format!("{config}\n{stopping}").replace("seed = 3", &format!("seed = 3, precision = '{precision}'"));
        let whole = Workshop::new(&config);
        assert_eq!(whole.train(&["--log", "log", "--threads", "1"]).status, 0);
        let parts = Workshop::new(&config);
        let options =
            |every| ["train", "t.toml", "--log", "log", "--checkpoint", "c", "--every", every, "--threads", "2"];
        for kill in 0..10 {
            let mut child = Command::new(env!("CARGO_BIN_EXE_dropout-oracle"))
                .args(options("0"))
                .current_dir(parts.0.path())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            let changed = || std::fs::metadata(parts.path("c")).and_then(|file| file.modified()).ok();
            let (before, start) = (changed(), Instant::now());
            while kill % 2 == 0 && changed() == before && start.elapsed() < Duration::from_secs(10) {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_micros(kill * 3571 % 8_000));
            child.kill().unwrap(); // SIGKILL
            assert!(!child.wait().unwrap().success(), "it was killed before its end");
        }
        assert_eq!(super::run(parts.0.path(), &options("30")).status, 0);
        assert!(results(&parts) == results(&whole), "{precision}");
    }
}

/// A training that has ended says the same again, without a step.
#[test]
fn checkpoints_of_the_end_give_the_same_report() {
    let workshop = Workshop::new(&format!("{SMALL}early_stopping = {{ patience = 5 }}"));
    let first = workshop.report(&["--checkpoint", "c"]);
    fits("training-1", &serde_json::from_str(&workshop.text("c")).unwrap());
    let bytes = workshop.read("t.safetensors");
    assert_eq!(workshop.report(&["--checkpoint", "c"]), first);
    assert_eq!(workshop.read("t.safetensors"), bytes);
}

#[test]
fn checkpoints_of_other_work_or_damaged_ones_are_refused_by_name() {
    let workshop = Workshop::new(SMALL);
    workshop.report(&["--checkpoint", "c"]);
    let good = workshop.text("c");
    workshop.write("t.toml", SMALL.replace("learning_rate = 0.05", "learning_rate = 0.06"));
    let refusal = workshop.refusal(&["--checkpoint", "c"]);
    assert!(refusal.contains("checkpoint c: it belongs to another configuration"), "{refusal}");
    workshop.write("t.toml", SMALL);
    for (damaged, why) in [
        (good.replacen("\"step\":12", "\"step\":11", 1), "checksum"),
        (good[..good.len() / 2].to_string(), "no checkpoint of a training"),
        (good.replacen("training-1", "training-9", 1), "this version reads"),
    ] {
        workshop.write("c", damaged);
        let refusal = workshop.refusal(&["--checkpoint", "c"]);
        assert!(refusal.contains(why), "{refusal}");
    }
}

/// The same file name, other numbers in it.
#[test]
fn checkpoints_of_other_examples_are_refused_by_name() {
    let config = "data = { inputs = 'd.csv' }\nnetwork = { hidden = [2], head = 'gaussian' }\ntraining = { steps = 3 }";
    let workshop = Workshop::new(config);
    workshop.write("d.csv", "a,b\n1,2\n3,4\n");
    workshop.report(&["--checkpoint", "c"]);
    workshop.write("d.csv", "a,b\n1,2\n3,5\n");
    let refusal = workshop.refusal(&["--checkpoint", "c"]);
    assert!(refusal.contains("it belongs to another set of examples"), "{refusal}");
}
