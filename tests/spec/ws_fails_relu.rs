//! Claim ws.fails-relu: relu(d₀ + d₁ − 1), the smallest net that weight scaling gets wrong, and what it does to decisions.

use crate::mean_output::{Rule, mean_output, rule_gives_the_mean_output, weight_scaling};
use crate::support::q;
use approx::assert_relative_eq;
use dropout_oracle::Rational;
use dropout_oracle::ensemble::Ensemble;
use dropout_oracle::head::Bernoulli;
use dropout_oracle::law::Uniform;
use dropout_oracle::network::{Affine, Layer, Mlp, PiecewiseLinear};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};

type Net = Mlp<Rational, PiecewiseLinear>;

/// One unit behind droppable inputs: unit(w·d + b).
fn one_unit(unit: PiecewiseLinear, weight: &[i64], bias: i64) -> Net {
    let weight = DMatrix::from_row_slice(1, weight.len(), &weight.iter().map(|&w| q(w, 1)).collect::<Vec<_>>());
    let affine = Affine::new(weight, dvector![q(bias, 1)]).unwrap();
    Mlp::new(affine.inputs(), vec![Layer::dropout(affine.inputs()), Layer::Affine(affine), Layer::Unit(unit)]).unwrap()
}

/// The claim as a check: at x = 1 and p = ½, the rule gives 0 for this unit while the mean is ¼.
fn rule_misses_a_quarter(rule: Rule, unit: PiecewiseLinear) -> bool {
    let (network, x, law) = (one_unit(unit, &[1, 1], -1), dvector![q(1, 1), q(1, 1)], Uniform::new(2));
    mean_output(&network, &x, &law) == dvector![q(1, 4)] && rule(&network, &x, &law) == dvector![q(0, 1)]
}

#[test]
fn ws_fails_relu_gives_0_for_a_mean_of_one_quarter() {
    assert!(rule_misses_a_quarter(weight_scaling, PiecewiseLinear::Relu));
}

/// The failure is the ReLU's: without it, the mean is 0 too.
#[test]
fn ws_fails_relu_mutant_has_no_relu() {
    assert!(!rule_misses_a_quarter(weight_scaling, PiecewiseLinear::Identity));
}

/// The failure is weight scaling's: averaging the sub-models gets ¼.
#[test]
fn ws_fails_relu_mutant_averages_the_sub_models() {
    assert!(!rule_misses_a_quarter(mean_output, PiecewiseLinear::Relu));
}

/// Smallest with weights and biases in {−1, 0, 1}: one droppable input never fails, and of the 27 units with two inputs
/// weight scaling misses exactly ±(d₀ − d₁) and d₀ + d₁ − 1 and −d₀ − d₁ + 1.
#[test]
fn ws_fails_relu_in_the_smallest_net_with_weights_of_at_most_1() {
    let fails = |weight: &[i64], bias| {
        let (network, x) =
            (one_unit(PiecewiseLinear::Relu, weight, bias), DVector::from_element(weight.len(), q(1, 1)));
        rule_gives_the_mean_output(weight_scaling, &network, &x, &Uniform::new(weight.len())).is_err()
    };
    let trits = -1..=1;
    assert!(itertools::iproduct!(trits.clone(), trits.clone()).all(|(w, b)| !fails(&[w], b)));
    let two = itertools::iproduct!(trits.clone(), trits.clone(), trits).filter(|&(w, v, b)| fails(&[w, v], b));
    assert_eq!(two.collect::<Vec<_>>(), [(-1, -1, 1), (-1, 1, 0), (1, -1, 0), (1, 1, -1)]);
    // With a weight of 2 a single input is enough: relu(2d − 1) has mean ½ and weight scaling gives 0.
    assert!(fails(&[2], -1));
}

/// The probabilities of class 1 under AM, NGM and WS, for the logit a·relu(d₀ + d₁ − 1) + b.
fn decisions(a: f64, b: f64) -> [f64; 3] {
    let network = Mlp::new(
        2,
        vec![
            Layer::dropout(2),
            Layer::Affine(Affine::new(dmatrix![1.0, 1.0], dvector![-1.0]).unwrap()),
            Layer::Unit(PiecewiseLinear::Relu),
            Layer::Affine(Affine::new(dmatrix![a], dvector![b]).unwrap()),
        ],
    )
    .unwrap();
    let law = Uniform::new(2);
    let prediction = Ensemble::new(&network, &Bernoulli, &law).unwrap().predict(&dvector![1.0, 1.0]).unwrap();
    [prediction.arithmetic_mean[0], prediction.geometric_mean.expected[0], prediction.weight_scaling[0]]
}

/// Logit 4h − ½: the mean logit is ½, weight scaling's −½.
#[test]
fn ws_fails_relu_and_decides_against_the_geometric_mean() {
    let [_, ngm, ws] = decisions(4.0, -0.5);
    assert!(ngm > 0.5 && ws < 0.5);
    assert_relative_eq!(ngm, 0.622459, epsilon = 1e-6); // σ(½), six digits
    assert_relative_eq!(ws, 0.377541, epsilon = 1e-6); // σ(−½)
}

/// Logit 8h − 1: the geometric mean says class 1 (mean logit 1), while weight scaling (logit −1) and the arithmetic mean
/// (.451) say class 0. So here weight scaling decides as AM does, although it stands for NGM.
#[test]
fn ws_fails_relu_while_the_arithmetic_mean_decides_alike() {
    let [am, ngm, ws] = decisions(8.0, -1.0);
    assert!(ngm > 0.5 && ws < 0.5 && am < 0.5);
    assert_relative_eq!(am, 0.451, epsilon = 5e-4); // the published three digits
    assert_relative_eq!(ngm, 0.731059, epsilon = 1e-6); // σ(1)
}
