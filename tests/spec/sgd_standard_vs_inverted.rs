//! When training by standard and by inverted dropout is the same: V = pW throughout, for the weights V (inverted) and W
//! (standard) that leave dropped units.
//!
//! "Multiply the states by 2 instead" is the same function whatever the rates. The same *trajectory* needs a learning
//! rate p² times as large for V, with weight decay and max-norm to match; and Adam needs another map altogether.

use crate::support::*;
use dropout_oracle::head::{Gaussian, Head};
use dropout_oracle::law::{Independent, Law};
use dropout_oracle::network::{Affine, Layer, Mlp, PiecewiseLinear};
use dropout_oracle::{Mask, Rational, Real, Scalar};
use nalgebra::{DMatrix, DVector, dvector};
use num_traits::{One, Zero};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

const INPUTS: usize = 2;
const HIDDEN: usize = 2;

type Net<T> = Mlp<T, PiecewiseLinear>;

/// 2 inputs, 2 ReLU units, 1 output, with dropout at the input and at the hidden layer.
fn net<T: Scalar>(layers: &[Affine<T>; 2]) -> Net<T> {
    let [first, second] = layers.clone();
    let relu = Layer::Unit(PiecewiseLinear::Relu);
    let layers =
        vec![Layer::dropout(INPUTS), Layer::Affine(first), relu, Layer::dropout(HIDDEN), Layer::Affine(second)];
    Mlp::new(INPUTS, layers).unwrap()
}

/// The hyperparameters of one layer.
#[derive(Clone)]
struct Rates<T> {
    weights: T,
    bias: T,
    decay: T,
    /// Largest Euclidean norm of the weights into one unit, where there is such a limit.
    max_norm: Option<T>,
}

/// How the hyperparameters of standard dropout become those of inverted dropout, for a layer whose inputs are kept with
/// probability p.
type Translation<T> = fn(&Rates<T>, &T) -> Rates<T>;

/// The claim: lr p², bias lr as it is, decay 1/p², max-norm p.
fn translation<T: Scalar>(standard: &Rates<T>, p: &T) -> Rates<T> {
    let square = p.clone() * p.clone();
    Rates {
        weights: standard.weights.clone() * square.clone(),
        bias: standard.bias.clone(),
        decay: standard.decay.clone() / square,
        max_norm: standard.max_norm.clone().map(|c| c * p.clone()),
    }
}

/// Momentum gradient descent, one update: u ← βu + ∇ + decay·w, w ← w − lr·u, then the max-norm constraint.
fn descend<T: Scalar>(
    net: &mut Net<T>,
    velocity: &mut [Affine<T>],
    gradient: &[Affine<T>],
    rates: &[Rates<T>; 2],
    momentum: &T,
    project: fn(&mut DMatrix<T>, &T),
) {
    for (((affine, u), g), rates) in net.affine_mut().zip(velocity).zip(gradient).zip(rates) {
        u.weight = &u.weight * momentum.clone() + &g.weight + &affine.weight * rates.decay.clone();
        u.bias = &u.bias * momentum.clone() + &g.bias;
        affine.weight -= &u.weight * rates.weights.clone();
        affine.bias -= &u.bias * rates.bias.clone();
        if let Some(c) = &rates.max_norm {
            project(&mut affine.weight, c);
        }
    }
}

fn zeros<T: Scalar>(net: &Net<T>) -> Vec<Affine<T>> {
    net.affine().map(|affine| affine.map(|_| T::zero())).collect()
}

/// The gradient of the squared error ½(f − y)² of one sub-model.
fn gradient<T: Scalar>(net: &Net<T>, x: &DVector<T>, y: &DVector<T>, multipliers: &DVector<T>) -> Vec<Affine<T>> {
    let head = Gaussian::new(T::one()).unwrap();
    net.backpropagate(x, multipliers, |output| head.error(output, y)).unwrap().1
}

/// One example a step: input, target, mask over the four droppable units.
type Steps<T> = Vec<(DVector<T>, DVector<T>, DVector<T>)>;

