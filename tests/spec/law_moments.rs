//! Every law's closed forms for its mean and covariance, against its own list of sub-models, in exact rationals.

use crate::support::{any_law, every_law, holds, keeps, mean_over, q, rationals, refuted};
use dropout_oracle::Rational;
use dropout_oracle::law::{
    FiniteLaw, FixedCount, Independent, IndependentUnits, Law, NonEmpty, Rescaled, Table, Tied, Uniform,
};
use nalgebra::{DMatrix, DVector};
use num_traits::{One, Zero};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const UNITS: usize = 4;

/// KEEP probabilities, a table and factors, from which every kind of law is made.
type Case = (DVector<Rational>, Table<Rational>, DVector<Rational>);

fn any_case() -> impl Strategy<Value = Case> + Clone {
    (keeps(UNITS), any_law(UNITS), rationals(UNITS))
}

/// The 0/1 laws, and those that are made from others.
fn laws((keep, table, factor): &Case) -> Vec<Box<dyn FiniteLaw<Rational>>> {
    let independent = || Independent::new(keep.clone()).unwrap();
    let tied = Tied::new(FixedCount::<Rational>::new(3, 2).unwrap(), vec![2, 0, 1, 0]).unwrap();
    let mut laws = every_law(UNITS, keep);
    laws.push(Box::new(table.clone()));
    laws.push(Box::new(tied));
    laws.push(Box::new(Rescaled::new(table.clone(), factor.clone()).unwrap()));
    laws.push(Box::new(Rescaled::inverted(NonEmpty::new(independent()).unwrap()).unwrap()));
    laws
}

/// A rule that claims to give the mean and the covariance of a law.
type Rule = fn(&dyn FiniteLaw<Rational>) -> (DVector<Rational>, DMatrix<Rational>);

fn closed_forms(law: &dyn FiniteLaw<Rational>) -> (DVector<Rational>, DMatrix<Rational>) {
    (law.mean(), law.covariance())
}

fn moments_are_those_of_the_support(rule: Rule, law: &dyn FiniteLaw<Rational>) -> TestCaseResult {
    let (mean, covariance) = rule(law);
    prop_assert_eq!(&mean, &mean_over(law, DVector::clone));
    for (i, j) in itertools::iproduct!(0..UNITS, 0..UNITS) {
        let deviations = |mu: &DVector<Rational>| {
            DVector::from_element(1, (mu[i].clone() - mean[i].clone()) * (mu[j].clone() - mean[j].clone()))
        };
        prop_assert_eq!(&covariance[(i, j)], &mean_over(law, deviations)[0], "Cov({}, {})", i, j);
    }
    Ok(())
}

#[test]
fn law_moments_are_those_of_the_support() {
    holds(24, any_case(), |case| {
        laws(&case).iter().try_for_each(|law| moments_are_those_of_the_support(closed_forms, &**law))
    });
}

/// Under independent units the covariance is diagonal, and the variances are its diagonal.
#[test]
fn law_variances_of_independent_units_are_all_their_covariance() {
    fn check(law: &dyn IndependentUnits<Rational>) -> TestCaseResult {
        prop_assert_eq!(DMatrix::from_diagonal(&law.variance()), law.covariance());
        Ok(())
    }
    holds(24, (keeps(UNITS), rationals(UNITS)), |(keep, factor)| {
        let independent = Independent::new(keep).unwrap();
        check(&Uniform::new(UNITS))?;
        check(&independent)?;
        check(&Rescaled::new(independent, factor).unwrap())
    });
}

fn refuted_for_some_law(rule: Rule) {
    refuted(8, any_case(), |case| {
        laws(&case).iter().try_for_each(|law| moments_are_those_of_the_support(rule, &**law))
    });
}

#[test]
fn law_moments_mutant_takes_the_drop_rate_for_the_mean() {
    refuted_for_some_law(|law| (law.mean().map(|p| Rational::one() - p), law.covariance()));
}

/// p(1 − p) on the diagonal and nothing beside it, whatever the law.
#[test]
fn law_moments_mutant_takes_the_units_for_independent() {
    refuted_for_some_law(|law| {
        let variance = law.covariance().diagonal();
        (law.mean(), DMatrix::from_diagonal(&variance))
    });
}

#[test]
fn law_moments_mutant_forgets_to_centre_the_covariance() {
    refuted_for_some_law(|law| {
        let mean = law.mean();
        (mean.clone(), law.covariance() + &mean * mean.transpose())
    });
}

