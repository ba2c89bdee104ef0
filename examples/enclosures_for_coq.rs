//! Enclosures of small softmax ensembles as lemmas for coq-interval: `proofs/interval/Enclosures.v`.
//!
//! The bounds are those of [`CertifiedModel`]. The number between them is written out from its definition, with the exact
//! logits and probabilities of all sub-models, so that Coq needs to trust nothing of this crate.

use dropout_oracle::Rational;
use dropout_oracle::certified::{CertifiedModel, Interval};
use dropout_oracle::law::{FiniteLaw, Independent, Law};
use dropout_oracle::model::{Convention, HeadKind, Model};
use dropout_oracle::network::{Affine, Layer, Mlp, Network, PiecewiseLinear};
use itertools::Itertools;
use nalgebra::{DMatrix, DVector, dmatrix, dvector};

/// Significant digits of the bounds.
const DIGITS: usize = 30;

/// A network with dropout, over any numbers.
struct Case {
    name: &'static str,
    layers: Vec<Layer<f64, PiecewiseLinear>>,
    keep: DVector<f64>,
    convention: Convention,
    x: DVector<f64>,
}

fn affine(weight: DMatrix<f64>, bias: DVector<f64>) -> Layer<f64, PiecewiseLinear> {
    Layer::Affine(Affine::new(weight, bias).expect("a bias an output"))
}

/// Binary weights and probabilities are exact in `f64`.
fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "softmax_regression",
            layers: vec![
                Layer::dropout(2),
                affine(dmatrix![1.5, -2.0; 0.25, 3.0; -1.0, 0.5], dvector![0.5, 0.0, -0.25]),
            ],
            keep: dvector![0.5, 0.75],
            convention: Convention::Standard,
            x: dvector![1.0, -0.5],
        },
        Case {
            name: "relu",
            layers: vec![
                affine(dmatrix![1.0, -2.0; 0.5, 1.5; -1.0, 4.0], dvector![0.25, -0.5, 0.0]),
                Layer::Unit(PiecewiseLinear::Relu),
                Layer::dropout(3),
                affine(dmatrix![1.0, -1.0, 0.5; -0.5, 2.0, 1.0], dvector![0.0, 0.125]),
            ],
            keep: dvector![0.5, 0.5, 0.5],
            convention: Convention::Inverted,
            x: dvector![2.0, 0.75],
        },
        Case {
            name: "maxout",
            layers: vec![
                Layer::dropout(2),
                affine(dmatrix![2.0, -1.0; -1.5, 0.5; 4.0, 1.0; 1.0, 3.0], dvector![0.0, 0.5, -1.0, 0.0]),
                Layer::Unit(PiecewiseLinear::Maxout { pieces: 2 }),
                affine(dmatrix![8.0, -2.0; 1.0, 1.0], dvector![0.0, 0.0]),
            ],
            keep: dvector![0.25, 0.875],
            convention: Convention::Standard,
            x: dvector![1.0, 1.0],
        },
    ]
}

fn exact(x: &f64) -> Rational {
    Rational::try_from(*x).expect("a finite number")
}

/// e^{z_y} / Σ e^{z_k}, in Coq.
fn softmax(logits: &DVector<Rational>, class: usize) -> String {
    format!("exp ({}) / ({})", logits[class], logits.iter().map(|z| format!("exp ({z})")).join(" + "))
}

fn lemma(name: &str, number: &str, enclosure: &Interval) -> String {
    let fraction = |decimal: String| {
        let (mantissa, exponent) = decimal.split_once('e').unwrap_or((&decimal, "0"));
        let places = mantissa.split_once('.').map_or(0, |(_, places)| places.len() as i64);
        let power = exponent.parse::<i64>().expect("an exponent") - places;
        let power = if power < 0 { format!("/ 10 ^ {}", -power) } else { format!("* 10 ^ {power}") };
        format!("{} {power}", mantissa.replace('.', ""))
    };
    let (lo, hi) = enclosure.to_decimals(DIGITS);
    let (lo, hi) = (fraction(lo), fraction(hi));
    format!("Lemma {name} :\n  {lo} <=\n  {number}\n  <= {hi}.\nProof. interval with (i_prec 160). Qed.\n")
}

fn main() -> Result<(), dropout_oracle::Error> {
    println!(
        "(* Generated: cargo run --example enclosures_for_coq. Checked by check.sh; p is the KEEP probability. *)"
    );
    println!("From Coq Require Import Reals.\nFrom Interval Require Import Tactic.\nOpen Scope R_scope.\n");
    for Case { name, layers, keep, convention, x } in cases() {
        let small = Mlp::new(x.len(), layers)?;
        let network = small.map(exact);
        let law = convention.law(Independent::new(keep.map(|p| exact(&p)))?)?;
        let exact_x = x.map(|x| exact(&x));
        let submodel = |(multipliers, weight)| Ok((network.output(&exact_x, &multipliers)?, weight));
        let all: Vec<(DVector<Rational>, Rational)> = law.support()?.map(submodel).collect::<Result<_, _>>()?;
        let scaled = network.output(&exact_x, &law.mean())?;

        let layers = small.layers().iter().map(|layer| match layer {
            Layer::Dropout(units) => Layer::Dropout(units.clone()),
            Layer::Affine(affine) => Layer::Affine(affine.clone()),
            Layer::Unit(unit) => Layer::Unit((*unit).into()),
        });
        let model = Model::new(Mlp::new(x.len(), layers.collect())?, HeadKind::Softmax, keep, convention)?;
        let certified = CertifiedModel::new(&model)?.predict(&x)?;
        for class in 0..scaled.len() {
            let term = |(logits, weight): &(_, Rational)| format!("{weight} * ({})", softmax(logits, class));
            let sum = all.iter().map(term).join("\n  + ");
            println!("{}", lemma(&format!("{name}_am_{class}"), &sum, &certified.arithmetic_mean[class]));
            let (scaled, enclosure) = (softmax(&scaled, class), &certified.weight_scaling[class]);
            println!("{}", lemma(&format!("{name}_ws_{class}"), &scaled, enclosure));
        }
    }
    Ok(())
}
