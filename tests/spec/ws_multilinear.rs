//! Claims ws.multilinear and ws.moebius: the mean of f over independent masks is the multilinear extension of f, and weight
//! scaling is exact for f where f's own real extension agrees with it.

use crate::mean_output::{Rule, drop_rates, mean_output, rule_gives_the_mean_output, unscaled, weight_scaling};
use crate::support::{holds, keeps, mean_over, q, rational, rationals, refuted};
use approx::assert_relative_eq;
use dropout_oracle::ensemble::fold::multilinear_extension;
use dropout_oracle::ensemble::moebius::Moebius;
use dropout_oracle::ensemble::{Ensemble, expectation};
use dropout_oracle::head::{Bernoulli, Gaussian, Softmax};
use dropout_oracle::law::{FixedCount, Independent, Tied, Uniform};
use dropout_oracle::network::{Network, linear_regression};
use dropout_oracle::{Error, Mask, Rational, Real, Result, Scalar};
use nalgebra::{DVector, dvector};
use num_traits::One;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const UNITS: usize = 4;

/// A way to the mean of f over independent masks, from the 2^n values of f and the keep probabilities.
type Mean = fn(Vec<Rational>, &DVector<Rational>) -> Rational;

fn fold(values: Vec<Rational>, keep: &DVector<Rational>) -> Rational {
    multilinear_extension(values, keep).unwrap()
}

fn moebius(values: Vec<Rational>, keep: &DVector<Rational>) -> Rational {
    Moebius::new(keep.len(), values).unwrap().mean(keep).unwrap()
}

/// f at a 0/1 vector, from the table of its values.
fn look_up<T: Scalar>(values: &[T], multipliers: &DVector<T>) -> T {
    values[(0..multipliers.len()).map(|i| if multipliers[i].is_zero() { 0 } else { 1 << i }).sum::<usize>()].clone()
}

/// The mean is the one over the masks of the independent law, by definition.
fn is_the_mean(mean: Mean, values: &DVector<Rational>, keep: &DVector<Rational>) -> TestCaseResult {
    let law = Independent::new(keep.clone()).unwrap();
    let by_definition = mean_over(&law, |multipliers| dvector![look_up(values.as_slice(), multipliers)]);
    prop_assert_eq!(mean(values.as_slice().to_vec(), keep), by_definition[0].clone());
    Ok(())
}

fn tables() -> impl Strategy<Value = (DVector<Rational>, DVector<Rational>)> + Clone {
    (rationals(1 << UNITS), keeps(UNITS))
}

#[test]
fn ws_multilinear_holds_for_any_f_of_independent_masks() {
    holds(48, tables(), |(values, keep)| is_the_mean(fold, &values, &keep));
}

/// What makes F unique: it is f at the masks, and affine in each keep probability.
#[test]
fn ws_multilinear_extension_is_f_at_the_masks_and_affine_in_each_unit() {
    holds(32, (tables(), 0..UNITS), |((values, keep), unit)| {
        for mask in Mask::all(UNITS).unwrap() {
            let at_mask = fold(values.as_slice().to_vec(), &mask.multipliers());
            prop_assert_eq!(&at_mask, &values[mask.bits() as usize]);
        }
        let at = |p: Rational| {
            let mut keep = keep.clone();
            keep[unit] = p;
            fold(values.as_slice().to_vec(), &keep)
        };
        let p = keep[unit].clone();
        prop_assert_eq!(at(p.clone()), (q(1, 1) - p.clone()) * at(q(0, 1)) + p * at(q(1, 1)));
        Ok(())
    });
}

#[test]
fn ws_multilinear_mutant_folds_the_last_unit_first() {
    fn reversed(values: Vec<Rational>, keep: &DVector<Rational>) -> Rational {
        fold(values, &DVector::from_iterator(keep.len(), keep.iter().rev().cloned()))
    }
    refuted(32, tables(), |(values, keep)| is_the_mean(reversed, &values, &keep));
}

