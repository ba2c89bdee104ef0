//! S7: Gaussian noise is Gaussian, with the variance that its p stands for.

use super::alarm::{ALPHA, Reading, size, test};
use super::draw::sampling;
use super::lags::at;
use super::{Law, Needs};
use crate::conformance::dtype::Dtype;
use crate::conformance::layer::{Kind, Level};
use crate::conformance::statistics::{Binomial, distribution_distance, mean_and_variance};
use crate::conformance::trial::{Check, Stop, Trial};
use crate::normal::cumulative;

/// See the module.
pub const LAW: Law = Law {
    id: "S7",
    name: "noise moments",
    statement: "Multiplicative Gaussian dropout multiplies by N(1, p/(1 - p)), additive noise adds N(0, p^2), element by element \
                and independently; and the numbers are as distinct as the format of x lets them be.",
    needs: Needs { kinds: &[Kind::Gaussian, Kind::GaussianAdditive], levels: &[Level::C0], ..Needs::FORWARD },
    false_alarm: ALPHA,
    power: "a missing square root at p = .3 shows in some hundred elements, a variance off by 4 % in 100 000; mean, variance \
            (Laurent-Massart), the whole distribution (Dvoretzky-Kiefer-Wolfowitz), tails, signs at thirteen distances, and \
            numbers that come again (binomial), all valid for every n: normal numbers of 16 bits show in 4096, of 20 in 262 144",
    diagnosis: "the noise has another law: look for the variance in place of the standard deviation, p in place of p/(1 - p), or \
                a noise that is uniform, truncated, repeated, or of few bits",
    claim: "noise.gaussian-linear",
    seen: &["j-min/Dropouts 2"],
    check,
};

fn check(trial: &mut Trial<'_>) -> Check {
    let dtype = trial.widest();
    for drop in [0.3f64, 0.5, 0.1] {
        let elements = size(trial, [1 << 12, 1 << 18, 1 << 21]);
        let sees = |n| format!("a variance off by {:.1} %", 100.0 * 2.0 * (2.0 * 34.5 / n as f64).sqrt());
        let deviation =
            if trial.layer.kind == Kind::Gaussian { (drop / (1.0 - drop)).sqrt() } else { trial.layer.p(drop) };
        test(trial, &format!("noise at p = {drop}"), sees, |trial, factor| {
            let sampling =
                sampling(trial, drop, dtype, elements * factor as usize, 1, |sampling| sampling.values = true)?;
            let samples = trial.sample(&sampling)?;
            let Some(values) = samples.values.first().filter(|values| values.len() == sampling.bits()) else {
                return Err(Stop::Adapter(format!(
                    "the values that were asked for are not {} a call",
                    sampling.bits()
                )));
            };
            let z: Vec<f64> = values.values().iter().map(|y| (y - 1.0) / deviation).collect();
            Ok(reading(&z, deviation, dtype))
        })?;
    }
    Ok(())
}

/// The standardised noise: mean, variance, distribution, repetitions.
fn reading(z: &[f64], deviation: f64, dtype: Dtype) -> Reading {
    let n = z.len() as f64;
    let (of_mean, of_variance) = mean_and_variance(z);
    let (distance, of_distance) = distribution_distance(z);
    let (again, usual) = (repetitions(z), n * repetition(z.len(), deviation, dtype));
    let of_repetitions = match again as f64 {
        few if few < usual + 1.0 => 1.0,
        _ => Binomial::new(z.len() as u64, usual / n).at_least(again),
    };
    let mean = 1.0 + deviation * z.iter().sum::<f64>() / n;
    let variance = deviation * deviation * z.iter().map(|z| z * z).sum::<f64>() / n;
    let of = |p_value: f64, expected: String, got: String| Reading {
        samples: z.len() as u64,
        // A NaN among the values is the greatest surprise.
        p_value: if p_value.is_nan() { 0.0 } else { p_value },
        expected,
        got,
    };
    let tails = [3.0, 4.0].map(|far: f64| {
        let (beyond, p) = (z.iter().filter(|z| z.abs() > far).count() as u64, 2.0 * cumulative(-far));
        let p_value = Binomial::new(z.len() as u64, p).two_sided(beyond);
        let expected = format!("a share of {p:.2e} more than {far} standard deviations from 1");
        of(p_value, expected, format!("{beyond} of {n}"))
    });
    // The signs of independent noise are fair coins.
    let signs: Vec<bool> = z.iter().map(|z| *z > 0.0).collect();
    let lags = LAGS.into_iter().filter(|lag| lag * 2 <= z.len()).map(|lag| {
        let reading = at(&signs, lag);
        Reading { expected: format!("signs: {}", reading.expected), ..reading }
    });
    let readings = [
        of(of_mean, "a mean of 1".into(), format!("a mean of {mean:.5}")),
        of(of_variance, format!("a variance of {:.5}", deviation * deviation), format!("a variance of {variance:.5}")),
        of(of_distance, "a normal distribution".into(), format!("one that is {distance:.4} away from it")),
        of(of_repetitions, format!("at most about {usual:.0} numbers that came before"), format!("{again} of {n}")),
    ];
    Reading::most_surprising(readings.into_iter().chain(tails).chain(lags)).expect("three at least")
}

