//! Every law's sampler, against the law's own list of sub-models.

use crate::scripted_rng::Script;
use crate::support::q;
use dropout_oracle::law::{FiniteLaw, FixedCount, Independent, Law, NonEmpty, Rescaled, Table, Tied, Uniform};
use dropout_oracle::{Mask, Rational, Real};
use itertools::Itertools;
use nalgebra::{DVector, dvector};
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

fn table(weights: &[f64]) -> Table<f64> {
    Table::new(Mask::all(2).unwrap().zip(weights.iter().copied()).collect()).unwrap()
}

/// One law of every kind, by name.
fn laws() -> Vec<(&'static str, Box<dyn FiniteLaw<f64>>)> {
    let independent = || Independent::new(dvector![0.2, 0.5, 0.9]).unwrap();
    vec![
        ("uniform", Box::new(Uniform::new(3))),
        ("independent", Box::new(independent())),
        ("fixed count", Box::new(FixedCount::new(4, 2).unwrap())),
        ("tied", Box::new(Tied::new(independent(), vec![0, 2, 0, 1]).unwrap())),
        ("table", Box::new(table(&[0.0, 0.7, 0.1, 0.2]))),
        ("non-empty", Box::new(NonEmpty::new(Independent::new(dvector![0.2, 0.1, 0.3]).unwrap()).unwrap())),
        ("rescaled", Box::new(Rescaled::inverted(independent()).unwrap())),
    ]
}

/// A multiplier vector as a mask, unit 0 first.
fn text(multipliers: &DVector<f64>) -> String {
    multipliers.iter().map(|&m| if m == 0.0 { '0' } else { '1' }).collect()
}

/// The first draws of a seed never change: a change of any of these is a breaking one.
#[test]
fn law_samples_are_stable_in_value() {
    let first = |law: &dyn FiniteLaw<f64>| {
        let rng = &mut ChaCha8Rng::seed_from_u64(0);
        (0..8).map(|_| text(&law.sample(rng))).join(" ")
    };
    let found: Vec<_> = laws().iter().map(|(name, law)| format!("{name}: {}", first(&**law))).collect();
    assert_eq!(
        found,
        [
            "uniform: 001 111 011 001 100 101 001 010",
            "independent: 011 101 001 101 011 011 001 001",
            "fixed count: 0110 0110 0110 1100 1001 0110 0101 0011",
            "tied: 0101 1110 0100 1110 0101 0101 0100 0100",
            "table: 10 10 10 11 11 10 10 10",
            "non-empty: 001 100 001 100 001 010 001 001",
            "rescaled: 011 101 001 101 011 011 001 001"
        ]
    );
}

/// ln 0!, ln 1!, …
fn log_factorials(n: usize) -> Vec<f64> {
    let logs = (1..=n).scan(0.0, |sum, k| {
        *sum += Real::ln(k as f64);
        Some(*sum)
    });
    [0.0].into_iter().chain(logs).collect()
}

/// P(X ≤ c) and P(X ≥ c) for X ~ Binomial(n, p), by adding its probabilities.
fn tails(log_factorials: &[f64], c: usize, p: f64) -> (f64, f64) {
    let n = log_factorials.len() - 1;
    let term = |j: usize| {
        let coefficient = log_factorials[n] - log_factorials[j] - log_factorials[n - j];
        Real::exp(coefficient + j as f64 * Real::ln(p) + (n - j) as f64 * Real::ln_1p(-p))
    };
    ((0..=c).map(term).sum(), (c..=n).map(term).sum())
}

type Sampler = fn(&dyn FiniteLaw<f64>, &mut dyn Rng) -> DVector<f64>;

fn library(law: &dyn FiniteLaw<f64>, rng: &mut dyn Rng) -> DVector<f64> {
    law.sample(rng)
}

/// An exact binomial test of the count of every sub-model, in `draws` draws: each side of each of fewer than 64 sub-models
/// of all laws together has α/128, so right samplers fail with probability below α (once and for all: the seed is fixed).
fn follows_the_law(sampler: Sampler, law: &dyn FiniteLaw<f64>, draws: usize, alpha: f64) -> Result<(), String> {
    let rng = &mut ChaCha8Rng::seed_from_u64(7);
    let counts = (0..draws).map(|_| sampler(law, rng).iter().map(|m| m.to_bits()).collect_vec()).counts();
    let key = |multipliers: &DVector<f64>| multipliers.iter().map(|m| m.to_bits()).collect_vec();
    let possible: Vec<_> = law.support().unwrap().filter(|(_, weight)| *weight > 0.0).collect();
    if let Some(stray) = counts.keys().find(|drawn| !possible.iter().any(|(mu, _)| key(mu) == **drawn)) {
        return Err(format!("{stray:?} is not in the support"));
    }
    let log_factorials = log_factorials(draws);
    for (multipliers, weight) in &possible {
        let count = counts.get(&key(multipliers)).copied().unwrap_or(0);
        let (below, above) = tails(&log_factorials, count, *weight);
        if below.min(above) < alpha / 128.0 {
            return Err(format!("{} came {count} times in {draws} with probability {weight}", text(multipliers)));
        }
    }
    Ok(())
}

