//! Heads a second time: as densities over a list of all their outcomes.

use dropout_oracle::Real;
use dropout_oracle::head::{Bernoulli, Gaussian, GaussianWithVariance, LogProbability, Poisson, Softmax};

/// A head by hand: all outcomes y with ln h(y), their density e^log_density·h, and the volume of an outcome.
pub struct Outcomes {
    pub head: Box<dyn LogProbability<f64>>,
    pub outputs: usize,
    outcomes: Vec<(Vec<f64>, f64)>,
    volume: f64,
    log_density: fn(&[f64], &[f64]) -> f64,
}

impl Outcomes {
    /// The length of an outcome y.
    pub fn targets(&self) -> usize {
        self.outcomes[0].0.len()
    }

    /// Σ p(y), then Σ y p(y) for each entry of y, over all outcomes, where p(y) is made of the function from a parameter θ to
    /// ln p(y | θ). The terms are added in rows, and then the rows.
    pub fn moments(&self, p: impl Fn(&dyn Fn(&[f64]) -> f64) -> f64) -> Vec<f64> {
        let add = |mut sum: Vec<f64>, terms: Vec<f64>| {
            sum.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
            sum
        };
        let term = |(y, log_base): &(Vec<f64>, f64)| {
            let p = self.volume * p(&|theta| (self.log_density)(theta, y) + log_base);
            [&[p], &*y.iter().map(|y| p * y).collect::<Vec<_>>()].concat()
        };
        let zeros = || vec![0.0; 1 + self.targets()];
        let rows = self.outcomes.chunks(ROW).map(|row| row.iter().map(term).fold(zeros(), add));
        rows.fold(zeros(), add)
    }
}

/// The number of values of a count, and of points of the quadrature.
const ROW: usize = 161;

/// All vectors of `len` of these values.
fn grid(values: &[f64], len: usize) -> Vec<Vec<f64>> {
    (0..len).fold(vec![vec![]], |grid, _| {
        let longer = |y: &Vec<f64>| values.iter().map(|&value| [&y[..], &[value]].concat()).collect::<Vec<_>>();
        grid.iter().flat_map(longer).collect()
    })
}

pub fn softmax() -> Outcomes {
    let one_hot = |y| ((0..3).map(|k| if k == y { 1.0 } else { 0.0 }).collect(), 0.0);
    let log_density = |logits: &[f64], y: &[f64]| {
        let p = |k: usize| Real::exp(logits[k]) / logits.iter().map(|&z| Real::exp(z)).sum::<f64>();
        Real::ln((0..3).map(|k| y[k] * p(k)).sum::<f64>())
    };
    Outcomes { head: Box::new(Softmax), outputs: 3, outcomes: (0..3).map(one_hot).collect(), volume: 1.0, log_density }
}

/// Two answers: four joint outcomes.
pub fn bernoulli() -> Outcomes {
    let log_density = |logits: &[f64], y: &[f64]| {
        let p = |k: usize| 1.0 / (1.0 + Real::exp(if y[k] == 1.0 { -logits[k] } else { logits[k] }));
        Real::ln(p(0) * p(1))
    };
    let outcomes = grid(&[0.0, 1.0], 2).into_iter().map(|y| (y, 0.0)).collect();
    Outcomes { head: Box::new(Bernoulli), outputs: 2, outcomes, volume: 1.0, log_density }
}

/// Counts up to 160: for rates up to e^3.6 < 37 what is left out has a probability below e^−110.
pub fn poisson(outputs: usize) -> Outcomes {
    let log_density = |log_rates: &[f64], y: &[f64]| {
        log_rates.iter().zip(y).map(|(&log_rate, y)| y * log_rate - Real::exp(log_rate)).sum()
    };
    let counts: Vec<f64> = (0..=160).map(f64::from).collect();
    let log_factorial = |y: f64| (1..=y as i32).map(|k| Real::ln(f64::from(k))).sum::<f64>();
    let log_base: Vec<f64> = counts.iter().map(|&y| -log_factorial(y)).collect();
    let base = |y: Vec<f64>| {
        let log_base = y.iter().map(|&y| log_base[y as usize]).sum();
        (y, log_base)
    };
    let outcomes = grid(&counts, outputs).into_iter().map(base).collect();
    Outcomes { head: Box::new(Poisson), outputs, outcomes, volume: 1.0, log_density }
}

/// ln N(y; m, v).
fn log_normal(y: f64, mean: f64, variance: f64) -> f64 {
    -(y - mean) * (y - mean) / (2.0 * variance) - 0.5 * Real::ln(f64::two_pi() * variance)
}

/// Quadrature with steps of 0.2 over ±16, for means up to 3.6 and variances in [½, 3/2]: what is left out is below
/// exp(−12.4²/3) = e^−51, and the trapezoidal rule is off by exp(−2π²·½/0.2²) = e^−246.
fn quadrature(
    head: Box<dyn LogProbability<f64>>,
    outputs: usize,
    log_density: fn(&[f64], &[f64]) -> f64,
    y: usize,
) -> Outcomes {
    let steps: Vec<f64> = (-80..=80).map(|i| f64::from(i) / 5.0).collect();
    let outcomes = grid(&steps, y).into_iter().map(|y| (y, 0.0)).collect();
    Outcomes { head, outputs, outcomes, volume: 0.2f64.powi(y as i32), log_density }
}

pub fn gaussian() -> Outcomes {
    quadrature(Box::new(Gaussian::new(0.75).unwrap()), 1, |mean, y| log_normal(y[0], mean[0], 0.75), 1)
}

pub fn gaussian_with_variance(outputs: usize) -> Outcomes {
    let log_density = |output: &[f64], y: &[f64]| {
        let (mean, variance) = output.split_at(y.len());
        (0..y.len()).map(|k| log_normal(y[k], mean[k], variance[k])).sum()
    };
    quadrature(Box::new(GaussianWithVariance), 2 * outputs, log_density, outputs)
}
