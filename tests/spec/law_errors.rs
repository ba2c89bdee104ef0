//! What is no mask and no law is refused by name, with what would be right.

use dropout_oracle::law::{FiniteLaw, FixedCount, Independent, NonEmpty, Rescaled, Table, Tied, Uniform};
use dropout_oracle::{Error, Mask, Rational, Scalar};
use nalgebra::{DVector, dvector};

fn text<V: std::fmt::Debug>(result: Result<V, Error>) -> String {
    result.expect_err("it is refused").to_string()
}

#[test]
fn law_errors_for_keep_probabilities_outside_their_range() {
    for (value, shown) in [(0.0, "0"), (-0.5, "-0.5"), (1.5, "1.5"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        assert_eq!(
            text(Independent::new(dvector![0.5, value])),
            format!(
                "keep probability of unit 1 is {shown}; it must lie in (0, 1] (it is the probability of KEEPING the \
                 unit, 1 minus the drop rate)"
            )
        );
    }
    assert!(Independent::new(dvector![1.0, f64::MIN_POSITIVE]).is_ok());
    assert!(Independent::new(dvector![Rational::ratio(1, 1), Rational::ratio(4, 3)]).is_err());
}

#[test]
fn law_errors_for_masks_that_do_not_exist() {
    assert_eq!(text(Mask::new(2, 0b100)), "mask of 2 units is 0b100; it must be an integer below 2^units");
    let too_many = "64 droppable units have 2^64 masks, more than can be enumerated; sample them (Monte Carlo) or use \
                    weight scaling";
    assert_eq!(text(Mask::new(64, 0)), too_many);
    assert_eq!(text(Mask::all(64).map(|masks| masks.len())), too_many);
    assert_eq!(text(FixedCount::<f64>::new(64, 3)), too_many);
    assert_eq!(text(Uniform::<f64>::new(64).submodels()), too_many);
    assert_eq!(text(Independent::new(DVector::from_element(64, 0.5)).unwrap().submodels()), too_many);
    assert_eq!(text(Uniform::<f64>::new(64).support().map(|_| ())), too_many);
}

#[test]
fn law_errors_for_laws_without_masks() {
    assert_eq!(text(FixedCount::<f64>::new(2, 3)), "the law has no masks: it keeps more units than there are");
    assert_eq!(text(Table::<f64>::new(vec![])), "the law has no masks: the table is empty");
    let nothing = Independent::new(DVector::<f64>::zeros(0)).unwrap();
    assert_eq!(text(NonEmpty::new(nothing)), "the law has no masks: without units the only mask is the empty one");
}

#[test]
fn law_errors_for_inverted_laws_of_units_that_are_always_dropped() {
    let why = "the mean multiplier of unit 0 of an inverted law is 0; it must be above 0: a unit that is always dropped \
               cannot be divided by its keep probability";
    assert_eq!(text(Rescaled::inverted(FixedCount::<f64>::new(3, 0).unwrap())), why);
    assert_eq!(text(Rescaled::inverted(FixedCount::<Rational>::new(3, 0).unwrap())), why);
    let tiny = Independent::new(dvector![5e-324]).unwrap();
    assert_eq!(text(Rescaled::inverted(tiny)), "a factor of a rescaled law is inf; every number must be finite");
}

#[test]
fn law_errors_for_tables_that_are_no_laws() {
    let table = |weights: &[f64]| Table::new(Mask::all(1).unwrap().zip(weights.iter().copied()).collect());
    let law = "the weights are not a probability law: ";
    assert_eq!(text(table(&[0.5, 0.25])), format!("{law}the probabilities sum to 0.75, not to 1"));
    assert_eq!(text(table(&[1.5, -0.5])), format!("{law}mask 1 has probability -0.5"));
    assert_eq!(text(table(&[f64::NAN, 1.0])), format!("{law}mask 0 has probability NaN"));
    assert_eq!(text(table(&[f64::INFINITY, 0.0])), format!("{law}mask 0 has probability inf"));
    let mixed = vec![(Mask::new(1, 0).unwrap(), 0.5), (Mask::new(2, 0).unwrap(), 0.5)];
    assert_eq!(text(Table::new(mixed)), "units of a mask in the table: expected 1, found 2");
    // Rounded thirds are a law in f64 and not one in rationals.
    let thirds = |third: f64| Mask::all(2).unwrap().zip([third, third, third, 0.0]);
    assert!(Table::new(thirds(1.0 / 3.0).collect()).is_ok());
    let exact = thirds(1.0 / 3.0).map(|(mask, third)| (mask, Rational::try_from(third).unwrap()));
    assert!(matches!(Table::new(exact.collect()), Err(Error::NotALaw { .. })));
}

/// Two roundings an entry are forgiven, 16u for 8 entries, and not a bit more. Just above 1 the floats are 2u apart.
#[test]
fn law_errors_forgive_two_roundings_an_entry() {
    let off_by = |roundings: f64| {
        let total = 1.0 + roundings * f64::unit_roundoff();
        Table::new(Mask::all(3).unwrap().map(|mask| (mask, if mask.bits() == 5 { total } else { 0.0 })).collect())
    };
    assert!(off_by(16.0).is_ok());
    assert!(matches!(off_by(18.0), Err(Error::NotALaw { .. })));
    assert!(off_by(-16.0).is_ok());
    assert!(matches!(off_by(-17.0), Err(Error::NotALaw { .. })));
}

#[test]
fn law_errors_for_groups_and_factors_that_do_not_fit() {
    assert_eq!(
        text(Tied::new(Uniform::<f64>::new(2), vec![0, 2])),
        "group of unit 1 is 2; it must be below the number of groups of the law"
    );
    let rescaled = |factor| Rescaled::new(Uniform::<f64>::new(2), factor);
    assert_eq!(text(rescaled(dvector![1.0])), "factors of a rescaled law: expected 2, found 1");
    assert_eq!(
        text(rescaled(dvector![1.0, f64::NAN])),
        "a factor of a rescaled law is NaN; every number must be finite"
    );
}
