//! A saved network is the same network when loaded, bit for bit.

use crate::weights::{data, f64s, manifest, network, safetensors};
use dropout_oracle::file::{load_model, save_model};
use dropout_oracle::model::{Convention, HeadKind, Model};
use dropout_oracle::network::{Activation, Affine, Layer, Mlp, Network, PiecewiseLinear};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

/// What a model is made of.
type Parts = (Mlp<f64>, HeadKind, DVector<f64>, Convention);

fn parts() -> impl Strategy<Value = Parts> {
    let kinds = prop::collection::vec(0..7u8, 0..7);
    let head = prop_oneof![
        Just(HeadKind::Softmax),
        Just(HeadKind::Bernoulli),
        (1e-3..1e3).prop_map(|variance| HeadKind::Gaussian { variance }),
        Just(HeadKind::Poisson),
    ];
    let convention = prop_oneof![Just(Convention::Standard), Just(Convention::Inverted)];
    let weights = prop::collection::vec(any::<f64>().prop_filter("finite", |w| w.is_finite()), 64);
    let keeps = prop::collection::vec(prop_oneof![Just(0.5), 1e-9..1.0], 64);
    (kinds, head, convention, weights, keeps).prop_map(|(kinds, head, convention, weights, keeps)| {
        let (mut width, mut layers, mut units) = (3, Vec::new(), 0);
        for (index, kind) in kinds.into_iter().enumerate() {
            layers.push(match kind {
                0 => Layer::Unit(PiecewiseLinear::Identity.into()),
                1 => Layer::Unit(PiecewiseLinear::Relu.into()),
                2 => Layer::Unit(Activation::Tanh),
                3 => Layer::Unit(Activation::Logistic),
                // Some units, in their order: the others are kept always.
                4 | 5 => Layer::Dropout((0..width).filter(|unit| kind == 4 || (unit + index) % 2 == 0).collect()),
                _ => {
                    let outputs = 2 + (width + index) % 3;
                    let next = weights.iter().cycle().skip(7 * index).copied();
                    let weight = DMatrix::from_iterator(outputs, width, next.clone().take(outputs * width));
                    width = outputs;
                    Layer::Affine(Affine::new(weight, DVector::from_iterator(outputs, next.take(outputs))).unwrap())
                }
            });
            if let Some(Layer::Dropout(dropped)) = layers.last() {
                units += dropped.len();
            }
        }
        if width % 2 == 0 && width > 2 {
            layers.push(Layer::Unit(PiecewiseLinear::Maxout { pieces: 2 }.into()));
        }
        let keep = DVector::from_iterator(units, keeps.into_iter().cycle().take(units));
        (Mlp::new(3, layers).unwrap(), head, keep, convention)
    })
}

fn same(a: &Model, b: &Model) {
    assert_eq!(a.network(), b.network());
    assert_eq!(a.keep(), b.keep());
    assert_eq!(a.head_kind(), b.head_kind());
    assert_eq!(a.convention(), b.convention());
    let bits = |m: &Model| -> Vec<u64> {
        m.network().affine().flat_map(|a| a.weight.iter().chain(&a.bias)).map(|w| w.to_bits()).collect()
    };
    assert_eq!(bits(a), bits(b)); // == does not tell −0 from 0
}

#[test]
fn what_is_saved_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.json");
    let config = ProptestConfig { cases: 64, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&parts(), |(network, head, keep, convention)| {
        let model = Model::new(network, head, keep, convention).unwrap();
        save_model(&model, &path).unwrap();
        same(&load_model(&path).unwrap(), &model);
        Ok(())
    });
    outcome.unwrap();
}

/// A droppable unit that is kept with probability 1 changes nothing, and is no droppable unit of the file.
#[test]
fn units_with_keep_probability_1_have_no_masks() {
    let layers =
        vec![Layer::dropout(3), Layer::Affine(Affine::new(DMatrix::identity(3, 3), dvector![0.0, 1.0, 2.0]).unwrap())];
    let network = Mlp::new(3, layers).unwrap();
    let model = Model::new(network, HeadKind::Softmax, dvector![0.5, 1.0, 0.8], Convention::Inverted).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.json");
    save_model(&model, &path).unwrap();
    let loaded = load_model(&path).unwrap();
    assert_eq!(loaded.network().layers()[0], Layer::Dropout(vec![0, 2]));
    assert_eq!(loaded.keep().as_slice(), [0.5, 0.8]);
    let x = dvector![1.0, -1.0, 2.0];
    let (before, after) = (model.ensemble().predict(&x).unwrap(), loaded.ensemble().predict(&x).unwrap());
    // 8 sub-models of which 4 have weight 0, or those 4: the sums differ in their order only.
    assert!((before.arithmetic_mean - after.arithmetic_mean).amax() < 8.0 * f64::EPSILON);
    assert_eq!(before.weight_scaling, after.weight_scaling);
}

