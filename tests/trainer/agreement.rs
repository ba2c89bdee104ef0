//! Given its masks, every step of the trainer is the reference's, up to rounding.

use crate::bound::{self, Near, roundoff};
use crate::cases::{Case, cases};
use crate::support::{holds, refuted};
use dropout_oracle::data::Examples;
use dropout_oracle::model::Convention;
use dropout_oracle::train::objective::sampled;
use dropout_oracle::trainer::{Float, KeepProbability, State, Trainer};
use nalgebra::DVector;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// An implementation of a step on all rows of the case.
type Implementation<F> = fn(&Case, State<F>) -> State<F>;

/// The project's.
fn trainer<F: Float>(case: &Case, state: State<F>) -> State<F> {
    let mut trainer = Trainer::resume(&case.model(), state).unwrap().instruction_set(case.set).unwrap();
    trainer.step_on(&case.data(), &(0..case.rows).collect::<Vec<_>>()).unwrap();
    trainer.state()
}

fn start<F: Float>(case: &Case) -> State<F> {
    Trainer::new(&case.model(), case.training.clone()).unwrap().state()
}

pub fn in_f64<F: Float>(state: &State<F>) -> State<f64> {
    let map = |layers: &[dropout_oracle::network::Affine<F>]| {
        layers.iter().map(|affine| affine.map(|w| w.to_f64())).collect()
    };
    State {
        training: state.training.clone(),
        step: state.step,
        parameters: map(&state.parameters),
        velocities: map(&state.velocities),
    }
}

/// Which units the stream keeps, by layer and row; nothing without dropout.
pub fn masks(case: &Case, step: u64) -> Vec<Vec<Vec<bool>>> {
    let masks = dropout_oracle::trainer::Masks::new(case.training.seed);
    let mut all = vec![Vec::new(); case.layers.len()];
    for (keep, layer, width) in case.dropout() {
        let keep = KeepProbability::new(keep).unwrap();
        let row = |r| {
            let words = masks.mask(step, layer, r, keep, width);
            (0..width).map(|i| words[i / 64] >> (i % 64) & 1 == 1).collect()
        };
        all[layer] = (0..case.rows).map(row).collect();
    }
    all
}

