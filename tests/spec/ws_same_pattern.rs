//! Claim ws.same-pattern: a ReLU net in which no unit switches from one sub-model to another is exactly weight scaled.
//!
//! This is the precise form of the remark of Goodfellow et al. (2013) that weight scaling is exact where the model is
//! locally linear.

use crate::mean_output::{Rule, drop_rates, rule_gives_the_mean_output, scaled_output, unscaled, weight_scaling};
use crate::naive::forward;
use crate::support::{any_law, holds, keeps, q, rational, rational_matrix, rationals, refuted};
use dropout_oracle::Rational;
use dropout_oracle::law::{FiniteLaw, Independent, Tied, Uniform};
use dropout_oracle::network::{Affine, Layer, Mlp, PiecewiseLinear};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use num_traits::{One, Signed};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

type Layers = Vec<Layer<Rational, PiecewiseLinear>>;

/// The inputs of all ReLUs, layer after layer.
fn pre_activations(layers: &Layers, x: &DVector<Rational>, multipliers: &DVector<Rational>) -> Vec<Rational> {
    let (mut found, mut used) = (Vec::new(), 0);
    for (index, layer) in layers.iter().enumerate() {
        match layer {
            Layer::Dropout(units) => used += units.len(),
            Layer::Unit(_) => found.extend(forward(&layers[..index], x.as_slice(), &multipliers.as_slice()[..used])),
            Layer::Affine(_) => {}
        }
    }
    found
}

/// Whether every ReLU is on the same side of its kink (which counts to both) in all sub-models.
fn no_unit_switches(layers: &Layers, x: &DVector<Rational>, law: &dyn FiniteLaw<Rational>) -> bool {
    let drawn = law.support().unwrap().filter(|(_, weight)| !weight.is_zero());
    let patterns: Vec<_> = drawn.map(|(multipliers, _)| pre_activations(layers, x, &multipliers)).collect();
    (0..patterns[0].len()).all(|unit| {
        let mut z = patterns.iter().map(|pattern| &pattern[unit]);
        z.clone().all(|z| *z >= Rational::ZERO) || z.all(|z| *z <= Rational::ZERO)
    })
}

fn rule_is_exact(rule: Rule, layers: &Layers, x: &DVector<Rational>, law: &dyn FiniteLaw<Rational>) -> TestCaseResult {
    prop_assert!(no_unit_switches(layers, x, law), "the condition of the claim");
    rule_gives_the_mean_output(rule, &Mlp::new(x.len(), layers.clone()).unwrap(), x, law)
}

/// A ReLU layer after dropout whose units no mask can switch, given the largest |h| of its inputs; and the same bound for
/// its outputs. The bias outweighs the weights by `slack` ≥ 0 on the side `on`.
fn steady(weight: DMatrix<Rational>, on: &[bool], slack: &[Rational], h: &mut DVector<Rational>) -> Layers {
    let reach = weight.map(|w| w.abs()) * &*h;
    let bias = DVector::from_fn(reach.len(), |k, _| {
        let bias = reach[k].clone() + slack[k].abs();
        if on[k] { bias } else { -bias }
    });
    *h = &reach + bias.map(|b| b.abs());
    let affine = Affine::new(weight, bias).unwrap();
    vec![Layer::dropout(affine.inputs()), Layer::Affine(affine), Layer::Unit(PiecewiseLinear::Relu)]
}

/// A net of `hidden` steady ReLU layers of two units, with dropout before every layer, and its input.
fn steady_nets(hidden: usize) -> impl Strategy<Value = (Layers, DVector<Rational>)> + Clone {
    let side = || prop::collection::vec(prop::bool::weighted(0.8), 2);
    let layer = (rational_matrix(2, 2), side(), prop::collection::vec(rational(), 2));
    let last = (rational_matrix(1, 2), rationals(1));
    (prop::collection::vec(layer, hidden), last, rationals(2)).prop_map(|(hidden, (weight, bias), x)| {
        let mut h = x.map(|x| x.abs());
        let mut layers: Layers =
            hidden.into_iter().flat_map(|(weight, on, slack)| steady(weight, &on, &slack, &mut h)).collect();
        layers.extend([Layer::dropout(2), Layer::Affine(Affine::new(weight, bias).unwrap())]);
        (layers, x)
    })
}

fn deep() -> impl Strategy<Value = ((Layers, DVector<Rational>), DVector<Rational>)> + Clone {
    (steady_nets(2), keeps(6))
}

#[test]
fn ws_same_pattern_holds_for_independent_masks_at_every_layer() {
    holds(24, deep(), |((layers, x), keep)| {
        rule_is_exact(weight_scaling, &layers, &x, &Independent::new(keep).unwrap())
    });
}

/// With a single dropout layer the pre-activations are affine in the mask, and its law need not be independent.
#[test]
fn ws_same_pattern_holds_for_any_joint_law_of_one_layer() {
    holds(32, (steady_nets(1), any_law(2)), |((mut layers, x), law)| {
        layers.remove(3);
        rule_is_exact(weight_scaling, &layers, &x, &law)
    });
}

