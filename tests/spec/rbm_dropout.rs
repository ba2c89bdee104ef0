//! Claim rbm.dropout: the dropout restricted Boltzmann machine, over all r, h and v.

use crate::support::{holds, keeps, q, refuted};
use approx::assert_relative_eq;
use dropout_oracle::law::Independent;
use dropout_oracle::rbm::DropoutRbm;
use dropout_oracle::{Error, Mask, Rational, Real};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use num_traits::One;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const VISIBLE: usize = 2;
const HIDDEN: usize = 2;

/// The factors e^W (visible × hidden), e^a, e^b, and the KEEP probabilities.
type Machine = (DMatrix<Rational>, DVector<Rational>, DVector<Rational>, DVector<Rational>);

fn machine() -> impl Strategy<Value = Machine> + Clone {
    let factors = |len| prop::collection::vec((1i64..=4, 1i64..=3).prop_map(|(n, d)| q(n, d)), len);
    (factors(VISIBLE * HIDDEN), factors(HIDDEN), factors(VISIBLE), keeps(HIDDEN))
        .prop_map(|(w, a, b, keep)| (DMatrix::from_vec(VISIBLE, HIDDEN, w), a.into(), b.into(), keep))
}

fn library((w, a, b, keep): &Machine) -> DropoutRbm<Rational> {
    DropoutRbm::from_factors(w.clone(), a.clone(), b.clone(), Independent::new(keep.clone()).unwrap()).unwrap()
}

fn all(units: usize) -> std::vec::IntoIter<Mask> {
    Mask::all(units).unwrap().collect::<Vec<_>>().into_iter()
}

/// e^(vᵀWh + aᵀh + bᵀv) Π g(h_j, r_j), written out.
fn weight((w, a, b, _): &Machine, r: Mask, h: Mask, v: Mask) -> Rational {
    let mut product = q(1, 1);
    for j in 0..HIDDEN {
        if h.keeps(j) && !r.keeps(j) {
            return q(0, 1);
        }
        if h.keeps(j) {
            product *= a[j].clone();
        }
    }
    for i in (0..VISIBLE).filter(|&i| v.keeps(i)) {
        product *= b[i].clone();
        for j in (0..HIDDEN).filter(|&j| h.keeps(j)) {
            product *= w[(i, j)].clone();
        }
    }
    product
}

/// P(v | r) by definition: h summed out, over Z′(r).
fn visible_given_mask(machine: &Machine, v: Mask, r: Mask) -> Rational {
    let summed = |v| all(HIDDEN).fold(q(0, 1), |sum, h| sum + weight(machine, r, h, v));
    summed(v) / all(VISIBLE).fold(q(0, 1), |sum, v| sum + summed(v))
}

/// Some formula for P(v | r).
type Marginal = fn(&Machine, Mask, Mask) -> Rational;

fn is_the_visible_marginal(marginal: Marginal, machine: &Machine) -> TestCaseResult {
    for (v, r) in itertools::iproduct!(all(VISIBLE), all(HIDDEN)) {
        prop_assert_eq!(marginal(machine, v, r), visible_given_mask(machine, v, r));
    }
    Ok(())
}

#[test]
fn rbm_dropout_holds_for_the_visible_marginal() {
    let closed: Marginal = |machine, v, r| library(machine).visible_given_mask(v, r).unwrap();
    holds(32, machine(), |machine| is_the_visible_marginal(closed, &machine));
}

#[test]
fn rbm_dropout_mutant_sums_over_dropped_units_too() {
    let whole: Marginal = |machine, v, _| {
        let everything = Mask::new(HIDDEN, (1 << HIDDEN) - 1).unwrap();
        library(machine).visible_given_mask(v, everything).unwrap()
    };
    refuted(16, machine(), |machine| is_the_visible_marginal(whole, &machine));
}

#[test]
fn rbm_dropout_mutant_normalises_by_the_whole_machine() {
    let whole: Marginal = |machine, v, r| {
        let (rbm, everything) = (library(machine), Mask::new(HIDDEN, (1 << HIDDEN) - 1).unwrap());
        rbm.visible_given_mask(v, r).unwrap() * rbm.partition(r).unwrap() / rbm.partition(everything).unwrap()
    };
    refuted(16, machine(), |machine| is_the_visible_marginal(whole, &machine));
}

