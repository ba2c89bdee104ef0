//! Descriptions that do not agree with themselves are refused before any law is held.

use dropout_oracle::conformance::layer::{Gates, Layer, Level, Mesh, Steps};
use dropout_oracle::conformance::smoke;
use dropout_oracle::conformance::zoo::{Dropout, Served, plain};

struct Described(Layer);

impl Dropout for Described {
    fn layer(&self) -> Layer {
        self.0.clone()
    }
}

fn refusal(layer: Layer) -> String {
    smoke(&mut Served::new("described", vec![Box::new(Described(layer))])).expect_err("a refusal")
}

/// Plain dropout of these ranks, offered as a recurrent layer.
fn recurrent(time: i64, gate: Option<(i64, usize)>, ranks: &[usize]) -> Layer {
    let gate = gate.map(|(axis, count)| Gates { axis, count });
    let levels = [plain().levels, vec![Level::C5]].concat();
    Layer { steps: Some(Steps { time, gate }), levels, ranks: ranks.to_vec(), ..plain() }
}

#[test]
fn time_and_gates_have_axes_of_their_own() {
    let wrong = [
        recurrent(-1, None, &[3]),
        recurrent(-3, None, &[3]),
        recurrent(-2, None, &[2, 3]),
        recurrent(-2, Some((-2, 4)), &[4]),
        recurrent(-3, Some((-2, 1)), &[4]),
        recurrent(-3, Some((1, 4)), &[4]),
    ];
    for layer in wrong {
        assert!(refusal(layer).contains("time and gates need axes of their own"));
    }
    let right = recurrent(-3, Some((-2, 3)), &[4]);
    assert_eq!(right.shape_of_rank(4, 100), [2, 2, 3, 9]);
    smoke(&mut Served::new("described", vec![Box::new(Described(right))])).unwrap();
}

#[test]
fn what_a_level_is_for_needs_the_level() {
    let steps = Layer { levels: plain().levels, ..recurrent(-2, None, &[3]) };
    assert!(refusal(steps).contains("steps needs level C5"));
    let mesh = |shape: &[usize]| Some(Mesh { shape: shape.to_vec(), shared_axes: Vec::new() });
    assert!(
        refusal(Layer {
            levels: vec![Level::C0],
            mask: Vec::new(),
            seed: false,
            second_order: false,
            mesh: mesh(&[2]),
            ..plain()
        })
        .contains("mesh needs level C6")
    );
    assert!(refusal(Layer { mesh: mesh(&[1, 1]), ..plain() }).contains("2 to 64 replicas"));
    assert!(refusal(Layer { mesh: mesh(&[8, 9]), ..plain() }).contains("2 to 64 replicas"));
}
