//! Samples that should be normal.

use crate::normal::cumulative;
use crate::scalar::Real;

/// Two-sided p-values of mean and variance of a sample of N(0, 1), by the exact laws of both where they are simple: the
/// mean is N(0, 1/n), and by the Laurent–Massart bound (2000) the sum of squares S satisfies
/// \\(P(S - n \ge 2\sqrt{nx} + 2x) \le e^{-x}\\) and \\(P(n - S \ge 2\sqrt{nx}) \le e^{-x}\\).
pub fn mean_and_variance(sample: &[f64]) -> (f64, f64) {
    let n = sample.len() as f64;
    let mean = sample.iter().sum::<f64>() / n;
    let squares: f64 = sample.iter().map(|z| z * z).sum();
    let excess = squares - n;
    let x = if excess > 0.0 {
        // 2√(nx) + 2x = excess, solved for √x
        let root = ((n + 2.0 * excess).sqrt() - n.sqrt()) / 2.0;
        root * root
    } else {
        excess * excess / (4.0 * n)
    };
    (2.0 * cumulative(-mean.abs() * n.sqrt()), (2.0 * Real::exp(-x)).min(1.0))
}

/// The largest distance between the sample's distribution function and Φ, and its p-value by Massart's form (1990) of the
/// Dvoretzky–Kiefer–Wolfowitz inequality, \\(P(D \ge \varepsilon) \le 2 e^{-2n\varepsilon^2}\\).
pub fn distribution_distance(sample: &[f64]) -> (f64, f64) {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let distance = sorted.iter().enumerate().fold(0.0, |worst: f64, (i, &z)| {
        let phi = cumulative(z);
        worst.max((phi - i as f64 / n).abs()).max(((i + 1) as f64 / n - phi).abs())
    });
    (distance, (2.0 * Real::exp(-2.0 * n * distance * distance)).min(1.0))
}
