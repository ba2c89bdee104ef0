//! From proof to program: the vectors that the evaluator extracted from the proofs computed, met exactly in rationals and
//! within the running error bound in `f64`.
//!
//! `proofs/README.md` describes the files. The expected values come from the very definitions that the theorems are about.

use dropout_oracle::certified::{Bounded, Interval};
use dropout_oracle::ensemble::expectation;
use dropout_oracle::ensemble::fold::multilinear_extension;
use dropout_oracle::head::{Gaussian, Head};
use dropout_oracle::law::{FiniteLaw, Independent, Law, Rescaled, Table, Tied};
use dropout_oracle::network::{Affine, Layer, Mlp, Network, PiecewiseLinear, deep_linear, softmax_regression};
use dropout_oracle::penalty::{LeastSquares, factorisation::hidden_penalty};
use dropout_oracle::{Mask, Rational, Scalar};
use nalgebra::{DMatrix, DVector};
use serde_json::Value;

/// Calls `check` on every case of an operation.
fn each(operation: &str, check: impl Fn(&Case)) {
    let path = format!("{}/proofs/vectors/{operation}.json", env!("CARGO_MANIFEST_DIR"));
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(file["format"], "dropout-oracle/proved-vectors-1");
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() >= 10, "{operation} has cases");
    cases.iter().for_each(|case| check(&Case(case.clone())));
}

/// One case, or one object in it.
struct Case(Value);

fn rational(value: &Value) -> Rational {
    value.as_str().expect("a string num/den").parse().expect("a rational")
}

fn vector(value: &Value) -> DVector<Rational> {
    DVector::from_vec(value.as_array().expect("an array").iter().map(rational).collect())
}

impl Case {
    fn number(&self, name: &str) -> Rational {
        rational(&self.0[name])
    }
    fn vector(&self, name: &str) -> DVector<Rational> {
        vector(&self.0[name])
    }
    fn rows(&self, name: &str) -> Vec<DVector<Rational>> {
        self.0[name].as_array().expect("an array of rows").iter().map(vector).collect()
    }
    fn matrix(&self, name: &str) -> DMatrix<Rational> {
        let rows: Vec<_> = self.rows(name).iter().map(|row| row.transpose()).collect();
        DMatrix::from_rows(&rows)
    }
    fn objects(&self, name: &str) -> Vec<Case> {
        self.0[name].as_array().expect("an array of objects").iter().cloned().map(Case).collect()
    }
    fn affine(&self) -> Affine<Rational> {
        Affine::new(self.matrix("weights"), self.vector("bias")).unwrap()
    }
    /// The joint law of the mask.
    fn law(&self) -> Table<Rational> {
        let mask = |mask: DVector<Rational>| {
            let bits = mask.iter().enumerate().map(|(i, m)| u64::from(*m == Rational::ONE) << i).sum();
            Mask::new(mask.len(), bits).unwrap()
        };
        let entries =
            self.objects("law").iter().map(|entry| (mask(entry.vector("mask")), entry.number("weight"))).collect();
        Table::new(entries).unwrap()
    }
}

/// E f(x, μ) = `mean` and f(x, E μ) = `scaled`, exactly, and within the bound that the `f64` computation carries.
fn mean_and_weight_scaling(
    network: &Mlp<Rational, PiecewiseLinear>,
    law: &impl FiniteLaw<Rational>,
    x: &DVector<Rational>,
    (mean, scaled): (&DVector<Rational>, &DVector<Rational>),
) {
    assert_eq!(expectation(law, |multipliers| network.output(x, multipliers)).unwrap(), *mean);
    assert_eq!(network.output(x, &law.mean()).unwrap(), *scaled);
}

/// The same for independent units in `f64`.
fn within_the_bound(
    network: &Mlp<Rational, PiecewiseLinear>,
    keep: &DVector<Rational>,
    x: &DVector<Rational>,
    mean: &DVector<Rational>,
) {
    let rounded = |q: &Rational| Bounded::nearest(Scalar::to_f64(q));
    let network = network.map(rounded);
    let law = Independent::new(keep.map(|p| rounded(&p))).unwrap();
    let x = x.map(|x| rounded(&x));
    let computed = expectation(&law, |multipliers| network.output(&x, multipliers)).unwrap();
    for (computed, exact) in computed.iter().zip(mean) {
        let (lo, hi) = (Interval::from(exact) - Interval::from(computed.value())).to_f64s();
        assert!(lo.abs().max(hi.abs()) <= computed.bound(), "{computed:?} against {exact}");
    }
}

