//! Dropout as ridge regression on real data: 442 patients, 10 features, all 2^10 masks.

use dropout_oracle::data::diabetes;
use dropout_oracle::ensemble::expectation;
use dropout_oracle::law::{FiniteLaw, Independent};
use dropout_oracle::penalty::LeastSquares;
use dropout_oracle::{Rational, Scalar};
use nalgebra::{DMatrix, DVector};

const N: usize = diabetes::FEATURES.len();

/// KEEP probabilities, one a feature, all different.
fn keep<T: Scalar>() -> DVector<T> {
    DVector::from_fn(N, |j, _| T::ratio(j as i64 + 3, 16))
}

fn f64s(v: &DVector<Rational>) -> DVector<f64> {
    v.map(|x| Scalar::to_f64(&x))
}

fn ridge<T: Scalar>(problem: &LeastSquares<T>) -> DVector<T> {
    problem.ridge(&problem.ridge_coefficients(&keep()).unwrap()).unwrap()
}

/// The file is read as it was written: column sums, exactly.
#[test]
fn data_diabetes_is_read_exactly() {
    let problem = diabetes::load::<Rational>();
    let sums =
        [214450000, 6490000, 116581000, 418339800, 836000000, 510241000, 220065000, 17990500, 20515036, 403370000];
    for (j, sum) in sums.into_iter().enumerate() {
        assert_eq!(problem.inputs().column(j).sum(), Rational::ratio(sum, 10_000), "{}", diabetes::FEATURES[j]);
    }
    assert_eq!(problem.targets().sum(), Rational::ratio(67_243, 1));
    let rounded = diabetes::load::<f64>();
    assert_eq!(rounded.inputs(), &problem.inputs().map(|x| Scalar::to_f64(&x)));
}

/// By definition, in exact rationals: the normal equations of the mean loss, with the mean taken over all 1024 masks,
/// hold at p⁻¹∘w̃ for the ridge weights w̃.
#[test]
fn l2_minimiser_holds_exactly_on_real_data() {
    let (problem, law) = (diabetes::load::<Rational>(), Independent::new(keep()).unwrap());
    let w = ridge(&problem).component_div(&keep());
    let gram = problem.gram();
    // Xᵀy is minus the gradient at w = 0.
    let products = -problem.gradient(&DVector::zeros(N), &DVector::from_element(N, Rational::ONE)).unwrap();
    let gradient = |mu: &DVector<Rational>| {
        let kept = mu.component_mul(&w);
        let pull = DVector::from_fn(N, |i, _| dropout_oracle::scalar::dot(&gram.column(i).into_owned(), &kept));
        Ok((pull - &products).component_mul(mu))
    };
    assert_eq!(law.submodels().unwrap(), 1 << N);
    assert_eq!(expectation(&law, gradient).unwrap(), DVector::zeros(N));
    assert_eq!(problem.minimiser(&law).unwrap(), w);
}

/// A mutant on the same data: one coefficient for all features leaves a gradient.
#[test]
fn l2_minimiser_mutant_ignores_the_scale_of_the_features_of_real_data() {
    let (problem, law) = (diabetes::load::<f64>(), Independent::new(keep()).unwrap());
    let lambda = problem.ridge_coefficients(&keep()).unwrap();
    let mutant = problem.ridge(&DVector::from_element(N, lambda.mean())).unwrap().component_div(&keep());
    let right = ridge(&problem).component_div(&keep());
    assert!(mean_gradient(&problem, &law, &mutant) > 1e6 * mean_gradient(&problem, &law, &right));
}

/// The largest entry of the mean gradient over all masks, from the data, in units of the terms that cancel in it,
/// Σ_n x_nj (|y_n| + Σ_k x_nk |w_k|).
fn mean_gradient(problem: &LeastSquares<f64>, law: &Independent<f64>, w: &DVector<f64>) -> f64 {
    let gradient = expectation(law, |mu| problem.gradient(w, mu)).unwrap();
    let terms = problem.targets() + problem.inputs() * w.abs();
    let size = DVector::from_fn(N, |j, _| problem.inputs().column(j).dot(&terms));
    gradient.component_div(&size).amax()
}

/// In f64, by definition from the data: the mean over 1024 sub-models of their gradients vanishes at the ridge weights.
#[test]
fn l2_minimiser_holds_in_f64_on_real_data() {
    let (problem, law) = (diabetes::load::<f64>(), Independent::new(keep()).unwrap());
    let w = ridge(&problem).component_div(&keep());
    // In units of the terms: 11 + 442 roundings of a gradient and 10 of the tree; the 442 of each entry of G that the
    // weights were computed from; and Cholesky's backward error of 11 roundings of √(A_jj A_kk), up to 1/min p > 5
    // times G_jk. Together below 1000.
    assert!(mean_gradient(&problem, &law, &w) < 1000.0 * f64::EPSILON);
}

