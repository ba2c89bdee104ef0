//! Inputs with their targets.

use crate::error::{Error, Result};
use crate::random::{Purpose, stream};
use crate::scalar::Scalar;
use nalgebra::DVector;
use rand::RngExt;
use rand::seq::SliceRandom;

/// N ≥ 1 examples: an input x and a target y each, all of the same lengths.
///
/// What a target is depends on the [head](crate::head): one-hot (or soft) for classes, 0/1 for Bernoulli, real for
/// Gaussian, counts for Poisson.
///
/// ```
/// use dropout_oracle::data::Examples;
/// use nalgebra::dvector;
/// let examples = Examples::classes(vec![dvector![0.5], dvector![2.0]], &[1, 0], 2)?;
/// assert_eq!(examples.targets()[0].as_slice(), [0.0, 1.0]);
/// # Ok::<(), dropout_oracle::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Examples<T = f64> {
    inputs: Vec<DVector<T>>,
    targets: Vec<DVector<T>>,
}

impl<T: Scalar> Examples<T> {
    /// One target an input.
    ///
    /// # Errors
    /// [`Error::Shape`] unless there is at least one example, one target an input, and each input and each target is as
    /// long as the first; [`Error::NotFinite`] for a NaN or infinite entry.
    pub fn new(inputs: Vec<DVector<T>>, targets: Vec<DVector<T>>) -> Result<Self> {
        if inputs.is_empty() {
            return Err(Error::Shape { what: "number of examples".into(), expected: 1, found: 0 });
        }
        Error::shape("targets, one an example", inputs.len(), targets.len())?;
        for (article, what, vectors) in [("an", "input", &inputs), ("a", "target", &targets)] {
            for (n, vector) in vectors.iter().enumerate() {
                Error::shape(format!("length of the {what} of example {n}"), vectors[0].len(), vector.len())?;
                if let Some(bad) = vector.iter().find(|v| !v.is_finite()) {
                    return Err(Error::NotFinite {
                        what: format!("{article} {what} of example {n}"),
                        value: bad.to_f64(),
                    });
                }
            }
        }
        Ok(Self { inputs, targets })
    }

    /// Inputs with the index of their class, made one-hot among `classes`.
    ///
    /// # Errors
    /// [`Error::Domain`] for a label that is not below `classes`; otherwise as [`Examples::new`].
    pub fn classes(inputs: Vec<DVector<T>>, labels: &[usize], classes: usize) -> Result<Self> {
        if let Some(label) = labels.iter().find(|&&label| label >= classes) {
            return Err(Error::Domain {
                what: format!("label of one of {classes} classes"),
                value: label.to_string(),
                must: "below the number of classes, counted from 0",
            });
        }
        let one_hot = |&label: &usize| DVector::from_fn(classes, |y, _| if y == label { T::one() } else { T::zero() });
        Self::new(inputs, labels.iter().map(one_hot).collect())
    }

    /// N.
    pub fn count(&self) -> usize {
        self.inputs.len()
    }

    /// The inputs x.
    pub fn inputs(&self) -> &[DVector<T>] {
        &self.inputs
    }

    /// The targets y.
    pub fn targets(&self) -> &[DVector<T>] {
        &self.targets
    }

    /// Each input with its target.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&DVector<T>, &DVector<T>)> {
        self.inputs.iter().zip(&self.targets)
    }

    /// A random split into `first` examples and the rest, decided by the seed alone.
    ///
    /// The examples are shuffled by the stream [`Purpose::Split`] of the seed and then cut.
    ///
    /// # Errors
    /// [`Error::Domain`] unless both parts hold at least one example.
    pub fn split(&self, first: usize, seed: u64) -> Result<(Self, Self)> {
        if first == 0 || first >= self.count() {
            return Err(Error::Domain {
                what: format!("size of the first part of {} examples", self.count()),
                value: first.to_string(),
                must: "at least 1 and less than all of them",
            });
        }
        let mut order: Vec<usize> = (0..self.count()).collect();
        order.shuffle(&mut stream(seed, Purpose::Split, 0, 0));
        let (left, right) = order.split_at(first);
        Ok((self.rows(left), self.rows(right)))
    }

    /// As many examples as these, drawn from them with replacement: the training set of one member in bagging.
    ///
    /// The draws come one after another from the stream [`Purpose::Bootstrap`] of the seed.
    pub fn bootstrap(&self, seed: u64) -> Self {
        let mut rng = stream(seed, Purpose::Bootstrap, 0, 0);
        let count = self.count() as u64;
        let rows: Vec<usize> = (0..count).map(|_| rng.random_range(0..count) as usize).collect();
        self.rows(&rows)
    }

    /// The examples of these numbers, of which there must be at least one.
    fn rows(&self, rows: &[usize]) -> Self {
        Self {
            inputs: rows.iter().map(|&n| self.inputs[n].clone()).collect(),
            targets: rows.iter().map(|&n| self.targets[n].clone()).collect(),
        }
    }
}
