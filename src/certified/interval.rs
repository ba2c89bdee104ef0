//! Intervals that contain the real number they stand for.

use crate::scalar::{Rational, Scalar};
use dashu_float::round::mode::{Down, Up};
use dashu_float::{Context, FBig, Repr};
use num_traits::{One, Zero};
use std::cmp::Ordering;

/// Working precision in bits. Sums over 2^n masks lose about n of them; what is left is far beyond an `f64`'s 53.
const BITS: usize = 160;

/// A closed interval [lo, hi] of binary floating-point numbers with a long significand.
///
/// Every operation rounds its lower end down and its upper end up, so an interval contains the exact result whenever its
/// operands contained theirs. exp and ln are rounded in the stated direction by a certified algorithm (Ziv's strategy).
///
/// ```
/// use dropout_oracle::{Rational, Scalar, certified::Interval};
/// let e = Interval::ratio(1, 3).exp().ln() * Interval::ratio(3, 1);
/// assert!(e.contains(&Rational::ratio(1, 1)));
/// let (lo, hi) = e.to_f64s();
/// assert!(lo <= 1.0 && 1.0 <= hi && hi - lo <= 2.0 * f64::EPSILON);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Interval {
    lo: FBig<Down>,
    hi: FBig<Up>,
}

const DOWN: Context<Down> = Context::new(BITS);
const UP: Context<Up> = Context::new(BITS);

/// A result that is neither infinite nor undefined: no operation here is given operands for which it could be.
macro_rules! finite {
    ($operation:expr) => {
        $operation.expect("finite operands within the exponent range").value()
    };
}

impl Interval {
    /// The interval that holds one rational number.
    fn rational(q: &Rational) -> Self {
        let (numerator, denominator) = (q.numerator().clone(), q.denominator().clone());
        let (n, d) = (Repr::new(numerator, 0), Repr::new(denominator.into(), 0));
        Self { lo: finite!(DOWN.div(&n, &d)), hi: finite!(UP.div(&n, &d)) }
    }

    /// Whether the interval contains a rational number.
    pub fn contains(&self, q: &Rational) -> bool {
        let exact = |repr: &Repr<2>| {
            let (significand, exponent) = (repr.significand().clone(), repr.exponent());
            let power = Rational::from(2u8).pow(exponent);
            Rational::from(significand) * power
        };
        exact(self.lo.repr()) <= *q && *q <= exact(self.hi.repr())
    }

    /// The narrowest pair of `f64` that encloses the interval.
    pub fn to_f64s(&self) -> (f64, f64) {
        (self.lo.to_f64().value(), self.hi.to_f64().value())
    }

    /// The ends in decimal: the lower one rounded down and the upper one rounded up to this many significant digits, as in
    /// `2.5e-1`. Read back exactly or rounded outward they enclose the interval; nearest rounding to an `f64` need not.
    ///
    /// ```
    /// use dropout_oracle::{Scalar, certified::Interval};
    /// assert_eq!(Interval::ratio(-2, 3).to_decimals(5), ("-6.6667e-1".into(), "-6.6666e-1".into()));
    /// ```
    pub fn to_decimals(&self, digits: usize) -> (String, String) {
        let lo = self.lo.clone().with_base_and_precision::<10>(digits).value();
        let hi = self.hi.clone().with_base_and_precision::<10>(digits).value();
        (format!("{lo:e}"), format!("{hi:e}"))
    }

    /// π.
    pub fn pi() -> Self {
        Self { lo: DOWN.pi(None).value(), hi: UP.pi(None).value() }
    }

    /// \\(e^x\\).
    ///
    /// # Panics
    /// If the binary exponent of the result does not fit a machine word, which it does for |x| below 2⁴⁰.
    pub fn exp(&self) -> Self {
        Self { lo: finite!(DOWN.exp(self.lo.repr(), None)), hi: finite!(UP.exp(self.hi.repr(), None)) }
    }

    /// \\(\ln x\\).
    ///
    /// # Panics
    /// Unless the interval is positive.
    pub fn ln(&self) -> Self {
        Self { lo: finite!(DOWN.ln(self.lo.repr(), None)), hi: finite!(UP.ln(self.hi.repr(), None)) }
    }
}

