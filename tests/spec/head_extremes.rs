//! Heads at the ends of the numbers: no NaN, and a named error where there is no answer.

use crate::submodels::{Submodels, no_input};
use dropout_oracle::Real;
use dropout_oracle::ensemble::Ensemble;
use dropout_oracle::head::{Bernoulli, Gaussian, GaussianWithVariance, Head, LogProbability, Poisson, Softmax};
use dropout_oracle::law::Uniform;
use dropout_oracle::network::{Network, linear_regression};
use itertools::{Itertools, iproduct};
use nalgebra::{DVector, dvector};

/// Everything that a head says about two sub-models and their geometric mean is a number.
fn says_no_nan(head: &impl LogProbability<f64>, z: &DVector<f64>, w: &DVector<f64>, y: &DVector<f64>) -> bool {
    let ngm = head.normalise(&((head.log_coordinates(z) + head.log_coordinates(w)) / 2.0)).unwrap();
    let vectors = [head.expected(z), head.error(z, y).unwrap(), head.log_coordinates(z), ngm.expected];
    let numbers = [head.loss(z, y).unwrap(), head.log_probability(z, y).unwrap(), ngm.log_mass];
    vectors.iter().flatten().chain(&numbers).all(|v| !v.is_nan())
}

/// Pairs of the numbers, as two outputs.
fn pairs(numbers: &[f64]) -> Vec<DVector<f64>> {
    iproduct!(numbers, numbers).map(|(a, b)| dvector![*a, *b]).collect()
}

/// All pairs of sub-models with outputs among 0, ±1, ±700 (for probabilities ±800 too, whose exponentials overflow).
#[test]
fn head_extremes_are_numbers() {
    let (rates, logits) = ([-700.0, -1.0, 0.0, 1.0, 700.0], [-800.0, -700.0, 0.0, 1.0, 700.0, 800.0]);
    let targets = pairs(&[0.0, 1.0]);
    for (z, w, y) in iproduct!(pairs(&logits), pairs(&logits), &targets) {
        assert!(says_no_nan(&Softmax, &z, &w, y), "{z} {w} {y}");
        assert!(says_no_nan(&Bernoulli, &z, &w, y), "{z} {w} {y}");
    }
    for (z, w, y) in iproduct!(pairs(&rates), pairs(&rates), &targets) {
        assert!(says_no_nan(&Poisson, &z, &w, y), "{z} {w} {y}");
        assert!(says_no_nan(&Gaussian::new(1e-300).unwrap(), &z, &w, y), "{z} {w} {y}");
        assert!(says_no_nan(&Gaussian::new(1e300).unwrap(), &z, &w, y), "{z} {w} {y}");
    }
    let variances = [1e-300, 1.0, 1e300];
    let normal = iproduct!(rates, variances).map(|(m, v)| dvector![m, v]).collect_vec();
    for (z, w, y) in iproduct!(&normal, &normal, [-1.0, 0.0, 700.0]) {
        assert!(says_no_nan(&GaussianWithVariance, z, w, &dvector![y]), "{z} {w} {y}");
    }
}

/// The formula as it is written overflows.
#[test]
fn head_extremes_mutant_divides_exponentials() {
    let naive = |z: &DVector<f64>| z.map(Real::exp) / z.map(Real::exp).sum();
    assert!(naive(&dvector![800.0, 0.0]).iter().any(|p| p.is_nan()));
    assert_eq!(Softmax.expected(&dvector![800.0, 0.0]).as_slice(), [1.0, Real::exp(-800.0)]);
}

/// The probabilities of answers that are all but certain, to the last digit: e^−700 and not 1 − 1.
#[test]
fn head_extremes_keep_their_digits() {
    let small = Real::exp(-700f64);
    assert_eq!(Bernoulli.expected(&dvector![-700.0, 700.0]).as_slice(), [small, 1.0]);
    assert_eq!(Bernoulli.loss(&dvector![700.0], &dvector![1.0]).unwrap(), small);
    assert_eq!(Bernoulli.loss(&dvector![700.0], &dvector![0.0]).unwrap(), 700.0);
    assert_eq!(Softmax.loss(&dvector![700.0, 0.0], &dvector![0.0, 1.0]).unwrap(), 700.0);
}

fn check_text<H: Head<f64>>(head: H, outputs: usize) -> String {
    head.check(outputs).expect_err("it does not fit").to_string()
}