/// How many numbers came before in the sample.
fn repetitions(z: &[f64]) -> u64 {
    let mut sorted = z.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64
}

/// What the probability that a number came before is at most, averaged over a sample of n.
///
/// It is that of the i earlier ones, each at most the largest atom of the law of 1 + σz. With roundoff u the format's numbers
/// lie 2u apart below 2 and 4u above, where the density is at most .4/σ and .25/σ (for σ ≤ 1): at most u/σ an atom. Uniform
/// numbers of 23 bits, the fewest that single precision excuses, add an atom at each end of that interval. The trials are of
/// unequal probability, whose upper tail from one above its mean on is below that of the mean probability (Hoeffding 1956).
fn repetition(n: usize, deviation: f64, dtype: Dtype) -> f64 {
    let atom = dtype.unit_roundoff() / deviation + 2.0 / f64::from(1 << 23);
    (atom * (n as f64 - 1.0) / 2.0).min(1.0)
}

/// How far apart the elements are whose signs are compared.
const LAGS: [usize; 13] = [1, 2, 3, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::gaussian::standard_normals;
    use crate::normal::two_sided_quantile;
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;
    use rand::seq::SliceRandom;

    /// What is said of the quantiles of the normal law, in random order, after each was bent.
    fn of_quantiles(bend: fn(f64) -> f64) -> Reading {
        const N: u64 = 1 << 16;
        let quantile = |i: u64| {
            let p = (i as f64 + 0.5) / N as f64;
            let z = two_sided_quantile(2.0 * p.min(1.0 - p)).unwrap();
            bend(if p < 0.5 { -z } else { z })
        };
        let mut z: Vec<f64> = (0..N).map(quantile).collect();
        z.shuffle(&mut ChaCha8Rng::from_seed([1; 32]));
        reading(&z, 1.0, Dtype::F32)
    }

    /// Numbers of the format of x come again by chance; those of a coarser grid too often.
    #[test]
    fn numbers_of_few_bits_are_seen() {
        let normal: nalgebra::DVector<f64> = standard_normals(1 << 18, &mut ChaCha8Rng::from_seed([2; 32]));
        let rounded_to = |grid: fn(f64) -> f64| normal.iter().map(|z| grid(1.0 + z) - 1.0).collect::<Vec<f64>>();
        let single = rounded_to(|y| f64::from(y as f32));
        assert!(repetitions(&single) > 100 && reading(&single, 1.0, Dtype::F32).p_value > 1e-3);
        let coarse = reading(&rounded_to(|y| (y * 262_144.0).round() / 262_144.0), 1.0, Dtype::F32);
        assert!(coarse.p_value < ALPHA && coarse.expected.contains("came before"), "{}", coarse.expected);
    }

    /// By the tails alone: mean, variance and distribution say too little.
    #[test]
    fn cut_tails_are_seen() {
        assert!(of_quantiles(|z| z).p_value > 1e-3);
        let cut = of_quantiles(|z| z.clamp(-3.0, 3.0));
        assert!(cut.p_value < ALPHA && cut.expected.contains("more than 3 standard deviations"), "{}", cut.expected);
    }
}
