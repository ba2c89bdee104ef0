//! One layer of dropout whose mask is known: training, its gradient, evaluation, the scale.

use super::builder::{Suite, TestBuilder};
use super::draw::{Draw, agreed, exact, exactly, indicator};
use super::format::{Bitset, Budget, Expected, Input, Numbers, VectorFile};
use crate::conformance::Dtype;
use crate::law::{Independent, Law, Rescaled};
use crate::network::{Affine, Layer, PiecewiseLinear, mlp::PiecewiseLinearMlp};
use crate::scalar::Rational;
use nalgebra::{DMatrix, DVector};

pub(super) const SCALED: Budget = Budget {
    ulps: 2,
    unit: "element",
    reason: "x·fl(1/(1 − p)) has two roundings of half a unit each, doubled where the significand wraps; x/(1 − p) fewer",
};
const SHAPE: [usize; 2] = [2, 5];

/// Training: y = m∘x/(1 − p) or m∘x, dx = m∘g/(1 − p) or m∘g.
pub fn masked() -> VectorFile {
    let about = "Dropout in training with a known mask m: y = m*x/(1-p) (inverted) or m*x (classic), and for the gradient g \
                 with respect to y, dx = m*g/(1-p) or m*g, by the same mask.";
    let mut draw = Draw::new(1);
    let mut suite = Suite::new("masked", about, &draw);
    for (dtype, scaling) in itertools::iproduct!(Dtype::ALL, ["inverted", "classic"]) {
        let mut tests = Vec::new();
        for p in [0.1, 0.3, 0.5, 0.8] {
            let (x, g, kept) = (draw.dyadics(10), draw.dyadics(10), draw.mask(10));
            let keep = if scaling == "inverted" { Rational::ONE - exact(p) } else { Rational::ONE };
            let product = |numbers: &[f64]| -> Vec<Rational> {
                let pairs = numbers.iter().zip(&kept);
                pairs.map(|(&x, &kept)| exact(x) * indicator(kept) / keep.clone()).collect()
            };
            let (y, dx) = agreed(by_backpropagation(&x, &g, &kept, p, scaling), (product(&x), product(&g)));
            tests.push(
                TestBuilder::new(format!("masked/{dtype}/{scaling}/p-{p}"), "units dropped and units kept")
                    .flags(&["gradient-mask", "keep-drop-swapped", "never-applied", "scaled-twice"])
                    .input("p", Input::Numbers(Numbers::scalar(p)))
                    .numbers("x", dtype, &SHAPE, &x)
                    .numbers("g", dtype, &SHAPE, &g)
                    .input("mask", Input::Mask(Bitset::new(&SHAPE, &kept)))
                    .expect("y", Expected::rationals(&SHAPE, &y, SCALED))
                    .expect("dx", Expected::rationals(&SHAPE, &dx, SCALED)),
            );
        }
        suite.group(dtype, scaling, tests);
    }
    suite.finish()
}

/// y and dx by the definition: a network x ↦ μ∘x whose input is the bias of the layer before, so that its gradient is
/// that of the bias.
fn by_backpropagation(x: &[f64], g: &[f64], kept: &[bool], p: f64, scaling: &str) -> (Vec<Rational>, Vec<Rational>) {
    let units = x.len();
    let input = Affine { weight: DMatrix::from_element(units, 1, Rational::ZERO), bias: exactly(x).into() };
    let layers: Vec<Layer<Rational, PiecewiseLinear>> = vec![Layer::Affine(input), Layer::dropout(units)];
    let network = PiecewiseLinearMlp::new(1, layers).expect("the layers fit");
    let mask =
        Independent::new(DVector::from_element(units, Rational::ONE - exact(p))).expect("p is a drop rate below 1");
    let scale = match scaling {
        "inverted" => Rational::ONE / Rescaled::unscaled(mask).mean()[0].clone(),
        _ => Rational::ONE,
    };
    let multipliers = DVector::from_iterator(units, kept.iter().map(|&kept| indicator(kept) * scale.clone()));
    let back = |_: &DVector<Rational>| Ok(exactly(g).into());
    let zero = DVector::from_element(1, Rational::ZERO);
    let (y, gradient) = network.backpropagate(&zero, &multipliers, back).expect("the lengths fit");
    (y.as_slice().to_vec(), gradient[0].bias.as_slice().to_vec())
}

