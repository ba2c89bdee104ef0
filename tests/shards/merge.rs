//! Shards of a network, merged.

use dropout_oracle::Model;
use dropout_oracle::kernel::{Enumeration, Subtree, Sums};
use dropout_oracle::model::{Convention, HeadKind};
use dropout_oracle::network::{Activation, Affine, Layer, Mlp, PiecewiseLinear};
use dropout_oracle::shard::{Partial, Shard, ShardError, merge};
use nalgebra::{DMatrix, DVector};
use std::ops::ControlFlow;
use std::path::PathBuf;

/// 4 inputs and 4 + 16 hidden units with dropout: a tree of some depth above its tiles.
fn model(bias: f64) -> Model {
    let number = |i: usize| ((37 * i + 11) % 64) as f64 / 32.0 - 1.0;
    let affine = |outputs, inputs, from: usize| {
        let weight = DMatrix::from_fn(outputs, inputs, |i, j| number(from + i * inputs + j) / 4.0);
        Layer::Affine(Affine { weight, bias: DVector::from_element(outputs, bias) })
    };
    let relu = || Layer::Unit(Activation::PiecewiseLinear(PiecewiseLinear::Relu));
    let layers = vec![
        Layer::dropout(4),
        affine(4, 4, 0),
        relu(),
        Layer::dropout(4),
        affine(12, 4, 16),
        relu(),
        Layer::dropout(12),
        affine(3, 12, 64),
    ];
    let keep = DVector::from_fn(20, |i, _| if i < 4 { 0.8 } else { 0.5 });
    Model::new(Mlp::new(4, layers).unwrap(), HeadKind::Softmax, keep, Convention::Inverted).unwrap()
}

fn inputs() -> Vec<DVector<f64>> {
    [1.0, -0.5, 0.0].map(|x| DVector::from_fn(4, |i, _| x * (i as f64 - 1.0) + 0.25 * x)).to_vec()
}

fn whole(model: &Model) -> Vec<Sums> {
    inputs().iter().map(|x| Enumeration::new(model, x).unwrap().sums(Subtree::ROOT).unwrap()).collect()
}

/// A shard, done to its end.
fn shard(model: &Model, shard: &str) -> (PathBuf, Partial) {
    let mut partial = Partial::new(model, &inputs(), shard.parse().unwrap()).unwrap();
    partial.work(model, &inputs(), |_, _| Ok(ControlFlow::Continue(()))).unwrap();
    (format!("{}.json", shard.replace('/', "-")).into(), partial)
}

#[test]
fn any_number_of_shards_gives_the_bits_of_one_run() {
    let model = model(0.1);
    for of in [1, 2, 3, 7] {
        let parts: Vec<_> = (0..of).map(|i| shard(&model, &format!("{i}/{of}"))).collect();
        assert_eq!(merge(&parts).unwrap(), whole(&model), "{of} shards");
    }
    // Parts of different divisions, as long as they fit.
    let parts = [shard(&model, "0/2"), shard(&model, "2/4"), shard(&model, "3/4")];
    assert_eq!(merge(&parts).unwrap(), whole(&model));
}

/// Broken off after each batch and taken up again from its file, it gives the same bits.
#[test]
fn a_run_that_is_killed_again_and_again_loses_nothing() {
    let model = model(0.1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.json");
    let mut runs = 0;
    let partial = loop {
        let mut partial = Partial::new(&model, &inputs(), Shard::WHOLE).unwrap();
        partial.resume(&path).unwrap();
        if partial.open().next().is_none() {
            break partial;
        }
        partial
            .work(&model, &inputs(), |_, state| {
                std::fs::write(&path, state.to_bytes()).unwrap();
                Ok(ControlFlow::Break(()))
            })
            .unwrap();
        runs += 1;
    };
    assert!(runs > 3, "{runs} runs");
    assert_eq!(merge(&[(path, partial)]).unwrap(), whole(&model));
}

#[test]
fn missing_doubled_and_foreign_shards_are_refused_by_name() {
    let (one, other) = (model(0.1), model(0.2));
    let [first, second, third] = ["0/3", "1/3", "2/3"].map(|name| shard(&one, name));
    let refused = |parts: &[(PathBuf, Partial)]| merge(parts).unwrap_err().to_string();
    let message = refused(&[first.clone(), third.clone()]);
    assert!(message.contains("no file holds shard 1/3"), "{message}");
    let message = refused(&[first.clone(), second.clone(), second.clone(), third.clone()]);
    assert!(message.contains("shards 1/3 and 1/3 have masks of input"), "{message}");
    let message = refused(&[first.clone(), shard(&other, "1/3"), third.clone()]);
    assert!(message.contains("1-3.json: it belongs to another network"), "{message}");
    let mut unfinished = Partial::new(&one, &inputs(), "1/3".parse().unwrap()).unwrap();
    unfinished.work(&one, &inputs(), |_, _| Ok(ControlFlow::Break(()))).unwrap();
    let message = refused(&[first, ("half.json".into(), unfinished), third]);
    assert!(message.contains("not finished: half.json"), "{message}");
    assert!(matches!(merge(&[]), Err(ShardError::Missing { .. })));
}

/// A file that was damaged anywhere is refused, and one of another network, inputs or shard.
#[test]
fn a_checkpoint_is_read_only_where_it_belongs() {
    let (one, other) = (model(0.1), model(0.2));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("part.json");
    let (_, partial) = shard(&one, "0/2");
    let bytes = partial.to_bytes();
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(Partial::load(&path).unwrap(), partial);

    let resume = |model: &Model, inputs: &[DVector<f64>], shard: &str| {
        let mut partial = Partial::new(model, inputs, shard.parse().unwrap()).unwrap();
        partial.resume(&path).unwrap_err().to_string()
    };
    assert!(resume(&other, &inputs(), "0/2").contains("another network"));
    assert!(resume(&one, &inputs()[..2], "0/2").contains("another set of inputs"));
    assert!(resume(&one, &inputs(), "1/2").contains("another shard (0/2, here 1/2)"));

    for at in (0..bytes.len()).step_by(7) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        std::fs::write(&path, &damaged).unwrap();
        // Blanks between tokens may change; nothing else may.
        assert!(Partial::load(&path).map_or(true, |read| read == partial), "byte {at}");
    }
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(matches!(Partial::load(&path), Err(ShardError::Damaged { .. })));
}

#[test]
fn the_schema_describes_the_file() {
    let schema = serde_json::from_str(include_str!("../../schemas/partial-1.schema.json")).unwrap();
    let document = serde_json::from_slice(&shard(&model(0.1), "1/3").1.to_bytes()).unwrap();
    jsonschema::validate(&schema, &document).unwrap();
}
