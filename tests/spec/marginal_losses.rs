//! Claim marginal.losses: mean losses over all masks without enumeration, and their split. Any two methods that apply agree
//! within their bounds.

use crate::marginal_method::{Case, case, model};
use crate::support::{holds, refuted};
use dropout_oracle::Error;
use dropout_oracle::certified::{CertifiedModel, Interval};
use dropout_oracle::ensemble::Decomposition;
use dropout_oracle::marginal::method::{Method, Methods};
use dropout_oracle::marginal::{Certified, Losses};
use dropout_oracle::model::{Convention, HeadKind, Model};
use dropout_oracle::network::{Affine, Layer, Mlp, Network};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// A target that the head can take, from the case's numbers.
fn target((_, numbers, head, ..): &Case, outputs: usize) -> DVector<f64> {
    let number = |o: usize| numbers[o % numbers.len()];
    match head {
        HeadKind::Bernoulli => DVector::from_fn(outputs, |o, _| f64::from(u8::from(number(o) > 0))),
        HeadKind::Poisson => DVector::from_fn(outputs, |o, _| f64::from(number(o).unsigned_abs())),
        HeadKind::Gaussian { .. } => DVector::from_fn(outputs, |o, _| f64::from(number(o)) / 4.0),
        HeadKind::Softmax => {
            DVector::from_fn(outputs, |o, _| f64::from(u8::from(o == number(0).unsigned_abs() as usize % outputs)))
        }
    }
}

/// A way to the losses.
type Rule = fn(Method, &Model, &DVector<f64>, &DVector<f64>) -> dropout_oracle::Result<Losses>;

/// The mean loss, the geometric mean's and R.
fn split(of: &Losses) -> [Certified; 3] {
    let Decomposition { expected_loss, geometric_loss, disagreement } = of.decomposition;
    [expected_loss, geometric_loss, disagreement]
}

fn meet(a: &Certified, b: &Certified) -> bool {
    a.low() <= b.high() && b.low() <= a.high()
}

/// The claim: every method that applies gives intervals that meet those of the definition with running error bounds and,
/// where the logarithms of probabilities can be exponentiated (a Poisson rate may be e^200), the certified enclosures of the
/// definition; the bounds are small beside the largest number that the losses are added from.
fn methods_agree_within_their_bounds(rule: Rule, case: &Case) -> TestCaseResult {
    let (model, x) = model(case);
    let y = target(case, model.network().outputs());
    let by_definition = Method::Enumeration.losses(&model, &x, &y).unwrap();
    let methods = Methods::for_losses(&model, &x).unwrap();
    prop_assert!(methods.applicable.iter().any(|a| a.method == Method::Enumeration));
    let sizes = split(&by_definition).map(|of| of.value.abs());
    let largest = sizes.into_iter().fold(1e3, f64::max);
    for applicable in &methods.applicable {
        let found = rule(applicable.method, &model, &x, &y).unwrap();
        for (found, by_definition) in split(&found).iter().zip(&split(&by_definition)) {
            prop_assert!(meet(found, by_definition), "{} {found:?} {by_definition:?}", applicable.method);
            prop_assert!(found.error <= 1e-12 * largest, "{} {found:?}", applicable.method);
        }
        if let (Some(found), Some(by_definition)) = (found.arithmetic_mean, by_definition.arithmetic_mean) {
            prop_assert!(meet(&found, &by_definition), "{} {found:?} {by_definition:?}", applicable.method);
        }
        if case.2 != HeadKind::Poisson {
            let certified = CertifiedModel::new(&model).unwrap();
            let truth = certified.predict(&x).unwrap();
            let losses = certified.losses(&x, &y, &truth).unwrap();
            let inside = |found: &Certified, truth: &Interval| {
                let (low, high) = truth.to_f64s();
                found.low() <= high && low <= found.high()
            };
            let [expected, geometric, disagreement] = split(&found);
            prop_assert!(inside(&geometric, &losses.geometric_mean), "{} {geometric:?}", applicable.method);
            let mass = truth.log_geometric_mass;
            prop_assert!(inside(&disagreement, &-mass.clone()), "{} {disagreement:?}", applicable.method);
            prop_assert!(inside(&expected, &(losses.geometric_mean - mass)), "{} {expected:?}", applicable.method);
            if let Some(found) = found.arithmetic_mean {
                prop_assert!(inside(&found, &losses.arithmetic_mean), "{} {found:?}", applicable.method);
            }
        }
    }
    for (method, _) in &methods.inapplicable {
        prop_assert!(rule(*method, &model, &x, &y).is_err(), "{method} says that it does not apply");
    }
    Ok(())
}

#[test]
fn marginal_losses_holds_for_every_head_and_method() {
    holds(48, case(), |case| methods_agree_within_their_bounds(Method::losses, &case));
}

