//! Given its masks, every step of the trainer is the reference's, up to rounding.

use crate::bound::{self, Near, roundoff};
use crate::cases::{Case, RELU, cases, small_ensembles};
use crate::noise::Noise;
use crate::support::{holds, refuted};
use dropout_oracle::data::Examples;
use dropout_oracle::model::Convention;
use dropout_oracle::network::{Activation, Network};
use dropout_oracle::train::regulariser::{l1, l2};
use dropout_oracle::train::{Method, dropconnect};
use dropout_oracle::trainer::{Float, State, Trainer};
use nalgebra::DVector;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// An implementation of a step on all rows of the case.
type Implementation<F> = fn(&Case, State<F>) -> State<F>;

/// The project's.
fn trainer<F: Float>(case: &Case, state: State<F>) -> State<F> {
    let mut trainer = Trainer::resume(&case.model(), state).unwrap().with_instructions(case.set);
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

/// Three steps, each held against the reference's step from where it started.
fn every_step_agrees<F: Float>(implementation: Implementation<F>, case: &Case) -> TestCaseResult {
    let mut state = start::<F>(case);
    for _ in 0..3 {
        let before = in_f64(&state);
        let expected = bound::step(case, &before, &Noise::drawn(case, state.step), roundoff::<F>());
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

#[test]
fn trainer_boosting_step_holds_against_the_enumerated_ensemble() {
    holds(48, small_ensembles(), |case| every_step_agrees::<f64>(trainer, &case));
    holds(24, small_ensembles(), |case| every_step_agrees::<f32>(trainer, &case));
}

/// Also where the network ends with units: what is judged is their output.
#[test]
fn trainer_step_holds_where_the_last_layer_is_not_linear() {
    let units = prop::sample::select(vec![RELU, Activation::Tanh, Activation::Logistic]);
    holds(24, (cases(), units), |(mut case, units)| {
        case.layers.last_mut().unwrap().2 = units;
        every_step_agrees::<f64>(trainer, &case)
    });
}

/// The bound is about the gradient that the library's own definitions give: its centre, without a step before, is
/// θ − η g.
#[test]
fn trainer_bound_is_centred_at_the_reference() {
    let cases = prop_oneof![2 => cases(), 1 => small_ensembles()].prop_map(|mut case| {
        case.training.max_norm = None;
        case.training.nesterov = false;
        case
    });
    holds(64, cases, |case| {
        let (state, model, noise) = (start::<f64>(&case), case.model(), Noise::drawn(&case, 0));
        let Some(centre) = bound::step(&case, &state, &noise, roundoff::<f64>()) else { return Ok(()) };
        let (inputs, targets) = case.rows();
        let vectors = |rows: Vec<Vec<f64>>| rows.into_iter().map(DVector::from_vec).collect();
        let examples = Examples::new(vectors(inputs), vectors(targets)).unwrap();
        let (method, penalties) = (case.training.method, case.training.regularisers);
        let multipliers =
            |row: usize| if method == Method::DropConnect { noise.of_weights() } else { noise.of_row(row) };
        let (rows, network) = ((0..case.rows).collect::<Vec<_>>(), model.network());
        let mut parts = vec![
            method.sampled(network, model.head(), model.law(), &examples, &rows, multipliers).unwrap(),
            l2::penalty(network, &penalties.l2.unwrap_or(0.0)),
            l1::penalty(network, &penalties.l1.unwrap_or(0.0)),
        ];
        if let Some(sparsity) = penalties.sparsity {
            parts.push(
                match method {
                    Method::DropConnect => dropconnect::through(network, &multipliers(0), |network| {
                        let all = DVector::from_element(network.units(), 1.0);
                        sparsity.penalty(network, &examples, &rows, |_| all.clone())
                    }),
                    _ => sparsity.penalty(network, &examples, &rows, multipliers),
                }
                .unwrap(),
            );
        }
        for (l, (affine, centre)) in state.parameters.iter().zip(&centre).enumerate() {
            let gradient = parts.iter().fold(affine.weight.map(|_| 0.0), |sum, part| sum + &part.gradient[l].weight);
            let theta = &affine.weight - gradient * case.training.learning_rate;
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
    let mutants: [Implementation<f64>; 4] = [
        |case, state| as_if(case, state, |_, state| state.training.regularisers.l2 = None),
        |case, state| as_if(case, state, |_, state| state.training.regularisers.l1 = None),
        |case, state| as_if(case, state, |_, state| state.training.max_norm = None),
        |case, state| as_if(case, state, |_, state| state.training.regularisers.sparsity = None),
    ];
    for mutant in mutants {
        refuted(48, cases(), |case| every_step_agrees::<f64>(mutant, &case));
    }
}

/// Every method is told from its neighbours: the noise of units from that of weights, the masks from the normal numbers,
/// the ensemble's error from the sub-model's and from weight scaling's.
#[test]
fn trainer_step_mutants_take_another_method() {
    let of = |method: Method| {
        cases().prop_map(move |mut case| {
            case.training.method = method;
            case
        })
    };
    fn as_method<const METHOD: usize>(case: &Case, state: State<f64>) -> State<f64> {
        const METHODS: [Method; 4] =
            [Method::Plain, Method::Dropout, Method::DropConnect, Method::BoostingWeightScaled];
        as_if(case, state, |_, state| state.training.method = METHODS[METHOD])
    }
    let refuted_by = |method, mutant| refuted(24, of(method), |case| every_step_agrees::<f64>(mutant, &case));
    refuted_by(Method::Gaussian, as_method::<1>);
    refuted_by(Method::Gaussian, as_method::<0>);
    refuted_by(Method::DropConnect, as_method::<1>);
    refuted_by(Method::Dropout, as_method::<2>);
    refuted_by(Method::BoostingWeightScaled, as_method::<1>);
    for mutant in [as_method::<1>, as_method::<3>] {
        refuted(24, small_ensembles(), |case| every_step_agrees::<f64>(mutant, &case));
    }
}
