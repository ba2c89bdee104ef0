//! The floating-point formats, bit by bit.

use dropout_oracle::conformance::Dtype;
use quickcheck::{Gen, QuickCheck};

/// All 2^16 numbers of the half types come back from `f64` as they went.
#[test]
fn every_half_number_survives() {
    for (format, bits) in itertools::iproduct!([Dtype::F16, Dtype::BF16], 0..1u64 << 16) {
        let x = format.value(bits);
        if x.is_nan() {
            assert!(format.value(format.round(x)).is_nan());
        } else {
            assert_eq!(format.round(x), bits, "{format} {bits:04x}");
        }
    }
}

/// Half way between neighbours the even one is taken; a little off it, the nearer.
#[test]
fn every_half_midpoint_goes_to_the_even_neighbour() {
    for format in [Dtype::F16, Dtype::BF16] {
        let infinity = format.round(f64::INFINITY);
        for bits in 0..infinity - 1 {
            let (below, above) = (format.value(bits), format.value(bits + 1));
            let middle = below + (above - below) / 2.0;
            assert_eq!(format.round(middle), bits + (bits & 1));
            assert_eq!(format.round(middle.next_down()), bits);
            assert_eq!(format.round(middle.next_up()), bits + 1);
        }
    }
}

#[test]
fn single_and_double_agree_with_the_hardware() {
    fn agree(bits: u64) -> bool {
        let x = f64::from_bits(bits);
        let single = Dtype::F32.value(Dtype::F32.round(x));
        let double = Dtype::F64.value(Dtype::F64.round(x));
        if x.is_nan() {
            return single.is_nan() && double.is_nan();
        }
        single.to_bits() == f64::from(x as f32).to_bits() && double.to_bits() == bits
    }
    let cases = || QuickCheck::new().tests(20_000).rng(Gen::from_size_and_seed(64, 1));
    cases().quickcheck(agree as fn(u64) -> bool);
    // Near the range of f32, where random bits seldom are.
    fn agree_near_one(bits: u64) -> bool {
        agree(bits >> 6 | 0x3800 << 48)
    }
    cases().quickcheck(agree_near_one as fn(u64) -> bool);
}
