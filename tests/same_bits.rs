//! The same bits for any number of threads: means over masks are added along one tree, whoever adds.

use dropout_oracle::ensemble::{Ensemble, expectation};
use dropout_oracle::head::{Bernoulli, Gaussian, GaussianWithVariance, Head, Poisson, Softmax};
use dropout_oracle::law::{FiniteLaw, FixedCount, Independent, Law, NonEmpty, Rescaled, Table, Tied, Uniform};
use dropout_oracle::network::{Activation, Affine, Layer, Mlp, Network, PiecewiseLinear};
use dropout_oracle::{Mask, Scalar};
use nalgebra::{DMatrix, DVector, dvector};
use rayon::ThreadPoolBuilder;

const UNITS: usize = 8;

/// Numbers with long mantissas.
fn weight(rows: usize, columns: usize) -> DMatrix<f64> {
    DMatrix::from_fn(rows, columns, |i, j| 1.0 / (3 * i + 7 * j + 3) as f64 - 0.1 * (i as f64 - j as f64 + 0.3))
}

/// 4 inputs and 4 hidden units that can be dropped, and two outputs in (0, 1), which can be variances.
fn network() -> Mlp<f64> {
    let layers = vec![
        Layer::dropout(4),
        Layer::Affine(Affine::new(weight(4, 4), dvector![0.1, -0.2, 0.3, 0.7]).unwrap()),
        Layer::Unit(PiecewiseLinear::Relu.into()),
        Layer::dropout(4),
        Layer::Affine(Affine::new(weight(2, 4), dvector![0.4, -0.9]).unwrap()),
        Layer::Unit(Activation::Logistic),
    ];
    Mlp::new(4, layers).unwrap()
}

fn input() -> DVector<f64> {
    dvector![0.3, -1.7, 0.9, 2.2]
}

/// One law of every kind over 8 units, all but two with more sub-models than one thread adds alone.
fn laws() -> Vec<Box<dyn FiniteLaw<f64>>> {
    let keep = DVector::from_fn(UNITS, |i, _| 0.3 + 0.07 * i as f64);
    let independent = Independent::new(keep).unwrap();
    let weights = Mask::all(UNITS).unwrap().map(|mask| (mask, (mask.bits() + 1) as f64 / (128.0 * 257.0)));
    vec![
        Box::new(Uniform::new(UNITS)),
        Box::new(FixedCount::new(UNITS, 3).unwrap()),
        Box::new(Tied::new(independent.clone(), vec![7, 6, 5, 4, 3, 2, 1, 0]).unwrap()),
        Box::new(Table::new(weights.collect()).unwrap()),
        Box::new(NonEmpty::new(independent.clone()).unwrap()),
        Box::new(Rescaled::inverted(independent.clone()).unwrap()),
        Box::new(independent),
    ]
}

/// Everything that `predict` says, as bits.
fn bits<H: Head<f64>>(head: &H, law: &dyn FiniteLaw<f64>) -> Vec<u64> {
    let (network, x) = (network(), input());
    let prediction = Ensemble::new::<f64>(&network, head, law).unwrap().predict(&x).unwrap();
    let ngm = prediction.geometric_mean;
    let parts = [prediction.arithmetic_mean, ngm.expected, dvector![ngm.log_mass], prediction.weight_scaling];
    parts.iter().flat_map(|part| part.iter().map(|v| v.to_bits())).collect()
}

/// For every kind of head and every kind of law.
fn all_bits() -> Vec<Vec<u64>> {
    let of = |law: &dyn FiniteLaw<f64>| {
        [
            bits(&Softmax, law),
            bits(&Bernoulli, law),
            bits(&Gaussian::new(0.7).unwrap(), law),
            bits(&GaussianWithVariance, law),
            bits(&Poisson, law),
        ]
    };
    laws().iter().flat_map(|law| of(&**law)).collect()
}

