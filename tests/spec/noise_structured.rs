//! Claims noise.spatial, noise.drop-block and noise.drop-path: units that are dropped together.

use crate::moments::moments;
use crate::support::{holds, keeps, mean_over, q, rational_matrix, rationals, refuted};
use dropout_oracle::law::{FiniteLaw, Independent, Law, Rescaled, Tied};
use dropout_oracle::network::residual::linear_decay;
use dropout_oracle::network::{Affine, Layer, Mlp, Network, PiecewiseLinear, Residual, softmax_regression};
use dropout_oracle::noise::DropBlock;
use dropout_oracle::noise::spatial::spatial_dropout;
use dropout_oracle::{Error, Rational};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use num_traits::{One, Zero};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

// Spatial dropout: 2 channels of 3 positions.

const CHANNELS: usize = 2;
const POSITIONS: usize = 3;

type Spatial = fn(&DVector<Rational>) -> Box<dyn FiniteLaw<Rational>>;

fn library(keep: &DVector<Rational>) -> Box<dyn FiniteLaw<Rational>> {
    Box::new(spatial_dropout(keep.clone(), POSITIONS).unwrap())
}

/// Ordinary marginals; covariance p(1−p) within a channel and 0 across; by enumeration and by the law's own formulas.
fn drops_whole_channels(law: Spatial, keep: &DVector<Rational>) -> TestCaseResult {
    let law = law(keep);
    let (mean, covariance) = moments(&*law, DVector::clone);
    prop_assert_eq!(&law.mean(), &mean);
    prop_assert_eq!(&law.covariance(), &covariance);
    let p = |unit: usize| keep[unit / POSITIONS].clone();
    let n = CHANNELS * POSITIONS;
    prop_assert_eq!(mean, DVector::from_fn(n, |u, _| p(u)));
    let within = |u: usize, v: usize| {
        if u / POSITIONS == v / POSITIONS { p(u) * (Rational::one() - p(u)) } else { Rational::zero() }
    };
    prop_assert_eq!(covariance, DMatrix::from_fn(n, n, within));
    Ok(())
}

#[test]
fn noise_spatial_holds_for_mean_and_covariance() {
    holds(32, keeps(CHANNELS), |keep| drops_whole_channels(library, &keep));
}

#[test]
fn noise_spatial_mutant_drops_single_units() {
    refuted(16, keeps(CHANNELS), |keep| {
        let units: Spatial = |keep| {
            let p = DVector::from_fn(CHANNELS * POSITIONS, |unit, _| keep[unit / POSITIONS].clone());
            Box::new(Independent::new(p).unwrap())
        };
        drops_whole_channels(units, &keep)
    });
}

/// The other memory layout, channels last.
#[test]
fn noise_spatial_mutant_ties_positions_instead_of_channels() {
    refuted(16, keeps(CHANNELS), |keep| {
        let channels_last: Spatial = |keep| {
            let channel_of = (0..CHANNELS * POSITIONS).map(|unit| unit % CHANNELS).collect();
            Box::new(Tied::new(Independent::new(keep.clone()).unwrap(), channel_of).unwrap())
        };
        drops_whole_channels(channels_last, &keep)
    });
}

/// Softmax regression on the feature map is linear in the multipliers: weight scaling is exact, tied or not.
#[test]
fn noise_spatial_keeps_weight_scaling_exact_for_softmax_regression() {
    let n = CHANNELS * POSITIONS;
    holds(24, (keeps(CHANNELS), rational_matrix(3, n), rationals(3), rationals(n)), |(keep, w, b, v)| {
        let network = softmax_regression(w, b).unwrap();
        let law = library(&keep);
        let mean = mean_over(&*law, |multipliers| network.output(&v, multipliers).unwrap());
        prop_assert_eq!(mean, network.output(&v, &law.mean()).unwrap());
        Ok(())
    });
}

/// A product of two units: exact across channels, and p instead of p² within one.
#[test]
fn noise_spatial_fails_for_a_product_within_a_channel() {
    let law = library(&dvector![q(1, 2), q(1, 2)]);
    let product = |u: usize, v: usize| mean_over(&*law, |m| dvector![m[u].clone() * m[v].clone()])[0].clone();
    assert_eq!(product(0, POSITIONS), q(1, 4));
    assert_eq!(product(0, 1), q(1, 2));
}

// DropBlock: every map up to 3 × 3, every block size that fits.

