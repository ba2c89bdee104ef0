//! The embedded digits.

use dropout_oracle::Error;
use dropout_oracle::data::Digits;

const COUNTS: [usize; 10] = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180];

#[test]
fn train_digits_are_the_published_ones() {
    let digits = Digits::load();
    let counts = std::array::from_fn(|digit| digits.labels().iter().filter(|&&label| label == digit).count());
    assert_eq!(counts, COUNTS);
    assert!(digits.images().iter().all(|image| image.len() == 64));
    let pixels = digits.images().iter().flatten();
    assert!(pixels.clone().all(|p| (0.0..=1.0).contains(p) && (16.0 * p).fract() == 0.0));
    // The sum of all pixels as scikit-learn gives it, and a checksum (FNV-1a over pixels and labels in file order).
    assert_eq!(pixels.map(|p| 16.0 * p).sum::<f64>(), 561_718.0);
    let bytes = digits
        .images()
        .iter()
        .zip(digits.labels())
        .flat_map(|(image, &label)| image.iter().map(|p| (16.0 * p) as u8).chain([label as u8]));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3));
    assert_eq!(hash, 8_604_243_416_801_958_247);
}

#[test]
fn train_digits_come_in_pairs() {
    let digits = Digits::load();
    let pair = digits.pair(8, 3).unwrap();
    assert_eq!(pair.count(), 174 + 183);
    let first = digits.labels().iter().position(|label| [3, 8].contains(label)).unwrap();
    assert_eq!(pair.inputs()[0], digits.images()[first]);
    let class_0 = pair.targets().iter().filter(|y| y[0] == 1.0).count();
    assert_eq!(class_0, 174, "class 0 is the first digit named");
    for (a, b) in [(3, 3), (3, 10), (10, 3)] {
        assert!(matches!(digits.pair(a, b), Err(Error::Domain { .. })), "{a} {b}");
    }
    assert_eq!(digits.examples().targets()[0].len(), 10);
}

/// A split keeps every example once, and the seed alone decides it.
#[test]
fn train_digits_split_by_seed() {
    let pair = Digits::load().pair(0, 1).unwrap();
    let (train, test) = pair.split(100, 7).unwrap();
    assert_eq!((train.count(), test.count()), (100, 260));
    let rows =
        |examples: &dropout_oracle::data::Examples| examples.iter().map(|(x, y)| format!("{x}{y}")).collect::<Vec<_>>();
    let mut both = [rows(&train), rows(&test)].concat();
    let mut all = rows(&pair);
    both.sort();
    all.sort();
    assert_eq!(both, all);
    assert_eq!(pair.split(100, 7).unwrap().0, train);
    assert_ne!(pair.split(100, 8).unwrap().0, train);
    for size in [0, 360, 361] {
        assert!(matches!(pair.split(size, 7), Err(Error::Domain { .. })), "{size}");
    }
}
