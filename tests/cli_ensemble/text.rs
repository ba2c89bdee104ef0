//! The text for people, to the letter: which mean is which, KEEP probabilities, standard errors.

use crate::by_definition::tiny;
use crate::predict;
use crate::weights::data;

#[test]
fn the_whole_text() {
    let options = ["--monte-carlo", "1000", "--seed", "3"];
    let outcome = predict(&data("tiny.json"), &data("tiny_inputs.npy"), &options);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""));
    assert_eq!(outcome.stdout, std::fs::read_to_string(data("tiny_monte_carlo.txt")).unwrap());
}

#[test]
fn without_enumeration_there_are_no_columns_for_it() {
    let (_folder, net) = tiny(r#"{"gaussian": {"variance": 1.0}}"#, "standard");
    let text = predict(&net, &data("tiny_inputs.npy"), &["--no-enumeration"]).stdout;
    assert_eq!(text, std::fs::read_to_string(data("tiny_no_enumeration.txt")).unwrap());
}
