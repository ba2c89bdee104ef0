//! The exact tests that the laws of masks are made of: their p-values are probabilities.

use crate::support::{q, total};
use dropout_oracle::conformance::statistics::Binomial;
use dropout_oracle::{Rational, Real, Scalar};
use itertools::iproduct;
use num_traits::{One, Zero};

/// P(X = k) for k = 0, …, n, by definition.
fn binomial(n: u64, p: &Rational) -> Vec<Rational> {
    let choose = |k: u64| (0..k).fold(Rational::one(), |c, i| c * q((n - i) as i64, (i + 1) as i64));
    (0..=n).map(|k| choose(k) * p.clone().pow(k as isize) * (Rational::one() - p).pow((n - k) as isize)).collect()
}

/// A p-value of the count k under a law of counts.
type PValue = fn(&[Rational], usize) -> Rational;

/// Twice the smaller tail, at most 1.
fn two_sided(law: &[Rational], k: usize) -> Rational {
    let (below, above) = (total(law[..=k].to_vec()), total(law[k..].to_vec()));
    (if below < above { below } else { above } * q(2, 1)).min(Rational::one())
}

/// P(p-value <= t) <= t at each t that is attained, where the counts follow `truth`, and the p-value is computed by `law`.
fn is_valid(p_value: PValue, truth: &[Rational], law: &[Rational]) -> bool {
    let values: Vec<_> = (0..law.len()).map(|k| p_value(law, k)).collect();
    values.iter().all(|t| {
        let alarms = values.iter().zip(truth).filter(|(value, _)| *value <= t).map(|(_, p)| p.clone());
        total(alarms) <= *t
    })
}

/// n and p: small, but with every shape of a binomial law.
fn cases() -> impl Iterator<Item = (u64, Rational)> {
    iproduct!(0..=9, [q(1, 2), q(1, 10), q(9, 10), q(1, 1000), q(0, 1), q(1, 1)])
}

#[test]
fn test_binomial_holds_at_every_level() {
    for (n, p) in cases() {
        let law = binomial(n, &p);
        assert!(is_valid(two_sided, &law, &law), "n {n}, p {p}");
        for k in 0..=n {
            let (exact, got) =
                (Scalar::to_f64(&two_sided(&law, k as usize)), Binomial::new(n, Scalar::to_f64(&p)).two_sided(k));
            // The library's p is the nearest f64, and its terms have some twenty roundings.
            assert!((got - exact).abs() <= 1e-12 * exact, "n {n}, p {p}, k {k}: {got} for {exact}");
        }
    }
}

/// The smallest of several p-values times their number is one, however they depend on each other: here on one count.
#[test]
fn test_binomial_holds_for_the_most_surprising_of_several() {
    for (n, p) in cases() {
        let law = binomial(n, &p);
        let several: PValue = |law, k| {
            let one_sided = [total(law[..=k].to_vec()), total(law[k..].to_vec()), two_sided(law, k)];
            (one_sided.into_iter().min().expect("three") * q(3, 1)).min(Rational::one())
        };
        assert!(is_valid(several, &law, &law), "n {n}, p {p}");
    }
}

/// What never happens has probability (1 − r)^n <= e^(−rn) of staying away by chance: 10^−6 at n = 13.8/r.
#[test]
fn test_binomial_holds_for_events_that_stay_away() {
    for r in [0.5, 0.1, 1e-3, 1e-6] {
        let n = (13.8155f64 / r).ceil();
        let missed = Binomial::new(n as u64, r).probability(0);
        assert!(missed <= Real::exp(-r * n) * (1.0 + 1e-9) && Real::exp(-r * n) <= 1.0001e-6, "{r}");
    }
}

/// One coin for all n units: 0 or n of them are dropped, and the p-value promises what it does not keep.
#[test]
fn test_binomial_fails_for_tied_units() {
    let (n, p) = (9, q(1, 2));
    let mut tied = vec![Rational::zero(); n + 1];
    (tied[0], tied[n]) = (q(1, 2), q(1, 2));
    assert!(!is_valid(two_sided, &tied, &binomial(n as u64, &p)));
}

#[test]
fn test_binomial_mutant_takes_the_smaller_tail_once() {
    let once: PValue = |law, k| two_sided(law, k) * q(1, 2);
    assert!(cases().any(|(n, p)| !is_valid(once, &binomial(n, &p), &binomial(n, &p))));
}

#[test]
fn test_binomial_mutant_leaves_out_the_count_itself() {
    let beyond: PValue = |law, k| {
        let tails = [total(law[..k].to_vec()), total(law[k + 1..].to_vec())];
        tails.into_iter().min().expect("two") * q(2, 1)
    };
    assert!(cases().any(|(n, p)| !is_valid(beyond, &binomial(n, &p), &binomial(n, &p))));
}

/// The law of the number of places i < n − lag at which bits i and i + lag differ, each bit being 1 with probability p.
fn differing(n: usize, lag: usize, p: &Rational) -> Vec<Rational> {
    let mut law = vec![Rational::zero(); n - lag + 1];
    for bits in 0..1u32 << n {
        let ones = bits.count_ones() as isize;
        let probability = p.clone().pow(ones) * (Rational::one() - p).pow(n as isize - ones);
        law[((bits ^ bits >> lag) & ((1 << (n - lag)) - 1)).count_ones() as usize] += probability;
    }
    law
}

/// For every length and lag.
fn is_binomial(count: fn(usize, usize) -> usize) -> bool {
    (2..=9).all(|n| (1..n).all(|lag| differing(n, lag, &q(1, 2)) == binomial(count(n, lag) as u64, &q(1, 2))))
}

#[test]
fn test_lag_holds_for_every_length_and_lag() {
    assert!(is_binomial(|n, lag| n - lag));
}

/// Bits that are 1 with probability 1/4: three of them agree with probability 28/64, two independent differences of
/// probability 3/8 with 25/64.
#[test]
fn test_lag_fails_for_bits_that_are_not_fair() {
    let law = differing(3, 1, &q(1, 4));
    assert_eq!((law[0].clone(), binomial(2, &q(3, 8))[0].clone()), (q(28, 64), q(25, 64)));
}

#[test]
fn test_lag_mutant_counts_all_places() {
    assert!(!is_binomial(|n, _| n));
}
