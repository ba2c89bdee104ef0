//! Networks and mask laws a second time, from their definitions alone: nested loops over the numbers of a network, and
//! lists of masks with their probabilities. Nothing here calls the library's own evaluation.

use dropout_oracle::law::{FiniteLaw, FixedCount, Independent, NonEmpty, Rescaled, Table, Tied, Uniform};
use dropout_oracle::network::{Activation, Layer, PiecewiseLinear};
use dropout_oracle::{Mask, Real, Scalar};
use nalgebra::DVector;

/// What a layer of units does to its pre-activations.
pub trait NaiveUnit<T> {
    fn naive(&self, z: &[T]) -> Vec<T>;
}

impl<T: Scalar> NaiveUnit<T> for PiecewiseLinear {
    fn naive(&self, z: &[T]) -> Vec<T> {
        match self {
            Self::Identity => z.to_vec(),
            Self::Relu => z.iter().map(|z| if *z > T::zero() { z.clone() } else { T::zero() }).collect(),
            Self::Maxout { pieces } => (0..z.len() / pieces)
                .map(|unit| {
                    let mut largest = z[unit * pieces].clone();
                    for piece in 1..*pieces {
                        if z[unit * pieces + piece] > largest {
                            largest = z[unit * pieces + piece].clone();
                        }
                    }
                    largest
                })
                .collect(),
        }
    }
}

impl<T: Real> NaiveUnit<T> for Activation {
    fn naive(&self, z: &[T]) -> Vec<T> {
        let one = T::one();
        match self {
            Self::PiecewiseLinear(unit) => unit.naive(z),
            // tanh and σ from the exponential, the other way round than the library does it.
            Self::Tanh => z.iter().map(|&z| one - (one + one) / (one + (z + z).exp())).collect(),
            Self::Logistic => z.iter().map(|&z| one / (one + (-z).exp())).collect(),
        }
    }
}

/// f(x, μ), layer by layer and number by number.
pub fn forward<T: Scalar, A: NaiveUnit<T>>(layers: &[Layer<T, A>], x: &[T], multipliers: &[T]) -> Vec<T> {
    let mut h = x.to_vec();
    let mut used = 0;
    for layer in layers {
        match layer {
            Layer::Dropout(units) => {
                for &unit in units {
                    h[unit] = multipliers[used].clone() * h[unit].clone();
                    used += 1;
                }
            }
            Layer::Affine(affine) => {
                let mut z = Vec::new();
                for row in 0..affine.weight.nrows() {
                    let mut sum = affine.bias[row].clone();
                    for (column, h) in h.iter().enumerate() {
                        sum += affine.weight[(row, column)].clone() * h.clone();
                    }
                    z.push(sum);
                }
                h = z;
            }
            Layer::Unit(unit) => h = unit.naive(&h),
        }
    }
    assert_eq!(used, multipliers.len(), "each multiplier is used once");
    h
}

/// All vectors of n bits, bit 0 first, in the order of their integers.
fn bits(n: usize) -> impl Iterator<Item = Vec<bool>> {
    (0..1usize << n).map(move |integer| (0..n).map(|i| integer / (1 << i) % 2 == 1).collect())
}

/// The multipliers 0 and 1 of a vector of bits.
fn zero_one<T: Scalar>(bits: &[bool]) -> Vec<T> {
    bits.iter().map(|&kept| if kept { T::one() } else { T::zero() }).collect()
}

/// A law by hand: every vector of multipliers with its probability.
pub type Masks<T> = Vec<(Vec<T>, T)>;

/// The weights divided by their sum.
fn normalised<T: Scalar>(masks: Masks<T>) -> Masks<T> {
    let total = masks.iter().fold(T::zero(), |sum, (_, weight)| sum + weight.clone());
    masks.into_iter().map(|(multipliers, weight)| (multipliers, weight / total.clone())).collect()
}

/// Π p_i over the kept units times Π (1 − p_i) over the others.
fn independent<T: Scalar>(keep: &[T]) -> Masks<T> {
    let weight = |bits: &[bool]| {
        let factors = bits.iter().zip(keep).map(|(&kept, p)| if kept { p.clone() } else { T::one() - p.clone() });
        factors.fold(T::one(), |weight, factor| weight * factor)
    };
    bits(keep.len()).map(|bits| (zero_one(&bits), weight(&bits))).collect()
}

/// The masks that `kept` lets pass, all alike.
fn alike<T: Scalar>(units: usize, kept: impl Fn(&[bool]) -> bool) -> Masks<T> {
    normalised(bits(units).filter(|bits| kept(bits)).map(|bits| (zero_one(&bits), T::one())).collect())
}

/// A law of the library, and the same one by hand.
pub type LawTwin<T> = (Box<dyn FiniteLaw<T>>, Masks<T>);

/// Every kind of law over at least two units.
pub fn laws<T: Scalar>(keep: &[T]) -> Vec<LawTwin<T>> {
    let n = keep.len();
    let library = |keep: &[T]| Independent::new(DVector::from_column_slice(keep)).unwrap();
    let half = |bits: &[bool]| bits.iter().filter(|&&kept| kept).count() == n / 2;
    // Even units share one draw, odd units another.
    let tied = Tied::new(library(&keep[..2]), (0..n).map(|i| i % 2).collect()).unwrap();
    let tied_by_hand =
        independent(&keep[..2]).into_iter().map(|(m, weight)| ((0..n).map(|i| m[i % 2].clone()).collect(), weight));
    let some = independent(keep).into_iter().filter(|(multipliers, _)| multipliers.iter().any(|m| !m.is_zero()));
    // The mask with integer m has probability (m + 1) over the sum of all.
    let count = 1i64 << n;
    let share = |mask: Mask| (mask, T::ratio(mask.bits() as i64 + 1, count * (count + 1) / 2));
    let table = Table::new(Mask::all(n).unwrap().map(share).collect()).unwrap();
    let table_by_hand = bits(n).zip(1..).map(|(bits, rank)| (zero_one(&bits), T::ratio(rank, 1)));
    let inverted = independent(keep)
        .into_iter()
        .map(|(multipliers, weight)| (multipliers.into_iter().zip(keep).map(|(m, p)| m / p.clone()).collect(), weight));
    vec![
        (Box::new(Uniform::new(n)), alike(n, |_| true)),
        (Box::new(library(keep)), independent(keep)),
        (Box::new(FixedCount::new(n, n / 2).unwrap()), alike(n, half)),
        (Box::new(tied), tied_by_hand.collect()),
        (Box::new(NonEmpty::new(library(keep)).unwrap()), normalised(some.collect())),
        (Box::new(table), normalised(table_by_hand.collect())),
        (Box::new(Rescaled::inverted(library(keep)).unwrap()), inverted.collect()),
    ]
}

/// Σ π(μ) f(μ), term after term.
pub fn mean<T: Scalar>(masks: &Masks<T>, f: impl Fn(&[T]) -> Vec<T>) -> Vec<T> {
    let mut mean = Vec::new();
    for (multipliers, weight) in masks {
        let terms = f(multipliers).into_iter().map(|value| weight.clone() * value);
        mean = if mean.is_empty() {
            terms.collect()
        } else {
            mean.into_iter().zip(terms).map(|(sum, t)| sum + t).collect()
        };
    }
    mean
}
