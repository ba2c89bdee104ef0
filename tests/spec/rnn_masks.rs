//! Claim rnn.fresh-vs-tied: masks on a recurrence, drawn anew at each step or once for all.

use crate::moments::moments;
use crate::support::{holds, keeps, mean_over, q, rational_matrix, rationals, refuted};
use dropout_oracle::law::{FiniteLaw, Independent, Rescaled, Tied};
use dropout_oracle::network::recurrent::Dropped;
use dropout_oracle::network::{Affine, Network, PiecewiseLinear, Recurrent};
use dropout_oracle::{Error, Rational};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use num_traits::Pow;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

type Net = Recurrent<Rational, PiecewiseLinear>;

/// A scalar chain whose x_1 = 1 meets `masks` recurrent masks on its way to the output.
fn chain(masks: usize) -> (Net, DVector<Rational>) {
    let identity = || Affine::new(dmatrix![q(1, 1)], dvector![q(0, 1)]).unwrap();
    let dropped = Dropped { recurrent: true, ..Dropped::default() };
    let unit = PiecewiseLinear::Identity;
    let net = Recurrent::new(identity(), dmatrix![q(1, 1)], unit, identity(), masks + 1, dropped).unwrap();
    let x = DVector::from_fn(masks + 1, |t, _| q(i64::from(t == 0), 1));
    (net, x)
}

/// How the masks of the steps hang together, for a KEEP probability.
type Masks = fn(&Net, &Rational) -> Box<dyn FiniteLaw<Rational>>;

fn fresh(net: &Net, p: &Rational) -> Box<dyn FiniteLaw<Rational>> {
    Box::new(Rescaled::inverted(Independent::new(DVector::from_element(net.units(), p.clone())).unwrap()).unwrap())
}

fn tied(net: &Net, p: &Rational) -> Box<dyn FiniteLaw<Rational>> {
    let groups = net.tied_in_time();
    let once = Independent::new(DVector::from_element(groups.iter().max().map_or(0, |g| g + 1), p.clone())).unwrap();
    Box::new(Rescaled::inverted(Tied::new(once, groups).unwrap()).unwrap())
}

/// p^k for any integer k.
fn power(p: &Rational, k: i64) -> Rational {
    if k < 0 { q(1, 1) / p.clone().pow(-k as usize) } else { p.clone().pow(k as usize) }
}

/// The exponents of p in the mean and the second moment after T masks, as some theory has them.
type Exponents = fn(i64) -> (i64, i64);

/// By enumeration, for T = 1 … 5 and three keep probabilities.
fn exponents_are(masks: Masks, exponents: Exponents) -> bool {
    itertools::iproduct!(1..=5, [q(1, 4), q(1, 2), q(2, 3)]).all(|(t, p)| {
        let (net, x) = chain(t);
        let (mean, variance) = moments(&*masks(&net, &p), |multipliers| net.output(&x, multipliers).unwrap());
        let square = variance[(0, 0)].clone() + mean[0].clone() * mean[0].clone();
        let (first, second) = exponents(t as i64);
        (mean[0].clone(), square) == (power(&p, first), power(&p, second))
    })
}

/// Fresh masks: mean 1, second moment p^−T.
#[test]
fn rnn_fresh_vs_tied_holds_for_fresh_masks() {
    assert!(exponents_are(fresh, |t| (0, -t)));
}

/// One tied mask: mean p^(1−T), second moment p^(1−2T).
#[test]
fn rnn_fresh_vs_tied_holds_for_one_tied_mask() {
    assert!(exponents_are(tied, |t| (1 - t, 1 - 2 * t)));
}

#[test]
fn rnn_fresh_vs_tied_mutant_takes_tied_masks_for_fresh_ones() {
    assert!(!exponents_are(tied, |t| (0, -t)));
}

#[test]
fn rnn_fresh_vs_tied_mutant_counts_one_step_too_many() {
    assert!(!exponents_are(tied, |t| (-t, -2 * t)));
}

// Vector networks: 2 inputs a step, 2 hidden units, 2 steps.

const STEPS: usize = 2;

/// W, b, U, V, x, and p.
type Case = ((DMatrix<Rational>, DVector<Rational>, DMatrix<Rational>, DMatrix<Rational>), DVector<Rational>, Rational);

fn case() -> impl Strategy<Value = Case> + Clone {
    let weights = (rational_matrix(2, 1), rationals(2), rational_matrix(2, 2), rational_matrix(1, 2));
    (weights, rationals(STEPS), (1i64..=5).prop_map(|n| q(n, 6)))
}

fn network(((w, b, u, v), ..): &Case, unit: PiecewiseLinear, dropped: Dropped) -> Net {
    let input = Affine::new(w.clone(), b.clone()).unwrap();
    let readout = Affine::new(v.clone(), dvector![q(0, 1)]).unwrap();
    Recurrent::new(input, u.clone(), unit, readout, STEPS, dropped).unwrap()
}

/// Weight scaling: the multipliers at which the network is evaluated.
type Scaling = fn(&Net, &dyn FiniteLaw<Rational>) -> DVector<Rational>;

fn mean_multipliers(_: &Net, law: &dyn FiniteLaw<Rational>) -> DVector<Rational> {
    law.mean()
}

