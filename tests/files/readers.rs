//! Inputs in every way that NumPy and CSV have of writing them.

use crate::weights::data;
use dropout_oracle::file::load_inputs;
use nalgebra::{DVector, dvector};
use std::io::{Cursor, Write};

fn tiny() -> Vec<DVector<f64>> {
    vec![dvector![1.0, 0.5, -1.0], dvector![0.25, -1.0, 2.0]]
}

#[test]
fn numpy_files_of_every_order_and_size_hold_the_same_inputs() {
    for name in ["tiny_inputs.npy", "fortran_big_endian.npy", "half.npy", "stored.npz", "deflated.npz"] {
        assert_eq!(load_inputs(data(name), None, 3).unwrap(), tiny(), "{name}");
    }
    assert_eq!(load_inputs(data("one_axis.npy"), None, 3).unwrap(), tiny()[..1]);
    let times_four = load_inputs(data("times_four.npy"), None, 3).unwrap();
    assert_eq!(times_four, tiny().iter().map(|x| x * 4.0).collect::<Vec<_>>());
    assert_eq!(load_inputs(data("unclear.npz"), Some("train"), 3).unwrap(), tiny());
}

/// A .npy file as version `major` has it.
fn npy(major: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let length = if major == 1 {
        (header.len() as u16).to_le_bytes().to_vec()
    } else {
        (header.len() as u32).to_le_bytes().to_vec()
    };
    [b"\x93NUMPY", &[major, 0][..], &length, header.as_bytes(), data].concat()
}

fn load(file: &str, bytes: &[u8], width: usize) -> Result<Vec<DVector<f64>>, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    std::fs::write(&path, bytes).unwrap();
    load_inputs(&path, None, width).map_err(|error| error.to_string())
}

#[test]
fn every_dtype_of_numpy_that_is_a_number() {
    macro_rules! case {
        ($code:literal, $t:ty, $values:expr) => {
            let values: [$t; 2] = $values;
            let expected = DVector::from_iterator(2, values.iter().map(|v| *v as f64));
            let little: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            let big: Vec<u8> = values.iter().flat_map(|v| v.to_be_bytes()).collect();
            for (order, bytes) in [("<", little), (">", big)] {
                let header = format!("{{'descr': '{order}{}', 'fortran_order': False, 'shape': (1, 2), }}\n", $code);
                for version in 1..=3 {
                    assert_eq!(
                        load("x.npy", &npy(version, &header, &bytes), 2).unwrap(),
                        std::slice::from_ref(&expected),
                        "{header}"
                    );
                }
            }
        };
    }
    case!("f8", f64, [0.1, -1e300]);
    case!("f4", f32, [0.1, -1e30]);
    case!("i1", i8, [i8::MIN, 7]);
    case!("i2", i16, [i16::MIN, 7]);
    case!("i4", i32, [i32::MIN, 7]);
    case!("i8", i64, [i64::MIN, 7]);
    case!("u1", u8, [u8::MAX, 7]);
    case!("u2", u16, [u16::MAX, 7]);
    case!("u4", u32, [u32::MAX, 7]);
    case!("u8", u64, [u64::MAX, 7]);
    let header = "{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }";
    assert_eq!(load("x.npy", &npy(1, header, &[1, 0]), 2).unwrap(), [dvector![1.0, 0.0]]);
}

#[test]
fn csv_with_and_without_a_header() {
    let both = [dvector![1.0, -2.5], dvector![3e2, 0.0]];
    for text in [
        "1,-2.5\n300,0\n",
        "left,right\n1,-2.5\n300,0\n",
        "\u{feff}left,right\r\n 1 , -2.5\r\n\r\n3e2,-0\r\n",
        "\"a, b\",\"c\"\n\"1\",-2.5\n3e+2,0.0",
    ] {
        assert_eq!(load("x.csv", text.as_bytes(), 2).unwrap(), both, "{text:?}");
    }
    assert_eq!(load("x.CSV", b"1\n2\n", 1).unwrap(), [dvector![1.0], dvector![2.0]]);
}

