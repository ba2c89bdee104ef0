//! Claim marginal.softmax: the Fourier sum itself, term by term, and what it is when it is done wrongly.

use crate::softmax_cases::{Case, awkward, case, enumerated, independent};
use crate::support::{holds, refuted};
use dropout_oracle::Real;
use itertools::Itertools;
use nalgebra::Complex;
use proptest::prop_assert;
use proptest::test_runner::TestCaseResult;
use std::f64::consts::PI;

type C = Complex<f64>;

/// Γ(1 + iw) = Γ(30 + iw)/((1 + iw) … (29 + iw)), by Stirling's formula with three corrections: to 3·10⁻¹⁴.
fn gamma(w: f64) -> C {
    let z = C::new(30.0, w);
    let log = C::new(Real::ln(z.norm()), z.im.atan2(z.re));
    let square = z * z;
    let series = (C::new(1.0 / 12.0, 0.0) - (C::new(1.0 / 360.0, 0.0) - square.inv() / 1260.0) / square) / z;
    let exponent = (z - 0.5) * log - z + 0.5 * Real::ln(2.0 * PI) + series;
    let value = C::from_polar(Real::exp(exponent.re), exponent.im);
    (1..30).fold(value, |value, k| value / C::new(f64::from(k), w))
}

/// The grid with step h on the square |w| ≤ `end`, and c(0).
#[derive(Clone, Copy)]
struct Sum {
    step: f64,
    end: f64,
    centre: f64,
}

impl Sum {
    /// Σ c(w_1) … c(w_d) Γ(1 − iΣw) φ(w).
    fn of(self, axes: usize, phi: impl Fn(&[f64]) -> C) -> f64 {
        let last = 2 * (self.end / self.step) as isize + 1;
        let gammas = (0..=axes as isize * last).map(|j| gamma(j as f64 * self.step / 2.0)).collect_vec();
        let gamma = |j: isize| {
            let value = gammas[j.unsigned_abs()];
            if j < 0 { value.conj() } else { value }
        };
        let nodes = (-last..=last).filter(|j| *j == 0 || j % 2 != 0).collect_vec();
        // With w = jh/2, h/(2πiw) is 1/(πij).
        let factor =
            |j: &isize| if *j == 0 { C::new(self.centre, 0.0) } else { gamma(*j) / C::new(0.0, PI * *j as f64) };
        (0..axes)
            .map(|_| nodes.iter())
            .multi_cartesian_product()
            .map(|node| {
                let kernel =
                    node.iter().map(|j| factor(j)).fold(gamma(-node.iter().copied().sum::<isize>()), |k, c| k * c);
                let w = node.iter().map(|j| **j as f64 * self.step / 2.0).collect_vec();
                (kernel * phi(&w)).re
            })
            .sum()
    }
}

const FIXED: [(&[f64], f64); 5] = [
    (&[0.5, -0.25], 0.7),
    (&[1.0, 2.0], 0.6),
    (&[-1.0, 1.5], 0.5),
    (&[0.5, -0.25, 1.0], 0.7),
    (&[-1.0, 0.5, 2.0], 0.6),
];

/// The sum for fixed logits u.
fn at(u: &[f64], step: f64) -> f64 {
    Sum { step, end: 22.0, centre: 0.5 }.of(u.len(), |w| C::from_polar(1.0, w.iter().zip(u).map(|(w, u)| w * u).sum()))
}

/// The sum is the probability that all u_k + G − G_k lie in [0, Ω) modulo 2Ω: by quadrature over G, at steps so long
/// that it differs from the softmax.
#[test]
fn marginal_softmax_is_the_probability_of_square_waves() {
    let cumulative = |x: f64| Real::exp(-Real::exp(-x));
    for (u, step) in FIXED {
        let omega = 2.0 * PI / step;
        let wave = |x: f64| -> f64 {
            let part = |m: i32| cumulative(x - f64::from(2 * m) * omega) - cumulative(x - f64::from(2 * m + 1) * omega);
            (-6..=6).map(part).sum()
        };
        // Analytic and decaying at both ends: the trapezoidal rule is good to rounding.
        let node = |k: i32| {
            let x = f64::from(k) / 64.0;
            let density = Real::exp(-x - Real::exp(-x)) / 64.0;
            density * u.iter().map(|u| wave(u + x)).product::<f64>()
        };
        let probability: f64 = (-6 * 64..40 * 64).map(node).sum();
        let off = at(u, step) - probability;
        assert!(off.abs() <= 1e-12, "{u:?}: {off:e}");
    }
}