fn every_map() -> impl Iterator<Item = (usize, usize, usize)> {
    itertools::iproduct!(1..=3, 1..=3, 1..=3).filter(|(h, w, b)| b <= h.min(w))
}

/// The mean multiplier of each unit of a height × width map, for a block size and a seed rate γ.
type Mean = fn(usize, usize, usize, &Rational) -> DVector<Rational>;

fn drop_block_mean(h: usize, w: usize, b: usize, gamma: &Rational) -> DVector<Rational> {
    DropBlock::new(h, w, b, gamma.clone()).unwrap().mean()
}

/// By enumeration of the seeds, written out without the law: a square of zeros at each active seed.
fn agrees_with_squares(mean: Mean, h: usize, w: usize, b: usize, gamma: &Rational) -> bool {
    let (down, across) = (h - b + 1, w - b + 1);
    let mut expected = DVector::from_element(h * w, Rational::zero());
    for pattern in 0..1u32 << (down * across) {
        let active = pattern.count_ones() as usize;
        let weight = (0..down * across).fold(Rational::one(), |weight, seed| {
            weight * if seed < active { gamma.clone() } else { Rational::one() - gamma.clone() }
        });
        let mut map = DMatrix::from_element(h, w, Rational::one());
        for seed in (0..down * across).filter(|seed| pattern >> seed & 1 == 1) {
            map.view_mut((seed / across, seed % across), (b, b)).fill(Rational::zero());
        }
        expected += DVector::from_iterator(h * w, map.transpose().iter().cloned()) * weight;
    }
    mean(h, w, b, gamma) == expected
}

#[test]
fn noise_drop_block_holds_for_the_mean_on_every_small_map() {
    assert!(every_map().all(|(h, w, b)| agrees_with_squares(drop_block_mean, h, w, b, &q(1, 3))));
}

/// The law's sub-models have the law's own mean and covariance.
#[test]
fn noise_drop_block_holds_for_the_covariance_on_every_small_map() {
    for (h, w, b) in every_map().filter(|(h, w, b)| (h - b + 1) * (w - b + 1) <= 6) {
        let law = DropBlock::new(h, w, b, q(1, 3)).unwrap();
        assert_eq!((law.mean(), law.covariance()), moments(&law, DVector::clone), "{h} by {w}, block {b}");
    }
}

#[test]
fn noise_drop_block_mutant_has_the_same_keep_probability_everywhere() {
    let uniform: Mean = |h, w, b, gamma| {
        let keep = (0..b * b).fold(q(1, 1), |keep, _| keep * (q(1, 1) - gamma.clone()));
        DVector::from_element(h * w, keep)
    };
    assert!(!every_map().all(|(h, w, b)| agrees_with_squares(uniform, h, w, b, &q(1, 3))));
}

#[test]
fn noise_drop_block_mutant_counts_overlapping_squares_twice() {
    let additive: Mean = |h, w, b, gamma| {
        let law = DropBlock::new(h, w, b, q(1, 2)).unwrap();
        // (½)^c tells how many seeds cover a unit.
        let covering = |m: Rational| (0..).find(|c| m == q(1, 1 << c)).unwrap();
        law.mean().map(|m| q(1, 1) - gamma.clone() * q(covering(m), 1))
    };
    assert!(!every_map().all(|(h, w, b)| agrees_with_squares(additive, h, w, b, &q(1, 3))));
}

/// Two ends where it is a law that has another name.
#[test]
fn noise_drop_block_is_ordinary_dropout_for_single_units_and_one_coin_for_the_whole_map() {
    let law = DropBlock::with_drop_rate(2, 3, 1, q(1, 4)).unwrap();
    let independent = Independent::new(DVector::from_element(6, q(3, 4))).unwrap();
    assert_eq!((law.mean(), law.covariance()), (independent.mean(), independent.covariance()));
    let law = DropBlock::with_drop_rate(2, 2, 2, q(1, 4)).unwrap();
    let coin = Tied::new(Independent::new(dvector![q(3, 4)]).unwrap(), vec![0; 4]).unwrap();
    assert_eq!((law.mean(), law.covariance()), (coin.mean(), coin.covariance()));
}

