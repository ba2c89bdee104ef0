//! Claim ws.deep-linear: without nonlinearities, and with masks that are independent from layer to layer, weight scaling
//! is exact.

use crate::mean_output::{
    Rule, drop_rates, mean_output, rule_gives_the_mean_output, scaled_output, unscaled, weight_scaling,
};
use crate::support::{any_law, holds, keeps, mean_over, q, rational_matrix, rationals, refuted};
use dropout_oracle::ensemble::Ensemble;
use dropout_oracle::head::{Gaussian, Softmax};
use dropout_oracle::law::{FiniteLaw, Independent, Law, Table, Tied, Uniform};
use dropout_oracle::network::{Affine, Network, deep_linear};
use dropout_oracle::{Mask, Rational, Scalar};
use nalgebra::{DVector, dmatrix, dvector};
use num_traits::One;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const WIDTH: usize = 2;

fn affine(outputs: usize) -> impl Strategy<Value = Affine<Rational>> + Clone {
    (rational_matrix(outputs, WIDTH), rationals(outputs)).prop_map(|(w, b)| Affine::new(w, b).unwrap())
}

/// The affine layers, all of width 2 but the last, and the input.
type Case = (Vec<Affine<Rational>>, DVector<Rational>);

fn nets(layers: usize, outputs: usize) -> impl Strategy<Value = Case> + Clone {
    (prop::collection::vec(affine(WIDTH), layers - 1), affine(outputs), rationals(WIDTH)).prop_map(
        |(mut layers, last, x)| {
            layers.push(last);
            (layers, x)
        },
    )
}

fn rule_is_exact(rule: Rule, (layers, x): &Case, law: &dyn FiniteLaw<Rational>) -> TestCaseResult {
    rule_gives_the_mean_output(rule, &deep_linear(WIDTH, layers.clone()).unwrap(), x, law)
}

fn with_independent_masks() -> impl Strategy<Value = (Case, DVector<Rational>)> + Clone {
    (nets(3, 2), keeps(3 * WIDTH))
}

#[test]
fn ws_deep_linear_holds_for_one_to_three_layers() {
    for layers in 1..=3 {
        holds(12, (nets(layers, 2), keeps(layers * WIDTH)), |(case, keep)| {
            rule_is_exact(weight_scaling, &case, &Independent::new(keep).unwrap())
        });
    }
}

/// The masks of two layers with any joint law each, drawn independently of one another. [`any_law`] lists all masks in the
/// order of their integers.
fn product(first: &Table<Rational>, second: &Table<Rational>) -> Table<Rational> {
    let masks = || 0..Mask::count(WIDTH).unwrap();
    let both = |(low, high)| {
        let mask = Mask::new(2 * WIDTH, low | high << WIDTH).unwrap();
        (mask, first.submodel(low).1 * second.submodel(high).1)
    };
    Table::new(itertools::iproduct!(masks(), masks()).map(both).collect()).unwrap()
}

/// Within a layer the masks may depend on each other in any way: no path through the net uses two of them.
#[test]
fn ws_deep_linear_holds_for_any_joint_law_within_each_layer() {
    holds(16, (nets(2, 2), any_law(WIDTH), any_law(WIDTH)), |(case, first, second)| {
        rule_is_exact(weight_scaling, &case, &product(&first, &second))
    });
}

/// Linear head: all three predictions are the mean prediction, and ln Z = −Σ Var/2σ².
#[test]
fn ws_deep_linear_holds_for_the_three_means_behind_a_linear_head() {
    holds(12, (nets(2, 2), keeps(2 * WIDTH)), |((layers, x), keep)| {
        let (network, law) = (deep_linear(WIDTH, layers).unwrap(), Independent::new(keep).unwrap());
        let head = Gaussian::new(q(3, 2)).unwrap();
        let prediction = Ensemble::new(&network, &head, &law).unwrap().predict(&x).unwrap();
        prop_assert_eq!(&prediction.weight_scaling, &prediction.arithmetic_mean);
        prop_assert_eq!(&prediction.weight_scaling, &prediction.geometric_mean.expected);
        let squares = mean_over(&law, |multipliers| {
            let deviation = network.output(&x, multipliers).unwrap() - &prediction.weight_scaling;
            dvector![dropout_oracle::scalar::dot(&deviation, &deviation)]
        });
        prop_assert_eq!(prediction.geometric_mean.log_mass, -squares[0].clone() / q(3, 1));
        Ok(())
    });
}

