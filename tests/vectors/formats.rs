//! The floating-point formats, bit by bit.

use dropout_oracle::ieee::Format;
use quickcheck::{Gen, QuickCheck};

/// All 2^16 numbers of the half types come back from `f64` as they went.
#[test]
fn every_half_number_survives() {
    for (format, bits) in itertools::iproduct!([Format::F16, Format::Bf16], 0..1u64 << 16) {
        let x = format.decode(bits);
        if x.is_nan() {
            assert!(format.decode(format.nearest(x)).is_nan());
        } else {
            assert_eq!(format.nearest(x), bits, "{format} {bits:04x}");
        }
    }
}

/// Half way between neighbours the even one is taken; a little off it, the nearer.
#[test]
fn every_half_midpoint_goes_to_the_even_neighbour() {
    for format in [Format::F16, Format::Bf16] {
        let infinity = format.nearest(f64::INFINITY);
        for bits in 0..infinity - 1 {
            let (below, above) = (format.decode(bits), format.decode(bits + 1));
            let middle = below + (above - below) / 2.0;
            assert_eq!(format.nearest(middle), bits + (bits & 1));
            assert_eq!(format.nearest(middle.next_down()), bits);
            assert_eq!(format.nearest(middle.next_up()), bits + 1);
            assert_eq!(above - below, format.ulp(below));
        }
    }
}

#[test]
fn single_and_double_agree_with_the_hardware() {
    fn agree(bits: u64) -> bool {
        let x = f64::from_bits(bits);
        let single = Format::F32.decode(Format::F32.nearest(x));
        let double = Format::F64.decode(Format::F64.nearest(x));
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

#[test]
fn the_distance_in_ulps_is_that_of_integers() {
    let x = 1.5f64;
    let third = f64::from_bits(x.to_bits() + 3);
    assert_eq!(Format::F64.ulps_outside(third, 1.0, x, x), 3.0);
    assert_eq!(Format::F64.ulps_outside(1.25, 1.0, x, x), 0.0);
    assert_eq!(Format::F64.ulps_outside(f64::NAN, 1.0, x, x), f64::INFINITY);
    assert_eq!(Format::Bf16.ulps_outside(1.0, 1.0 + 2f64.powi(-6), 2.0, 1.0), 2.0);
}