#[test]
fn multilinear_fold_is_the_proved_one() {
    each("multilinear_fold", |case| {
        let (keep, values) = (case.vector("keep"), case.vector("values"));
        // There unit 0 is the most significant bit of the index, here the least.
        let n = keep.len();
        let reversed = |mask: usize| (0..n).map(|i| (mask >> i & 1) << (n - 1 - i)).sum::<usize>();
        let ours = (0..values.len()).map(|mask| values[reversed(mask)].clone()).collect();
        assert_eq!(multilinear_extension(ours, &keep).unwrap(), case.number("mean"));
    });
}

#[test]
fn softmax_logits_are_the_proved_ones() {
    each("softmax_logits", |case| {
        let network = softmax_regression(case.matrix("weights"), case.vector("bias")).unwrap();
        let (keep, x, mean) = (case.vector("keep"), case.vector("input"), case.vector("mean_logits"));
        let law = Independent::new(keep.clone()).unwrap();
        mean_and_weight_scaling(&network, &law, &x, (&mean, &case.vector("weight_scaled_logits")));
        within_the_bound(&network, &keep, &x, &mean);
    });
}

#[test]
fn softmax_logits_under_any_law_are_the_proved_ones() {
    each("softmax_logits_any_law", |case| {
        let network = softmax_regression(case.matrix("weights"), case.vector("bias")).unwrap();
        let law = case.law();
        assert_eq!(law.mean(), case.vector("mean_mask"));
        let expected = (&case.vector("mean_logits"), &case.vector("weight_scaled_logits"));
        mean_and_weight_scaling(&network, &law, &case.vector("input"), expected);
    });
}

/// All layers' keep probabilities, in the order of the units.
fn joined_keep(layers: &[Case]) -> DVector<Rational> {
    let keeps: Vec<_> = layers.iter().map(|layer| layer.vector("keep")).collect();
    DVector::from_vec(keeps.iter().flatten().cloned().collect())
}

#[test]
fn deep_linear_means_are_the_proved_ones() {
    each("deep_linear", |case| {
        let (layers, x) = (case.objects("layers"), case.vector("input"));
        let network = deep_linear(x.len(), layers.iter().map(Case::affine).collect()).unwrap();
        let (keep, mean) = (joined_keep(&layers), case.vector("mean_outputs"));
        let law = Independent::new(keep.clone()).unwrap();
        mean_and_weight_scaling(&network, &law, &x, (&mean, &case.vector("weight_scaled_outputs")));
        within_the_bound(&network, &keep, &x, &mean);
    });
}

#[test]
fn relu_network_means_are_the_proved_ones() {
    each("relu_network", |case| {
        let (specs, x) = (case.objects("layers"), case.vector("input"));
        let mut layers: Vec<_> = specs
            .iter()
            .flat_map(|layer| {
                [
                    Layer::dropout(layer.vector("keep").len()),
                    Layer::Affine(layer.affine()),
                    Layer::Unit(PiecewiseLinear::Relu),
                ]
            })
            .collect();
        layers.pop(); // the output is linear
        let network = Mlp::new(x.len(), layers).unwrap();
        let (keep, mean) = (joined_keep(&specs), case.vector("mean_outputs"));
        let law = Independent::new(keep.clone()).unwrap();
        mean_and_weight_scaling(&network, &law, &x, (&mean, &case.vector("weight_scaled_outputs")));
        within_the_bound(&network, &keep, &x, &mean);
    });
}

