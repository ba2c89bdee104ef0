//! What multiplies units and weights in a step, by the definitions of the methods.

use crate::cases::Case;
use dropout_oracle::model::Convention;
use dropout_oracle::train::Method;
use dropout_oracle::trainer::{KeepProbability, Masks};
use nalgebra::{DMatrix, DVector};

/// The multipliers of one step, by affine layer: of the units that enter it, row by row, and of its weights.
#[derive(Clone, Debug)]
pub struct Noise {
    pub units: Vec<Option<Vec<Vec<f64>>>>,
    pub weights: Vec<Option<DMatrix<f64>>>,
}

fn bit(words: &[u64], unit: usize) -> bool {
    words[unit / 64] >> (unit % 64) & 1 == 1
}

fn mean(case: &Case, keep: f64) -> f64 {
    if case.convention == Convention::Inverted { 1.0 } else { keep }
}

fn kept(yes: bool, scale: f64) -> f64 {
    if yes { scale } else { 0.0 }
}

impl Noise {
    fn none(case: &Case) -> Self {
        Self { units: vec![None; case.layers.len()], weights: vec![None; case.layers.len()] }
    }

    /// The mean multipliers.
    pub fn mean(case: &Case) -> Self {
        let mut noise = Self::none(case);
        for (keep, layer, width) in case.dropout() {
            noise.units[layer] = Some(vec![vec![mean(case, keep); width]; case.rows]);
        }
        noise
    }

    /// What the method draws from the stream.
    pub fn drawn(case: &Case, step: u64) -> Self {
        let (masks, mut noise) = (Masks::new(case.training.seed), Self::mean(case));
        for (p, layer, width) in case.dropout() {
            let (keep, mean) = (KeepProbability::new(p).unwrap(), mean(case, p));
            let mask = |row, units| {
                let words = masks.mask(step, layer, row, keep, units);
                (0..units).map(|unit| kept(bit(&words, unit), mean / p)).collect::<Vec<_>>()
            };
            match case.training.method {
                Method::Plain => {}
                Method::Dropout | Method::Boosting | Method::BoostingWeightScaled => {
                    noise.units[layer] = Some((0..case.rows).map(|row| mask(row, width)).collect());
                }
                Method::Gaussian => {
                    let deviation = ((1.0 - p) / p).sqrt();
                    let row = |row| {
                        masks.normals(step, layer, row).take(width).map(|z| mean * (1.0 + deviation * z)).collect()
                    };
                    noise.units[layer] = Some((0..case.rows).map(row).collect());
                }
                Method::DropConnect => {
                    let columns: Vec<_> = (0..width).map(|input| mask(input, case.layers[layer].1).into()).collect();
                    noise.units[layer] = None;
                    noise.weights[layer] = Some(DMatrix::from_columns(&columns));
                }
            }
        }
        noise
    }

    /// Every joint mask of the units that enter the layers before `end`, the same for all rows, with its probability;
    /// the other layers take their mean.
    pub fn enumerated(case: &Case, end: usize) -> Vec<(f64, Self)> {
        case.dropout().into_iter().filter(|&(_, layer, _)| layer < end).fold(
            vec![(1.0, Self::mean(case))],
            |all, (p, layer, width)| {
                let masks = 0u64..1 << width;
                let with = |(weight, noise): (f64, Self)| {
                    masks.clone().map(move |mask| {
                        let mut noise = noise.clone();
                        let kept_units = mask.count_ones() as i32;
                        let row = (0..width).map(|unit| kept(mask >> unit & 1 == 1, mean(case, p) / p)).collect();
                        noise.units[layer] = Some(vec![row; case.rows]);
                        (weight * p.powi(kept_units) * (1.0 - p).powi(width as i32 - kept_units), noise)
                    })
                };
                all.into_iter().flat_map(with).collect()
            },
        )
    }

    /// The multipliers of one row's units, in the order of the network.
    pub fn of_row(&self, row: usize) -> DVector<f64> {
        DVector::from_vec(self.units.iter().flatten().flat_map(|rows| rows[row].clone()).collect())
    }

    /// The multipliers of all weights, in the order of [`dropconnect`](dropout_oracle::train::dropconnect).
    pub fn of_weights(&self) -> DVector<f64> {
        let rows = self.weights.iter().flatten().flat_map(|weights| weights.transpose().as_slice().to_vec());
        DVector::from_vec(rows.collect())
    }
}