/// The sum differs from the softmax by at most Σ_k P(|u_k + G − G_k| ≥ Ω), and here by no less than a quarter of that.
#[test]
fn marginal_softmax_aliases_as_gumbel_says() {
    for (u, step) in FIXED {
        let omega = 2.0 * PI / step;
        let softmax = 1.0 / (1.0 + u.iter().map(|u| Real::exp(-u)).sum::<f64>());
        let rest = (at(u, step) - softmax).abs();
        let bound: f64 = u.iter().map(|u| (u - omega).logistic() + (-u - omega).logistic()).sum();
        assert!(rest <= bound && rest >= bound / 4.0, "{u:?}: {rest:e} {bound:e}");
    }
}

/// How the sum over a law of masks is done: the sum, its Ω less the largest logit, and which nodes it leaves out by
/// a size that it computes from the covariances.
struct Way {
    centre: f64,
    margin: f64,
    normal_cut: f64,
}

const RIGHT: Way = Way { centre: 0.5, margin: 24.0, normal_cut: f64::INFINITY };

/// The claim for three classes, with an aliasing error of some e⁻²⁴ and all that is beyond |w| = 12: 10⁻⁹ at most.
fn sum_is_the_mean(way: &Way, case: &Case) -> TestCaseResult {
    let (weights, keep, bias) = case;
    let (mean, _) = enumerated(case, &independent(case));
    for y in 0..3 {
        let others = (0..3).filter(|k| *k != y).collect_vec();
        let weight = |k: usize, j: usize| weights[(y, j)] - weights[(others[k], j)];
        let constant = |k: usize| bias[y] - bias[others[k]];
        let largest = |k: usize| constant(k).abs() + (0..keep.len()).map(|j| weight(k, j).abs()).sum::<f64>();
        let omega = largest(0).max(largest(1)) + way.margin;
        let sum = Sum { step: 2.0 * PI / omega, end: 12.0, centre: way.centre }.of(2, |w| {
            let angle = |j: usize| w[0] * weight(0, j) + w[1] * weight(1, j);
            let spread: f64 = (0..keep.len()).map(|j| keep[j] * (1.0 - keep[j]) * angle(j).powi(2)).sum();
            if spread / 2.0 > way.normal_cut {
                return C::new(0.0, 0.0);
            }
            let turn = C::from_polar(1.0, w[0] * constant(0) + w[1] * constant(1));
            (0..keep.len()).fold(turn, |phi, j| phi * (C::from_polar(keep[j], angle(j)) + (1.0 - keep[j])))
        });
        prop_assert!((sum - mean[y]).abs() <= 1e-9, "{sum} {}", mean[y]);
    }
    Ok(())
}

#[test]
fn marginal_softmax_holds_term_by_term() {
    holds(3, case(3, 4, 1.0), |case| sum_is_the_mean(&RIGHT, &case));
    holds(2, awkward(3, 3), |case| sum_is_the_mean(&RIGHT, &case));
}

/// Without the nodes at 0: the terms with fewer Γ's are missing.
#[test]
fn marginal_softmax_mutant_leaves_out_the_centre() {
    refuted(2, case(3, 4, 1.0), |case| sum_is_the_mean(&Way { centre: 0.0, ..RIGHT }, &case));
}

/// A step too long for the logits.
#[test]
fn marginal_softmax_mutant_has_too_short_a_period() {
    refuted(4, case(3, 4, 1.0), |case| sum_is_the_mean(&Way { margin: 8.0, ..RIGHT }, &case));
}

/// Leaves a node out where the normal law with the masks' covariances has nothing left: phases may have come round.
#[test]
fn marginal_softmax_mutant_cuts_by_the_central_limit() {
    refuted(16, awkward(3, 4), |case| sum_is_the_mean(&Way { normal_cut: 25.0, ..RIGHT }, &case));
}