#[test]
fn same_bits_in_pools_of_1_2_3_and_7_threads() {
    let in_pool = |threads| ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(all_bits);
    let alone = in_pool(1);
    for threads in [2, 3, 7] {
        assert_eq!(in_pool(threads), alone, "{threads} threads");
    }
}

/// The same bits on every machine and in every version: a change of any of these is a breaking one.
#[test]
fn same_bits_as_ever() {
    let law = Independent::new(DVector::from_fn(UNITS, |i, _| 0.3 + 0.07 * i as f64)).unwrap();
    let found: Vec<_> = bits(&Softmax, &law).iter().map(|bits| format!("{bits:016x}")).collect();
    let (arithmetic, geometric, log_mass, scaled) = (&found[..2], &found[2..4], &found[4], &found[5..]);
    assert_eq!(arithmetic, ["3fe2cbd6d5c4c027", "3fda685254767fb4"]);
    assert_eq!(geometric, ["3fe2cbf19da50ba5", "3fda681cc4b5e8b4"]);
    assert_eq!(log_mass, "bf12e8dc1f996000");
    assert_eq!(scaled, ["3fe2ca93b747b8da", "3fda6ad891708e4b"]);
}

/// A way to add the terms π(μ) f(μ), given in the order of the law's list.
type Order = fn(Vec<f64>) -> f64;

/// Neighbours are added, then neighbouring sums, …; an odd one at the end waits.
fn tree(mut terms: Vec<f64>) -> f64 {
    while terms.len() > 1 {
        terms = terms.chunks(2).map(|pair| pair.iter().copied().reduce(|a, b| a + b).expect("one or two")).collect();
    }
    terms[0]
}

/// `expectation` has the bits of that order of addition, for every law.
fn adds_in_this_order(order: Order) -> bool {
    let (network, x) = (network(), input());
    laws().iter().all(|law| {
        let mean = expectation(&**law, |multipliers| network.output(&x, multipliers)).unwrap();
        (0..2).all(|y| {
            let terms = law.support().unwrap().map(|(mu, weight)| weight * network.output(&x, &mu).unwrap()[y]);
            order(terms.collect()).to_bits() == mean[y].to_bits()
        })
    })
}

/// For 2^n masks in the order of their integers the tree splits by the last unit first: the mask bits.
#[test]
fn same_bits_because_the_sum_is_a_tree_over_the_mask_bits() {
    fn over_bits(terms: &[f64]) -> f64 {
        if let [term] = terms {
            return *term;
        }
        let (dropped, kept) = terms.split_at(terms.len() / 2); // the last unit dropped, or kept
        over_bits(dropped) + over_bits(kept)
    }
    assert!(adds_in_this_order(tree));
    assert!(adds_in_this_order(|terms| if terms.len().is_power_of_two() { over_bits(&terms) } else { tree(terms) }));
}

#[test]
fn same_bits_mutant_adds_from_left_to_right() {
    assert!(!adds_in_this_order(|terms| terms.into_iter().fold(0.0, |sum, term| sum + term)));
}

/// Halves of equal size, as `par_chunks` or recursive halving make them: not the tree where the size is no power of two.
#[test]
fn same_bits_mutant_splits_in_the_middle() {
    fn halves(terms: &[f64]) -> f64 {
        if let [term] = terms {
            return *term;
        }
        let (left, right) = terms.split_at(terms.len() / 2);
        halves(left) + halves(right)
    }
    assert!(!adds_in_this_order(|terms| halves(&terms)));
}

/// A sub-model of probability zero adds exactly nothing, even where its output is infinite.
#[test]
fn same_bits_without_sub_models_of_probability_zero() {
    let law = Independent::new(dvector![1.0, 0.5]).unwrap();
    let f = |mu: &DVector<f64>| Ok(dvector![if mu[0] == 0.0 { f64::NEG_INFINITY } else { mu[1] }]);
    assert_eq!(expectation(&law, f).unwrap()[0], Scalar::to_f64(&Law::<f64>::mean(&law)[1]));
}