/// Softmax head: the geometric mean by definition, in f64.
#[test]
fn ws_deep_linear_holds_for_the_geometric_mean_behind_a_softmax() {
    holds(24, (nets(2, 3), keeps(2 * WIDTH)), |((layers, x), keep)| {
        let float = |v: &DVector<Rational>| v.map(|v| Scalar::to_f64(&v));
        let layers = layers.iter().map(|layer| layer.map(Scalar::to_f64)).collect();
        let (network, law) = (deep_linear(WIDTH, layers).unwrap(), Independent::new(float(&keep)).unwrap());
        let prediction = Ensemble::new(&network, &Softmax, &law).unwrap().predict(&float(&x)).unwrap();
        // Hidden numbers are at most 6·6·2 + 6 = 78, logits 6·78·2 + 6 < 1000: some 20 roundings each way.
        let gap = (prediction.geometric_mean.expected - prediction.weight_scaling).amax();
        prop_assert!(gap < 20.0 * 1000.0 * f64::EPSILON, "gap {gap:e}");
        Ok(())
    });
}

#[test]
fn ws_deep_linear_mutant_scales_by_the_drop_rates() {
    refuted(12, with_independent_masks(), |(case, keep)| {
        rule_is_exact(drop_rates, &case, &Independent::new(keep).unwrap())
    });
}

#[test]
fn ws_deep_linear_mutant_scales_the_output_and_its_bias() {
    refuted(12, with_independent_masks(), |(case, keep)| {
        rule_is_exact(scaled_output, &case, &Independent::new(keep).unwrap())
    });
}

#[test]
fn ws_deep_linear_mutant_does_not_scale() {
    refuted(12, with_independent_masks(), |(case, keep)| {
        rule_is_exact(unscaled, &case, &Independent::new(keep).unwrap())
    });
}

#[test]
fn ws_deep_linear_mutant_scales_the_first_layer_only() {
    fn first_layer_only(
        network: &dyn Network<Rational>,
        x: &DVector<Rational>,
        law: &dyn FiniteLaw<Rational>,
    ) -> DVector<Rational> {
        let mut scale = law.mean();
        scale.rows_mut(WIDTH, law.units() - WIDTH).fill(Rational::one());
        network.output(x, &scale).unwrap()
    }
    refuted(12, with_independent_masks(), |(case, keep)| {
        rule_is_exact(first_layer_only, &case, &Independent::new(keep).unwrap())
    });
}

/// One mask reused at T steps of a scalar product: E = p, while weight scaling gives p^T. At p = ½, T = 3: ½ against ⅛.
#[test]
fn ws_deep_linear_fails_for_tied_masks() {
    let step = Affine::new(dmatrix![q(1, 1)], dvector![q(0, 1)]).unwrap();
    for (numerator, steps) in itertools::iproduct!(1..4, 1..5) {
        let p = q(numerator, 4);
        let network = deep_linear(1, vec![step.clone(); steps]).unwrap();
        let tied = Tied::new(Independent::new(dvector![p.clone()]).unwrap(), vec![0; steps]).unwrap();
        assert_eq!(mean_output(&network, &dvector![q(1, 1)], &tied)[0], p);
        let power = (0..steps).fold(q(1, 1), |power, _| power * p.clone());
        assert_eq!(weight_scaling(&network, &dvector![q(1, 1)], &tied)[0], power);
        assert_eq!(power == p, steps == 1);
    }
    let (half, three) = (Tied::new(Uniform::<Rational>::new(1), vec![0; 3]).unwrap(), deep_linear(1, vec![step; 3]));
    let network = three.unwrap();
    assert_eq!(mean_output(&network, &dvector![q(1, 1)], &half)[0], q(1, 2));
    assert_eq!(weight_scaling(&network, &dvector![q(1, 1)], &half)[0], q(1, 8));
    assert_eq!(Law::<Rational>::mean(&half), DVector::from_element(3, q(1, 2)));
}

/// The arithmetic mean of the softmax is another one: logits (d₀d₁, 0) have mean ¼, and AM is not σ(¼).
#[test]
fn ws_deep_linear_fails_for_the_arithmetic_mean_behind_a_softmax() {
    let layers = vec![
        Affine::new(dmatrix![1.0], dvector![0.0]).unwrap(),
        Affine::new(dmatrix![1.0; 0.0], dvector![0.0, 0.0]).unwrap(),
    ];
    let (network, law) = (deep_linear(1, layers).unwrap(), Uniform::new(2));
    let prediction = Ensemble::new(&network, &Softmax, &law).unwrap().predict(&dvector![1.0]).unwrap();
    // ¾·½ + ¼·σ(1) = .557765 and σ(¼) = .562177, to six digits.
    approx::assert_relative_eq!(prediction.arithmetic_mean[0], 0.557765, epsilon = 1e-6);
    approx::assert_relative_eq!(prediction.weight_scaling[0], 0.562177, epsilon = 1e-6);
}
