//! Claim marginal.deep-linear: mean, covariance and squared loss of a deep linear net without enumeration.

use crate::support::{holds, keeps, mean_over, q, rational_matrix, rationals, refuted};
use dropout_oracle::law::{FiniteLaw, Independent, IndependentUnits, Rescaled, Tied, Uniform};
use dropout_oracle::marginal::deep_linear::OutputMoments;
use dropout_oracle::network::mlp::PiecewiseLinearMlp;
use dropout_oracle::network::{Affine, Layer, Mlp, Network, PiecewiseLinear, deep_linear};
use dropout_oracle::{Error, Rational, scalar::dot};
use nalgebra::{DMatrix, DVector, dvector};
use num_traits::Zero;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// A net 2-2-2-1 with dropout before every affine layer (6 units), an input and a target.
type Case = (PiecewiseLinearMlp<Rational>, DVector<Rational>, DVector<Rational>);

fn case() -> impl Strategy<Value = Case> + Clone {
    let affine =
        |outputs| (rational_matrix(outputs, 2), rationals(outputs)).prop_map(|(w, b)| Affine::new(w, b).unwrap());
    (affine(2), affine(2), affine(1), rationals(2), rationals(1))
        .prop_map(|(first, second, third, x, y)| (deep_linear(2, vec![first, second, third]).unwrap(), x, y))
}

/// Standard and inverted dropout with these KEEP probabilities.
fn conventions(keep: &DVector<Rational>) -> [Box<dyn Masks>; 2] {
    let independent = Independent::new(keep.clone()).unwrap();
    [Box::new(Rescaled::inverted(independent.clone()).unwrap()), Box::new(independent)]
}

trait Masks: FiniteLaw<Rational> + IndependentUnits<Rational> {}
impl<L: FiniteLaw<Rational> + IndependentUnits<Rational>> Masks for L {}

/// A rule that claims to give E‖f(x, μ) − y‖², from the law's means and variances.
type Rule = fn(&Case, &dyn Masks) -> Rational;

/// The project's rule.
fn layer_by_layer((network, x, y): &Case, law: &dyn Masks) -> Rational {
    OutputMoments::of(network, law, x).unwrap().squared_loss(y).unwrap()
}

/// The claim: the loss is the one over all masks.
fn loss_is_the_enumerated_one(rule: Rule, case: &Case, law: &dyn Masks) -> TestCaseResult {
    prop_assert_eq!(rule(case, law), enumerated(case, law));
    Ok(())
}

fn enumerated((network, x, y): &Case, law: &(impl FiniteLaw<Rational> + ?Sized)) -> Rational {
    let loss = |d: &DVector<Rational>| {
        let off = network.output(x, d).unwrap() - y;
        DVector::from_element(1, dot(&off, &off))
    };
    mean_over(law, loss)[0].clone()
}

#[test]
fn marginal_deep_linear_holds_by_enumeration_in_both_conventions() {
    holds(12, (case(), keeps(6)), |(case, keep)| {
        conventions(&keep).iter().try_for_each(|law| loss_is_the_enumerated_one(layer_by_layer, &case, &**law))
    });
}

/// Mean and covariance themselves, with two outputs and dropout of one unit only.
#[test]
fn marginal_deep_linear_holds_for_mean_and_covariance() {
    let layers = (rational_matrix(3, 2), rationals(3), rational_matrix(2, 3), rationals(2));
    holds(24, (layers, rationals(2), keeps(3)), |((w, b, v, c), x, keep)| {
        let layers = vec![
            Layer::dropout(2),
            Layer::Affine(Affine::new(w, b).unwrap()),
            Layer::Unit(PiecewiseLinear::Identity),
            Layer::Dropout(vec![1]),
            Layer::Affine(Affine::new(v, c).unwrap()),
        ];
        let network = Mlp::new(2, layers).unwrap();
        for law in conventions(&keep) {
            let moments = OutputMoments::of(&network, &*law, &x).unwrap();
            prop_assert_eq!(&moments.mean, &network.output(&x, &law.mean()).unwrap()); // weight scaling
            let covariance = mean_over(&*law, |d| {
                let off = network.output(&x, d).unwrap() - &moments.mean;
                DVector::from_iterator(4, itertools::iproduct!(0..2, 0..2).map(|(j, i)| &off[i] * &off[j]))
            });
            prop_assert_eq!(moments.covariance.as_slice(), covariance.as_slice());
        }
        Ok(())
    });
}