/// Evaluation: the identity, or (1 − p) x.
pub fn evaluation() -> VectorFile {
    let about = "Dropout in evaluation: y = x and dx = g to the bit (inverted), or (1-p)*x and (1-p)*g (classic). Nothing is \
                 dropped.";
    let mut draw = Draw::new(2);
    let mut suite = Suite::new("evaluation", about, &draw);
    for dtype in Dtype::ALL {
        let special = [0.0, -0.0, 1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, dtype.value(1)];
        let (g, shape) = (draw.dyadics(special.len()), [special.len()]);
        let identity = [0.0, 0.3, 0.5, 1.0].map(|p| {
            TestBuilder::new(format!("evaluation/{dtype}/inverted/p-{p}"), "the identity, special values and all")
                .flags(&["active-in-evaluation", "scaled-twice"])
                .input("p", Input::Numbers(Numbers::scalar(p)))
                .numbers("x", dtype, &shape, &special)
                .numbers("g", dtype, &shape, &g)
                .expect("y", Expected::Exactly { exactly: Numbers::new(dtype, &shape, special) })
                .expect("dx", Expected::Exactly { exactly: Numbers::new(dtype, &shape, g.iter().copied()) })
        });
        suite.group(dtype, "inverted", identity);
        let scaled = [0.1, 0.5, 0.8].map(|p| {
            let (x, g, keep) = (draw.dyadics(10), draw.dyadics(10), Rational::ONE - exact(p));
            let times = |numbers: &[f64]| exactly(numbers).into_iter().map(|x| x * keep.clone()).collect::<Vec<_>>();
            let mean =
                Rescaled::unscaled(Independent::new(DVector::from_element(10, keep.clone())).expect("a rate")).mean();
            let by_definition = exactly(&x).into_iter().zip(&mean).map(|(x, mean)| x * mean.clone()).collect();
            TestBuilder::new(format!("evaluation/{dtype}/classic/p-{p}"), "weight scaling of one layer")
                .flags(&["active-in-evaluation", "keep-drop-swapped", "scaled-twice"])
                .input("p", Input::Numbers(Numbers::scalar(p)))
                .numbers("x", dtype, &SHAPE, &x)
                .numbers("g", dtype, &SHAPE, &g)
                .expect("y", Expected::rationals(&SHAPE, &agreed(by_definition, times(&x)), SCALED))
                .expect("dx", Expected::rationals(&SHAPE, &times(&g), SCALED))
        });
        suite.group(dtype, "classic", scaled);
    }
    suite.finish()
}

/// The factor of kept units.
pub fn scale() -> VectorFile {
    let about = "The factor 1/(1-p) of kept units: y for x = 1 and a unit that is kept, over the rates in use.";
    let mut suite = Suite::new("scale", about, &Draw::new(0));
    for dtype in Dtype::ALL {
        let rates = [0.001, 0.01, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.99, 0.999];
        let tests = rates.map(|p| {
            let keep = Rational::ONE - exact(p);
            let law =
                Independent::new(DVector::from_element(1, keep.clone())).and_then(Rescaled::inverted).expect("a rate");
            // E μ = 1 for μ ∈ {0, s} with P(s) = 1 − p: s is what makes it so.
            let by_definition = law.mean()[0].clone() / keep.clone();
            let s = agreed(by_definition, Rational::ONE / keep);
            TestBuilder::new(format!("scale/{dtype}/p-{p}"), "the factor alone")
                .flags(&["keep-drop-swapped", "scaled-twice"])
                .input("p", Input::Numbers(Numbers::scalar(p)))
                .numbers("x", dtype, &[1], &[1.0])
                .input("mask", Input::Mask(Bitset::new(&[1], &[true])))
                .expect("y", Expected::rationals(&[1], &[s], SCALED))
        });
        suite.group(dtype, "inverted", tests);
    }
    suite.finish()
}