/// The enumerated loss and the closed form, in f64.
#[test]
fn l2_per_feature_holds_in_f64_on_real_data() {
    let (problem, law) = (diabetes::load::<f64>(), Independent::new(keep()).unwrap());
    let w = ridge(&problem).component_div(&keep());
    let (enumerated, closed) = (problem.expected_loss(&law, &w).unwrap(), problem.penalised_loss(&law, &w).unwrap());
    // Sums of 442 squares, none negative, and a tree of depth 10; the residuals' own roundings are relative to
    // |y| + Σ|x w|, at most 40 times a typical residual: 40·11 + 442 + 10 < 1000.
    approx::assert_relative_eq!(enumerated, closed, max_relative = 1000.0 * f64::EPSILON);
}

/// The f64 weights against the exact ones. Scaled by S = diag(A)^−½, A = G + diag λ becomes S A S with unit diagonal. With
/// all x > 0 its entries are known to γ_442 relative, and the least eigenvalue of S A S is at least min (1 − p), the part
/// of the diagonal that comes from λ, its largest at most 10. Cholesky's backward error is γ_11 in the same scaling
/// (Higham 2002, theorem 10.4 and 10.6): so ‖S⁻¹δw‖ ≤ (442 + 11·10)·10/min(1 − p)·u ‖S⁻¹w‖ up to a constant below 4.
#[test]
fn l2_minimiser_in_f64_is_the_exact_one_on_real_data() {
    let (exact, rounded) = (diabetes::load::<Rational>(), diabetes::load::<f64>());
    let (w, computed) = (f64s(&ridge(&exact)), ridge(&rounded));
    let a = rounded.gram().diagonal() + rounded.ridge_coefficients(&keep()).unwrap();
    let scale = a.map(|a| a.sqrt());
    let drop = keep::<f64>().map(|p| 1.0 - p).min();
    let bound = 4.0 * (442.0 + 110.0) * 10.0 / drop * (f64::EPSILON / 2.0) * w.component_mul(&scale).norm();
    let off = (&computed - &w).component_mul(&scale).norm();
    assert!(off <= bound, "{off:e} {bound:e}");
    // And nalgebra's Cholesky, within the same bound.
    let system = rounded.gram() + DMatrix::from_diagonal(&rounded.ridge_coefficients(&keep()).unwrap());
    let products = -rounded.gradient(&DVector::zeros(N), &DVector::from_element(N, 1.0)).unwrap();
    let other = system.cholesky().expect("positive definite").solve(&products);
    assert!((other - &w).component_mul(&scale).norm() <= bound);
}

/// The share of the variance of y that the weights explain.
fn explained(problem: &LeastSquares<f64>, w: &DVector<f64>) -> f64 {
    let mean = problem.targets().mean();
    1.0 - problem.loss(w).unwrap() / problem.targets().map(|y| (y - mean) * (y - mean)).sum()
}

/// What "determined by its variance" costs here: dropout with keep ½ fits the centred features with R² = .451, near the
/// .518 of least squares, and the same features in their units, at the same variances, with .138 (without an intercept
/// either way is given a centred y only in the first).
#[test]
fn l2_second_moment_decides_the_fit_on_real_data() {
    let raw = diabetes::load::<f64>();
    let inputs = DMatrix::from_fn(diabetes::PATIENTS, N, |n, j| raw.inputs()[(n, j)] - raw.inputs().column(j).mean());
    let centred = LeastSquares::new(inputs, raw.targets().map(|y| y - raw.targets().mean())).unwrap();
    let half = DVector::from_element(N, 0.5);
    let dropout = |problem: &LeastSquares<f64>| problem.ridge(&problem.ridge_coefficients(&half).unwrap()).unwrap();
    let plain = |problem: &LeastSquares<f64>| problem.ridge(&DVector::zeros(N)).unwrap();
    // Figures of an independent computation in NumPy, to the digits given.
    let digits = 5e-4;
    approx::assert_abs_diff_eq!(explained(&centred, &dropout(&centred)), 0.451, epsilon = digits);
    approx::assert_abs_diff_eq!(explained(&centred, &plain(&centred)), 0.518, epsilon = digits);
    approx::assert_abs_diff_eq!(explained(&raw, &dropout(&raw)), 0.138, epsilon = digits);
    approx::assert_abs_diff_eq!(explained(&raw, &plain(&raw)), 0.490, epsilon = digits);
}