/// What one dropout step adds to the diagonal of S, from v = Var d and S and m before the mask.
type Step = fn(&Rational, &Rational, &Rational) -> Rational;

/// The recursion written out, with `step` in its place and covariances kept or not.
fn recursion((network, x, y): &Case, law: &dyn Masks, covariances: bool, step: Step) -> Rational {
    let (mut m, mut s) = (x.clone(), DMatrix::zeros(2, 2));
    for (index, affine) in network.affine().enumerate() {
        let (a, v) = (law.mean().rows(2 * index, 2).into_owned(), law.variance().rows(2 * index, 2).into_owned());
        let masked = DMatrix::from_fn(2, 2, |i, j| match i == j {
            true => &a[i] * &a[i] * &s[(i, i)] + step(&v[i], &s[(i, i)], &m[i]),
            false if covariances => &a[i] * &a[j] * &s[(i, j)],
            false => Rational::zero(),
        });
        m = affine.apply(&m.component_mul(&a));
        s = &affine.weight * masked * affine.weight.transpose();
    }
    let off = m - y;
    dot(&off, &off) + s.trace()
}

fn right_step(v: &Rational, s: &Rational, m: &Rational) -> Rational {
    v * (s + m * m)
}

fn mutant_is_refused(mutant: Rule) {
    refuted(12, (case(), keeps(6)), |(case, keep)| {
        conventions(&keep).iter().try_for_each(|law| loss_is_the_enumerated_one(mutant, &case, &**law))
    });
}

/// The noise of earlier layers is masked too.
#[test]
fn marginal_deep_linear_mutant_forgets_that_noise_is_masked() {
    mutant_is_refused(|case, law| recursion(case, law, true, |v, _, m| v * m * m));
}

/// Fast dropout's step: it keeps the variances and forgets the covariances.
#[test]
fn marginal_deep_linear_mutant_keeps_the_diagonal_only() {
    mutant_is_refused(|case, law| recursion(case, law, false, right_step));
}

/// With the right step the recursion is the rule: the mutants differ from it in what they are named after alone.
#[test]
fn marginal_deep_linear_holds_by_the_recursion_written_out() {
    let right: Rule = |case, law| recursion(case, law, true, right_step);
    holds(12, (case(), keeps(6)), |(case, keep)| {
        conventions(&keep).iter().try_for_each(|law| loss_is_the_enumerated_one(right, &case, &**law))
    });
}

/// Outside its condition: one mask for both layers. d²x = dx has mean ½x, the product of independent masks ¼x.
#[test]
fn marginal_deep_linear_fails_for_tied_masks() {
    let layer = || Affine::new(DMatrix::from_element(1, 1, q(1, 1)), dvector![q(0, 1)]).unwrap();
    let case = (deep_linear(1, vec![layer(), layer()]).unwrap(), dvector![q(1, 1)], dvector![q(0, 1)]);
    let tied = Tied::new(Uniform::<Rational>::new(1), vec![0, 0]).unwrap();
    assert_eq!(layer_by_layer(&case, &Uniform::new(2)), q(1, 4));
    assert_eq!(enumerated(&case, &Uniform::new(2)), q(1, 4));
    assert_eq!(enumerated(&case, &tied), q(1, 2));
}

/// Outside its condition: a nonlinear unit has no such recursion, and is refused by name.
#[test]
fn marginal_deep_linear_fails_for_nonlinear_units() {
    let layers = vec![Layer::dropout(1), Layer::Unit(PiecewiseLinear::Relu)];
    let network = Mlp::<Rational, _>::new(1, layers).unwrap();
    let refused = OutputMoments::of(&network, &Uniform::new(1), &dvector![q(1, 1)]);
    assert!(matches!(refused, Err(Error::Domain { what, .. }) if what == "the unit of layer 1"));
}