/// Both trainings, step by step, with KEEP probability keep[l] at the input of layer l; V = pW and equal biases after
/// every step.
fn trajectories_agree<T: Scalar>(
    rule: Translation<T>,
    start: &[Affine<T>; 2],
    keep: &[T; 2],
    rates: &[Rates<T>; 2],
    momentum: &T,
    steps: &Steps<T>,
    project: fn(&mut DMatrix<T>, &T),
) -> TestCaseResult {
    let to_inverted =
        |affine: &Affine<T>, p: &T| Affine { weight: &affine.weight * p.clone(), bias: affine.bias.clone() };
    let inverted_start = [to_inverted(&start[0], &keep[0]), to_inverted(&start[1], &keep[1])];
    let inverted_rates = [rule(&rates[0], &keep[0]), rule(&rates[1], &keep[1])];
    let (mut standard, mut inverted) = (net(start), net(&inverted_start));
    let (mut standard_velocity, mut inverted_velocity) = (zeros(&standard), zeros(&inverted));
    for (x, y, mask) in steps {
        let scaled = DVector::from_fn(INPUTS + HIDDEN, |i, _| mask[i].clone() / keep[i / INPUTS].clone());
        let of_standard = gradient(&standard, x, y, mask);
        let of_inverted = gradient(&inverted, x, y, &scaled);
        descend(&mut standard, &mut standard_velocity, &of_standard, rates, momentum, project);
        descend(&mut inverted, &mut inverted_velocity, &of_inverted, &inverted_rates, momentum, project);
        for ((w, v), p) in standard.affine().zip(inverted.affine()).zip(keep) {
            prop_assert_eq!(&to_inverted(w, p), v);
        }
    }
    Ok(())
}

/// In exact rationals, without a constraint.
#[derive(Clone, Debug)]
struct Case {
    start: [Affine<Rational>; 2],
    keep: [Rational; 2],
    momentum: Rational,
    decay: Rational,
    steps: Steps<Rational>,
}

fn affine(outputs: usize, inputs: usize) -> impl Strategy<Value = Affine<Rational>> + Clone {
    (rational_matrix(outputs, inputs), rationals(outputs)).prop_map(|(w, b)| Affine::new(w, b).unwrap())
}

/// Three steps on generated masks, of which the first keeps every unit so that something is learnt.
fn cases() -> impl Strategy<Value = Case> + Clone {
    let fraction = |most: i64| (0..=most).prop_map(|n| q(n, 6));
    let mask = (0u64..16).prop_map(|bits| Mask::new(INPUTS + HIDDEN, bits).unwrap().multipliers());
    let all = Just(DVector::from_element(INPUTS + HIDDEN, Rational::one()));
    let small = |len| prop::collection::vec((-2i64..=2).prop_map(|n| q(n, 1)), len).prop_map(DVector::from_vec);
    let keep = || (1i64..=5).prop_map(|n| q(n, 6));
    (
        (affine(HIDDEN, INPUTS), affine(1, HIDDEN)),
        (keep(), keep()),
        (fraction(5), fraction(2)),
        (small(2 * 3), small(3)),
        (all, mask.clone(), mask),
    )
        .prop_map(|(start, keep, (momentum, decay), (x, y), masks)| {
            let masks = [masks.0, masks.1, masks.2].into_iter().enumerate();
            let steps = masks.map(|(t, mask)| (x.rows(2 * t, 2).into_owned(), y.rows(t, 1).into_owned(), mask));
            Case { start: start.into(), keep: keep.into(), momentum, decay, steps: steps.collect() }
        })
}

fn rule_keeps_the_trajectory(rule: Translation<Rational>, case: &Case) -> TestCaseResult {
    let rates = |lr| Rates { weights: q(1, lr), bias: q(1, 2 * lr), decay: case.decay.clone(), max_norm: None };
    let (rates, unconstrained) = ([rates(8), rates(4)], |_: &mut DMatrix<_>, _: &_| {});
    trajectories_agree(rule, &case.start, &case.keep, &rates, &case.momentum, &case.steps, unconstrained)
}