/// P(h, v | r) sums to 1, is 0 where h uses a dropped unit, and its conditionals factorise.
#[test]
fn rbm_dropout_holds_for_the_joint_law() {
    holds(24, machine(), |machine| {
        let rbm = library(&machine);
        for r in all(HIDDEN) {
            let joint = |h, v| rbm.joint_given_mask(h, v, r).unwrap();
            let total = itertools::iproduct!(all(HIDDEN), all(VISIBLE)).fold(q(0, 1), |sum, (h, v)| sum + joint(h, v));
            prop_assert_eq!(total, Rational::one());
            for v in all(VISIBLE) {
                let visible = rbm.visible_given_mask(v, r).unwrap();
                for j in 0..HIDDEN {
                    let on = all(HIDDEN).filter(|h| h.keeps(j)).fold(q(0, 1), |sum, h| sum + joint(h, v));
                    prop_assert_eq!(on.is_zero(), !r.keeps(j));
                    prop_assert_eq!(&rbm.hidden_given(v, r).unwrap()[j], &(on / visible.clone()));
                }
            }
        }
        Ok(())
    });
}

/// Some formula for P(r | v).
type Posterior = fn(&Machine, Mask, Mask) -> Rational;

fn prior(machine: &Machine, r: Mask) -> Rational {
    (0..HIDDEN).fold(q(1, 1), |product, j| {
        product * if r.keeps(j) { machine.3[j].clone() } else { Rational::one() - machine.3[j].clone() }
    })
}

/// Bayes' rule over the whole joint law of r, h and v.
fn is_the_posterior_of_the_mask(posterior: Posterior, machine: &Machine) -> TestCaseResult {
    for v in all(VISIBLE) {
        let joint = |r| prior(machine, r) * visible_given_mask(machine, v, r);
        let total = all(HIDDEN).fold(q(0, 1), |sum, r| sum + joint(r));
        for r in all(HIDDEN) {
            prop_assert_eq!(posterior(machine, r, v), joint(r) / total.clone());
        }
    }
    Ok(())
}

#[test]
fn rbm_dropout_holds_for_the_posterior_of_the_mask() {
    let library: Posterior = |machine, r, v| library(machine).mask_given_visible(r, v).unwrap();
    holds(32, machine(), |machine| is_the_posterior_of_the_mask(library, &machine));
}

/// P(r | v) = P(r), as if the data said nothing about the mask.
#[test]
fn rbm_dropout_mutant_takes_the_prior_for_the_posterior() {
    refuted(16, machine(), |machine| is_the_posterior_of_the_mask(|machine, r, _| prior(machine, r), &machine));
}

/// P(r | v) ∝ P(r) times the marginal factor, as if Z′ were the same for all masks.
#[test]
fn rbm_dropout_mutant_forgets_that_z_depends_on_the_mask() {
    let forgets: Posterior = |machine, r, v| {
        let factor = |r| all(HIDDEN).fold(q(0, 1), |sum, h| sum + weight(machine, r, h, v)) * prior(machine, r);
        factor(r) / all(HIDDEN).fold(q(0, 1), |sum, r| sum + factor(r))
    };
    refuted(16, machine(), |machine| is_the_posterior_of_the_mask(forgets, &machine));
}

/// That Z′ depends on r is not what makes P(r | v) differ from P(r). With W = 0 the visible units do not see the hidden
/// ones: Z′ is 2·5 with the hidden unit and 2 without it, and v still says nothing about r.
#[test]
fn rbm_dropout_fails_to_inform_about_the_mask_without_weights() {
    let keep = Independent::new(dvector![q(1, 3)]).unwrap();
    let rbm = DropoutRbm::from_factors(dmatrix![q(1, 1)], dvector![q(4, 1)], dvector![q(1, 1)], keep).unwrap();
    let (off, on) = (Mask::new(1, 0).unwrap(), Mask::new(1, 1).unwrap());
    assert_eq!((rbm.partition(on).unwrap(), rbm.partition(off).unwrap()), (q(10, 1), q(2, 1)));
    for v in [off, on] {
        assert_eq!(rbm.mask_given_visible(on, v).unwrap(), q(1, 3));
    }
}

/// The same machine from its weights in f64.
#[test]
fn rbm_dropout_takes_weights_as_logarithms_of_the_factors() {
    let masks = || Independent::new(dvector![0.5]).unwrap();
    let rbm = DropoutRbm::new(dmatrix![Real::ln_1p(3.0)], dvector![0.0], dvector![0.0], masks()).unwrap();
    let on = Mask::new(1, 1).unwrap();
    // e^W = 4: (1 + 4)/(1 + 1 + 1 + 4), with a few roundings.
    assert_relative_eq!(rbm.visible_given_mask(on, on).unwrap(), 5.0 / 7.0, max_relative = 8.0 * f64::EPSILON);
    let overflow = DropoutRbm::new(dmatrix![800.0], dvector![0.0], dvector![0.0], masks());
    assert!(matches!(overflow, Err(Error::Domain { .. })));
    assert!(matches!(rbm.partition(Mask::new(2, 0).unwrap()), Err(Error::Shape { .. })));
}