fn scales_to_the_mean(
    scaling: Scaling,
    net: &Net,
    x: &DVector<Rational>,
    law: &dyn FiniteLaw<Rational>,
) -> TestCaseResult {
    let mean = mean_over(law, |multipliers| net.output(x, multipliers).unwrap());
    prop_assert_eq!(net.output(x, &scaling(net, law)).unwrap(), mean);
    Ok(())
}

const LINEAR: PiecewiseLinear = PiecewiseLinear::Identity;
const EVERYWHERE: Dropped = Dropped { inputs: true, recurrent: true, readout: true };

#[test]
fn rnn_fresh_vs_tied_holds_for_fresh_masks_on_the_non_recurrent_connections() {
    holds(32, case(), |case| {
        let net = network(&case, LINEAR, Dropped::NON_RECURRENT);
        scales_to_the_mean(mean_multipliers, &net, &case.1, &*fresh(&net, &case.2))
    });
}

/// Fresh masks meet on no path twice, so they are exact on the recurrence of a linear network too.
#[test]
fn rnn_fresh_vs_tied_holds_for_fresh_masks_everywhere() {
    holds(12, case(), |case| {
        let net = network(&case, LINEAR, EVERYWHERE);
        scales_to_the_mean(mean_multipliers, &net, &case.1, &*fresh(&net, &case.2))
    });
}

/// Freshness is not necessary: off the recurrence even tied masks are exact, for no path meets one of them twice.
#[test]
fn rnn_fresh_vs_tied_holds_for_tied_masks_off_the_recurrence() {
    holds(32, case(), |case| {
        let net = network(&case, LINEAR, Dropped::NON_RECURRENT);
        scales_to_the_mean(mean_multipliers, &net, &case.1, &*tied(&net, &case.2))
    });
}

#[test]
fn rnn_fresh_vs_tied_mutant_scales_inverted_masks_once_more() {
    refuted(24, case(), |case| {
        let twice: Scaling = |net, law| {
            let p = law.support().unwrap().filter(|(multipliers, _)| multipliers[0] == q(0, 1));
            let keep = q(1, 1) - p.fold(q(0, 1), |sum, (_, weight)| sum + weight);
            DVector::from_element(net.units(), keep)
        };
        let net = network(&case, LINEAR, Dropped::NON_RECURRENT);
        scales_to_the_mean(twice, &net, &case.1, &*fresh(&net, &case.2))
    });
}

/// Outside the condition "fresh on the recurrence": three steps of one mask, p = ½, give 4 instead of 1.
#[test]
fn rnn_fresh_vs_tied_fails_for_a_tied_mask_on_the_recurrence() {
    let (net, x) = chain(3);
    let law = tied(&net, &q(1, 2));
    assert_eq!(mean_over(&*law, |multipliers| net.output(&x, multipliers).unwrap())[0], q(4, 1));
    assert_eq!(net.output(&x, &law.mean()).unwrap()[0], q(1, 1));
}

/// Outside the condition "linear": ReLU units.
#[test]
fn rnn_fresh_vs_tied_fails_for_relu_units() {
    refuted(24, case(), |case| {
        let net = network(&case, PiecewiseLinear::Relu, Dropped::NON_RECURRENT);
        scales_to_the_mean(mean_multipliers, &net, &case.1, &*fresh(&net, &case.2))
    });
}

/// The order of the units and their groups: x_1, h_1, x_2, h_2.
#[test]
fn rnn_fresh_vs_tied_counts_units_in_the_order_of_time() {
    holds(1, (case(), keeps(1)), |(case, _)| {
        let groups = |dropped| network(&case, LINEAR, dropped).tied_in_time();
        prop_assert_eq!(groups(EVERYWHERE), [0, 1, 2, 0, 3, 4]);
        prop_assert_eq!(groups(Dropped::NON_RECURRENT), [0, 0, 1, 2]);
        prop_assert_eq!(groups(Dropped::default()), Vec::<usize>::new());
        Ok(())
    });
}

#[test]
fn rnn_fresh_vs_tied_refuses_maps_that_do_not_fit() {
    let map = |rows, columns| Affine::new(DMatrix::from_element(rows, columns, 1.0), DVector::zeros(rows)).unwrap();
    let build = |recurrent: DMatrix<f64>, readout, steps| {
        Recurrent::new(map(2, 1), recurrent, PiecewiseLinear::Relu, readout, steps, EVERYWHERE)
    };
    let square = || DMatrix::from_element(2, 2, 1.0);
    assert!(matches!(build(DMatrix::from_element(1, 2, 1.0), map(1, 2), 2), Err(Error::Shape { .. })));
    assert!(matches!(build(square(), map(1, 3), 2), Err(Error::Shape { .. })));
    assert!(matches!(build(square(), map(1, 2), 0), Err(Error::Domain { .. })));
    let net = build(square(), map(1, 2), 2).unwrap();
    assert!(matches!(net.output(&dvector![1.0], &DVector::zeros(6)), Err(Error::Shape { .. })));
    assert!(matches!(net.output(&dvector![1.0, 1.0], &DVector::zeros(5)), Err(Error::Shape { .. })));
}
