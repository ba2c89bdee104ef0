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

/// A .npy file of bytes.
fn npy(shape: &str, bytes: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), bytes].concat()
}

/// The same numbers as arrays, the labels on one axis.
#[test]
fn npy_files_give_the_same_network() {
    let (one, other) = (
        Workshop::new(IDX),
        Workshop::new(&IDX.replace("images-idx3-ubyte", "x.npy").replace("labels-idx1-ubyte", "y.npy")),
    );
    idx(&one, 20);
    other.write("x.npy", npy("(20, 1, 2)", &one.read("images-idx3-ubyte")[16..]));
    other.write("y.npy", npy("(20,)", &one.read("labels-idx1-ubyte")[8..]));
    one.report(&[]);
    other.report(&[]);
    assert!(one.read("t.safetensors") == other.read("t.safetensors"));
}

/// Files that do not fit each other, and labels that are no classes.
#[test]
fn wrong_data_are_refused_by_name() {
    let workshop = Workshop::new(IDX);
    for (labels, why) in [
        (&[0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 0][..], "3 targets for the 20 inputs"),
        (&[0, 0, 8, 1, 0, 0, 0, 20, 0], "does not fit the 1 bytes of data"),
        (&[0, 0, 8, 1, 255, 255, 255, 255, 0], "does not fit the 1 bytes of data"),
        (&[0, 1, 8, 1], "does not begin with two zeros"),
        (&[0, 0, 8, 1, 0, 0, 0, 0], "it holds no numbers"),
    ] {
        idx(&workshop, 20);
        workshop.write("labels-idx1-ubyte", labels);
        let refusal = workshop.refusal(&[]);
        assert!(refusal.contains(why), "{refusal}");
    }
    let config = IDX.replace("images-idx3-ubyte', targets = 'labels-idx1-ubyte'", "d.csv'");
    for (csv, why) in [
        ("1,2,0.5\n", "target 0 (counted from 0) is 0.5; it must be a class"),
        ("1,2,-1\n", "it must be a class"),
        ("1,2,1e15\n", "classes are counted from 0, and 65536 at most"),
        ("1\n", "has 1 columns; it needs inputs and 1 of targets"),
        ("1,2,x\n", "line 1, column 3"),
    ] {
        let workshop = Workshop::new(&config);
        workshop.write("d.csv", csv);
        let refusal = workshop.refusal(&[]);
        assert!(refusal.contains(why), "{refusal}");
    }
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
