//! Noise other than masks of units in training, by definition: normal multipliers, and masks on weights.

use crate::support::{holds, q, rational_matrix, rationals, refuted};
use dropout_oracle::data::Examples;
use dropout_oracle::head::Gaussian;
use dropout_oracle::law::{self, Law};
use dropout_oracle::model::{Convention, HeadKind, Model};
use dropout_oracle::network::{Affine, Layer, Mlp, PiecewiseLinear};
use dropout_oracle::noise::dropconnect::layers;
use dropout_oracle::random::{Purpose, stream};
use dropout_oracle::train::objective::{Objective, sampled};
use dropout_oracle::train::regulariser::Sparsity;
use dropout_oracle::train::{Decay, Method, Training, dropconnect, initial};
use dropout_oracle::{Error, Rational, Result, Scalar};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use std::ops::ControlFlow;

type Net = Mlp<Rational, PiecewiseLinear>;

/// Two affine layers of two by two weights, the multipliers of the eight weights, an example.
type Case = ([Affine<Rational>; 2], DVector<Rational>, Examples<Rational>);

fn case() -> impl Strategy<Value = Case> + Clone {
    let affine = || (rational_matrix(2, 2), rationals(2)).prop_map(|(w, b)| Affine::new(w, b).unwrap());
    let multipliers = prop::collection::vec(prop::sample::select(vec![q(0, 1), q(1, 1), q(4, 3)]), 8);
    ([affine(), affine()], multipliers, rationals(2), rationals(2))
        .prop_map(|(affine, multipliers, x, y)| (affine, multipliers.into(), Examples::new(vec![x], vec![y]).unwrap()))
}

fn relu() -> Layer<Rational, PiecewiseLinear> {
    Layer::Unit(PiecewiseLinear::Relu)
}

fn head() -> Gaussian<Rational> {
    Gaussian::new(q(1, 1)).unwrap()
}

type Step = fn(&Net, &DVector<Rational>, &Examples<Rational>) -> Result<Objective<Rational>>;

/// The project's: the multipliers of all weights.
fn masked_weights(
    network: &Net,
    multipliers: &DVector<Rational>,
    examples: &Examples<Rational>,
) -> Result<Objective<Rational>> {
    let law = law::Uniform::new(4);
    Method::DropConnect.sampled(network, &head(), &law, examples, &[0], |_| multipliers.clone())
}

/// Masks on weights are masks on product units: the same loss, and each weight's derivative is that of the one entry that
/// forms its product.
fn is_dropout_of_product_units(step: Step, (affine, multipliers, examples): &Case) -> TestCaseResult {
    let [first, second] = affine;
    let dropped =
        vec![Layer::dropout(2), Layer::Affine(first.clone()), relu(), Layer::dropout(2), Layer::Affine(second.clone())];
    let found = step(&Mlp::new(2, dropped).unwrap(), multipliers, examples).unwrap();
    let products = layers(first).into_iter().chain([relu()]).chain(layers(second)).collect();
    let products: Net = Mlp::new(2, products).unwrap();
    let expected = sampled(&products, &head(), examples, &[0], |_| multipliers.clone()).unwrap();
    prop_assert_eq!(found.loss, expected.loss);
    for (layer, found) in found.gradient.iter().enumerate() {
        let [of_products, of_sums] = [0, 1].map(|part| &expected.gradient[2 * layer + part]);
        for i in 0..2 {
            prop_assert_eq!(&found.bias[i], &of_sums.bias[i]);
            for j in 0..2 {
                prop_assert_eq!(&found.weight[(i, j)], &of_products.weight[(2 * i + j, j)]);
            }
        }
    }
    Ok(())
}

#[test]
fn train_dropconnect_is_dropout_of_product_units() {
    holds(64, case(), |case| is_dropout_of_product_units(masked_weights, &case));
}