/// The paper's γ gives the map its nominal drop rate on average where no two squares overlap, else a smaller one: a unit
/// that several seeds cover is dropped once.
#[test]
fn noise_drop_block_holds_to_have_its_nominal_drop_rate_only_without_overlaps() {
    for (h, w, b) in every_map() {
        let drop_rate = q(1, 10);
        let mean = DropBlock::with_drop_rate(h, w, b, drop_rate.clone()).unwrap().mean();
        let dropped = q(1, 1) - mean.sum() / q((h * w) as i64, 1);
        let overlaps = b > 1 && (h, w) != (b, b);
        assert!(if overlaps { dropped < drop_rate } else { dropped == drop_rate }, "{h} by {w}, block {b}");
    }
}

/// Outside "b = 1 or the whole map", the nominal drop rate is not the drop rate: 3 × 3, blocks of 2, δ = 16/45. Then
/// γ = 1/5; the corners drop 1/5, the centre 369/625, and the map .3145 on average instead of .3556.
#[test]
fn noise_drop_block_fails_to_have_its_nominal_drop_rate() {
    let law = DropBlock::with_drop_rate(3, 3, 2, q(16, 45)).unwrap();
    let mean = law.mean();
    assert_eq!((mean[0].clone(), mean[1].clone(), mean[4].clone()), (q(4, 5), q(16, 25), q(256, 625)));
    let kept = mean.sum() / q(9, 1);
    assert_eq!(kept, q(3856, 5625));
    assert!(q(1, 1) - kept < q(16, 45));
}

/// The paper's scaling of each draw by units over units kept: the mean multiplier is above 1 at the corner and below it
/// at the centre. Inverting by the law's own mean gives 1 everywhere.
#[test]
fn noise_drop_block_fails_to_have_mean_one_after_renormalising_each_draw() {
    let law = DropBlock::new(3, 3, 2, q(1, 5)).unwrap();
    let mean = mean_over(&law, |m| law.renormalise(m).unwrap_or_else(|_| DVector::zeros(9)));
    assert!(mean[0] > q(1, 1) && mean[4] < q(1, 1), "{} and {}", mean[0], mean[4]);
    let inverted = Rescaled::inverted(law.clone()).unwrap();
    assert_eq!(mean_over(&inverted, DVector::clone), DVector::from_element(9, q(1, 1)));
    assert!(matches!(law.renormalise(&DVector::zeros(9)), Err(Error::Domain { .. })));
}

#[test]
fn noise_drop_block_samples_its_own_sub_models() {
    let law = DropBlock::new(3, 3, 2, 0.5).unwrap();
    let masks: Vec<DVector<f64>> = law.support().unwrap().map(|(mask, _)| mask).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    assert!((0..100).all(|_| masks.contains(&law.sample(&mut rng))));
}

#[test]
fn noise_drop_block_refuses_what_does_not_fit() {
    for block in [0, 3] {
        assert!(matches!(DropBlock::new(2, 3, block, 0.1), Err(Error::Domain { .. })));
    }
    assert!(matches!(DropBlock::new(2, 3, 2, 1.0), Err(Error::KeepProbability { .. })));
}

// Drop path.

const BLOCKS: usize = 3;

/// Blocks of width 2 (weight and bias), input, KEEP probability of each block.
type Path = (Vec<(DMatrix<Rational>, DVector<Rational>)>, DVector<Rational>, DVector<Rational>);

fn path() -> impl Strategy<Value = Path> + Clone {
    let blocks = prop::collection::vec((rational_matrix(2, 2), rationals(2)), BLOCKS);
    (blocks, rationals(2), keeps(BLOCKS))
}

type Block = Mlp<Rational, PiecewiseLinear>;

fn blocks(case: &Path) -> Vec<Block> {
    let affine = |(w, b): &(DMatrix<_>, DVector<_>)| Layer::Affine(Affine::new(w.clone(), b.clone()).unwrap());
    case.0.iter().map(|block| Mlp::new(2, vec![affine(block)]).unwrap()).collect()
}

/// What passes one block: h, f(h), and the multipliers of the branch's units.
type Join = fn(&DVector<Rational>, &DVector<Rational>, &DVector<Rational>) -> DVector<Rational>;

