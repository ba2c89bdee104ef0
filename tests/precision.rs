//! How tight the running error bound of the `f64` path is: the table in `docs/precision.md`, recomputed.
//!
//! Everything in it has the same bits on every machine, so the page either is what the program gives or it is stale.

use dropout_oracle::certified::{Bounded, CertifiedModel, Interval, predict_with_bounds};
use dropout_oracle::model::{Convention, HeadKind, Model};
use dropout_oracle::network::{Activation, Affine, Layer, Mlp, PiecewiseLinear};
use nalgebra::{DMatrix, DVector};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use std::fmt::Write;

/// A 4-h-h-3 ReLU network with dropout (KEEP ½) on both hidden layers, weights uniform in ±scale.
fn model(rng: &mut ChaCha8Rng, hidden: usize, scale: f64, kind: HeadKind) -> Model {
    let mut affine = |outputs, inputs| {
        let weight = DMatrix::from_fn(outputs, inputs, |_, _| rng.random_range(-scale..scale));
        Layer::Affine(Affine::new(weight, DVector::from_fn(outputs, |_, _| rng.random_range(-0.5..0.5))).unwrap())
    };
    let relu = || Layer::Unit(Activation::from(PiecewiseLinear::Relu));
    let layers = vec![
        affine(hidden, 4),
        relu(),
        Layer::dropout(hidden),
        affine(hidden, hidden),
        relu(),
        Layer::dropout(hidden),
        affine(3, hidden),
    ];
    let keep = DVector::from_element(2 * hidden, 0.5);
    Model::new(Mlp::new(4, layers).unwrap(), kind, keep, Convention::Standard).unwrap()
}

/// The largest true error and the largest bound of some predictions, both relative to the largest of them.
fn errors<'a>(numbers: impl Iterator<Item = (Bounded, &'a Interval)>) -> (f64, f64) {
    let (mut error, mut bound, mut size) = (0f64, 0f64, 0f64);
    for (number, enclosure) in numbers {
        let (lo, hi) = (enclosure.clone() - Interval::from(number.value())).to_f64s();
        error = error.max(lo.abs().max(hi.abs()));
        bound = bound.max(number.bound());
        size = size.max(number.value().abs());
    }
    (error / size, bound / size)
}

fn table() -> String {
    let mut table = String::from(
        "| head | units | masks | weights | error of AM | its bound | error of NGM | its bound |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    let heads = [
        ("softmax", HeadKind::Softmax),
        ("Bernoulli", HeadKind::Bernoulli),
        ("Gaussian", HeadKind::Gaussian { variance: 1.0 }),
        ("Poisson", HeadKind::Poisson),
    ];
    for ((name, kind), (hidden, scale)) in itertools::iproduct!(heads, [(2, 0.5), (4, 0.5), (5, 0.5), (4, 2.0)]) {
        let mut rng = ChaCha8Rng::seed_from_u64(hidden as u64);
        let model = model(&mut rng, hidden, scale, kind);
        let x = DVector::from_fn(4, |_, _| rng.random_range(0.0..1.0));
        let (bounded, certified) =
            (predict_with_bounds(&model, &x).unwrap(), CertifiedModel::new(&model).unwrap().predict(&x).unwrap());
        let (am, am_bound) = errors(bounded.arithmetic_mean.iter().copied().zip(&certified.arithmetic_mean));
        let (ngm, ngm_bound) = errors(bounded.geometric_mean.expected.iter().copied().zip(&certified.geometric_mean));
        let (units, masks) = (2 * hidden, 1 << (2 * hidden));
        let row = format!(
            "| {name} | {units} | {masks} | ±{scale} | {am:.1e} | {am_bound:.1e} | {ngm:.1e} | {ngm_bound:.1e} |"
        );
        writeln!(table, "{row}").unwrap();
    }
    table
}

#[test]
fn the_published_table_of_bounds_is_what_the_program_gives() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/precision.md");
    let page = std::fs::read_to_string(path).unwrap();
    let begin = page.find("| head |").unwrap();
    let end = begin + page[begin..].find("\n\n").unwrap() + 1;
    let table = table();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, format!("{}{table}{}", &page[..begin], &page[end..])).unwrap();
    } else {
        assert!(page[begin..end] == table, "docs/precision.md is stale: run UPDATE=1 cargo test --test precision");
    }
}