#[test]
fn ws_same_pattern_mutant_scales_by_the_drop_rates() {
    refuted(16, deep(), |((layers, x), keep)| rule_is_exact(drop_rates, &layers, &x, &Independent::new(keep).unwrap()));
}

#[test]
fn ws_same_pattern_mutant_does_not_scale() {
    refuted(16, deep(), |((layers, x), keep)| rule_is_exact(unscaled, &layers, &x, &Independent::new(keep).unwrap()));
}

#[test]
fn ws_same_pattern_mutant_scales_the_output_and_its_bias() {
    refuted(16, deep(), |((layers, x), keep)| {
        rule_is_exact(scaled_output, &layers, &x, &Independent::new(keep).unwrap())
    });
}

/// relu(W(μ∘x) + b), then v: one hidden layer of two units behind two droppable inputs.
fn one_hidden(w: [i64; 4], b: [i64; 2], v: [i64; 2]) -> Layers {
    let integer = |w: i64| q(w, 1);
    let first = Affine::new(DMatrix::from_row_slice(2, 2, &w.map(integer)), DVector::from(b.map(integer).to_vec()));
    let last = Affine::new(DMatrix::from_row_slice(1, 2, &v.map(integer)), dvector![q(0, 1)]);
    vec![
        Layer::dropout(2),
        Layer::Affine(first.unwrap()),
        Layer::Unit(PiecewiseLinear::Relu),
        Layer::Affine(last.unwrap()),
    ]
}

/// All 6561 nets 2-2-1 with weights and biases in {−1, 0, 1} at x = (1, 1): none that keeps its pattern is off.
#[test]
fn ws_same_pattern_holds_exhaustively_over_small_weights() {
    let law = Independent::new(dvector![q(1, 2), q(1, 3)]).unwrap();
    let x = dvector![q(1, 1), q(1, 1)];
    let (mut steady, mut off) = (0, 0);
    for code in 0..3i64.pow(8) {
        let trit = |i: u32| code / 3i64.pow(i) % 3 - 1;
        let layers = one_hidden([0, 1, 2, 3].map(trit), [4, 5].map(trit), [6, 7].map(trit));
        let network = Mlp::new(2, layers.clone()).unwrap();
        let exact = rule_gives_the_mean_output(weight_scaling, &network, &x, &law).is_ok();
        let same = no_unit_switches(&layers, &x, &law);
        assert!(exact || !same, "{layers:?}");
        steady += usize::from(same);
        off += usize::from(!exact);
    }
    // Neither side of the implication is empty.
    assert!(steady > 1000 && off > 1000, "{steady} steady nets, {off} that weight scaling misses");
}

/// relu(d₀ + d₁ − 1) is on under one mask and off under another: E = ¼, WS = 0.
#[test]
fn ws_same_pattern_fails_when_a_unit_switches() {
    let (layers, x) = (one_hidden([1, 1, 0, 0], [-1, 0], [1, 0]), dvector![q(1, 1), q(1, 1)]);
    assert!(!no_unit_switches(&layers, &x, &Uniform::new(2)));
    let network = Mlp::new(2, layers).unwrap();
    assert!(rule_gives_the_mean_output(weight_scaling, &network, &x, &Uniform::new(2)).is_err());
    assert_eq!(weight_scaling(&network, &x, &Uniform::new(2)), dvector![q(0, 1)]);
}

/// relu(d·relu(d)) with one mask for both layers never leaves the linear side, and yet E = ½, WS = ¼.
#[test]
fn ws_same_pattern_fails_for_masks_tied_over_layers() {
    let one = || Layer::Affine(Affine::new(dmatrix![q(1, 1)], dvector![q(0, 1)]).unwrap());
    let relu = || Layer::Unit(PiecewiseLinear::Relu);
    let layers = vec![Layer::dropout(1), one(), relu(), Layer::dropout(1), one(), relu()];
    let tied = Tied::new(Uniform::<Rational>::new(1), vec![0, 0]).unwrap();
    let x = dvector![Rational::one()];
    assert!(no_unit_switches(&layers, &x, &tied));
    let network = Mlp::new(1, layers).unwrap();
    assert!(rule_gives_the_mean_output(weight_scaling, &network, &x, &tied).is_err());
    assert_eq!(weight_scaling(&network, &x, &tied), dvector![q(1, 4)]);
}

/// Not necessary: relu(z) − relu(−z) = z is exact although both units switch.
#[test]
fn ws_same_pattern_is_not_necessary() {
    let (layers, x) = (one_hidden([1, 1, -1, -1], [-1, 1], [1, -1]), dvector![q(1, 1), q(1, 1)]);
    assert!(!no_unit_switches(&layers, &x, &Uniform::new(2)));
    let network = Mlp::new(2, layers).unwrap();
    rule_gives_the_mean_output(weight_scaling, &network, &x, &Uniform::new(2)).unwrap();
}