/// Drop path is dropout of all units of a branch, tied block by block.
fn is_tied_dropout_of_the_branches(join: Join, case: &Path) -> TestCaseResult {
    let blocks = blocks(case);
    let network = Residual::new(blocks.clone()).unwrap();
    let by_block = Independent::new(case.2.clone()).unwrap();
    let block_of = (0..2 * BLOCKS).map(|unit| unit / 2).collect();
    let by_unit = Tied::new(by_block.clone(), block_of).unwrap();
    for ((whole, _), (units, _)) in by_block.support().unwrap().zip(by_unit.support().unwrap()) {
        let reference = blocks.iter().enumerate().fold(case.1.clone(), |h, (l, block)| {
            let branch = block.output(&h, &dvector![]).unwrap();
            join(&h, &branch, &units.rows(2 * l, 2).into_owned())
        });
        prop_assert_eq!(network.output(&case.1, &whole).unwrap(), reference);
    }
    Ok(())
}

#[test]
fn noise_drop_path_holds_as_tied_dropout_of_each_branch() {
    holds(32, path(), |case| is_tied_dropout_of_the_branches(|h, f, m| h + f.component_mul(m), &case));
}

#[test]
fn noise_drop_path_mutant_drops_the_skip_connection_too() {
    refuted(16, path(), |case| is_tied_dropout_of_the_branches(|h, f, m| (h + f).component_mul(m), &case));
}

/// The rule for test time: the multipliers at which the network is evaluated.
type Scaling = fn(&DVector<Rational>) -> DVector<Rational>;

/// Affine blocks, independent: h + p f(h) at test time is the exact mean.
fn scales_to_the_mean(scaling: Scaling, case: &Path) -> TestCaseResult {
    let network = Residual::new(blocks(case)).unwrap();
    let law = Independent::new(case.2.clone()).unwrap();
    let mean = mean_over(&law, |multipliers| network.output(&case.1, multipliers).unwrap());
    prop_assert_eq!(network.output(&case.1, &scaling(&case.2)).unwrap(), mean);
    Ok(())
}

#[test]
fn noise_drop_path_holds_that_weight_scaling_is_exact_for_affine_blocks() {
    holds(32, path(), |case| scales_to_the_mean(DVector::clone, &case));
}

#[test]
fn noise_drop_path_mutant_keeps_every_block_whole() {
    refuted(16, path(), |case| scales_to_the_mean(|keep| keep.map(|_| q(1, 1)), &case));
}

/// Two blocks on h = 1: f_1(h) = −2h, f_2(h) = relu(h), kept with ½ each: mean ¼, weight scaling 0.
#[test]
fn noise_drop_path_fails_for_blocks_with_nonlinear_units() {
    let minus_two = Layer::Affine(Affine::new(dmatrix![q(-2, 1)], dvector![q(0, 1)]).unwrap());
    let relu = Layer::Unit(PiecewiseLinear::Relu);
    let blocks = [minus_two, relu].map(|layer| Mlp::new(1, vec![layer]).unwrap());
    let network = Residual::new(blocks.into()).unwrap();
    let law = Independent::new(dvector![q(1, 2), q(1, 2)]).unwrap();
    let x = dvector![q(1, 1)];
    assert_eq!(mean_over(&law, |multipliers| network.output(&x, multipliers).unwrap())[0], q(1, 4));
    assert_eq!(network.output(&x, &law.mean()).unwrap()[0], q(0, 1));
}

/// One draw for all blocks: doubling blocks give (9 + 1)/2 = 5 for two of them, weight scaling 4.
#[test]
fn noise_drop_path_fails_for_one_draw_shared_by_all_blocks() {
    let block: Block =
        Mlp::new(1, vec![Layer::Affine(Affine::new(dmatrix![q(2, 1)], dvector![q(0, 1)]).unwrap())]).unwrap();
    let network = Residual::new(vec![block.clone(), block]).unwrap();
    let law = Tied::new(Independent::new(dvector![q(1, 2)]).unwrap(), vec![0, 0]).unwrap();
    let x = dvector![q(1, 1)];
    assert_eq!(mean_over(&law, |multipliers| network.output(&x, multipliers).unwrap())[0], q(5, 1));
    assert_eq!(network.output(&x, &law.mean()).unwrap()[0], q(4, 1));
}

#[test]
fn noise_drop_path_refuses_blocks_that_do_not_fit() {
    let droppable: Mlp<f64, PiecewiseLinear> = Mlp::new(2, vec![Layer::dropout(2)]).unwrap();
    assert!(matches!(Residual::new(vec![droppable]), Err(Error::Shape { .. })));
    assert!(matches!(Residual::<Mlp<f64, PiecewiseLinear>>::new(vec![]), Err(Error::Shape { .. })));
    assert_eq!(linear_decay(2, q(1, 2)), dvector![q(3, 4), q(1, 2)]);
}