/// Every refusal names the file and says what would be right.
#[test]
fn bad_inputs_are_named() {
    let f8 = |shape: &str| format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
    let eight = |values: &[f64]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let good = eight(&[1.0, 2.0, 3.0, f64::NAN]);
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("x.npy", Vec::new(), "does not begin with"),
        ("x.npy", b"\x93NUMPY".to_vec(), "cut short"),
        ("x.npy", b"\x93NUMPY\x01\x00".to_vec(), "cut short"),
        ("x.npy", b"\x93NUMPY\x07\x00\x00\x00".to_vec(), "version is not 1, 2 or 3"),
        ("x.npy", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}".to_vec(), "header is longer than the file"),
        ("x.npy", npy(1, "{}", &[]), "no 'descr'"),
        ("x.npy", npy(1, "{'descr': '<f8', 'shape': (2, 2)}", &good), "'fortran_order'"),
        (
            "x.npy",
            npy(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, -2), }", &good),
            "no 'shape' of integers",
        ),
        ("x.npy", npy(1, &f8("(2, 2)"), &good[..31]), "does not fit the 31 bytes of data"),
        ("x.npy", npy(1, &f8("(1, 2)"), &good), "does not fit the 32 bytes of data"),
        ("x.npy", npy(1, &f8("(4294967296, 4294967296, 4294967296)"), &good), "does not fit the 32 bytes"),
        ("x.npy", npy(1, &f8("(1152921504606846976, 0)"), &[]), "no inputs; give at least one row of 2 numbers"),
        ("x.npy", npy(1, &f8("(0, 2)"), &[]), "no inputs"),
        ("x.npy", npy(1, &f8("()"), &good[..8]), "shape []; reshape it to [inputs, 2]"),
        ("x.npy", npy(1, &f8("(1, 2, 2)"), &good), "shape [1, 2, 2]; reshape it to [inputs, 2]"),
        ("x.npy", npy(1, &f8("(4, 1)"), &good), "its inputs have length 1, the network takes length 2"),
        ("x.npy", npy(1, &f8("(2, 2)"), &good), "x.npy[1, 1] is NaN; every number must be finite"),
        (
            "x.npy",
            npy(1, "{'descr': '<c16', 'fortran_order': False, 'shape': (1, 2)}", &good),
            "dtype '<c16'; convert it",
        ),
        ("x.npy", npy(1, "{'descr': '|O', 'fortran_order': False, 'shape': (1, 2)}", &good), "dtype '|O'; convert it"),
        (
            "x.npy",
            npy(1, "{'descr': [('a', '<f8'), ('b', '<f8')], 'fortran_order': False, 'shape': (2,)}", &good),
            "dtype [('a', '<f8'), ('b', '<f8')]; convert it",
        ),
        ("x.npz", b"PK\x03\x04".to_vec(), "not a sound NumPy file"),
        ("x.csv", b"".to_vec(), "no inputs; give at least one row of 2 numbers"),
        ("x.csv", b"left,right\n".to_vec(), "no inputs"),
        ("x.csv", b"1,2,3\n4,5,6\n".to_vec(), "its inputs have length 3, the network takes length 2"),
        ("x.csv", b"1,2\n3,4,5\n".to_vec(), "line 2: 3 cells, where the first line has 2"),
        ("x.csv", b"a,b\n1,2\n3,x\n".to_vec(), "line 3, column 2 (counted from 1): \"x\" is not a number"),
        ("x.csv", b"1,x\n3,4\n".to_vec(), "line 1, column 2 (counted from 1): \"x\" is not a number"),
        ("x.csv", b"1;2\n3;4\n".to_vec(), "\"3;4\" is not a number; cells are separated by commas"),
        ("x.csv", b"1,\n".to_vec(), "column 2 (counted from 1): \"\" is not a number"),
        ("x.csv", b"1,inf\n".to_vec(), "line 1, column 2 (counted from 1) is inf; every number must be finite"),
        ("x.csv", b"1,2\nnan,0\n".to_vec(), "line 2, column 1 (counted from 1) is NaN"),
        ("x.csv", b"1,2\n\xff,0\n".to_vec(), "UTF-8"),
        ("x.txt", b"1,2\n".to_vec(), "inputs are read from .npy, .npz and .csv files; rename or convert it"),
        ("inputs", b"1,2\n".to_vec(), "inputs are read from .npy, .npz and .csv files"),
    ];
    for (file, bytes, expected) in cases {
        let error = load(file, &bytes, 2).unwrap_err();
        assert!(error.contains(expected) && error.contains(file), "{error:?} should say {expected:?}");
        assert!(!error.contains('\n'), "{error:?} is one sentence");
    }
}

/// An .npz archive of one deflated array `x`.
fn npz(npy: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("x.npy", zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(npy).unwrap();
    archive.finish().unwrap().into_inner()
}

/// What an archive unpacks to is read as far as the header speaks of it, and no farther.
#[test]
fn archives_that_unpack_to_more_than_their_header_says_are_refused() {
    let header = |rows: usize| format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, 2), }}");
    let array = npy(1, &header(1), &[0; 16]);
    let longer = |by: usize| npz(&[&array[..], &vec![0; by]].concat());
    assert_eq!(load("x.npz", &longer(0), 2).unwrap(), [dvector![0.0, 0.0]]);
    for by in [1, 1 << 16, 1 << 22] {
        let archive = longer(by);
        assert!(archive.len() < 1 << 13, "a few bytes unpack to many");
        let why = format!("x is not a sound NumPy file: it unpacks to more than the {} bytes of its", array.len());
        let error = load("x.npz", &archive, 2).unwrap_err();
        assert!(error.contains(&why), "{error}");
    }
    // Longer than what is read for the header, and whole.
    let (rows, data) = (10_000, vec![0; 160_000]);
    assert_eq!(load("x.npz", &npz(&npy(1, &header(rows), &data)), 2).unwrap().len(), rows);
    let error = load("x.npz", &npz(&npy(1, &header(rows), &data[1..])), 2).unwrap_err();
    assert!(error.contains("does not fit the 159999 bytes of data"), "{error}");
}

#[test]
fn an_array_that_is_not_named_is_asked_for() {
    let error = |name: &str, array| load_inputs(data(name), array, 3).unwrap_err().to_string();
    let unclear = error("unclear.npz", None);
    assert!(unclear.contains("name the array") && unclear.ends_with(r#"its arrays are "train", "test""#), "{unclear}");
    let missing = error("stored.npz", Some("X"));
    assert!(missing.contains(r#"there is no array "X""#) && missing.ends_with(r#""x", "labels""#), "{missing}");
    assert!(error("tiny_inputs.npy", Some("x")).contains("only .npz files name their arrays"));
    let labels = error("stored.npz", Some("labels"));
    assert!(labels.contains("stored.npz: labels: its inputs have length 2, the network takes length 3"), "{labels}");
}
