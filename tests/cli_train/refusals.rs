//! What is refused, with the place and what would be right.

use super::{SMALL, Workshop};

#[test]
fn wrong_configurations_are_refused_by_name() {
    for (right, wrong, why) in [
        ("batch = 16", "bach = 16", "unknown field `bach`"),
        ("\"softmax\"", "\"softmix\"", "unknown variant `softmix`"),
        ("[1, 0.8, 0.5]", "[1, 0.8]", "keep has 2 probabilities; it needs 3"),
        ("[1, 0.8, 0.5]", "[1, 0.8, 0]", "keep has 0; a KEEP probability"),
        ("[2, 3]", "[0, 3]", "width 0"),
        ("[2, 3]", "[2000000000, 3]", "more than 1073741824 weights"),
        ("[2, 3]", "[9000000000000000000, 3]", "more than 1073741824 weights"),
        ("steps = 12", "steps = 12, epochs = 1", "either steps or epochs"),
        ("steps = 12", "steps = 0", "must be at least 1"),
        ("batch = 16", "batch = 0", "must be at least 1"),
        ("0.05, every", "1.5, every", "[validation] needs a fraction between 0 and 1"),
        ("fraction = 0.02", "fraction = 0.00001", "at least one must go to"),
        ("fraction = 0.02", "fraction = 0.97", "at least one must go to"),
        ("l2 = 1e-4", "l2 = -1.0", "strength of the L2 penalty"),
        ("learning_rate = 0.05", "learning_rate = nan", "learning rate"),
        ("inputs = \"digits\"", "inputs = \"absent.csv\"", "absent.csv"),
        ("head = \"softmax\"", "head = \"softmax\", variance = 2.0", "variance belongs to"),
        (
            "head = \"softmax\"",
            "head = \"softmax\", outputs = 9",
            "must be a class, counted from 0; there are 9 outputs",
        ),
        ("head = \"softmax\"", "head = \"softmax\", outputs = 100000", "outputs is more than 65536"),
        ("l2 = 1e-4", "sparsity = { target = 0.1, strength = 1 }", "sparsity needs hidden units with activation"),
        // All 64 inputs and the two units before the last rectified ones.
        (
            "[1, 0.8, 0.5], head = \"softmax\" }\n    training = {",
            "[0.9, 0.8, 0.5], head = \"softmax\" }\n    training = { \
          method = \"boosting\",",
            "method = \"boosting\" enumerates masks at every step, and the 66 units",
        ),
    ] {
        let workshop = Workshop::new(&SMALL.replace(right, wrong));
        assert_ne!(workshop.text("t.toml"), SMALL);
        let refusal = workshop.refusal(&[]);
        assert!(refusal.contains(why), "{wrong}: {refusal}");
        assert!(!workshop.path("t.json").exists());
    }
}

/// The sentence says what to do, and the checkpoint is still a good one.
#[test]
fn diverging_training_stops_with_a_sentence_and_keeps_the_last_good_checkpoint() {
    let config = SMALL.replace("learning_rate = 0.05, max_norm = 3.0", "learning_rate = 1e30");
    let workshop = Workshop::new(&config);
    let refusal = workshop.refusal(&["--checkpoint", "c"]);
    assert!(refusal.contains("training diverged at step"), "{refusal}");
    assert!(refusal.contains("use a smaller learning rate"), "{refusal}");
    assert!(refusal.contains("c keeps the last good checkpoint"), "{refusal}");
    let before = workshop.read("c");
    assert_eq!(workshop.refusal(&["--checkpoint", "c"]), refusal, "it goes on from there, to the same end");
    assert!(workshop.read("c") == before);
    assert!(!workshop.path("t.json").exists());
}

#[test]
fn wrong_command_lines_are_refused() {
    let workshop = Workshop::new(&SMALL.replace("test = { fraction = 0.02 }", ""));
    let outcome = workshop.train(&["--compare"]);
    assert_eq!(outcome.status, 3);
    assert!(outcome.stderr.contains("--compare needs test examples"), "{}", outcome.stderr);
    assert_eq!(workshop.train(&["--every", "5"]).status, 3);
    assert_eq!(workshop.train(&["--example"]).status, 3);
}

/// Above all, no configuration is overwritten.
#[test]
fn files_that_would_overwrite_each_other_are_refused() {
    let workshop = Workshop::new(SMALL);
    for options in [
        ["--net", "t.toml"],
        ["--net", "t.safetensors"],
        ["--log", "t.toml"],
        ["--checkpoint", "t.json"],
        ["--curves", "t.safetensors"],
    ] {
        let outcome = workshop.train(&options);
        assert_eq!(outcome.status, 3, "{options:?}");
        assert!(outcome.stderr.contains("would be two files at once"), "{}", outcome.stderr);
    }
    assert_eq!(workshop.text("t.toml"), SMALL);
}
