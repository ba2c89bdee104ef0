//! Linear regression ends at the ridge minimiser (claims l2.minimiser and l2.sgd-moments).

use dropout_oracle::law::Independent;
use dropout_oracle::model::{Convention, HeadKind, Model};
use dropout_oracle::network::{Affine, Layer, Mlp};
use dropout_oracle::penalty::LeastSquares;
use dropout_oracle::train::{Decay, Method, Training};
use dropout_oracle::trainer::{Data, Trainer};
use nalgebra::{DMatrix, DVector, dvector};
use std::ops::ControlFlow;

const KEEP: f64 = 0.5;
const RATE: f64 = 0.4;
const STEPS: u64 = 200;

/// Two examples of two inputs; the bias is a third one that always stays.
fn regression() -> ([DVector<f64>; 2], DVector<f64>) {
    ([dvector![1.0, -1.0, 1.0], dvector![1.0, 0.5, 1.0]], dvector![2.0, -1.0])
}

/// Where the trainer is after [`STEPS`] full-batch steps from zero, one seed after another.
fn ends(method: Method, chains: u64) -> Vec<DVector<f64>> {
    let affine = Affine::new(DMatrix::zeros(1, 2), dvector![0.0]).unwrap();
    let network = Mlp::new(2, vec![Layer::dropout(2), Layer::Affine(affine)]).unwrap();
    let head = HeadKind::Gaussian { variance: 1.0 };
    let model = Model::new(network, head, dvector![KEEP, KEEP], Convention::Standard).unwrap();
    let (x, y) = regression();
    let inputs = x.iter().flat_map(|x| [x[0], x[1]]).collect();
    let data = Data::new(inputs, 2, y.as_slice().to_vec(), 1).unwrap();
    let end = |seed| {
        let training = Training::new(STEPS).batch(2).learning_rate(RATE).momentum(0.0).decay(Decay::Constant);
        let mut trainer = Trainer::<f64>::new(&model, training.method(method).seed(seed)).unwrap();
        trainer.run(&data, |_| ControlFlow::Continue(())).unwrap();
        let affine = trainer.state().parameters.remove(0);
        dvector![affine.weight[0], affine.weight[1], affine.bias[0]]
    };
    (0..chains).map(end).collect()
}

/// Mean and covariance there, by recursion: under the masks μ of the rows the step is \(w \mapsto M w + v\) with
/// \(M = I - \tfrac\alpha2 \sum_r (\mu_r \circ x_r)(\mu_r \circ x_r)^\top\), and all 16 joint masks are equally probable.
fn moments() -> (DVector<f64>, DMatrix<f64>) {
    let (x, y) = regression();
    let steps: Vec<_> = (0..16u32)
        .map(|mask| {
            let dropped = |r: usize| {
                DVector::from_fn(3, |i, _| if i == 2 { 1.0 } else { f64::from(mask >> (2 * r + i) & 1) * x[r][i] })
            };
            let (a, b) = (dropped(0), dropped(1));
            let half = RATE / 2.0;
            let linear = DMatrix::identity(3, 3) - (&a * a.transpose() + &b * b.transpose()) * half;
            (linear, (a * y[0] + b * y[1]) * half)
        })
        .collect();
    let (mut mean, mut covariance) = (DVector::zeros(3), DMatrix::zeros(3, 3));
    for _ in 0..STEPS {
        let next = steps.iter().map(|(m, v)| m * &mean + v).sum::<DVector<f64>>() / 16.0;
        let spread = |(m, v): &(DMatrix<f64>, DVector<f64>)| {
            let off = m * &mean + v - &next;
            m * &covariance * m.transpose() + &off * off.transpose()
        };
        covariance = steps.iter().map(spread).sum::<DMatrix<f64>>() / 16.0;
        mean = next;
    }
    (mean, covariance)
}

/// The mean alone, which knows of the noise no more than its first two moments: normal multipliers have those of masks,
/// and so has one mask for both rows. 6.1 standard errors, as estimated from 400 ends.
#[test]
fn trainer_converges_to_the_ridge_minimiser_under_other_noise() {
    let mean = moments().0;
    for method in [Method::Gaussian, Method::DropConnect] {
        let ends = ends(method, 400);
        for i in 0..3 {
            let off: Vec<f64> = ends.iter().map(|end| end[i] - mean[i]).collect();
            let average = off.iter().sum::<f64>() / 400.0;
            let variance = off.iter().map(|off| (off - average) * (off - average)).sum::<f64>() / 400.0;
            assert!(average.abs() <= 6.1 * (variance / 400.0).sqrt(), "{method:?} {i}: {average} {variance}");
        }
    }
}

/// The mean of 400 independent ends is within 6.1 standard errors of the exact mean, and their variances within 6.1 of
/// the standard errors that their own fourth moments give: α = 1e−9 a coordinate each, by the normal approximation. The
/// exact mean is the ridge minimiser of l2.minimiser: what is left of the way is far below a standard error.
fn converges_to_the_minimiser(method: Method) -> bool {
    const CHAINS: u64 = 400;
    let ((mean, covariance), ends, (x, y)) = (moments(), ends(method, CHAINS), regression());
    let problem = LeastSquares::new(DMatrix::from_fn(2, 3, |r, i| x[r][i]), y).unwrap();
    let minimiser = problem.minimiser(&Independent::new(dvector![KEEP, KEEP, 1.0]).unwrap()).unwrap();
    let count = CHAINS as f64;
    (0..3).all(|i| {
        let moment = |k: i32| ends.iter().map(|end| (end[i] - mean[i]).powi(k)).sum::<f64>() / count;
        let (variance, error) = (covariance[(i, i)], (covariance[(i, i)] / count).sqrt());
        assert!(variance > 0.01 && (minimiser[i] - mean[i]).abs() < 0.01 * error);
        let spread = ((moment(4) - moment(2) * moment(2)).max(0.0) / count).sqrt();
        moment(1).abs() <= 6.1 * error && (moment(2) - variance).abs() <= 6.1 * spread
    })
}

#[test]
fn trainer_converges_to_the_ridge_minimiser_within_its_covariance() {
    assert!(converges_to_the_minimiser(Method::Dropout));
}

#[test]
fn trainer_mutant_without_dropout_converges_elsewhere() {
    assert!(!converges_to_the_minimiser(Method::Plain));
}
