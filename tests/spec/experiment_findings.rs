//! Findings of `dropout-oracle experiment`, small enough to be repeated by every test run: one network a seed, short
//! trainings, the same bits on every machine.

use dropout_oracle::experiment::{Experiment, Judged, Run};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use std::sync::LazyLock;

const SEEDS: u64 = 2;

/// A measure of an experiment's arm for each seed, with 16 units a layer, 150 steps and learning rate .05.
fn measured(experiment: &str, arm: &str, measure: usize) -> Vec<f64> {
    let run = Run::new(Experiment::named(experiment).unwrap(), true, SEEDS).steps(150);
    let (experiment, mut settings) = (run.experiment, run.settings.into_iter());
    let setting = settings.find(|setting| setting.name == arm).unwrap().hidden(&[16, 16]);
    let candidate = setting.candidates.iter().find(|candidate| candidate.label == "rate 0.05").unwrap();
    let chosen = setting.choose(candidate, Judged::Test);
    (0..SEEDS).map(|seed| (experiment.run)(&chosen, seed).unwrap()[measure]).collect()
}

/// Points of test error that the removal of half the hidden units adds.
static DAMAGE: LazyLock<[Vec<f64>; 2]> =
    LazyLock::new(|| ["dropout", "plain"].map(|arm| measured("co-adaptation", arm, 2)));

/// Mean activation of the first hidden layer.
static ACTIVATION: LazyLock<[Vec<f64>; 2]> =
    LazyLock::new(|| ["none", "additive"].map(|arm| measured("additive-or-multiplicative", arm, 1)));

/// The first arm is below the second for every seed.
fn check([first, second]: [&[f64]; 2]) -> TestCaseResult {
    prop_assert_eq!((first.len(), second.len()), (SEEDS as usize, SEEDS as usize));
    for (first, second) in first.iter().zip(second) {
        prop_assert!(first < second, "{first} and {second}");
    }
    Ok(())
}

#[test]
fn experiment_co_adaptation_holds_for_the_loss_of_half_the_units() {
    let [dropout, plain] = &*DAMAGE;
    check([dropout, plain]).unwrap();
}

#[test]
fn experiment_co_adaptation_mutant_without_dropout_is_refused() {
    let [_, plain] = &*DAMAGE;
    assert!(check([plain, plain]).is_err());
}

#[test]
fn experiment_additive_holds_for_the_mean_activation() {
    let [none, additive] = &*ACTIVATION;
    check([none, additive]).unwrap();
}

#[test]
fn experiment_additive_mutant_without_noise_is_refused() {
    let [none, _] = &*ACTIVATION;
    assert!(check([none, none]).is_err());
}

/// The objective that 20 examples' readout reaches, for each seed.
fn reached(arm: &str) -> Vec<f64> {
    let run = Run::new(Experiment::named("exact-objective").unwrap(), true, SEEDS).steps(150);
    let setting = run.settings.into_iter().find(|setting| setting.name == arm).unwrap().examples(20);
    let chosen = setting.choose(setting.candidates.last().unwrap(), Judged::Test);
    (0..SEEDS).map(|seed| (run.experiment.run)(&chosen, seed).unwrap()[0]).collect()
}

/// The exact objective of the trainings on itself, on its normal approximation and on samples.
static OBJECTIVE: LazyLock<[Vec<f64>; 3]> = LazyLock::new(|| ["exact", "fast dropout", "sampled"].map(reached));

/// Who minimises it has the least.
#[test]
fn experiment_exact_objective_holds_for_what_is_minimised() {
    let [exact, fast, sampled] = &*OBJECTIVE;
    check([exact, fast]).unwrap();
    check([exact, sampled]).unwrap();
}

#[test]
fn experiment_exact_objective_mutant_trained_on_the_approximation_is_refused() {
    let [exact, fast, _] = &*OBJECTIVE;
    assert!(check([fast, exact]).is_err());
}