#[test]
fn ws_multilinear_mutant_folds_with_the_drop_rate() {
    fn dropped(values: Vec<Rational>, keep: &DVector<Rational>) -> Rational {
        fold(values, &keep.map(|p| Rational::one() - p))
    }
    refuted(32, tables(), |(values, keep)| is_the_mean(dropped, &values, &keep));
}

/// A polynomial in the multipliers, one a network output: coefficients with the exponent of each multiplier.
#[derive(Clone, Debug)]
struct Polynomial<T> {
    units: usize,
    outputs: Vec<Vec<(T, Vec<usize>)>>,
}

impl<T: Scalar> Network<T> for Polynomial<T> {
    fn inputs(&self) -> usize {
        0
    }
    fn units(&self) -> usize {
        self.units
    }
    fn outputs(&self) -> usize {
        self.outputs.len()
    }
    fn output(&self, _: &DVector<T>, multipliers: &DVector<T>) -> Result<DVector<T>> {
        let power = |exponents: &[usize]| {
            let factors = exponents.iter().zip(multipliers).flat_map(|(&k, m)| std::iter::repeat_n(m.clone(), k));
            factors.fold(T::one(), |product, factor| product * factor)
        };
        let value = |terms: &Vec<(T, Vec<usize>)>| {
            terms.iter().fold(T::zero(), |sum, (c, exponents)| sum + c.clone() * power(exponents))
        };
        Ok(DVector::from_iterator(self.outputs.len(), self.outputs.iter().map(value)))
    }
}

fn nothing<T: Scalar>() -> DVector<T> {
    DVector::zeros(0)
}

/// Polynomials with exponents up to `degree` in each multiplier: multi-affine for degree 1.
fn polynomial(degree: usize) -> impl Strategy<Value = Polynomial<Rational>> + Clone {
    let term = (rational(), prop::collection::vec(0..=degree, UNITS));
    let outputs = prop::collection::vec(prop::collection::vec(term, 1..6), 3);
    outputs.prop_map(|outputs| Polynomial { units: UNITS, outputs })
}

fn rule_is_exact(rule: Rule, network: &Polynomial<Rational>, keep: &DVector<Rational>) -> TestCaseResult {
    rule_gives_the_mean_output(rule, network, &nothing(), &Independent::new(keep.clone()).unwrap())
}

#[test]
fn ws_multilinear_holds_for_multi_affine_outputs() {
    holds(48, (polynomial(1), keeps(UNITS)), |(network, keep)| rule_is_exact(weight_scaling, &network, &keep));
}

/// Exact iff f(p) = F(p): whatever f, weight scaling is the mean exactly where the two extensions meet.
#[test]
fn ws_multilinear_holds_exactly_where_the_extensions_agree() {
    holds(48, (polynomial(2), keeps(UNITS)), |(network, keep)| {
        let law = Independent::new(keep.clone()).unwrap();
        let mean = expectation(&law, |multipliers| network.output(&nothing(), multipliers)).unwrap();
        let scaled = weight_scaling(&network, &nothing(), &law);
        for k in 0..network.outputs() {
            let at = |mask: Mask| network.output(&nothing(), &mask.multipliers()).unwrap()[k].clone();
            let extension = fold(Mask::all(UNITS).unwrap().map(at).collect(), &keep);
            prop_assert_eq!(scaled[k] == mean[k], scaled[k] == extension);
        }
        Ok(())
    });
}

#[test]
fn ws_multilinear_mutant_scales_by_the_drop_rates() {
    refuted(32, (polynomial(1), keeps(UNITS)), |(network, keep)| rule_is_exact(drop_rates, &network, &keep));
}

#[test]
fn ws_multilinear_mutant_does_not_scale() {
    refuted(32, (polynomial(1), keeps(UNITS)), |(network, keep)| rule_is_exact(unscaled, &network, &keep));
}