/// As many sub-models as promised, none negative, none twice, their probabilities summing to exactly 1: none is missing.
#[test]
fn law_support_is_distinct_and_complete() {
    holds(24, any_case(), |case| {
        let rescaled = 7; // a factor of zero makes sub-models equal
        for (_, law) in laws(&case).iter().enumerate().filter(|(i, _)| *i != rescaled) {
            let support: Vec<_> = law.support().unwrap().collect();
            prop_assert_eq!(support.len() as u64, law.submodels().unwrap());
            prop_assert!(support.iter().all(|(mu, weight)| mu.len() == law.units() && *weight >= Rational::zero()));
            let total = support.iter().fold(Rational::zero(), |sum, (_, weight)| sum + weight.clone());
            prop_assert_eq!(total, Rational::one());
            let equal = |(a, b): (usize, usize)| a < b && support[a].0 == support[b].0;
            prop_assert!(!itertools::iproduct!(0..support.len(), 0..support.len()).any(equal));
        }
        Ok(())
    });
}

/// Inverted dropout has mean 1 for every unit of every law.
#[test]
fn law_inverted_has_mean_one() {
    holds(24, any_case(), |(keep, table, _)| {
        fn check<L: FiniteLaw<Rational>>(law: L) -> TestCaseResult {
            let inverted = Rescaled::inverted(law).unwrap();
            prop_assert!(inverted.mean().iter().all(Rational::is_one));
            prop_assert!(mean_over(&inverted, DVector::clone).iter().all(Rational::is_one));
            Ok(())
        }
        let independent = Independent::new(keep).unwrap();
        check(Uniform::new(UNITS))?;
        check(FixedCount::new(UNITS, 3).unwrap())?;
        check(NonEmpty::new(independent.clone()).unwrap())?;
        check(Tied::new(independent.clone(), vec![0, 1, 2, 3, 3, 0]).unwrap())?;
        check(independent)?;
        if table.mean().iter().any(Rational::is_zero) { Ok(()) } else { check(table) }
    });
}

/// Exactly 2 of 4: variance ¼, covariance −1/12; given that not all of 4 fair units are dropped: mean 8/15.
#[test]
fn law_moments_fixtures() {
    let law = FixedCount::<Rational>::new(4, 2).unwrap();
    let expected = DMatrix::from_fn(4, 4, |i, j| if i == j { q(1, 4) } else { q(-1, 12) });
    assert_eq!((law.mean(), law.covariance()), (DVector::from_element(4, q(1, 2)), expected));
    let law = NonEmpty::new(Independent::new(DVector::from_element(4, q(1, 2))).unwrap()).unwrap();
    assert_eq!(law.mean(), DVector::from_element(4, q(8, 15)));
    assert_eq!(law.covariance()[(0, 1)], q(4, 15) - q(64, 225));
}

/// No unit, one unit, all units, no unit kept: the edges of the formulas.
#[test]
fn law_moments_at_the_edges() {
    for units in 0..=3 {
        for kept in 0..=units {
            let law = FixedCount::<Rational>::new(units, kept).unwrap();
            let (mean, covariance) = closed_forms(&law);
            assert_eq!(mean, mean_over(&law, DVector::clone));
            assert!(covariance.row_sum().iter().all(Rational::is_zero), "a fixed count does not vary");
        }
    }
    let certain = NonEmpty::new(Independent::new(DVector::from_element(1, q(1, 6))).unwrap()).unwrap();
    assert_eq!((certain.mean()[0].clone(), certain.covariance()[(0, 0)].clone()), (q(1, 1), q(0, 1)));
    assert_eq!(Uniform::<Rational>::new(0).support().unwrap().count(), 1);
}

/// Given that something is kept, a KEEP probability of 10⁻¹⁷ of two gives each ½, not 0/0 = 10⁻¹⁷/(1 − 1).
#[test]
fn law_non_empty_keeps_its_digits_for_small_keep_probabilities() {
    let law = NonEmpty::new(Independent::new(DVector::from_element(2, 1e-17)).unwrap()).unwrap();
    assert_eq!(law.mean().as_slice(), [0.5, 0.5]);
    let weights: Vec<f64> = law.support().unwrap().map(|(_, weight)| weight).collect();
    assert_eq!(weights[..2], [0.5, 0.5]);
}
