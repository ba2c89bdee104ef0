//! The kinds of files, and the heads.

use super::Workshop;
use dropout_oracle::file::load_model;

/// Two classes of two-pixel images, as IDX.
fn idx(workshop: &Workshop, count: u8) {
    let images = [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 1, 0, 0, 0, 2];
    let pixels = (0..count).flat_map(|n| if n % 2 == 0 { [255, 10 + n] } else { [n, 255] });
    workshop.write("images-idx3-ubyte", images.into_iter().chain(pixels).collect::<Vec<_>>());
    let labels = [0, 0, 8, 1, 0, 0, 0, count].into_iter().chain((0..count).map(|n| n % 2));
    workshop.write("labels-idx1-ubyte", labels.collect::<Vec<_>>());
}

const IDX: &str = "
    data = { inputs = 'images-idx3-ubyte', targets = 'labels-idx1-ubyte', divide_by = 255 }
    test = { inputs = 'images-idx3-ubyte', targets = 'labels-idx1-ubyte' }
    network = { hidden = [8], keep = [1.0, 0.8], head = 'softmax' }
    training = { epochs = 60, batch = 5, learning_rate = 0.1, momentum = 0.5 }
";

/// What can be separated by a line is learned.
#[test]
fn idx_files_are_learned_from() {
    let workshop = Workshop::new(IDX);
    idx(&workshop, 20);
    let report = workshop.report(&[]);
    assert_eq!((&report["steps"], &report["shape"]), (&240.into(), &"2-8-2".into()));
    assert_eq!(report["test"][0]["error"], 0.0);
}

/// The same numbers in CSV with the class last give the same weights, bit by bit.
#[test]
fn csv_files_with_targets_last_give_the_same_network() {
    let (one, other) = (
        Workshop::new(IDX),
        Workshop::new(&IDX.replace("images-idx3-ubyte', targets = 'labels-idx1-ubyte'", "d.csv'")),
    );
    idx(&one, 20);
    let (images, labels) = (one.read("images-idx3-ubyte"), one.read("labels-idx1-ubyte"));
    let rows = images[16..]
        .chunks(2)
        .zip(&labels[8..])
        .map(|(pixels, label)| format!("{},{},{label}\n", pixels[0], pixels[1]));
    other.write("d.csv", "left,right,class\n".to_string() + &rows.collect::<String>());
    one.report(&[]);
    other.report(&[]);
    assert!(one.read("t.safetensors") == other.read("t.safetensors"));
}

/// A Gaussian, a Poisson and a Bernoulli head, each on the last column.
#[test]
fn every_head_can_be_trained_and_compared() {
    for head in ["gaussian", "poisson", "bernoulli"] {
        let workshop = Workshop::new(&format!(
            "data = {{ inputs = 'd.csv' }}\n\
             test = {{ fraction = 0.3 }}\n\
             network = {{ hidden = [3], keep = [0.9, 0.5], head = '{head}' }}\n\
             training = {{ steps = 20, batch = 4, learning_rate = 0.02, nesterov = true, l1 = 1e-4 }}"
        ));
        workshop.write("d.csv", (0..20).map(|n| format!("{},{},{}\n", n % 5, n % 3, n % 2)).collect::<String>());
        let report = workshop.report(&["--compare"]);
        let known: Vec<_> = report["test"].as_array().unwrap().iter().map(|row| row["nll"].is_f64()).collect();
        assert_eq!(known, [true, true, head == "bernoulli", true], "{head}");
        assert_eq!(load_model(workshop.path("t.json")).unwrap().keep().as_slice(), [0.9, 0.9, 0.5, 0.5, 0.5]);
    }
}
