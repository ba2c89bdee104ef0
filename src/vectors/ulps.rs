//! Distances in units in the last place, of any size.

use crate::conformance::Dtype;
use crate::scalar::{Rational, Scalar};

/// The unit in the last place of numbers of this size: the distance from |x| to its neighbour above.
fn ulp(dtype: Dtype, x: f64) -> Rational {
    let bits = dtype.round(x.abs());
    let exact = |bits| Rational::try_from(dtype.value(bits));
    let (here, above) = (exact(bits), exact(bits + 1));
    // The largest number has no finite neighbour above; its unit is that of the one below.
    let pair = here.and_then(|here| Ok((here, above.or_else(|_| exact(bits - 1))?)));
    let (here, neighbour) = pair.expect("a finite number");
    if here < neighbour { neighbour - here } else { here - neighbour }
}

/// How far `got` lies outside [`lo`, `hi`] in units in the last place of `size`; 0 within, infinite for NaN and the
/// infinities.
pub(super) fn ulps_outside(dtype: Dtype, got: f64, (lo, hi): (f64, f64), size: f64) -> f64 {
    let exact = |x: f64| Rational::try_from(x).ok();
    let (Some(got), Some(lo), Some(hi)) = (exact(got), exact(lo), exact(hi)) else { return f64::INFINITY };
    let outside = if got < lo { lo - got } else { got - hi };
    if outside <= Rational::ZERO { 0.0 } else { Scalar::to_f64(&(outside / ulp(dtype, size))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_is_that_of_integers() {
        let x = 1.5f64;
        let third = f64::from_bits(x.to_bits() + 3);
        assert_eq!(ulps_outside(Dtype::F64, third, (1.0, x), x), 3.0);
        assert_eq!(ulps_outside(Dtype::F64, 1.25, (1.0, x), x), 0.0);
        assert_eq!(ulps_outside(Dtype::F64, f64::NAN, (1.0, x), x), f64::INFINITY);
        assert_eq!(ulps_outside(Dtype::BF16, 1.0, (1.015625, 2.0), 1.0), 2.0);
        assert_eq!(ulps_outside(Dtype::F16, 65472.0, (65504.0, 65504.0), 65504.0), 1.0);
    }
}
