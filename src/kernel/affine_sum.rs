//! Logits that the mask enters through a sum: \\(\eta_y(m) = c_y + \sum_i m_i\\, a_{iy}\\).

use crate::error::{Error, Result};
use crate::marginal::double_double::DoubleDouble;
use crate::network::Affine;
use nalgebra::DVector;

/// \\(\eta_y(m) = c_y + \sum_i m_i\\, a_{iy}\\) with independent \\(m_i \sim \mathrm{Bernoulli}(p_i)\\), p the KEEP
/// probabilities: all sub-models of an affine layer whose inputs are dropped.
///
/// The c and a are sums and products of doubles, kept to about 106 bits, so that e^η is as accurate for η = 10⁴ as for
/// η = 1. Units with p = 1 are part of c, units with p = 0 are left out.
#[derive(Clone, Debug)]
pub(super) struct AffineSum {
    pub constant: Vec<DoubleDouble>,
    pub units: Vec<Unit>,
}

/// One droppable unit.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// What it adds to each logit if kept.
    pub contribution: Vec<DoubleDouble>,
    /// Its KEEP probability, in (0, 1).
    pub keep: f64,
}

/// What multiplies an input of the layer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Multiplier {
    /// 1, always.
    One,
    /// `scale` if kept, with this KEEP probability, else 0.
    Dropped {
        /// The KEEP probability, in [0, 1].
        keep: f64,
        /// What it is if kept: 1 under the standard convention, 1/p under the inverted one.
        scale: DoubleDouble,
    },
}

impl AffineSum {
    /// The sum of the sizes of a logit's terms must not be larger: the relative error of e^η would show.
    const LARGEST: f64 = (1u64 << 40) as f64;

    /// The outputs of `layer` at \\(h \odot \mu\\).
    ///
    /// # Errors
    /// [`Error::Shape`] unless h and `multipliers` have one entry an input of the layer, [`Error::KeepProbability`] for
    /// a keep probability outside [0, 1], [`Error::Domain`] if the sizes of a logit's terms sum to more than 2^40.
    pub fn new(layer: &Affine<f64>, h: &DVector<f64>, multipliers: &[Multiplier]) -> Result<Self> {
        Error::shape("inputs of the affine layer", layer.inputs(), h.len())?;
        Error::shape("multipliers, one an input of the affine layer", layer.inputs(), multipliers.len())?;
        let mut constant: Vec<_> = layer.bias.iter().map(|&b| DoubleDouble::from(b)).collect();
        let mut size = layer.bias.map(f64::abs);
        let mut units = Vec::new();
        for (i, (&h, &multiplier)) in h.iter().zip(multipliers).enumerate() {
            let (keep, scale) = match multiplier {
                Multiplier::One => (1.0, DoubleDouble::ONE),
                Multiplier::Dropped { keep, scale } => (keep, scale),
            };
            let column = layer.weight.column(i);
            size += column.map(|w| (w * h * scale.hi).abs());
            if !(0.0..=1.0).contains(&keep) {
                return Err(Error::KeepProbability { unit: i, value: keep.to_string() });
            }
            let scaled = scale * h.into();
            let contribution = column.iter().map(|&w| scaled * w.into());
            if keep == 1.0 {
                constant.iter_mut().zip(contribution).for_each(|(c, a)| *c = *c + a);
            } else if keep > 0.0 {
                units.push(Unit { contribution: contribution.collect(), keep });
            }
        }
        match size.iter().find(|size| **size > Self::LARGEST || size.is_nan()) {
            Some(size) => Err(Error::Domain {
                what: "the sum of the sizes of a logit's terms".into(),
                value: size.to_string(),
                must: "at most 2^40 for the fast enumeration; Ensemble::predict has no such limit",
            }),
            None => Ok(Self { constant, units }),
        }
    }

    /// The number of logits.
    pub fn outputs(&self) -> usize {
        self.constant.len()
    }

    /// The sum for the two classes "0 and η_k" of one yes/no answer.
    pub fn answer(&self, k: usize) -> Self {
        let pair = |all: &[DoubleDouble]| vec![DoubleDouble::ZERO, all[k]];
        let units = self.units.iter().map(|unit| Unit { contribution: pair(&unit.contribution), keep: unit.keep });
        Self { constant: pair(&self.constant), units: units.collect() }
    }

    /// The sum with every logit less that of the `reference`, which is left out.
    pub fn relative_to(&self, reference: usize) -> Self {
        let relative = |all: &[DoubleDouble]| {
            let others = all.iter().enumerate().filter(|&(y, _)| y != reference);
            others.map(|(_, &a)| a - all[reference]).collect()
        };
        let units = self.units.iter().map(|u| Unit { contribution: relative(&u.contribution), keep: u.keep });
        Self { constant: relative(&self.constant), units: units.collect() }
    }
}

impl Unit {
    /// A unit that changes nothing.
    pub fn null(outputs: usize) -> Self {
        Self { contribution: vec![DoubleDouble::ZERO; outputs], keep: 0.5 }
    }

    /// The largest size of a contribution.
    pub fn size(&self) -> f64 {
        self.contribution.iter().fold(0.0, |size, a| a.hi.abs().max(size))
    }
}
