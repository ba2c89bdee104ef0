//! Networks and mask laws a second time, from their definitions alone: nested loops over the numbers of a network, and
//! lists of masks with their probabilities. Nothing here calls the library's own evaluation.

use dropout_oracle::network::{Activation, Layer, PiecewiseLinear};
use dropout_oracle::{Real, Scalar};

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
                    for column in 0..affine.weight.ncols() {
                        sum += affine.weight[(row, column)].clone() * h[column].clone();
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
pub fn bits(n: usize) -> impl Iterator<Item = Vec<bool>> {
    (0..1usize << n).map(move |integer| (0..n).map(|i| integer / (1 << i) % 2 == 1).collect())
}

/// The multipliers 0 and 1 of a vector of bits.
pub fn zero_one<T: Scalar>(bits: &[bool]) -> Vec<T> {
    bits.iter().map(|&kept| if kept { T::one() } else { T::zero() }).collect()
}