/// f as regression output: all three predictions are the mean prediction.
#[test]
fn ws_multilinear_holds_for_regression_outputs() {
    holds(24, (polynomial(1), keeps(UNITS)), |(network, keep)| {
        let (head, law) = (Gaussian::new(q(2, 1)).unwrap(), Independent::new(keep).unwrap());
        let prediction = Ensemble::new(&network, &head, &law).unwrap().predict(&nothing()).unwrap();
        prop_assert_eq!(&prediction.weight_scaling, &prediction.arithmetic_mean);
        prop_assert_eq!(&prediction.weight_scaling, &prediction.geometric_mean.expected);
        Ok(())
    });
}

/// f as logits: weight scaling is the normalised geometric mean.
#[test]
fn ws_multilinear_holds_for_logits_and_their_geometric_mean() {
    holds(32, (polynomial(1), keeps(UNITS)), |(network, keep)| {
        let float = |(c, exponents): &(Rational, Vec<usize>)| (Scalar::to_f64(c), exponents.clone());
        let outputs = network.outputs.iter().map(|terms| terms.iter().map(float).collect()).collect();
        let network = Polynomial { units: UNITS, outputs };
        let law = Independent::new(keep.map(|p| Scalar::to_f64(&p))).unwrap();
        let prediction = Ensemble::new(&network, &Softmax, &law).unwrap().predict(&nothing()).unwrap();
        // Logits are sums of at most 5 terms up to 6: some 20 roundings of 30·2⁻⁵³ each way, and softmax is 1-Lipschitz.
        let gap = (prediction.geometric_mean.expected - prediction.weight_scaling).amax();
        prop_assert!(gap < 20.0 * 30.0 * f64::EPSILON, "gap {gap:e}");
        Ok(())
    });
}

/// f(d) = d^k is d on the masks, so its mean is p, while f(p) = p^k.
#[test]
fn ws_multilinear_fails_for_powers() {
    let square = Polynomial { units: 1, outputs: vec![vec![(q(1, 1), vec![2])]] };
    let law = Uniform::new(1);
    assert_eq!(weight_scaling(&square, &nothing(), &law)[0], q(1, 4));
    assert_eq!(mean_output(&square, &nothing(), &law)[0], q(1, 2));
    refuted(32, (polynomial(3), keeps(UNITS)), |(network, keep)| rule_is_exact(weight_scaling, &network, &keep));
}

/// Multi-affine, but the entries are one draw: E d₀d₁ = p, not p².
#[test]
fn ws_multilinear_fails_for_dependent_entries() {
    let product = Polynomial { units: 2, outputs: vec![vec![(q(1, 1), vec![1, 1])]] };
    let tied = Tied::new(Uniform::<Rational>::new(1), vec![0, 0]).unwrap();
    assert_eq!(mean_output(&product, &nothing(), &tied)[0], q(1, 2));
    assert_eq!(weight_scaling(&product, &nothing(), &tied)[0], q(1, 4));
}

/// The three probabilities of "yes" for the logit w·d + b, one unit kept with probability p.
fn yes(w: f64, b: f64, keep: f64) -> [f64; 3] {
    let (network, law) = (linear_regression(dvector![w], b).unwrap(), Independent::new(dvector![keep]).unwrap());
    let prediction = Ensemble::new(&network, &Bernoulli, &law).unwrap().predict(&dvector![1.0]).unwrap();
    [prediction.arithmetic_mean[0], prediction.geometric_mean.expected[0], prediction.weight_scaling[0]]
}

/// f as probability: the logit d has AM ½(σ(0) + σ(1)), while WS = NGM = σ(½).
#[test]
fn ws_multilinear_fails_for_probabilities() {
    let [am, ngm, ws] = yes(1.0, 0.0, 0.5);
    assert_relative_eq!(am, 0.615529, epsilon = 1e-6); // six printed digits
    assert_relative_eq!(ws, 0.622459, epsilon = 1e-6);
    assert_relative_eq!(ngm, ws, max_relative = 4.0 * f64::EPSILON); // a few roundings each
}

