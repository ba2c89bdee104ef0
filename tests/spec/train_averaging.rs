//! The exact averaging experiment, on a toy task small enough for every build.

use dropout_oracle::data::Examples;
use dropout_oracle::experiment::Averaging;
use dropout_oracle::experiment::averaging::{Predictor, Score, total_variation};
use dropout_oracle::train::Training;
use nalgebra::dvector;

/// Six points on a line, the sign their class: three to train on, three to test on.
fn toy() -> Examples {
    let inputs = [-3.0, -2.0, -1.0, 1.0, 2.0, 3.0].map(|x| dvector![x, 1.0]);
    Examples::classes(inputs.to_vec(), &[0, 0, 0, 1, 1, 1], 2).unwrap()
}

fn averaging() -> Averaging {
    Averaging { training: Training::new(50).batch(3).learning_rate(0.05), samples: vec![1, 4] }
}

#[test]
fn train_averaging_scores_every_predictor_and_every_sub_network() {
    use Predictor::{ArithmeticMean, GeometricMean, MonteCarlo, WeightScaling};
    let predictors = averaging().predictors();
    assert_eq!(predictors, [WeightScaling, GeometricMean, ArithmeticMean, MonteCarlo(1), MonteCarlo(4)]);
    let trial = averaging().trial(&toy(), 1).unwrap();
    let [_, geometric, arithmetic, ..] = trial.scores[..] else { panic!("five scores") };
    assert_eq!(trial.scores.len(), 5);
    assert_eq!((geometric.distance_to_geometric, arithmetic.distance_to_arithmetic), (0.0, 0.0));
    assert_eq!(geometric.distance_to_arithmetic, arithmetic.distance_to_geometric);
    assert_eq!((trial.tested, trial.submodels_wrong.len()), (3, 4096));
    // The mask that drops everything leaves the biases: it takes every example for the same class.
    let (_, test) = toy().split(3, 1).unwrap();
    let of_class_0 = test.targets().iter().filter(|y| y[0] == 1.0).count();
    assert!([of_class_0, 3 - of_class_0].contains(&trial.submodels_wrong[0]));
    assert!(trial.submodels_wrong.iter().all(|&wrong| wrong <= 3));
    let in_range = |score: &Score| (0.0..=1.0).contains(&score.error) && score.nll > 0.0 && score.nll.is_finite();
    assert!(trial.scores.iter().all(in_range));
}

#[test]
fn train_averaging_has_the_same_bits_for_any_number_of_threads() {
    let runs = [1, 2, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| averaging().trials(&toy(), 3, || ()).unwrap())
    });
    assert_eq!(runs[0].iter().map(|trial| trial.seed).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[0], runs[2]);
    assert_ne!(runs[0][0].scores, runs[0][1].scores, "seeds differ");
}

#[test]
fn train_averaging_measures_total_variation() {
    let (p, q) = (dvector![0.5, 0.25, 0.25], dvector![0.25, 0.5, 0.25]);
    assert_eq!(total_variation(&p, &q), 0.25);
    assert_eq!(total_variation(&p, &p), 0.0);
    assert_eq!(total_variation(&dvector![1.0, 0.0], &dvector![0.0, 1.0]), 1.0, "no more than 1");
}

#[test]
fn train_averaging_names_what_is_wrong() {
    let one = Examples::classes(vec![dvector![1.0]], &[0], 2).unwrap();
    assert!(averaging().trial(&one, 0).unwrap_err().to_string().contains("first part of 1 examples"));
    let none = Averaging { samples: vec![0], ..averaging() };
    assert!(none.trial(&toy(), 0).unwrap_err().to_string().contains("Monte Carlo"));
}
