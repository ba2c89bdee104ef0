//! 1797 handwritten digits of 8 × 8 pixels, embedded in the library.
//!
//! The test set of *Optical Recognition of Handwritten Digits* (Alpaydin and Kaynak 1998, UCI Machine Learning
//! Repository, doi:10.24432/C50P49), CC BY 4.0, as scikit-learn 1.9.1 ships it. See `data/README.md`.

use super::Examples;
use crate::error::{Error, Result};
use nalgebra::DVector;

const CSV: &str = include_str!("../../data/digits.csv");

/// Pixels of an image.
pub const PIXELS: usize = 64;

/// The ink of a fully black pixel in the file; the loaded images are divided by it.
const BLACK: f64 = 16.0;

/// Images with pixels in [0, 1] (0 paper, 1 ink), row by row, and the digit that each shows.
///
/// ```
/// use dropout_oracle::data::Digits;
/// let digits = Digits::load();
/// assert_eq!(digits.images().len(), 1797);
/// let (threes, eights) = (3, 8);
/// let pair = digits.pair(threes, eights)?; // class 0: the threes, class 1: the eights
/// assert_eq!(pair.count(), 183 + 174);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Digits {
    images: Vec<DVector<f64>>,
    labels: Vec<usize>,
}

impl Digits {
    /// The embedded images, in the order of the file.
    pub fn load() -> Self {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(CSV.as_bytes());
        let rows = reader.deserialize().map(|row: csv::Result<Vec<u8>>| row.expect("the embedded file is well formed"));
        let (images, labels) = rows
            .map(|row| {
                let (label, pixels) = row.split_last().expect("a row has 65 numbers");
                let image = pixels.iter().map(|&ink| f64::from(ink) / BLACK);
                (DVector::from_iterator(PIXELS, image), usize::from(*label))
            })
            .unzip();
        Self { images, labels }
    }

    /// The images.
    pub fn images(&self) -> &[DVector<f64>] {
        &self.images
    }

    /// The digit that each image shows.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// All images, for ten classes.
    pub fn examples(&self) -> Examples {
        Examples::classes(self.images.clone(), &self.labels, 10).expect("labels are digits, pixels are finite")
    }

    /// The images of two digits only: class 0 is `first`, class 1 is `second`.
    ///
    /// # Errors
    /// [`Error::Domain`] unless both are different digits from 0 to 9.
    pub fn pair(&self, first: usize, second: usize) -> Result<Examples> {
        if first == second || first > 9 || second > 9 {
            return Err(Error::Domain {
                what: "pair of digits".into(),
                value: format!("{first} {second}"),
                must: "two different digits from 0 to 9",
            });
        }
        let shown = self.images.iter().zip(&self.labels).filter(|(_, label)| [first, second].contains(label));
        let (images, labels): (Vec<_>, Vec<_>) =
            shown.map(|(image, &label)| (image.clone(), usize::from(label == second))).unzip();
        Examples::classes(images, &labels, 2)
    }
}
