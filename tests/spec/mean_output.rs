//! The question that most claims of weight scaling ask: does a rule give the mean of a network's outputs over its masks?

use crate::support::mean_over;
use dropout_oracle::Rational;
use dropout_oracle::law::FiniteLaw;
use dropout_oracle::network::Network;
use nalgebra::DVector;
use num_traits::One;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

/// A rule that claims to give the mean output for an input, over the sub-models of a law.
pub type Rule = fn(&dyn Network<Rational>, &DVector<Rational>, &dyn FiniteLaw<Rational>) -> DVector<Rational>;

/// The project's rule: the network at the mean multipliers.
pub fn weight_scaling(
    network: &dyn Network<Rational>,
    x: &DVector<Rational>,
    law: &dyn FiniteLaw<Rational>,
) -> DVector<Rational> {
    network.output(x, &law.mean()).unwrap()
}

/// A mutant: the network at the drop rates.
pub fn drop_rates(
    network: &dyn Network<Rational>,
    x: &DVector<Rational>,
    law: &dyn FiniteLaw<Rational>,
) -> DVector<Rational> {
    network.output(x, &law.mean().map(|p| Rational::one() - p)).unwrap()
}

/// A mutant: the network with nothing dropped and nothing scaled.
pub fn unscaled(
    network: &dyn Network<Rational>,
    x: &DVector<Rational>,
    law: &dyn FiniteLaw<Rational>,
) -> DVector<Rational> {
    network.output(x, &DVector::from_element(law.units(), Rational::one())).unwrap()
}

/// A mutant: the output scaled instead of the weights, and with it the biases.
pub fn scaled_output(
    network: &dyn Network<Rational>,
    x: &DVector<Rational>,
    law: &dyn FiniteLaw<Rational>,
) -> DVector<Rational> {
    unscaled(network, x, law) * law.mean()[0].clone()
}

/// The mean output, by definition.
pub fn mean_output(
    network: &dyn Network<Rational>,
    x: &DVector<Rational>,
    law: &dyn FiniteLaw<Rational>,
) -> DVector<Rational> {
    mean_over(law, |multipliers| network.output(x, multipliers).unwrap())
}

/// The rule's output is the mean one, exactly.
pub fn rule_gives_the_mean_output(
    rule: Rule,
    network: &dyn Network<Rational>,
    x: &DVector<Rational>,
    law: &dyn FiniteLaw<Rational>,
) -> TestCaseResult {
    prop_assert_eq!(rule(network, x, law), mean_output(network, x, law));
    Ok(())
}