#[test]
fn tensors_are_named_as_in_an_nn_sequential() {
    let affine = || Layer::Affine(Affine::new(DMatrix::identity(2, 2), dvector![0.0, 0.0]).unwrap());
    let layers = vec![affine(), Layer::Unit(Activation::Tanh), Layer::dropout(2), affine()];
    let network = Mlp::new(2, layers).unwrap();
    let model = Model::new(network, HeadKind::Softmax, dvector![0.5, 0.5], Convention::Standard).unwrap();
    let folder = tempfile::tempdir().unwrap();
    save_model(&model, folder.path().join("net.json")).unwrap();
    let bytes = std::fs::read(folder.path().join("net.safetensors")).unwrap();
    let mut names = safetensors::SafeTensors::deserialize(&bytes).unwrap().names().join(" ");
    names = itertools::sorted(names.split(' ')).collect::<Vec<_>>().join(" ");
    assert_eq!(names, "0.bias 0.weight 3.bias 3.weight");
}

#[test]
fn a_network_saved_with_numpy_is_read() {
    let model = load_model(data("tiny.json")).unwrap();
    let affine: Vec<_> = model.network().affine().collect();
    // Written as f32, so 0.1 is the f32 next to it.
    assert_eq!(affine[0].weight, dmatrix![1.0, -2.0, 0.5; 0.25, 1.5, -1.0]);
    assert_eq!(affine[0].bias, dvector![f64::from(0.1f32), f64::from(-0.2f32)]);
    assert_eq!(affine[1].weight, dmatrix![1.5, -0.5; -1.0, 2.0]);
    assert_eq!(model.keep().as_slice(), [0.8, 0.8, 0.8, 0.5, 0.75]);
    assert_eq!((model.network().inputs(), model.convention()), (3, Convention::Inverted));
}

/// [[1, −2], [0.5, 3]] in every float type, bias [1.5, 0] or none, in both layouts: one and the same map.
#[test]
fn every_dtype_and_layout_gives_the_same_map() {
    let bytes16 = |values: [u16; 4]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>();
    let cases = [
        ("F64", [1.0, -2.0, 0.5, 3.0].iter().flat_map(|v: &f64| v.to_le_bytes()).collect()),
        ("F32", [1.0, -2.0, 0.5, 3.0].iter().flat_map(|v: &f32| v.to_le_bytes()).collect()),
        ("F16", bytes16([0x3c00, 0xc000, 0x3800, 0x4200])),
        ("BF16", bytes16([0x3f80, 0xc000, 0x3f00, 0x4040])),
    ];
    for (dtype, bytes) in cases {
        let bias = [1.5f64, 0.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        let weights = safetensors(&[("w", dtype, &[2, 2], bytes), ("b", "F64", &[2], bias)]);
        let affine = |options: &str| {
            let (_folder, path) =
                network(&manifest(2, &format!(r#"{{"linear": {{"weight": "w"{options}}}}}"#)), &weights);
            load_model(path).unwrap().network().affine().next().unwrap().clone()
        };
        let map = Affine::new(dmatrix![1.0, -2.0; 0.5, 3.0], dvector![1.5, 0.0]).unwrap();
        assert_eq!(affine(r#", "bias": "b""#), map, "{dtype}");
        assert_eq!(affine(r#", "bias": "b", "layout": "out_in""#), map);
        assert_eq!(affine(r#", "bias": "b", "layout": "in_out""#).weight, map.weight.transpose());
        assert_eq!(affine("").bias, dvector![0.0, 0.0]);
        assert_eq!(affine(r#", "bias": null"#).bias, dvector![0.0, 0.0]);
    }
}

/// A weight with other numbers of rows and columns goes where its layout says.
#[test]
fn layouts_of_a_weight_that_is_not_square() {
    let weights = f64s(&[("w", &[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])]);
    let load = |inputs, layout| {
        let layer = format!(r#"{{"linear": {{"weight": "w", "layout": "{layout}"}}}}"#);
        let (_folder, path) = network(&manifest(inputs, &layer), &weights);
        load_model(path).map(|model| model.network().affine().next().unwrap().weight.clone())
    };
    assert_eq!(load(3, "out_in").unwrap(), dmatrix![1.0, 2.0, 3.0; 4.0, 5.0, 6.0]);
    assert_eq!(load(2, "in_out").unwrap(), dmatrix![1.0, 4.0; 2.0, 5.0; 3.0, 6.0]);
    assert!(load(2, "out_in").is_err() && load(3, "in_out").is_err());
}

#[test]
fn the_weights_lie_relative_to_the_manifest() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    std::fs::copy(data("tiny.safetensors"), folder.path().join("sub/w.safetensors")).unwrap();
    let text = std::fs::read_to_string(data("tiny.json")).unwrap().replace("tiny.safetensors", "sub/w.safetensors");
    let path = folder.path().join("net.json");
    std::fs::write(&path, text).unwrap();
    same(&load_model(path).unwrap(), &load_model(data("tiny.json")).unwrap());
}

#[test]
fn a_manifest_is_not_saved_where_its_weights_go() {
    let model = load_model(data("tiny.json")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = save_model(&model, folder.path().join("net.safetensors")).unwrap_err().to_string();
    assert!(error.contains("name the manifest .json"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