#[test]
fn train_dropconnect_mutants_are_refused() {
    // The gradient of the masked weights is not yet that of the weights.
    let mutants: [Step; 3] = [
        |network, multipliers, examples| {
            let mut inner = None;
            dropconnect::through(network, multipliers, |masked| {
                let objective = sampled(masked, &head(), examples, &[0], |_| DVector::from_element(4, q(1, 1)))?;
                inner = Some(objective.clone());
                Ok(objective)
            })?;
            Ok(inner.unwrap())
        },
        // One multiplier a column: dropout of the units.
        |network, multipliers, examples| {
            let units = dvector![
                multipliers[0].clone(),
                multipliers[1].clone(),
                multipliers[4].clone(),
                multipliers[5].clone()
            ];
            sampled(network, &head(), examples, &[0], |_| units.clone())
        },
        // Column by column.
        |network, m, examples| {
            let order = [0, 2, 1, 3, 4, 6, 5, 7];
            masked_weights(network, &DVector::from_fn(8, |i, _| m[order[i]].clone()), examples)
        },
    ];
    for mutant in mutants {
        refuted(64, case(), |case| is_dropout_of_product_units(mutant, &case));
    }
}

/// Units 3 and 0 of the inputs can be dropped, and all of the two hidden ones.
fn model(convention: Convention, keep: DVector<f64>) -> Model {
    let affine =
        |outputs, inputs| Layer::Affine(Affine::new(DMatrix::zeros(outputs, inputs), DVector::zeros(outputs)).unwrap());
    let logistic = Layer::Unit(dropout_oracle::network::Activation::Logistic);
    let layers = vec![Layer::Dropout(vec![3, 0]), affine(2, 4), logistic, Layer::dropout(2), affine(3, 2)];
    let mut network = Mlp::new(4, layers).unwrap();
    initial::he_uniform(&mut network, 1);
    Model::new(network, HeadKind::Softmax, keep, convention).unwrap()
}

/// The law of normal multipliers has the mean and the covariance of the masks', under both conventions, up to eight
/// roundings of numbers below 10.
fn has_the_moments_of_dropout(law: impl Fn(&Model) -> Box<dyn Law<f64>>) -> bool {
    let keep = dvector![0.8, 0.5, 0.3, 1.0];
    [Convention::Inverted, Convention::Standard].into_iter().all(|convention| {
        let model = model(convention, keep.clone());
        let (found, masks) = (law(&model), model.law());
        let bound = 8.0 * 10.0 * f64::EPSILON;
        (found.mean() - masks.mean()).amax() <= bound && (found.covariance() - masks.covariance()).amax() <= bound
    })
}

#[test]
fn train_gaussian_noise_has_the_moments_of_dropout() {
    assert!(has_the_moments_of_dropout(|model| Method::Gaussian.law(model).unwrap()));
}

#[test]
fn train_gaussian_noise_mutants_have_others() {
    let normal = |keep: DVector<f64>| Box::new(law::Gaussian::matching(keep).unwrap());
    // With the drop probability for the variance, and without the standard convention's mean.
    assert!(!has_the_moments_of_dropout(|model| normal(model.keep().map(|p| if p < 1.0 { 1.0 - p } else { p }))));
    assert!(!has_the_moments_of_dropout(|model| normal(model.keep().clone())));
}

#[test]
fn train_dropconnect_law_has_a_multiplier_a_weight() {
    let keep = dvector![0.8, 0.5, 0.25, 1.0];
    let law = Method::DropConnect.law(&model(Convention::Standard, keep.clone())).unwrap();
    // Two hidden units, each with the weights from inputs 3 and 0; three outputs with those from both hidden units.
    assert_eq!(law.mean().as_slice(), [0.8, 0.5, 0.8, 0.5, 0.25, 1.0, 0.25, 1.0, 0.25, 1.0]);
    let draw = Method::DropConnect.law(&model(Convention::Inverted, keep)).unwrap().sample(&mut stream(
        1,
        Purpose::Mask,
        0,
        0,
    ));
    assert!(draw.iter().zip(&law.mean()).all(|(&draw, &p)| draw == 0.0 || draw == 1.0 / p));
}

fn examples(copies: usize) -> Examples {
    let (x, y) = (dvector![1.0, -0.5, 2.0, 0.25], dvector![0.0, 1.0, 0.0]);
    Examples::new(vec![x; copies], vec![y; copies]).unwrap()
}

