//! Claims noise.gaussian and noise.additive: real-valued noise that multiplies, and noise that adds.
//!
//! What depends on the first two moments only is checked in exact rationals, with a law of three values in place of the
//! normal one; what is particular to normal draws, by seeded statistics with a stated false-alarm rate.

use crate::moments::moments;
use crate::support::{holds, q, rational_matrix, rationals, real_matrix, reals, refuted};
use dropout_oracle::ensemble::Ensemble;
use dropout_oracle::head::Softmax;
use dropout_oracle::law::{FiniteLaw, Gaussian, Independent, Law, Rescaled};
use dropout_oracle::network::{Activation, Affine, Layer, Mlp, Network, PiecewiseLinear, softmax_regression};
use dropout_oracle::noise::{additive, dropconnect};
use dropout_oracle::{Error, Rational, Real, Result};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use num_traits::{One, Zero};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// Independent μ_i = mean + {−s, 0, s} with probabilities 1/6, 2/3, 1/6: the Gauss–Hermite rule of N(mean, s²/3), whose
/// moments up to the fifth it has.
struct Hermite {
    units: usize,
    mean: Rational,
    s: Rational,
}

impl Hermite {
    fn variance(&self) -> Rational {
        self.s.clone() * self.s.clone() / q(3, 1)
    }
}

impl Law<Rational> for Hermite {
    fn units(&self) -> usize {
        self.units
    }
    fn mean(&self) -> DVector<Rational> {
        DVector::from_element(self.units, self.mean.clone())
    }
    fn covariance(&self) -> DMatrix<Rational> {
        DMatrix::from_diagonal_element(self.units, self.units, self.variance())
    }
    fn sample(&self, rng: &mut dyn Rng) -> DVector<Rational> {
        self.submodel(rng.next_u64() % 3u64.pow(self.units as u32)).0
    }
}

impl FiniteLaw<Rational> for Hermite {
    fn submodels(&self) -> Result<u64> {
        Ok(3u64.pow(self.units as u32))
    }
    fn submodel(&self, index: u64) -> (DVector<Rational>, Rational) {
        let node = |i: usize| (index / 3u64.pow(i as u32) % 3) as i64;
        let multipliers = DVector::from_fn(self.units, |i, _| self.mean.clone() + self.s.clone() * q(node(i) - 1, 1));
        let weight = (0..self.units).fold(q(1, 1), |w, i| w * if node(i) == 1 { q(2, 3) } else { q(1, 6) });
        (multipliers, weight)
    }
}

/// W, b, v, and s.
type Case = (DMatrix<Rational>, DVector<Rational>, DVector<Rational>, Rational);

fn case() -> impl Strategy<Value = Case> + Clone {
    (rational_matrix(2, 2), rationals(2), rationals(2), (1i64..=6).prop_map(|s| q(s, 4)))
}

/// A noisy layer: f(v, μ) and the law of μ.
type Noisy = fn(&Case) -> (Mlp<Rational, PiecewiseLinear>, Hermite);

/// The paper's: N(1, σ²) on each activation that enters the layer.
fn on_activations((w, b, _, s): &Case) -> (Mlp<Rational, PiecewiseLinear>, Hermite) {
    (softmax_regression(w.clone(), b.clone()).unwrap(), Hermite { units: 2, mean: q(1, 1), s: s.clone() })
}

/// noise.gaussian: E z = W v + b, so the standard network is weight scaling, and a unit's one number is shared by all
/// that it feeds: Cov(z_i, z_l) = σ² Σ_j w_ij w_lj v_j².
fn one_number_a_unit(noisy: Noisy, case: &Case) -> TestCaseResult {
    let (w, b, v, _) = case;
    let (network, law) = noisy(case);
    let (mean, covariance) = moments(&law, |multipliers| network.output(v, multipliers).unwrap());
    let standard = Affine::new(w.clone(), b.clone()).unwrap().apply(v);
    prop_assert_eq!(&mean, &standard);
    prop_assert_eq!(&network.output(v, &law.mean()).unwrap(), &standard);
    let formula = DMatrix::from_fn(2, 2, |i, l| {
        (0..2).fold(q(0, 1), |sum, j| sum + w[(i, j)].clone() * w[(l, j)].clone() * v[j].clone() * v[j].clone())
            * law.variance()
    });
    prop_assert_eq!(covariance, formula);
    Ok(())
}