/// N = 10⁴ draws a law, α = 10⁻⁶ for all laws together.
#[test]
fn law_samplers_follow_their_law() {
    let submodels: u64 = laws().iter().map(|(_, law)| law.submodels().unwrap()).sum();
    assert!(submodels < 64);
    for (name, law) in laws() {
        follows_the_law(library, &*law, 10_000, 1e-6).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

fn refuted(sampler: Sampler, names: &[&str]) {
    for (name, law) in laws().iter().filter(|(name, _)| names.contains(name)) {
        assert!(follows_the_law(sampler, &**law, 10_000, 1e-6).is_err(), "the mutant passes for {name}");
    }
}

#[test]
fn law_samplers_mutant_samples_the_dropped_units() {
    let dropped: Sampler = |law, rng| law.sample(rng).map(|m| 1.0 - m);
    refuted(dropped, &["independent", "tied", "table", "non-empty"]);
}

/// Right marginals, wrong dependence.
#[test]
fn law_samplers_mutant_draws_the_units_one_by_one() {
    let one_by_one: Sampler = |law, rng| Independent::new(law.mean()).unwrap().sample(rng);
    refuted(one_by_one, &["fixed count", "tied", "table", "non-empty"]);
}

/// A KEEP probability off by .05 at every unit.
#[test]
fn law_samplers_mutant_is_off_by_a_twentieth() {
    let off: Sampler = |law, rng| Independent::new(law.mean().map(|p| p + 0.05)).unwrap().sample(rng);
    refuted(off, &["independent", "uniform"]);
}

/// Whatever the random words, even none but the largest, where rounding would let a mask of probability zero through.
fn stays_in_the_support(law: &dyn FiniteLaw<f64>) -> bool {
    let words = [0, 1 << 63, u64::MAX - (1 << 11), u64::MAX];
    let possible: Vec<_> = law.support().unwrap().filter(|(_, weight)| *weight > 0.0).map(|(mu, _)| mu).collect();
    Script::all(&words, 4).all(|mut script| possible.contains(&law.sample(&mut script)))
}

#[test]
fn law_samplers_never_leave_the_support() {
    assert!(laws().iter().all(|(_, law)| stays_in_the_support(&**law)));
    // 1 − (1 − .3) is above .3, and ⅓ + ⅓ + ⅓ below 1 when subtracted one by one.
    assert!(stays_in_the_support(&NonEmpty::new(Independent::new(dvector![0.3]).unwrap()).unwrap()));
    assert!(stays_in_the_support(&NonEmpty::new(Independent::new(dvector![0.1, 0.3]).unwrap()).unwrap()));
    let third = 1.0 / 3.0;
    assert!(stays_in_the_support(&table(&[third, third, third, 0.0])));
    assert!(stays_in_the_support(&table(&[0.0, 0.0, 0.0, 1.0])));
}

/// In rationals the same words give the same masks.
#[test]
fn law_samples_are_the_same_in_rationals() {
    let keep = || dvector![q(1, 5), q(1, 2), q(9, 10)];
    let rational: Vec<Box<dyn FiniteLaw<Rational>>> = vec![
        Box::new(Uniform::new(3)),
        Box::new(Independent::new(keep()).unwrap()),
        Box::new(FixedCount::new(4, 2).unwrap()),
        Box::new(Tied::new(Independent::new(keep()).unwrap(), vec![0, 2, 0, 1]).unwrap()),
    ];
    for (exact, (name, rounded)) in rational.iter().zip(laws()) {
        let (one, other) = (&mut ChaCha8Rng::seed_from_u64(3), &mut ChaCha8Rng::seed_from_u64(3));
        for _ in 0..64 {
            assert_eq!(exact.sample(one).map(|m| m.to_f64().value()), rounded.sample(other), "{name}");
        }
    }
}

/// A unit that is always kept never drops, and one of KEEP probability 2⁻⁵³ is kept by one word in 2⁵³.
#[test]
fn law_independent_is_exact_at_the_ends() {
    let law = Independent::new(dvector![1.0, f64::EPSILON / 2.0]).unwrap();
    assert_eq!(law.sample(&mut Script::new(vec![u64::MAX])).as_slice(), [1.0, 0.0]);
    assert_eq!(law.sample(&mut Script::new(vec![(1 << 11) - 1])).as_slice(), [1.0, 1.0]);
    assert_eq!(law.sample(&mut Script::new(vec![1 << 11])).as_slice(), [1.0, 0.0]);
}