/// Where WS is also AM: no disagreement, nothing dropped, logits symmetric about 0; and, for any other weight and p, at one
/// bias by coincidence, since the gap changes its sign between logits where σ is convex and logits where it is concave.
#[test]
fn ws_multilinear_holds_for_probabilities_only_by_coincidence() {
    for (w, b, keep) in [(0.0, 0.7, 0.3), (1.3, -0.2, 1.0), (2.0, -1.0, 0.5)] {
        let [am, _, ws] = yes(w, b, keep);
        assert_relative_eq!(am, ws, max_relative = 4.0 * f64::EPSILON); // a few roundings each
    }
    holds(64, (0.1..3.0, -3.0..3.0, 0.05..0.95), |(w, b, keep)| {
        let exact = (1.0 - keep) * Real::logistic(b) + keep * Real::logistic(w + b);
        let [am, _, ws] = yes(w, b, keep);
        // A random bias is not the one: the sets of coincidence have measure zero.
        prop_assert!((am - exact).abs() < 4.0 * f64::EPSILON && am != ws);
        let [convex, concave] = [-6.0, 6.0].map(|b| yes(w, b, keep));
        prop_assert!(convex[0] > convex[2] && concave[0] < concave[2]);
        Ok(())
    });
}

#[test]
fn ws_moebius_holds_for_any_f_at_any_p() {
    holds(48, tables(), |(values, keep)| is_the_mean(moebius, &values, &keep));
}

/// All 256 Boolean functions of three units, each with one table of coefficients for all p on a grid.
#[test]
fn ws_moebius_holds_exhaustively_for_the_boolean_functions_of_three_units() {
    for code in 0..256 {
        let values = DVector::from_fn(8, |mask, _| q(code >> mask & 1, 1));
        let coefficients = Moebius::new(3, values.as_slice().to_vec()).unwrap();
        for p in Mask::all(3).unwrap() {
            let keep = p.multipliers::<Rational>().map(|high| if high.is_one() { q(3, 4) } else { q(1, 3) });
            assert_eq!(coefficients.mean(&keep).unwrap(), fold(values.as_slice().to_vec(), &keep));
            is_the_mean(moebius, &values, &keep).unwrap();
        }
    }
}

/// The mean of a monomial of order k is the product of its k keep probabilities, and it has a single coefficient.
#[test]
fn ws_moebius_holds_for_monomials_of_every_order() {
    holds(16, keeps(UNITS), |keep| {
        for set in Mask::all(UNITS).unwrap() {
            let monomial = |mask: Mask| if mask.bits() & set.bits() == set.bits() { q(1, 1) } else { q(0, 1) };
            let coefficients = Moebius::new(UNITS, Mask::all(UNITS).unwrap().map(monomial).collect()).unwrap();
            for (subset, c) in coefficients.coefficients().iter().enumerate() {
                prop_assert_eq!(c.is_one(), subset as u64 == set.bits());
                prop_assert!(c.is_one() || c.is_zero());
            }
            let product = (0..UNITS).filter(|&i| set.keeps(i)).fold(q(1, 1), |product, i| product * keep[i].clone());
            prop_assert_eq!(coefficients.mean(&keep).unwrap(), product);
        }
        Ok(())
    });
}

/// f(d) = Σ_{S ⊆ d} c_S: the coefficients give f back.
#[test]
fn ws_moebius_coefficients_sum_to_f_over_the_subsets() {
    holds(32, rationals(1 << UNITS), |values| {
        let coefficients = Moebius::new(UNITS, values.as_slice().to_vec()).unwrap();
        for mask in 0..1usize << UNITS {
            let subsets = (0..1usize << UNITS).filter(|set| set & mask == *set);
            let sum = subsets.fold(q(0, 1), |sum, set| sum + coefficients.coefficients()[set].clone());
            prop_assert_eq!(&sum, &values[mask]);
        }
        Ok(())
    });
}