#[test]
fn noise_gaussian_holds_with_one_number_for_each_activation() {
    holds(48, case(), |case| one_number_a_unit(on_activations, &case));
}

/// The section's wording: noise on the weights. Then the outputs are uncorrelated.
#[test]
fn noise_gaussian_mutant_multiplies_the_weights() {
    fn on_weights((w, b, _, s): &Case) -> (Mlp<Rational, PiecewiseLinear>, Hermite) {
        let affine = Affine::new(w.clone(), b.clone()).unwrap();
        let network = Mlp::new(2, dropconnect::layers(&affine).into()).unwrap();
        (network, Hermite { units: 4, mean: q(1, 1), s: s.clone() })
    }
    refuted(24, case(), |case| one_number_a_unit(on_weights, &case));
}

#[test]
fn noise_gaussian_mutant_has_mean_zero() {
    fn centred(case: &Case) -> (Mlp<Rational, PiecewiseLinear>, Hermite) {
        let (network, law) = on_activations(case);
        (network, Hermite { mean: q(0, 1), ..law })
    }
    refuted(24, case(), |case| one_number_a_unit(centred, &case));
}

/// Any network, bit for bit: weight scaling under N(1, σ²) is the network as it stands.
#[test]
fn noise_gaussian_needs_no_weight_scaling() {
    holds(32, (real_matrix(3, 2), reals(3), real_matrix(2, 3), reals(2)), |(w, b, v, x)| {
        let layers = vec![
            Layer::dropout(2),
            Layer::Affine(Affine::new(w, b).unwrap()),
            Layer::Unit(Activation::Tanh),
            Layer::dropout(3),
            Layer::Affine(Affine::new(v, dvector![0.0, 0.0]).unwrap()),
        ];
        let network = Mlp::new(2, layers).unwrap();
        let law = Gaussian::multiplicative(dvector![0.5, 1.0, 2.0, 0.1, 0.0]).unwrap();
        let scaled = Ensemble::new(&network, &Softmax, &law).unwrap().weight_scaled_output(&x).unwrap();
        prop_assert_eq!(scaled, network.output(&x, &DVector::from_element(5, 1.0)).unwrap());
        Ok(())
    });
}

/// Where the network is not affine in the noise, the standard network is not its mean: E relu(μ − 1) = σ/√(2π).
#[test]
fn noise_gaussian_fails_to_average_a_relu() {
    let law = Gaussian::multiplicative(dvector![1.0]).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let samples = 20_000;
    let mean = (0..samples).map(|_| (law.sample(&mut rng)[0] - 1.0f64).max(0.0)).sum::<f64>() / f64::from(samples);
    // A 1-Lipschitz function of n standard normals: off by s with probability at most 2 exp(−n s²/2), here 1e-6.
    let allowed = (2.0 * Real::ln(2e6) / f64::from(samples)).sqrt();
    let exact = 1.0 / std::f64::consts::TAU.sqrt();
    assert!((mean - exact).abs() < allowed);
    assert!(exact - allowed > 0.0, "weight scaling gives relu(1 - 1) = 0");
}

/// The largest gap between the sample's distribution function and that of N(mean, deviation²).
fn kolmogorov_distance(mut sample: Vec<f64>, mean: f64, deviation: f64) -> f64 {
    sample.sort_by(f64::total_cmp);
    let n = sample.len() as f64;
    let gaps = sample.iter().enumerate().map(|(i, x)| {
        let phi = pxfm::f_erfc((mean - x) / (deviation * std::f64::consts::SQRT_2)) / 2.0;
        (phi - i as f64 / n).max((i + 1) as f64 / n - phi)
    });
    gaps.fold(0.0, f64::max)
}

