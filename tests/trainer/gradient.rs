//! The mean gradient of the fast step over all masks is that of the enumerated objective.

use crate::cases::{Case, IDENTITY, RELU};
use crate::support::holds;
use dropout_oracle::data::Examples;
use dropout_oracle::kernel::InstructionSet;
use dropout_oracle::model::{Convention, HeadKind};
use dropout_oracle::network::{Activation, Network};
use dropout_oracle::train::objective::enumerated;
use dropout_oracle::train::{Decay, Training};
use dropout_oracle::trainer::{KeepProbability, Masks, State, Trainer};
use proptest::prelude::*;
use std::collections::HashSet;

/// Two inputs and four ReLU units, all dropped, one example, no momentum, learning rate 1: a step is minus the gradient.
fn six_units() -> Case {
    Case {
        inputs: 2,
        layers: vec![(Some(0.7), 4, RELU), (Some(0.4), 3, IDENTITY)],
        head: HeadKind::Softmax,
        convention: Convention::Inverted,
        training: Training::new(1 << 40).batch(1).learning_rate(1.0).momentum(0.0).decay(Decay::Constant).seed(11),
        rows: 1,
        set: InstructionSet::detect(),
    }
}

/// The mean of the gradient that `step` takes at the masks of the stream, each of them all weighted with its probability,
/// less that of the enumerated objective: the largest difference.
fn gap_to_the_enumerated_gradient(case: &Case, step: impl Fn(&Case, State<f64>) -> State<f64>) -> f64 {
    let model = case.model();
    let (inputs, targets) = case.rows();
    let examples = Examples::new(vec![inputs[0].clone().into()], vec![targets[0].clone().into()]).unwrap();
    let expected = enumerated(model.network(), model.head(), model.law(), &examples).unwrap().gradient;
    let start = Trainer::<f64>::new(&model, case.training.clone()).unwrap().state();
    let masks = Masks::new(case.training.seed);
    let mut mean: Vec<_> = expected.iter().map(|affine| affine.map(|_| 0.0)).collect();
    let (mut seen, all) = (HashSet::new(), 1 << model.network().units());
    for number in 0.. {
        let layers: Vec<_> = (case.dropout().into_iter())
            .map(|(keep, layer, width)| {
                let mask = masks.mask(number, layer, 0, KeepProbability::new(keep).unwrap(), width)[0];
                let kept = mask.count_ones() as i32;
                (mask, keep.powi(kept) * (1.0 - keep).powi(width as i32 - kept))
            })
            .collect();
        if seen.insert(layers.iter().map(|layer| layer.0).collect::<Vec<_>>()) {
            let weight: f64 = layers.iter().map(|layer| layer.1).product();
            let after = step(case, State { step: number, ..start.clone() });
            for ((mean, before), after) in mean.iter_mut().zip(&start.parameters).zip(&after.parameters) {
                mean.weight += (&before.weight - &after.weight) * weight;
                mean.bias += (&before.bias - &after.bias) * weight;
            }
        }
        if seen.len() == all {
            break;
        }
    }
    let gaps = mean.iter().zip(&expected).map(|(a, b)| (&a.weight - &b.weight).amax().max((&a.bias - &b.bias).amax()));
    gaps.fold(0.0, f64::max)
}

fn one_step(case: &Case, state: State<f64>) -> State<f64> {
    let mut trainer = Trainer::resume(&case.model(), state).unwrap();
    trainer.step_on(&case.data(), &[0]).unwrap();
    trainer.state()
}

/// Weights and gradients are below 8, and about 40 roundings lie on the way, in 64 terms of total weight 1.
const ROUNDING: f64 = 100.0 * 8.0 * f64::EPSILON;

#[test]
fn trainer_gradient_holds_on_average_over_all_masks() {
    let gap = gap_to_the_enumerated_gradient(&six_units(), one_step);
    assert!(gap < ROUNDING, "{gap:e}");
}

/// Up to three layers of any units and heads, at most six droppable units.
#[test]
fn trainer_gradient_holds_on_average_for_any_architecture() {
    let units = || prop::sample::select(vec![IDENTITY, RELU, Activation::Tanh, Activation::Logistic]);
    let layer = |most: usize| (prop::option::weighted(0.8, 0.3..0.7), 1..=most, units());
    let head = prop::sample::select(vec![HeadKind::Softmax, HeadKind::Bernoulli, HeadKind::Gaussian { variance: 0.5 }]);
    let cases = (
        1usize..=2,
        prop::collection::vec(layer(2), 1..=2),
        (prop::option::weighted(0.8, 0.3..0.7), 2usize..=3),
        head,
        any::<u64>(),
    )
        .prop_map(|(inputs, mut layers, (keep, outputs), head, seed)| {
            layers.push((keep, outputs, IDENTITY));
            let base = six_units();
            Case { inputs, layers, head, training: base.training.clone().seed(seed), ..base }
        });
    holds(24, cases, |case| {
        let gap = gap_to_the_enumerated_gradient(&case, one_step);
        prop_assert!(gap < ROUNDING, "{gap:e}");
        Ok(())
    });
}

#[test]
fn trainer_gradient_mutants_are_biased() {
    let no_scale = gap_to_the_enumerated_gradient(&six_units(), |case, state| {
        one_step(&Case { convention: Convention::Standard, ..case.clone() }, state)
    });
    let one_mask =
        gap_to_the_enumerated_gradient(&six_units(), |case, state| one_step(case, State { step: 0, ..state }));
    assert!(no_scale > 0.01 && one_mask > 0.01, "{no_scale} {one_mask}");
}
