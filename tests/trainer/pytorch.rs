//! A network trained by PyTorch with this trainer's masks goes the same way.
//!
//! `UPDATE=1 cargo test --test trainer pytorch_was` writes the job; tests/data/make_torch_trajectory.py has PyTorch do it.

use crate::agreement::in_f64;
use crate::bound::{self, roundoff};
use crate::cases::{Case, IDENTITY, RELU, numbers};
use crate::noise::Noise;
use dropout_oracle::data::Examples;
use dropout_oracle::kernel::InstructionSet;
use dropout_oracle::model::{Convention, HeadKind};
use dropout_oracle::network::Affine;
use dropout_oracle::train::objective::sampled;
use dropout_oracle::train::{Decay, Momentum, Training, constraint, regulariser};
use dropout_oracle::trainer::{Float, State, Trainer};
use nalgebra::{DMatrix, DVector};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const STEPS: u64 = 50;
const VARIANTS: [&str; 2] = ["classical", "nesterov"];

/// The learning rate is a power of two: PyTorch's momentum buffer times −η is then the velocity, to the bit.
fn case(variant: &str) -> Case {
    let training = Training::new(STEPS).learning_rate(1.0 / 16.0).momentum(0.5).decay(Decay::Constant).seed(6);
    let training = training.batch(10);
    Case {
        inputs: 8,
        layers: vec![(Some(0.8), 12, RELU), (Some(0.5), 8, RELU), (Some(0.5), 4, IDENTITY)],
        head: HeadKind::Softmax,
        convention: Convention::Inverted,
        training: if variant == "nesterov" { training.nesterov().l2(1.0 / 64.0).max_norm(1.375) } else { training },
        rows: 10,
        set: InstructionSet::detect(),
    }
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// What PyTorch is given: examples, weights, settings, and the masks as numbers whose bit i says whether unit i is kept.
fn job() -> String {
    let case = case("classical");
    let (inputs, targets) = case.rows();
    let classes: Vec<_> = targets.iter().map(|target| target.iter().position(|&y| y == 1.0)).collect();
    let model = case.model();
    let layer = |(affine, plan): (&Affine<f64>, &crate::cases::Plan)| {
        let rows: Vec<Vec<f64>> = affine.weight.row_iter().map(|row| row.iter().copied().collect()).collect();
        json!({ "keep": plan.0, "weight": rows, "bias": affine.bias.as_slice() })
    };
    let layers: Vec<_> = model.network().affine().zip(&case.layers).map(layer).collect();
    let bits = |units: &Vec<f64>| units.iter().rev().fold(0u64, |bits, &by| bits << 1 | u64::from(by != 0.0));
    let rows = |rows: &Vec<Vec<f64>>| rows.iter().map(bits).collect::<Vec<_>>();
    let step = |step| Noise::drawn(&case, step).units.iter().flatten().map(rows).collect::<Vec<_>>();
    let settings = VARIANTS.map(|variant| {
        let training = self::case(variant).training;
        let value = json!({
            "learning_rate": training.learning_rate,
            "momentum": training.momentum,
            "nesterov": training.nesterov,
            "l2": training.regularisers.l2,
            "max_norm": training.max_norm,
        });
        (variant.to_owned(), value)
    });
    let job = json!({
        "inputs": inputs,
        "classes": classes,
        "layers": layers,
        "settings": serde_json::Map::from_iter(settings),
        "masks": (0..STEPS).map(step).collect::<Vec<_>>(),
    });
    job.to_string() + "\n"
}

#[test]
fn pytorch_was_given_the_masks_of_the_trainer() {
    let path = path("torch_job.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, job()).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap() == job(), "tests/data/torch_job.json is another job");
}

/// The state of PyTorch's training after `step` steps.
fn torch<F: Float>(variant: &str, step: u64) -> State<f64> {
    let text = std::fs::read_to_string(path("torch_trajectory.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let digits = 2 * size_of::<F>();
    let layers = document["states"][variant][format!("float{}", 4 * digits)][step.to_string()].as_array().unwrap();
    let number = |hex: &[u8]| {
        let bits = u64::from_str_radix(str::from_utf8(hex).unwrap(), 16).unwrap();
        if digits == 8 { f64::from(f32::from_bits(bits as u32)) } else { f64::from_bits(bits) }
    };
    let read = |text: &Value| -> Vec<f64> { text.as_str().unwrap().as_bytes().chunks(digits).map(number).collect() };
    let affine = |weight: &str, bias: &str| -> Vec<Affine<f64>> {
        let affine = |layer: &Value| {
            let bias = read(&layer[bias]);
            let weight = read(&layer[weight]);
            Affine::new(DMatrix::from_row_slice(bias.len(), weight.len() / bias.len(), &weight), bias.into()).unwrap()
        };
        layers.iter().map(affine).collect()
    };
    State {
        training: case(variant).training,
        step,
        parameters: affine("weight", "bias"),
        velocities: affine("weight_velocity", "bias_velocity"),
    }
}

/// Each layer's weights (row by row), biases, and their velocities, as [`bound::step`] has them.
fn parts(state: &State<f64>) -> Vec<[Vec<f64>; 4]> {
    let by_row = |weight: &DMatrix<f64>| weight.transpose().as_slice().to_vec();
    let part = |affine: &Affine<f64>| [by_row(&affine.weight), affine.bias.as_slice().to_vec()];
    let layer = |(w, v): (&Affine<f64>, &Affine<f64>)| {
        let ([weights, biases], [velocities, of_biases]) = (part(w), part(v));
        [weights, biases, velocities, of_biases]
    };
    state.parameters.iter().zip(&state.velocities).map(layer).collect()
}

/// PyTorch's last step, from its own state before it: the reference's within the bound on the rounding of one step.
fn last_step_agrees<F: Float>(variant: &str, after: u64) -> bool {
    let case = case(variant);
    let before = torch::<F>(variant, STEPS - 1);
    let expected =
        bound::step(&case, &before, &Noise::drawn(&case, STEPS - 1), roundoff::<F>()).expect("no unit at its kink");
    let found = parts(&torch::<F>(variant, after));
    let mut pairs = expected.iter().flatten().flatten().zip(found.iter().flatten().flatten());
    pairs.all(|(near, found)| (near.value - found).abs() <= near.off)
}

#[test]
fn pytorch_step_is_the_reference_step() {
    for variant in VARIANTS {
        assert!(last_step_agrees::<f32>(variant, STEPS), "{variant}");
        assert!(last_step_agrees::<f64>(variant, STEPS), "{variant}");
        assert!(!last_step_agrees::<f32>(variant, STEPS - 1), "no step at all is refused");
    }
}

fn start<F: Float>(case: &Case) -> State<F> {
    Trainer::new(&case.model(), case.training.clone()).unwrap().state()
}

fn step<F: Float>(case: &Case, state: State<F>) -> State<F> {
    let mut trainer = Trainer::resume(&case.model(), state).unwrap();
    trainer.step_on(&case.data(), &(0..case.rows).collect::<Vec<_>>()).unwrap();
    trainer.state()
}

/// The weights after all steps of the optimised trainer.
fn optimised<F: Float>(case: &Case) -> Vec<Affine<f64>> {
    in_f64(&(0..STEPS).fold(start::<F>(case), |state, _| step(case, state))).parameters
}

/// The weights after all steps of the reference, at the same masks.
fn reference(case: &Case) -> Vec<Affine<f64>> {
    let (model, training) = (case.model(), &case.training);
    let (inputs, targets) = case.rows();
    let vectors = |rows: Vec<Vec<f64>>| rows.into_iter().map(DVector::from_vec).collect();
    let examples = Examples::new(vectors(inputs), vectors(targets)).unwrap();
    let rows: Vec<_> = (0..case.rows).collect();
    let mut network = model.network().clone();
    let mut momentum = Momentum::new(&network, training.momentum);
    if training.nesterov {
        momentum = momentum.nesterov();
    }
    for step in 0..STEPS {
        let noise = Noise::drawn(case, step);
        let multipliers = |row: usize| noise.of_row(row);
        let mut gradient = sampled(&network, model.head(), &examples, &rows, multipliers).unwrap().gradient;
        if let Some(strength) = training.regularisers.l2 {
            let penalty = regulariser::l2::penalty(&network, &strength).gradient;
            gradient.iter_mut().zip(penalty).for_each(|(g, penalty)| g.weight += penalty.weight);
        }
        momentum.step(&mut network, &gradient, training.learning_rate);
        if let Some(limit) = training.max_norm {
            network.affine_mut().for_each(|affine| constraint::max_norm(affine, limit));
        }
    }
    network.affine().cloned().collect()
}

/// The norm of the difference of two networks' parameters.
fn distance(one: &[Affine<f64>], other: &[Affine<f64>]) -> f64 {
    let square = |(a, b): (&Affine<f64>, &Affine<f64>)| {
        (&a.weight - &b.weight).norm_squared() + (&a.bias - &b.bias).norm_squared()
    };
    one.iter().zip(other).map(square).sum::<f64>().sqrt()
}

/// How far apart the ends of two trajectories may be whose steps each round as in `f32`.
///
/// Step t of either is the exact one up to δ with |δ| <= ε, entry by entry ([`bound::step`]). To first order δ arrives at
/// the end as Φ δ, with Φ the derivative of the steps that follow. Over all steps there are N numbers δ = ε c with
/// |c| <= 1, hence ‖c‖ <= √N, and the ends are at most 2 √N ‖Φ diag(ε)‖ apart, in the Frobenius norm. The square of that is
/// the mean square of what becomes of ε with random signs, which 16 trainings in `f64` measure. The mean of 16 squares of
/// one normal number, the least favourable case, falls below a quarter of its expectation with probability 3·10⁻⁴; hence
/// another factor of 2.
fn bound_on_distance(case: &Case) -> f64 {
    let mut states = vec![start::<f64>(case); 17];
    let mut count = 0;
    for number in 0..STEPS {
        let near =
            bound::step(case, &states[0], &Noise::drawn(case, number), roundoff::<f32>()).expect("no unit at its kink");
        count += near.iter().flatten().map(Vec::len).sum::<usize>();
        for (run, state) in states.iter_mut().enumerate() {
            *state = step(case, state.clone());
            if run > 0 {
                disturb(state, &near, 100 * number + run as u64);
            }
        }
    }
    let (still, disturbed) = states.split_first().expect("17 of them");
    let squares = disturbed.iter().map(|state| distance(&state.parameters, &still.parameters).powi(2));
    let norm = (squares.sum::<f64>() / disturbed.len() as f64).sqrt();
    2.0 * (count as f64).sqrt() * 2.0 * norm
}

/// Adds what each number may be off by, with random signs.
fn disturb(state: &mut State<f64>, near: &[[Vec<bound::Near>; 4]], seed: u64) {
    // As the parts come: of each layer the weights row by row and the biases, then the velocities in the same way.
    let offs: Vec<f64> = near.iter().flatten().flatten().map(|near| near.off).collect();
    let signs = numbers(offs.len(), seed);
    let mut changes = offs.iter().zip(&signs).map(|(off, sign)| off * sign.signum());
    let mut change = |number: &mut f64| *number += changes.next().expect("one a number");
    for (parameters, velocities) in state.parameters.iter_mut().zip(&mut state.velocities) {
        for affine in [parameters, velocities] {
            affine.weight.row_iter_mut().for_each(|mut row| row.iter_mut().for_each(&mut change));
            affine.bias.iter_mut().for_each(&mut change);
        }
    }
}

/// The reference, the optimised trainer and PyTorch end at the same network, in both number types; with the masks of
/// another seed they do not. The way they went is longer than either bound.
#[test]
fn pytorch_trajectory_is_that_of_both_trainers() {
    for variant in VARIANTS {
        let case = case(variant);
        let in_f32 = bound_on_distance(&case);
        // Every ε is in proportion to the unit roundoff.
        let in_f64 = in_f32 * roundoff::<f64>() / roundoff::<f32>();
        let (single, double) = (torch::<f32>(variant, STEPS).parameters, torch::<f64>(variant, STEPS).parameters);
        let reference = reference(&case);
        for (name, distance, most) in [
            ("optimised in f32", distance(&optimised::<f32>(&case), &single), in_f32),
            ("optimised in f64", distance(&optimised::<f64>(&case), &double), in_f64),
            ("reference, PyTorch in f32", distance(&reference, &single), in_f32),
            ("reference, PyTorch in f64", distance(&reference, &double), in_f64),
        ] {
            assert!(distance <= most, "{variant}, {name}: {distance:e} > {most:e}");
        }
        let way = distance(&start::<f64>(&case).parameters, &double);
        assert!(in_f32 < way, "{variant}: {in_f32:e} says nothing of a way of {way}");
        let other = Case { training: case.training.clone().seed(7), ..case.clone() };
        assert!(distance(&optimised::<f32>(&other), &single) > in_f32, "{variant}: masks of another seed");
    }
}

/// Each setting of the other variant changes the way by more than the bound.
#[test]
fn pytorch_trajectory_mutant_leaves_out_a_setting() {
    let case = case("nesterov");
    let in_f64 = bound_on_distance(&case) * roundoff::<f64>() / roundoff::<f32>();
    let double = torch::<f64>("nesterov", STEPS).parameters;
    let mutants: [fn(&mut Training); 3] = [
        |training| training.nesterov = false,
        |training| training.regularisers.l2 = None,
        |training| training.max_norm = None,
    ];
    for mutant in mutants {
        let mut other = case.clone();
        mutant(&mut other.training);
        assert!(distance(&reference(&other), &double) > in_f64);
        assert!(distance(&optimised::<f64>(&other), &double) > in_f64);
    }
}