/// Dvoretzky, Kiefer and Wolfowitz, with Massart's constant: the distance passes √(ln(2/α)/2n) with probability at most
/// α = 1e-6. A normal law with a deviation 20 % off is beyond it.
#[test]
fn noise_gaussian_samples_are_normal() {
    let n = 4000;
    let allowed = (Real::ln(2e6) / (2.0 * f64::from(n))).sqrt();
    let law = Gaussian::multiplicative(dvector![0.5, 2.0, 1.0]).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let draws: Vec<DVector<f64>> = (0..n).map(|_| law.sample(&mut rng)).collect();
    for (unit, deviation) in [0.5, 2.0, 1.0].into_iter().enumerate() {
        let column = || draws.iter().map(|d| d[unit]).collect::<Vec<_>>();
        assert!(kolmogorov_distance(column(), 1.0, deviation) < allowed);
        assert!(kolmogorov_distance(column(), 1.0, deviation * 1.2) > allowed);
    }
    // Units 0 and 1 come from one pair of the polar method: their sum, standardised, is N(0, 2) if they are
    // independent.
    let sums: Vec<f64> = draws.iter().map(|d| (d[0] - 1.0) / 0.5 + (d[1] - 1.0) / 2.0).collect();
    assert!(kolmogorov_distance(sums, 0.0, 2f64.sqrt()) < allowed);
}

/// A seed's draws are the same on every platform and in every version.
#[test]
fn noise_gaussian_stream_is_pinned() {
    let law = Gaussian::additive(DVector::from_element(3, 1.0f64)).unwrap();
    let draw = law.sample(&mut ChaCha8Rng::seed_from_u64(0));
    assert_eq!(draw.map(f64::to_bits).as_slice(), PINNED);
}

const PINNED: [u64; 3] = [4610917216754080762, 13822414932015079999, 4594726829371073394];

#[test]
fn noise_gaussian_refuses_what_is_no_deviation() {
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(Gaussian::multiplicative(dvector![1.0, bad]), Err(Error::Domain { .. })));
    }
    assert!(matches!(Gaussian::matching(dvector![0.0]), Err(Error::KeepProbability { .. })));
}

/// Independent numbers of mean 1 and variance (1 − p)/p, as under inverted masks with KEEP probabilities ½, 1/5 and 1.
#[test]
fn noise_gaussian_has_the_moments_of_inverted_dropout() {
    let keep = dvector![0.5, 0.2, 1.0];
    let noise = Gaussian::matching(keep.clone()).unwrap();
    assert_eq!(noise.mean(), dvector![1.0, 1.0, 1.0]);
    assert_eq!(noise.covariance(), DMatrix::from_diagonal(&dvector![1.0, 4.0, 0.0]));
    let masks = Independent::new(keep).and_then(Rescaled::inverted).unwrap();
    assert_eq!(noise.mean(), masks.mean());
    // 1 − p, two products and two quotients, each rounded once, of numbers up to 4.
    assert!((noise.covariance() - masks.covariance()).amax() <= 5.0 * 4.0 * f64::EPSILON);
    assert_eq!(Gaussian::additive(dvector![3.0]).unwrap().covariance(), dmatrix![9.0]);
}

// Claim noise.additive.

/// x, incoming weights and bias, outgoing weights, c, and the noise's s.
type Rescaling = ((DVector<Rational>, DMatrix<Rational>, DVector<Rational>, DMatrix<Rational>), Rational, Rational);

fn rescaling() -> impl Strategy<Value = Rescaling> + Clone {
    let network = (rationals(2), rational_matrix(2, 2), rationals(2), rational_matrix(1, 2));
    let positive = (1i64..=6, 1i64..=6).prop_map(|(n, d)| q(n, d));
    (network, positive, (1i64..=6).prop_map(|s| q(s, 4)))
}

/// Where the noise enters, with the mean of its multipliers.
type Noise = fn() -> (Vec<Layer<Rational, PiecewiseLinear>>, Rational);

fn adding() -> (Vec<Layer<Rational, PiecewiseLinear>>, Rational) {
    (additive::layers(2).into(), q(0, 1))
}