#[test]
fn head_errors_for_outputs_that_do_not_fit() {
    assert_eq!(
        check_text(Softmax, 1),
        "number of classes of a softmax is 1; it must be at least 2 (one logit is a Bernoulli head)"
    );
    assert_eq!(check_text(Bernoulli, 0), "logits of a Bernoulli head: expected 1, found 0");
    assert_eq!(check_text(Poisson, 0), "log rates of a Poisson head: expected 1, found 0");
    assert_eq!(check_text(Gaussian::new(1.0).unwrap(), 0), "means of a Gaussian head: expected 1, found 0");
    for outputs in [0, 3] {
        assert_eq!(
            check_text(GaussianWithVariance, outputs),
            format!(
                "outputs of a Gaussian head with its own variances is {outputs}; it must be an even number: the means, \
                 then as many variances"
            )
        );
    }
    let network = linear_regression(dvector![1.0], 0.0).unwrap();
    assert!(Ensemble::new::<f64>(&network, &Softmax, &Uniform::new(1)).is_err());
}

#[test]
fn head_errors_for_variances_that_are_none() {
    for (value, shown) in [(0.0, "0"), (-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        assert_eq!(
            Gaussian::new(value).unwrap_err().to_string(),
            format!("variance of a Gaussian head is {shown}; it must be positive and finite")
        );
    }
    // Under one of two sub-models.
    let law = Uniform::new(1);
    for variance in [0.0, -1.0, -4.0, f64::NAN] {
        let submodels = Submodels(vec![dvector![0.0, 2.0], dvector![1.0, variance]]);
        let error = Ensemble::new(&submodels, &GaussianWithVariance, &law).unwrap().geometric_mean(&no_input());
        assert_eq!(
            error.unwrap_err().to_string(),
            "variance of a Gaussian head with its own variances is zero, negative or not a number under some sub-model; \
             it must be positive and finite under every one",
            "{variance}"
        );
    }
}

#[test]
fn head_errors_for_rates_beyond_the_largest_number() {
    let submodels = Submodels(vec![dvector![0.0], dvector![800.0]]);
    let law = Uniform::new(1);
    let error = Ensemble::new(&submodels, &Poisson, &law).unwrap().geometric_mean(&no_input()).unwrap_err();
    assert_eq!(error.to_string(), "the mean rate of a Poisson head is inf; every number must be finite");
}

/// Inputs, outputs and targets that are no numbers are named, not carried on.
#[test]
fn head_errors_for_inputs_and_targets_that_are_no_numbers() {
    let network = linear_regression(dvector![1e308, 1e308], 0.0).unwrap();
    let (head, law) = (Gaussian::new(1.0).unwrap(), Uniform::new(2));
    let ensemble = Ensemble::new(&network, &head, &law).unwrap();
    let text = |x: DVector<f64>| ensemble.predict(&x).unwrap_err().to_string();
    assert_eq!(text(dvector![f64::NAN, 0.0]), "an input of the network is NaN; every number must be finite");
    assert_eq!(text(dvector![1.0, 1.0]), "an output of the network is inf; every number must be finite");
    assert_eq!(text(dvector![1.0]), "inputs of the network: expected 2, found 1");
    assert!(network.output(&dvector![0.0, 0.0], &dvector![1.0]).is_err());
    let text = |y: DVector<f64>| ensemble.decomposition(&dvector![0.0, 0.0], &y).unwrap_err().to_string();
    assert_eq!(text(dvector![0.0, 0.0]), "entries of the target: expected 1, found 2");
    assert_eq!(text(dvector![f64::NAN]), "an entry of the target is NaN; every number must be finite");
    let log_mean = ensemble.log_arithmetic_mean(&dvector![0.0, 0.0], &dvector![]);
    assert_eq!(log_mean.unwrap_err().to_string(), "entries of the target: expected 1, found 0");
}

/// Every head asks for as many entries of y as it has: without that the gradient would panic and the loss leave some out.
#[test]
fn head_errors_for_targets_of_another_length() {
    let heads: [&dyn LogProbability<f64>; 5] =
        [&Softmax, &Bernoulli, &Poisson, &Gaussian::new(1.0).unwrap(), &GaussianWithVariance];
    for head in heads {
        let output = dvector![1.0, 2.0];
        let expected = head.targets(2);
        let why = format!("entries of the target: expected {expected}, found 3");
        let target = dvector![0.0, 1.0, 0.0];
        assert_eq!(head.loss(&output, &target).unwrap_err().to_string(), why);
        assert_eq!(head.error(&output, &target).unwrap_err().to_string(), why);
        assert_eq!(head.log_probability(&output, &target).unwrap_err().to_string(), why);
        assert!(head.loss(&output, &DVector::zeros(expected)).is_ok());
    }
}
