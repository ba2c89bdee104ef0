//! Seeded inputs that every format represents exactly.

use super::format::{Generator, Numbers};
use crate::conformance::Dtype;
use crate::scalar::{Rational, Scalar};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// A stream of inputs.
pub struct Draw {
    rng: ChaCha8Rng,
    seed: u64,
}

impl Draw {
    /// The stream of this seed.
    pub fn new(seed: u64) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(seed), seed }
    }

    /// What the files say of it.
    pub fn generator(&self) -> Generator {
        Generator {
            name: "ChaCha with 8 rounds, seeded as rand 0.10 does from a 64-bit integer".into(),
            seed: self.seed,
        }
    }

    /// A number k/16 with 0 < |k| < 128: 7 bits, so that bfloat16 has it.
    pub fn dyadic(&mut self) -> f64 {
        let size: u8 = self.rng.random_range(1..128);
        if self.rng.random() { f64::from(size) / 16.0 } else { f64::from(size) / -16.0 }
    }

    /// Several of them.
    pub fn dyadics(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.dyadic()).collect()
    }

    /// A number k/8 with |k| ≤ 8, for weights: 0 among them.
    pub fn weight(&mut self) -> f64 {
        f64::from(self.rng.random_range(-8..=8i8)) / 8.0
    }

    /// Several of them.
    pub fn weights(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.weight()).collect()
    }

    /// A mask that drops something and keeps something: two units or more.
    pub fn mask(&mut self, units: usize) -> Vec<bool> {
        loop {
            let kept: Vec<bool> = (0..units).map(|_| self.rng.random()).collect();
            if kept.contains(&true) && kept.contains(&false) {
                return kept;
            }
        }
    }
}

/// The rational number that an `f64` is.
pub fn exact(x: f64) -> Rational {
    Rational::try_from(x).expect("inputs are finite")
}

/// These, each.
pub fn exactly(numbers: &[f64]) -> Vec<Rational> {
    numbers.iter().copied().map(exact).collect()
}

/// 1 or 0.
pub fn indicator(kept: bool) -> Rational {
    Rational::ratio(kept.into(), 1)
}

/// A tensor of `f64`.
pub fn f64s(shape: &[usize], numbers: &[f64]) -> Numbers {
    Numbers::new(Dtype::F64, shape, numbers.iter().copied())
}

/// A value that was computed in two ways, which agree.
pub fn agreed<T: PartialEq + std::fmt::Debug>(by_definition: T, by_theorem: T) -> T {
    assert_eq!(by_definition, by_theorem, "two ways to one expected value");
    by_theorem
}