/// Three steps, each held against the reference's step from where it started.
fn every_step_agrees<F: Float>(implementation: Implementation<F>, case: &Case) -> TestCaseResult {
    let mut state = start::<F>(case);
    for _ in 0..3 {
        let before = in_f64(&state);
        let expected = bound::step(case, &before, &masks(case, state.step), roundoff::<F>());
        state = implementation(case, state);
        let Some(expected) = expected else { return Ok(()) };
        let after = in_f64(&state);
        prop_assert_eq!(after.step, before.step + 1);
        for (l, expected) in expected.iter().enumerate() {
            let by_row = |weight: &nalgebra::DMatrix<f64>| weight.transpose().as_slice().to_vec();
            let (parameters, velocities) = (&after.parameters[l], &after.velocities[l]);
            let found = [
                by_row(&parameters.weight),
                parameters.bias.as_slice().to_vec(),
                by_row(&velocities.weight),
                velocities.bias.as_slice().to_vec(),
            ];
            for (part, (expected, found)) in expected.iter().zip(&found).enumerate() {
                for (i, (Near { value, off }, found)) in expected.iter().zip(found).enumerate() {
                    let gap = (value - found).abs();
                    prop_assert!(gap <= *off, "layer {l} part {part} entry {i}: {found} is not {value} ± {off:e}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn trainer_step_holds_against_the_reference_in_f32() {
    holds(96, cases(), |case| every_step_agrees::<f32>(trainer, &case));
}

#[test]
fn trainer_step_holds_against_the_reference_in_f64() {
    holds(48, cases(), |case| every_step_agrees::<f64>(trainer, &case));
}

/// The bound is about the gradient that the library's own backpropagation gives: its centre, with L2 and without a step
/// before, is θ − η (g + λ θ).
#[test]
fn trainer_bound_is_centred_at_the_reference() {
    let plain = cases().prop_map(|mut case| {
        case.training.max_norm = None;
        case.training.regularisers.l1 = None;
        case.training.nesterov = false;
        case
    });
    holds(48, plain, |case| {
        let (state, model) = (start::<f64>(&case), case.model());
        let masks = masks(&case, 0);
        let Some(centre) = bound::step(&case, &state, &masks, roundoff::<f64>()) else { return Ok(()) };
        let (inputs, targets) = case.rows();
        let vectors = |rows: Vec<Vec<f64>>| rows.into_iter().map(DVector::from_vec).collect();
        let examples = Examples::new(vectors(inputs), vectors(targets)).unwrap();
        let multipliers = |row: usize| {
            let layer = |&(keep, layer, _): &(f64, usize, usize)| {
                let scale = if case.convention == Convention::Inverted { 1.0 / keep } else { 1.0 };
                masks[layer][row].iter().map(move |&kept| f64::from(u8::from(kept)) * scale).collect::<Vec<_>>()
            };
            DVector::from_vec(case.dropout().iter().flat_map(layer).collect())
        };
        let rows: Vec<_> = (0..case.rows).collect();
        let gradient = sampled(model.network(), model.head(), &examples, &rows, multipliers).unwrap().gradient;
        let l2 = case.training.regularisers.l2.unwrap_or(0.0);
        for ((g, affine), centre) in gradient.iter().zip(&state.parameters).zip(&centre) {
            let theta = &affine.weight - (&g.weight + &affine.weight * l2) * case.training.learning_rate;
            for (theta, Near { value, off }) in theta.transpose().iter().zip(&centre[0]) {
                prop_assert!((theta - value).abs() <= *off, "{theta} {value} ± {off:e}");
            }
        }
        Ok(())
    });
}

/// A case changed before it is handed to the project's implementation.
fn as_if(case: &Case, state: State<f64>, change: impl Fn(&mut Case, &mut State<f64>)) -> State<f64> {
    let (mut other, mut changed, training, step) = (case.clone(), state.clone(), state.training, state.step);
    change(&mut other, &mut changed);
    State { training, step: step + 1, ..trainer(&other, changed) }
}

#[test]
fn trainer_step_mutant_draws_the_masks_of_another_step() {
    refuted(48, cases(), |mut case| {
        case.training.decay = dropout_oracle::train::Decay::Constant;
        every_step_agrees::<f64>(|case, state| as_if(case, state, |_, state| state.step += 1), &case)
    });
}

#[test]
fn trainer_step_mutant_draws_the_masks_of_another_seed() {
    refuted(48, cases(), |case| {
        every_step_agrees::<f64>(|case, state| as_if(case, state, |_, state| state.training.seed ^= 1), &case)
    });
}

#[test]
fn trainer_step_mutant_takes_the_other_convention() {
    refuted(48, cases(), |case| {
        every_step_agrees::<f64>(
            |case, state| {
                as_if(case, state, |case, _| {
                    case.convention = match case.convention {
                        Convention::Inverted => Convention::Standard,
                        Convention::Standard => Convention::Inverted,
                    }
                })
            },
            &case,
        )
    });
}

#[test]
fn trainer_step_mutant_forgets_the_velocity() {
    refuted(48, cases(), |case| {
        every_step_agrees::<f64>(
            |case, state| {
                as_if(case, state, |_, state| {
                    for velocity in &mut state.velocities {
                        velocity.weight.fill(0.0);
                        velocity.bias.fill(0.0);
                    }
                })
            },
            &case,
        )
    });
}

#[test]
fn trainer_step_mutant_takes_the_other_momentum() {
    refuted(48, cases(), |case| {
        every_step_agrees::<f64>(
            |case, state| as_if(case, state, |_, state| state.training.nesterov = !state.training.nesterov),
            &case,
        )
    });
}

#[test]
fn trainer_step_mutant_leaves_out_a_penalty_or_the_constraint() {
    let mutants: [Implementation<f64>; 3] = [
        |case, state| as_if(case, state, |_, state| state.training.regularisers.l2 = None),
        |case, state| as_if(case, state, |_, state| state.training.regularisers.l1 = None),
        |case, state| as_if(case, state, |_, state| state.training.max_norm = None),
    ];
    for mutant in mutants {
        refuted(48, cases(), |case| every_step_agrees::<f64>(mutant, &case));
    }
}