#[test]
fn sgd_standard_vs_inverted_holds_with_momentum_and_decay() {
    holds(24, cases(), |case| rule_keeps_the_trajectory(translation, &case));
}

#[test]
fn sgd_standard_vs_inverted_mutant_keeps_the_learning_rate() {
    refuted(24, cases(), |case| {
        rule_keeps_the_trajectory(|s, p| Rates { weights: s.weights.clone(), ..translation(s, p) }, &case)
    });
}

#[test]
fn sgd_standard_vs_inverted_mutant_scales_the_learning_rate_by_p() {
    refuted(24, cases(), |case| {
        rule_keeps_the_trajectory(|s, p| Rates { weights: s.weights.clone() * p.clone(), ..translation(s, p) }, &case)
    });
}

#[test]
fn sgd_standard_vs_inverted_mutant_scales_the_learning_rate_of_the_bias() {
    refuted(24, cases(), |case| {
        rule_keeps_the_trajectory(
            |s, p| Rates { bias: s.bias.clone() * p.clone() * p.clone(), ..translation(s, p) },
            &case,
        )
    });
}

#[test]
fn sgd_standard_vs_inverted_mutant_keeps_the_decay() {
    refuted(24, cases(), |case| {
        rule_keeps_the_trajectory(|s, p| Rates { decay: s.decay.clone(), ..translation(s, p) }, &case)
    });
}

// With p a power of two every product with p is exact in f64, so there too the trajectories agree to the last bit; that
// makes room for the square roots of max-norm and Adam.

/// Rows longer than c are scaled back to length c (Srivastava et al. 2014).
fn max_norm(weights: &mut DMatrix<f64>, c: &f64) {
    for mut row in weights.row_iter_mut() {
        let norm = Real::sqrt(row.iter().fold(0.0, |sum, w| sum + w * w));
        if norm > *c {
            row *= c / norm;
        }
    }
}

fn f64_start() -> [Affine<f64>; 2] {
    let layer = |rows, w: &[f64], b: &[f64]| {
        Affine::new(DMatrix::from_row_slice(rows, 2, w), DVector::from_row_slice(b)).unwrap()
    };
    [layer(HIDDEN, &[0.7, -1.1, 0.4, 0.9], &[0.3, 0.2]), layer(1, &[1.3, -0.6], &[-0.1])]
}

const KEEP: [f64; 2] = [0.5, 0.25];

/// Forty steps on a fixed stream of masks.
fn f64_steps() -> Steps<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let law = Independent::new(dvector![KEEP[0], KEEP[0], KEEP[1], KEEP[1]]).unwrap();
    let example = |t: usize| (dvector![1.0 + (t % 3) as f64, 0.5 - (t % 4) as f64], dvector![(t % 5) as f64]);
    (0..40).map(example).map(|(x, y)| (x, y, law.sample(&mut rng))).collect()
}

fn rule_keeps_the_constrained_trajectory(rule: Translation<f64>) -> TestCaseResult {
    let rates = Rates { weights: 0.1, bias: 0.05, decay: 0.01, max_norm: Some(1.2) };
    trajectories_agree(rule, &f64_start(), &KEEP, &[rates.clone(), rates], &0.9, &f64_steps(), max_norm)
}

#[test]
fn sgd_standard_vs_inverted_holds_with_max_norm_to_the_last_bit() {
    rule_keeps_the_constrained_trajectory(translation).unwrap();
}

#[test]
fn sgd_standard_vs_inverted_mutant_keeps_the_max_norm() {
    let same: Translation<f64> = |s, p| Rates { max_norm: s.max_norm, ..translation(s, p) };
    assert!(rule_keeps_the_constrained_trajectory(same).is_err());
}