fn multiplying() -> (Vec<Layer<Rational, PiecewiseLinear>>, Rational) {
    (vec![Layer::dropout(2)], q(1, 1))
}

/// The ReLU network with noise on its hidden units, c times the weights into them and 1/c of the weights out: its mean
/// output and the variance of its output.
fn rescaled_moments(noise: Noise, case: &Rescaling, c: &Rational) -> (Rational, Rational) {
    let ((x, w, b, v), _, s) = case;
    let (noise, mean) = noise();
    let mut layers =
        vec![Layer::Affine(Affine::new(w * c.clone(), b * c.clone()).unwrap()), Layer::Unit(PiecewiseLinear::Relu)];
    layers.extend(noise);
    layers.push(Layer::Affine(Affine::new(v / c.clone(), dvector![q(0, 1)]).unwrap()));
    let network = Mlp::new(2, layers).unwrap();
    let law = Hermite { units: 2, mean, s: s.clone() };
    let (mean, variance) = moments(&law, |multipliers| network.output(x, multipliers).unwrap());
    (mean[0].clone(), variance[(0, 0)].clone())
}

/// Rescaling leaves the mean, and takes the noise's variance down by `factor`.
fn variance_falls_by(noise: Noise, factor: fn(&Rational) -> Rational, case: &Rescaling) -> TestCaseResult {
    let (mean, variance) = rescaled_moments(noise, case, &q(1, 1));
    let (rescaled_mean, rescaled) = rescaled_moments(noise, case, &case.1);
    prop_assert_eq!(rescaled_mean, mean);
    prop_assert_eq!(rescaled, variance * factor(&case.1));
    Ok(())
}

fn inverse_square(c: &Rational) -> Rational {
    Rational::one() / (c.clone() * c.clone())
}

#[test]
fn noise_additive_holds_that_large_activations_drown_it() {
    holds(48, rescaling(), |case| variance_falls_by(adding, inverse_square, &case));
}

#[test]
fn noise_additive_holds_that_nothing_drowns_multiplicative_noise() {
    holds(48, rescaling(), |case| variance_falls_by(multiplying, |_| q(1, 1), &case));
}

#[test]
fn noise_additive_mutant_adds_what_should_multiply() {
    refuted(24, rescaling(), |case| variance_falls_by(adding, |_| q(1, 1), &case));
}

#[test]
fn noise_additive_mutant_drowns_multiplicative_noise() {
    refuted(24, rescaling(), |case| variance_falls_by(multiplying, inverse_square, &case));
}

#[test]
fn noise_additive_mutant_falls_by_the_first_power() {
    refuted(24, rescaling(), |case| variance_falls_by(adding, |c| Rational::one() / c.clone(), &case));
}

/// Outside the condition "positively homogeneous units": a tanh unit cannot grow, so its rescaled network is another
/// one.
#[test]
fn noise_additive_fails_for_bounded_units() {
    let output = |c: f64| {
        let layers = vec![
            Layer::Affine(Affine::new(dmatrix![c], dvector![0.0]).unwrap()),
            Layer::Unit(Activation::Tanh),
            Layer::Affine(Affine::new(dmatrix![1.0 / c], dvector![0.0]).unwrap()),
        ];
        Mlp::new(1, layers).unwrap().output(&dvector![1.0], &DVector::zeros(0)).unwrap()[0]
    };
    assert!(output(1.0) > 0.76 && output(10.0) < 0.11);
}

/// Additive noise has its own row of the table of laws: h + μ for any width, with mean 0.
#[test]
fn noise_additive_adds_one_number_to_each_unit() {
    holds(24, (rationals(3), rationals(3)), |(h, noise)| {
        let network: Mlp<Rational, PiecewiseLinear> = Mlp::new(3, additive::layers(3).into()).unwrap();
        prop_assert_eq!(network.output(&h, &noise).unwrap(), &h + &noise);
        Ok(())
    });
    assert!(Gaussian::additive(dvector![1.0, 2.0]).unwrap().mean().iter().all(f64::is_zero));
}
