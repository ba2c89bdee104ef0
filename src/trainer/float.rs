//! The two number types of the trainer, sixty-four bytes at a time.

use crate::scalar::Real;
use pulp::Simd;

/// `f32` or `f64`, with vectors of [`Float::LANES`] numbers on every machine.
///
/// All operations are those of IEEE 754, lane by lane, and [`Float::mul_add`] rounds once everywhere, so no result
/// depends on the instruction set.
pub trait Float: Real {
    /// Numbers a vector: 16 for `f32`, 8 for `f64`.
    const LANES: usize;
    /// [`Float::LANES`] numbers.
    type Vector<S: Simd>: Copy;

    /// The nearest number.
    fn from_f64(x: f64) -> Self;

    /// The numbers as vectors, a rest that does not fill one left out.
    fn vectors<S: Simd>(numbers: &[Self]) -> &[Self::Vector<S>];
    /// [`Float::vectors`], to be written.
    fn vectors_mut<S: Simd>(numbers: &mut [Self]) -> &mut [Self::Vector<S>];

    /// x in every lane.
    fn splat<S: Simd>(simd: S, x: Self) -> Self::Vector<S>;
    /// a + b.
    fn plus<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// a b.
    fn times<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// a b + c, rounded once.
    fn mul_add<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;
    /// The sum of the lanes: the upper half is added to the lower until one is left.
    fn sum<S: Simd>(simd: S, a: Self::Vector<S>) -> Self;
    /// max(a, 0), where NaN stays NaN.
    fn positive_part<S: Simd>(simd: S, a: Self::Vector<S>) -> Self::Vector<S>;
    /// a where `test` is positive, else 0.
    fn where_positive<S: Simd>(simd: S, test: Self::Vector<S>, a: Self::Vector<S>) -> Self::Vector<S>;
    /// a, with 0 in place of subnormal numbers.
    fn normal<S: Simd>(simd: S, a: Self::Vector<S>) -> Self::Vector<S>;
    /// a in the lanes whose bit is set, else 0; lane 0 is the lowest bit.
    fn keep<S: Simd>(simd: S, bits: u64, a: Self::Vector<S>) -> Self::Vector<S>;
}

macro_rules! float {
    ($t:ident, $bits:ident, $lanes:expr, $vector:ident, $as_simd:ident, $as_mut_simd:ident, $as_simd_bits:ident,
     $splat:ident, $splat_bits:ident, $add:ident, $mul:ident, $mul_add:ident, $sum:ident, $abs:ident, $below:ident,
     $at_most:ident, $above:ident, $and:ident, $equal:ident, $select:ident) => {
        impl Float for $t {
            const LANES: usize = $lanes;
            type Vector<S: Simd> = S::$vector;

            fn from_f64(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn vectors<S: Simd>(numbers: &[Self]) -> &[S::$vector] {
                S::$as_simd(numbers).0
            }
            #[inline(always)]
            fn vectors_mut<S: Simd>(numbers: &mut [Self]) -> &mut [S::$vector] {
                S::$as_mut_simd(numbers).0
            }
            #[inline(always)]
            fn splat<S: Simd>(simd: S, x: Self) -> S::$vector {
                simd.$splat(x)
            }
            #[inline(always)]
            fn plus<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn times<S: Simd>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$mul(a, b)
            }
            #[inline(always)]
            fn mul_add<S: Simd>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$mul_add(a, b, c)
            }
            #[inline(always)]
            fn sum<S: Simd>(simd: S, a: S::$vector) -> Self {
                simd.$sum(a)
            }
            #[inline(always)]
            fn positive_part<S: Simd>(simd: S, a: S::$vector) -> S::$vector {
                let zero = simd.$splat(0.0);
                simd.$select(simd.$at_most(a, zero), zero, a)
            }
            #[inline(always)]
            fn where_positive<S: Simd>(simd: S, test: S::$vector, a: S::$vector) -> S::$vector {
                let zero = simd.$splat(0.0);
                simd.$select(simd.$above(test, zero), a, zero)
            }
            #[inline(always)]
            fn normal<S: Simd>(simd: S, a: S::$vector) -> S::$vector {
                let least = simd.$splat(Self::MIN_POSITIVE);
                simd.$select(simd.$below(simd.$abs(a), least), simd.$splat(0.0), a)
            }
            #[inline(always)]
            fn keep<S: Simd>(simd: S, bits: u64, a: S::$vector) -> S::$vector {
                const LANE: [$bits; $lanes] = {
                    let (mut lanes, mut lane) = ([0; $lanes], 0);
                    while lane < $lanes {
                        lanes[lane] = 1 << lane;
                        lane += 1;
                    }
                    lanes
                };
                let lane = S::$as_simd_bits(&LANE).0[0];
                let kept = simd.$equal(simd.$and(simd.$splat_bits(bits as $bits), lane), lane);
                simd.$select(kept, a, simd.$splat(0.0))
            }
        }
    };
}
float!(
    f32,
    u32,
    16,
    f32s,
    as_simd_f32s,
    as_mut_simd_f32s,
    as_simd_u32s,
    splat_f32s,
    splat_u32s,
    add_f32s,
    mul_f32s,
    mul_add_f32s,
    reduce_sum_f32s,
    abs_f32s,
    less_than_f32s,
    less_than_or_equal_f32s,
    greater_than_f32s,
    and_u32s,
    equal_u32s,
    select_f32s
);
float!(
    f64,
    u64,
    8,
    f64s,
    as_simd_f64s,
    as_mut_simd_f64s,
    as_simd_u64s,
    splat_f64s,
    splat_u64s,
    add_f64s,
    mul_f64s,
    mul_add_f64s,
    reduce_sum_f64s,
    abs_f64s,
    less_than_f64s,
    less_than_or_equal_f64s,
    greater_than_f64s,
    and_u64s,
    equal_u64s,
    select_f64s
);
