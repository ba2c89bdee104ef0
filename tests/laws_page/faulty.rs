//! Dropouts with a fault of a chosen size, one kind for each statistical law.

use dropout_oracle::Real;
use dropout_oracle::conformance::Dtype;
use dropout_oracle::conformance::layer::{Kind, Layer, Level, Probability};
use dropout_oracle::conformance::zoo::{Context, Dropout, Passes, plain};

/// The rate at which S1's fault lies: no other test of S1 is at it.
pub const SHIFTED: f64 = 0.3;
/// The rate at which S6's fault lies.
pub const RARE: f64 = 1.0 / 8_388_608.0;
/// Units that S3's fault spares: those that the law follows from call to call by themselves.
pub const SPARED: u64 = 16;

/// Right but for a fault of this size, which the law must see.
pub struct Faulty {
    pub law: &'static str,
    pub size: f64,
}

/// A number in [0, 1) that these two decide (SplitMix64's output function).
fn uniform(key: u64, place: u64) -> f64 {
    let mix = |z: u64| {
        let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    };
    (mix(mix(key).wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15))) >> 11) as f64 / (1u64 << 53) as f64
}

/// A standard normal number, by Marsaglia's polar method: of a point in the unit disc.
fn normal(key: u64, place: u64) -> f64 {
    let points = (0..).map(|i| [0, 1].map(|j| 2.0 * uniform(key, (place << 16) | (2 * i) | j) - 1.0));
    let squares = points.map(|[u, v]| (u, u * u + v * v));
    let (u, square) = squares.into_iter().find(|(_, s)| *s > 0.0 && *s < 1.0).expect("three points in four");
    u * (-2.0 * Real::ln(square) / square).sqrt()
}

/// What the masks of a seed's call are drawn from.
fn of_call(call: &Context<'_>, number: u64) -> u64 {
    call.seed.unwrap_or(7).wrapping_mul(0x2545_f491_4f6c_dd1d).wrapping_add(number)
}

impl Faulty {
    /// Whether what this coin decides goes wrong.
    fn strikes(&self, key: u64, unit: u64) -> bool {
        uniform(!key, unit) < self.size
    }

    /// The unit whose uniform number stands for this one's, within one call.
    fn source(&self, call: &Context<'_>, mut unit: u64) -> u64 {
        match self.law {
            "S2" if unit % 8 == 1 && self.strikes(call.key, unit) => unit - 1,
            "S4" => {
                while unit > 0 && self.strikes(call.key, unit) {
                    unit -= 1;
                }
                unit
            }
            "S5" if unit >= 1 << 16 && self.strikes(call.key, unit) => unit - (1 << 16),
            "S8" if call.shape.len() == 2 => {
                let row = call.shape[1] as u64;
                while unit >= row && self.strikes(call.key, unit) {
                    unit -= row;
                }
                unit
            }
            _ => unit,
        }
    }
}

impl Dropout for Faulty {
    fn layer(&self) -> Layer {
        let layer = Layer { dtypes: vec![Dtype::F32], ..plain() };
        match self.law {
            "S7" => Layer {
                kind: Kind::Gaussian,
                levels: vec![Level::C0, Level::C2],
                mask: Vec::new(),
                second_order: false,
                p: Probability { accepts_one: false, ..layer.p },
                ..layer
            },
            "S8" => Layer { ranks: vec![2], ..layer },
            _ => layer,
        }
    }

    fn rate(&self, call: &Context<'_>) -> f64 {
        let struck = match self.law {
            "S1" => call.drop == SHIFTED,
            "S6" => call.drop == RARE,
            _ => false,
        };
        call.drop + if struck { self.size } else { 0.0 }
    }

    fn keeps(&self, call: &Context<'_>, unit: u64) -> bool {
        let number = match (self.law, call.replica) {
            ("S3", _) => {
                let mut number = call.number_since_seed;
                while unit >= SPARED && number > 0 && self.strikes(of_call(call, number), unit) {
                    number -= 1;
                }
                number
            }
            ("S9", Some(replica)) if self.strikes(of_call(call, call.number_since_seed), unit) => {
                call.number_since_seed - replica as u64
            }
            ("S9", _) => call.number_since_seed,
            _ => return call.uniform(self.source(call, unit)) >= self.rate(call),
        };
        uniform(of_call(call, number), unit) >= call.drop
    }

    /// 1 + √(p/(1 − p)) z.
    fn output_at(&self, call: &Context<'_>, unit: u64, x: f64, kept: bool) -> f64 {
        if self.law != "S7" {
            return self.output(call, x, kept);
        }
        let variance = call.drop / (1.0 - call.drop) * if call.drop == SHIFTED { 1.0 + self.size } else { 1.0 };
        x * (1.0 + variance.sqrt() * normal(call.key, unit))
    }

    fn reported(&self, mut passes: Passes) -> Passes {
        match self.law {
            "S10" => passes.mean[0] += self.size,
            "S11" => {
                passes.gradient.iter_mut().for_each(|affine| *affine = affine.map(|slope| slope * (1.0 + self.size)))
            }
            _ => {}
        }
        passes
    }
}