/// One step of `Training::run` on one example, with a penalty on activity, written out: the multipliers come from stream
/// (step 0, row 0) of the seed.
#[test]
fn train_run_draws_the_law_of_its_method() {
    for method in [Method::Dropout, Method::Gaussian, Method::DropConnect] {
        for convention in [Convention::Inverted, Convention::Standard] {
            let start = model(convention, dvector![0.8, 0.5, 0.25, 1.0]);
            let sparsity = Sparsity { target: 0.2, strength: 0.5 };
            let training = Training::new(1).method(method).batch(1).decay(Decay::Constant).learning_rate(1.0);
            let mut trained = model(convention, start.keep().clone());
            training
                .momentum(0.0)
                .sparsity(sparsity)
                .seed(3)
                .run(&mut trained, &examples(1), |_| ControlFlow::Continue(()))
                .unwrap();
            let draw = method.law(&start).unwrap().sample(&mut stream(3, Purpose::Mask, 0, 0));
            let all = |network: &Mlp<f64>, units: &DVector<f64>| {
                let loss = sampled(network, start.head(), &examples(1), &[0], |_| units.clone())?;
                let penalty = sparsity.penalty(network, &examples(1), &[0], |_| units.clone())?;
                let gradient = loss.gradient.iter().zip(&penalty.gradient);
                let gradient = gradient.map(|(a, b)| Affine { weight: &a.weight + &b.weight, bias: &a.bias + &b.bias });
                Ok(Objective { loss: loss.loss, gradient: gradient.collect() })
            };
            let network = start.network();
            let step = match method {
                Method::DropConnect => {
                    dropconnect::through(network, &draw, |network| all(network, &DVector::from_element(4, 1.0)))
                }
                _ => all(network, &draw),
            };
            for ((before, after), step) in network.affine().zip(trained.network().affine()).zip(step.unwrap().gradient)
            {
                // At most four roundings of numbers below 4.
                assert!(
                    (&before.weight - &step.weight - &after.weight).amax() < 16.0 * f64::unit_roundoff(),
                    "{method:?}"
                );
                assert!((&before.bias - &step.bias - &after.bias).amax() < 16.0 * f64::unit_roundoff(), "{method:?}");
            }
        }
    }
}

/// Copies of one example meet the same weights under DropConnect, and units of their own under dropout.
#[test]
fn train_dropconnect_has_one_mask_a_minibatch() {
    let trained = |method, copies| {
        let mut model = model(Convention::Inverted, dvector![0.8, 0.5, 0.5, 0.5]);
        let training = Training::new(8).method(method).batch(copies).seed(2);
        training.run(&mut model, &examples(copies), |_| ControlFlow::Continue(())).unwrap();
        model.network().clone()
    };
    assert_eq!(trained(Method::DropConnect, 2), trained(Method::DropConnect, 1));
    assert_ne!(trained(Method::Dropout, 2), trained(Method::Dropout, 1));
}

#[test]
fn train_dropconnect_needs_weights_that_leave_the_units() {
    let affine = || Layer::Affine(Affine::new(dmatrix![1.0, 2.0; 3.0, 4.0], dvector![0.0, 0.0]).unwrap());
    let ends = vec![affine(), Layer::dropout(2)];
    let doubled = vec![Layer::dropout(2), Layer::dropout(2), affine()];
    let between = vec![Layer::dropout(2), Layer::Unit(PiecewiseLinear::Relu.into()), affine()];
    for (layers, units, number) in [(ends, 2, 1), (doubled, 4, 0), (between, 2, 0)] {
        let model = Model::new(
            Mlp::new(2, layers).unwrap(),
            HeadKind::Softmax,
            DVector::from_element(units, 0.5),
            Convention::Inverted,
        )
        .unwrap();
        let error = Method::DropConnect.law(&model).err().expect("refused").to_string();
        assert!(error.contains(&format!("dropout layer {number} ")), "{error}");
    }
    let error = dropconnect::through(
        model(Convention::Inverted, DVector::from_element(4, 0.5)).network(),
        &dvector![1.0],
        |_| unreachable!("the multipliers do not fit"),
    );
    assert!(matches!(error, Err(Error::Shape { expected: 10, found: 1, .. })));
}