/// Dependent units need their joint moments: E d₀d₁ is ½ for tied units and ⅓ for two of three, not the product.
#[test]
fn ws_moebius_fails_for_dependent_units() {
    let and = |units: usize| {
        let both = |mask: Mask| if mask.keeps(0) && mask.keeps(1) { q(1, 1) } else { q(0, 1) };
        Mask::all(units).unwrap().map(both).collect::<Vec<_>>()
    };
    let tied = Tied::new(Uniform::<Rational>::new(1), vec![0, 0]).unwrap();
    assert_eq!(mean_over(&tied, |multipliers| dvector![look_up(&and(2), multipliers)])[0], q(1, 2));
    assert_eq!(moebius(and(2), &dvector![q(1, 2), q(1, 2)]), q(1, 4));
    let two_of_three = FixedCount::new(3, 2).unwrap();
    assert_eq!(mean_over(&two_of_three, |multipliers| dvector![look_up(&and(3), multipliers)])[0], q(1, 3));
    assert_eq!(moebius(and(3), &DVector::from_element(3, q(2, 3))), q(4, 9));
}

#[test]
fn ws_moebius_mutant_forgets_the_signs() {
    fn sum_over_subsets(values: Vec<Rational>, keep: &DVector<Rational>) -> Rational {
        let subsets = |mask: usize| (0..values.len()).filter(move |set| set & mask == *set);
        let c = |mask| subsets(mask).fold(q(0, 1), |sum, set| sum + values[set].clone());
        let term = |set: usize| (0..keep.len()).filter(|i| set >> i & 1 == 1).fold(c(set), |t, i| t * keep[i].clone());
        (0..values.len()).map(term).fold(q(0, 1), |sum, term| sum + term)
    }
    refuted(32, tables(), |(values, keep)| is_the_mean(sum_over_subsets, &values, &keep));
}

#[test]
fn ws_moebius_mutant_keeps_the_monomials_of_first_order_only() {
    fn first_order(values: Vec<Rational>, keep: &DVector<Rational>) -> Rational {
        let coefficients = Moebius::new(keep.len(), values).unwrap();
        let c = coefficients.coefficients();
        keep.iter().enumerate().fold(c[0].clone(), |sum, (i, p)| sum + c[1 << i].clone() * p.clone())
    }
    refuted(32, tables(), |(values, keep)| is_the_mean(first_order, &values, &keep));
}

/// f may be −∞ where a mask never comes: at p = 1 where the unit is dropped (0·−∞ would be NaN).
#[test]
fn fold_leaves_out_masks_that_never_come() {
    let impossible = f64::NEG_INFINITY;
    assert_eq!(multilinear_extension(vec![impossible, 2.0], &dvector![1.0]), Ok(2.0));
    assert_eq!(multilinear_extension(vec![2.0, impossible], &dvector![0.0]), Ok(2.0));
    assert_eq!(multilinear_extension(vec![impossible, 2.0, impossible, 4.0], &dvector![1.0, 0.5]), Ok(3.0));
    assert_eq!(multilinear_extension(vec![impossible, 2.0], &dvector![0.5]), Ok(impossible));
}

#[test]
fn fold_and_moebius_refuse_tables_of_another_length() {
    let expected = Error::Shape { what: "values of f, one a mask".into(), expected: 4, found: 3 };
    assert_eq!(multilinear_extension(vec![0.0; 3], &dvector![0.5, 0.5]), Err(expected.clone()));
    assert_eq!(Moebius::new(2, vec![0.0; 3]), Err(expected.clone()));
    assert_eq!(expected.to_string(), "values of f, one a mask: expected 4, found 3");
    let short = Moebius::new(1, vec![0.0, 1.0]).unwrap().mean(&dvector![0.5, 0.5]);
    assert_eq!(short.unwrap_err().to_string(), "keep probabilities: expected 1, found 2");
    let many = multilinear_extension(vec![0.0], &DVector::from_element(64, 0.5));
    assert_eq!(many, Err(Error::TooManyMasks { units: 64 }));
}