impl From<&Rational> for Interval {
    fn from(q: &Rational) -> Self {
        Self::rational(q)
    }
}

impl From<f64> for Interval {
    /// The interval that holds exactly this number, which must be finite.
    fn from(x: f64) -> Self {
        Self::rational(&Rational::try_from(x).expect("a finite number"))
    }
}

/// The operation on the lower ends rounded down, on the upper ends rounded up.
macro_rules! monotone {
    ($trait:ident, $method:ident, $assign_trait:ident, $assign:ident, $lo:ident, $hi:ident) => {
        impl std::ops::$trait for Interval {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                Self {
                    lo: finite!(DOWN.$method(self.lo.repr(), other.$lo.repr())),
                    hi: finite!(UP.$method(self.hi.repr(), other.$hi.repr())),
                }
            }
        }
        impl std::ops::$assign_trait for Interval {
            fn $assign(&mut self, other: Self) {
                *self = std::ops::$trait::$method(self.clone(), other);
            }
        }
    };
}
monotone!(Add, add, AddAssign, add_assign, lo, hi);
monotone!(Sub, sub, SubAssign, sub_assign, hi, lo);

/// The extreme results are among those of the ends.
macro_rules! by_ends {
    ($trait:ident, $method:ident, $assign_trait:ident, $assign:ident, $condition:expr) => {
        impl std::ops::$trait for Interval {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                $condition(&other);
                let ends = |i: &Self| [i.lo.repr().clone(), i.hi.repr().clone()];
                let (a, b) = (ends(&self), ends(&other));
                let pairs = || itertools::iproduct!(&a, &b);
                let least = pairs().map(|(a, b)| finite!(DOWN.$method(a, b))).reduce(|x, y| if y < x { y } else { x });
                let most = pairs().map(|(a, b)| finite!(UP.$method(a, b))).reduce(|x, y| if y > x { y } else { x });
                Self { lo: least.expect("four results"), hi: most.expect("four results") }
            }
        }
        impl std::ops::$assign_trait for Interval {
            fn $assign(&mut self, other: Self) {
                *self = std::ops::$trait::$method(self.clone(), other);
            }
        }
    };
}
by_ends!(Mul, mul, MulAssign, mul_assign, |_: &Self| ());
by_ends!(Div, div, DivAssign, div_assign, |divisor: &Self| assert!(
    *divisor > Self::zero() || *divisor < Self::zero(),
    "division by an interval that contains zero"
));

impl std::ops::Neg for Interval {
    type Output = Self;
    fn neg(self) -> Self {
        Self::zero() - self
    }
}

/// One interval is less than another if every number in it is; overlapping ones cannot be compared.
impl PartialOrd for Interval {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let is_point = |i: &Self| i.lo.repr() == i.hi.repr();
        if self.hi.repr() < other.lo.repr() {
            Some(Ordering::Less)
        } else if self.lo.repr() > other.hi.repr() {
            Some(Ordering::Greater)
        } else {
            (is_point(self) && self == other).then_some(Ordering::Equal)
        }
    }
}

impl Zero for Interval {
    fn zero() -> Self {
        Self::rational(&Rational::ZERO)
    }
    fn is_zero(&self) -> bool {
        *self == Self::zero()
    }
}

impl One for Interval {
    fn one() -> Self {
        Self::rational(&Rational::ONE)
    }
}

impl Scalar for Interval {
    fn ratio(numerator: i64, denominator: i64) -> Self {
        Self::rational(&Rational::ratio(numerator, denominator))
    }
    fn to_f64(&self) -> f64 {
        let (lo, hi) = self.to_f64s();
        lo + (hi - lo) / 2.0
    }
    fn unit_roundoff() -> Self {
        Self::zero() // containment needs no allowance
    }
    fn is_finite(&self) -> bool {
        true
    }
    /// The numbers that can be the larger of one from each: sound for ReLU and maxout even where the sign is open.
    fn maximum(self, other: Self) -> Self {
        Self { lo: self.lo.max(other.lo), hi: self.hi.max(other.hi) }
    }
}