/// One logit of 60 inputs on a grid: too many masks to enumerate, and two methods apply, by an integral and by the exact law.
#[test]
fn marginal_losses_holds_for_60_units_by_two_methods() {
    for head in [HeadKind::Bernoulli, HeadKind::Poisson] {
        let weight = DMatrix::from_fn(1, 60, |_, j| (j % 7) as f64 / 8.0 - 0.375);
        let layers = vec![Layer::dropout(60), Layer::Affine(Affine::new(weight, dvector![0.5]).unwrap())];
        let keep = DVector::from_fn(60, |j, _| (1 + j % 4) as f64 / 4.0);
        let model = Model::new(Mlp::new(60, layers).unwrap(), head, keep, Convention::Standard).unwrap();
        let x = DVector::from_element(60, 1.0);
        for y in [dvector![0.0], dvector![1.0]] {
            let [integral, law] = [Method::LastLayer, Method::Lattice].map(|by| by.losses(&model, &x, &y).unwrap());
            for (a, b) in split(&integral).iter().zip(&split(&law)) {
                assert!(meet(a, b) && a.error.max(b.error) < 1e-11, "{a:?} {b:?}");
            }
            assert_eq!(integral.arithmetic_mean.is_some(), *model.head_kind() == HeadKind::Bernoulli);
        }
    }
}

/// The mean loss of three classes has no integral of its own, and the refusal says so; shares add up to 1.
#[test]
fn marginal_losses_refuses_by_name() {
    let layers = vec![
        Layer::dropout(70),
        Layer::Affine(Affine::new(DMatrix::from_element(3, 70, 0.1), DVector::zeros(3)).unwrap()),
    ];
    let model = Model::new(
        Mlp::new(70, layers).unwrap(),
        HeadKind::Softmax,
        DVector::from_element(70, 0.5),
        Convention::Standard,
    )
    .unwrap();
    let x = DVector::from_element(70, 1.0);
    assert!(Methods::of(&model, &x).unwrap().cheapest(1e12).is_ok(), "the mean prediction is known");
    let refused = Methods::for_losses(&model, &x).unwrap().cheapest(1e12).map(|a| a.method);
    let Err(Error::NoExactMethod { reasons }) = refused else { panic!("{refused:?}") };
    for name in ["enumeration", "2^70", "last-layer: the mean loss of a softmax of 3 classes", "deep-linear", "lattice"]
    {
        assert!(reasons.contains(name), "{name} in {reasons}");
    }
    let far = Method::LastLayer.losses(&model, &x, &dvector![1.0, 0.0, 0.0]);
    assert!(matches!(far, Err(Error::Domain { .. })));
    let shares = Method::Enumeration.losses(&model, &x, &dvector![1.0, 1.0, 0.0]);
    assert!(matches!(shares, Err(Error::Domain { ref what, .. }) if what.contains("shares")), "{shares:?}");
    let short = Method::Enumeration.losses(&model, &x, &dvector![1.0]);
    assert!(matches!(short, Err(Error::Shape { expected: 3, found: 1, .. })));
}

/// R is left out: the loss of the geometric mean for the mean of the losses.
#[test]
fn marginal_losses_mutant_forgets_the_disagreement() {
    refuted(32, case(), |case| {
        let rule: Rule = |method, model, x, y| {
            let mut of = method.losses(model, x, y)?;
            of.decomposition.expected_loss = of.decomposition.geometric_loss;
            Ok(of)
        };
        methods_agree_within_their_bounds(rule, &case)
    });
}

/// The loss at the mean multipliers, which is the geometric mean's only without hidden units.
#[test]
fn marginal_losses_mutant_is_weight_scaling() {
    refuted(32, case(), |case| {
        let rule: Rule = |method, model, x, y| {
            let mut of = method.losses(model, x, y)?;
            let output = model.ensemble().weight_scaled_output(x)?;
            let value = -model.head().log_probability(&output, y)?;
            of.decomposition.geometric_loss = Certified { value, error: 1e-12 * value.abs().max(1.0) };
            Ok(of)
        };
        methods_agree_within_their_bounds(rule, &case)
    });
}

/// The features of one dropout mask for all: as if the earlier layers had no dropout.
#[test]
fn marginal_losses_mutant_forgets_the_earlier_masks() {
    refuted(32, case(), |case| {
        let rule: Rule = |method, model, x, y| {
            let units = model.keep().len();
            let sure = DVector::from_fn(units, |i, _| if i < 3 && units > 3 { 1.0 } else { model.keep()[i] });
            let network = model.network().clone();
            let other = Model::new(network, model.head_kind().clone(), sure, model.convention())?;
            method.losses(model, x, y)?;
            method.losses(&other, x, y)
        };
        methods_agree_within_their_bounds(rule, &case)
    });
}

/// Outside its conditions: the mean loss over tied masks is another one (one weight 2 and two weights 1 that share a mask agree,
/// two with a mask each do not), while the geometric mean's is the same.
#[test]
fn marginal_losses_fails_for_tied_masks() {
    let losses = |weights: DMatrix<f64>, method: Method| {
        let n = weights.ncols();
        let layers = vec![Layer::dropout(n), Layer::Affine(Affine::new(weights, dvector![-2.0]).unwrap())];
        let keep = DVector::from_element(n, 0.25);
        let model = Model::new(Mlp::new(n, layers).unwrap(), HeadKind::Bernoulli, keep, Convention::Standard).unwrap();
        method.losses(&model, &DVector::from_element(n, 1.0), &dvector![0.0]).unwrap().decomposition
    };
    let tied = losses(dmatrix![2.0], Method::Enumeration);
    let free = losses(dmatrix![1.0, 1.0], Method::LastLayer);
    assert!((tied.expected_loss.value - free.expected_loss.value).abs() > 0.01);
    assert!(meet(&tied.geometric_loss, &free.geometric_loss));
}