/// Outside "all inputs of a unit are kept with the same probability" no max-norm for V matches: with keep (½, 1) the
/// limit 2.5 halves the rows (3, 4) and (5, 0) of W, but the norms of their images (1.5, 4) and (2.5, 0) must be halved
/// by limits that differ.
#[test]
fn sgd_standard_vs_inverted_fails_for_max_norm_over_unequal_keep_probabilities() {
    let image = |w: [f64; 2]| {
        let mut row = DMatrix::from_row_slice(1, 2, &w);
        max_norm(&mut row, &2.5);
        assert_eq!(row.as_slice(), [w[0] / 2.0, w[1] / 2.0]);
        DVector::from_row_slice(&[row[0] * 0.5, row[1]]).norm_squared()
    };
    assert_eq!((image([3.0, 4.0]), image([5.0, 0.0])), (0.75 * 0.75 + 4.0, 1.25 * 1.25));
}

/// Adam's own hyperparameters for a layer's weights.
#[derive(Clone, Copy)]
struct AdamRates {
    weights: f64,
    epsilon: f64,
}

/// Adam (Kingma and Ba 2015) with β = (0.9, 0.999) on the weights, and the plain learning rate 0.05 on the biases.
fn adam(start: &[Affine<f64>; 2], rates: [AdamRates; 2], multiplier: impl Fn(usize) -> f64) -> Vec<[DMatrix<f64>; 2]> {
    let mut net = net(start);
    let (mut first, mut second) = (zeros(&net), zeros(&net));
    let (mut decay1, mut decay2) = (1.0, 1.0);
    let mut path = Vec::new();
    for (x, y, mask) in f64_steps() {
        let scaled = DVector::from_fn(mask.len(), |i, _| mask[i] * multiplier(i / INPUTS));
        let g = gradient(&net, &x, &y, &scaled);
        decay1 *= 0.9;
        decay2 *= 0.999;
        for (l, affine) in net.affine_mut().enumerate() {
            first[l].weight = &first[l].weight * 0.9 + &g[l].weight * 0.1;
            second[l].weight = &second[l].weight * 0.999 + g[l].weight.component_mul(&g[l].weight) * 0.001;
            let AdamRates { weights, epsilon } = rates[l];
            affine.weight -= first[l].weight.zip_map(&second[l].weight, |m, s| {
                weights * (m / (1.0 - decay1)) / (Real::sqrt(s / (1.0 - decay2)) + epsilon)
            });
            affine.bias -= &g[l].bias * 0.05;
        }
        let weights: Vec<_> = net.affine().map(|affine| affine.weight.clone()).collect();
        path.push(weights.try_into().unwrap());
    }
    path
}

/// The largest |V − pW| along the way, where Adam's rates for V are `map` of those for W.
fn adam_gap(map: impl Fn(AdamRates, f64) -> AdamRates) -> f64 {
    let standard = AdamRates { weights: 0.05, epsilon: 1e-8 };
    let [first, second] = f64_start();
    let inverted = [
        Affine { weight: &first.weight * KEEP[0], bias: first.bias },
        Affine { weight: &second.weight * KEEP[1], bias: second.bias },
    ];
    let w = adam(&f64_start(), [standard; 2], |_| 1.0);
    let v = adam(&inverted, [map(standard, KEEP[0]), map(standard, KEEP[1])], |l| 1.0 / KEEP[l]);
    let gaps = w.iter().zip(&v).map(|(w, v)| (0..2).map(|l| (&v[l] - &w[l] * KEEP[l]).amax()).fold(0.0, f64::max));
    gaps.fold(0.0, f64::max)
}

/// Adam divides the scale of the gradient out, so p² is the wrong map, and so is the same rate …
#[test]
fn sgd_standard_vs_inverted_fails_for_adam() {
    let by_square = adam_gap(|s, p| AdamRates { weights: s.weights * p * p, ..s });
    let same = adam_gap(|s, _| s);
    // Weights of size 1, and the right map is off by nothing at all.
    assert!(by_square > 0.05 && same > 0.05, "{by_square} {same}");
}

/// … and the map that does keep Adam's trajectory is lr p and ε/p, again to the last bit.
#[test]
fn sgd_standard_vs_inverted_has_another_map_for_adam() {
    assert!(adam_gap(|s, p| AdamRates { weights: s.weights * p, epsilon: s.epsilon / p }).is_zero());
}