/// One step on half the squared error with weight decay, by the library's own back-propagation.
#[test]
fn sgd_steps_are_the_proved_ones() {
    each("sgd_step", |case| {
        let (keep, x, targets) = (case.number("keep"), case.vector("input"), case.vector("targets"));
        let (rate, bias_rate, decay) =
            (case.number("weight_rate"), case.number("bias_rate"), case.number("weight_decay"));
        let square = keep.clone() * keep.clone();
        let step = |weights: DMatrix<Rational>, multipliers: DVector<Rational>, rate: Rational, decay: Rational| {
            let affine = Affine::new(weights, case.vector("bias")).unwrap();
            let network = deep_linear(x.len(), vec![affine.clone()]).unwrap();
            let head = Gaussian::new(Rational::ONE).unwrap();
            let error = |output: &DVector<Rational>| head.error(output, &targets);
            let (_, gradient) = network.backpropagate(&x, &multipliers, error).unwrap();
            let slope = &gradient[0].weight + &affine.weight * decay;
            (&affine.weight - slope * rate, &affine.bias - &gradient[0].bias * bias_rate.clone())
        };
        let expected = |name: &str| {
            let layer = Case(case.0[name].clone());
            (layer.matrix("weights"), layer.vector("bias"))
        };
        let mask = case.vector("mask");
        let standard = step(case.matrix("weights"), mask.clone(), rate.clone(), decay.clone());
        assert_eq!(standard, expected("standard"));
        let inverted =
            step(case.matrix("weights") * keep.clone(), mask / keep.clone(), rate * square.clone(), decay / square);
        assert_eq!(inverted, expected("inverted"));
    });
}

/// The dropout loss by enumeration, and in closed form.
#[test]
fn linear_regression_losses_are_the_proved_ones() {
    let problem = |case: &Case| LeastSquares::new(case.matrix("inputs"), case.vector("targets")).unwrap();
    each("linear_regression", |case| {
        let (problem, weights) = (problem(case), case.vector("weights"));
        let law = Independent::new(case.vector("keep")).unwrap();
        assert_eq!(problem.expected_loss(&law, &weights).unwrap(), case.number("dropout_loss"));
        assert_eq!(problem.penalised_loss(&law, &weights).unwrap(), case.number("dropout_loss"));
        let at_mean = problem.loss(&weights.component_mul(law.keep())).unwrap();
        assert_eq!(at_mean, case.number("loss_at_mean"));
        assert_eq!(at_mean + case.number("penalty"), case.number("dropout_loss"));
        assert_eq!(problem.ridge_coefficients(law.keep()).unwrap(), case.vector("lambda"));
    });
    each("linear_regression_any_law", |case| {
        let (problem, weights, law) = (problem(case), case.vector("weights"), case.law());
        assert_eq!(law.mean(), case.vector("mean_mask"));
        assert_eq!(problem.expected_loss(&law, &weights).unwrap(), case.number("dropout_loss"));
        assert_eq!(problem.penalised_loss(&law, &weights).unwrap(), case.number("dropout_loss"));
    });
}

#[test]
fn factorisation_penalties_are_the_proved_ones() {
    each("factorisation", |case| {
        let (left, right) = (case.matrix("left"), case.matrix("right"));
        let identity = DMatrix::identity(right.nrows(), right.nrows());
        let keep = DVector::from_element(left.ncols(), case.number("keep"));
        assert_eq!(hidden_penalty(&left, &right, &identity, keep).unwrap(), case.number("penalty"));
        assert_eq!(case.number("plain_loss") + case.number("penalty"), case.number("dropout_loss"));
    });
}

/// The state of a scalar linear recurrence is the product of its multipliers.
#[test]
fn recurrent_moments_are_the_proved_ones() {
    each("recurrent", |case| {
        let (keep, steps) = (case.number("keep"), case.0["steps"].as_u64().unwrap() as usize);
        let moments = |law: &dyn FiniteLaw<Rational>| {
            expectation(law, |multipliers| {
                let state = multipliers.iter().fold(Rational::ONE, |state, m| state * m.clone());
                Ok(DVector::from_vec(vec![state.clone(), state.clone() * state]))
            })
            .unwrap()
        };
        let fresh = Rescaled::inverted(Independent::new(DVector::from_element(steps, keep.clone())).unwrap()).unwrap();
        assert_eq!(moments(&fresh)[0], case.number("fresh_mean"));
        assert_eq!(moments(&fresh)[1], case.number("fresh_second_moment"));
        let one = Rescaled::inverted(Independent::new(DVector::from_element(1, keep)).unwrap()).unwrap();
        assert_eq!(moments(&Tied::new(one, vec![0; steps]).unwrap())[0], case.number("tied_mean"));
    });
}
