//! Logarithm and exponential of whole slices: inlined, free of branches, so that the compiler turns a
//! loop over them into vector code, and the same bits on every machine (the C library's are neither).
//!
//! Both follow fdlibm (Sun Microsystems, 1993: `e_log.c`, `e_exp.c`) and stay within 1 ulp.
#![allow(clippy::excessive_precision, reason = "the constants stand as fdlibm prints them")]
#![allow(clippy::inline_always, reason = "a call in the loop would keep it from becoming vector code")]

const LN2_HIGH: f64 = 6.931_471_803_691_238_164_90e-01;
const LN2_LOW: f64 = 1.908_214_929_270_587_700_02e-10;
const MANTISSA_BITS: u32 = 52;
/// The bits of 1.0.
const ONE: u64 = 0x3FF0_0000_0000_0000;
/// The bits of sqrt(1/2), cut to the upper word.
const SQRT_HALF: u64 = 0x3FE6_A09E_0000_0000;
/// 2^52: its lowest mantissa bit counts ones.
const TWO_52: f64 = 4_503_599_627_370_496.0;
/// 1.5 * 2^52: adding it rounds a small number of either sign to an integer in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// A random word as a number strictly between 0 and 1: an odd multiple of 2^-53.
#[inline(always)]
pub fn open_unit(word: u64) -> f64 {
    f64::from_bits((word >> (64 - MANTISSA_BITS)) | ONE) - (1.0 - f64::EPSILON / 2.0)
}

/// The natural logarithm of a positive, normal, finite `x`; anything else gives nonsense.
#[inline(always)]
pub fn ln_normal(x: f64) -> f64 {
    // x = 2^exponent * m with m in [sqrt(1/2), sqrt(2)); the exponent is biased by 1023 to stay positive.
    let shifted = x.to_bits().wrapping_add(ONE - SQRT_HALF);
    let biased = shifted >> MANTISSA_BITS;
    let exponent = f64::from_bits(biased | TWO_52.to_bits()) - (TWO_52 + 1023.0);
    let m = f64::from_bits((shifted & ((1 << MANTISSA_BITS) - 1)) + SQRT_HALF);
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w
        * (3.999_999_999_940_941_908e-01
            + w * (2.222_219_843_214_978_396e-01 + w * 1.531_383_769_920_937_332e-01));
    let odd = z
        * (6.666_666_666_666_735_130e-01
            + w * (2.857_142_874_366_239_149e-01
                + w * (1.818_357_216_161_805_012e-01 + w * 1.479_819_860_511_658_591e-01)));
    let half_square = 0.5 * f * f;
    exponent * LN2_HIGH - ((half_square - (s * (half_square + even + odd) + exponent * LN2_LOW)) - f)
}

/// At most the natural logarithm of a positive, normal, finite `x`, and less by 0.06 at the most: the chords of
/// the logarithm between powers of two.
#[inline(always)]
pub fn ln_lower_bound(x: f64) -> f64 {
    const DROPPED: u32 = 20; // the bits that are left, as an integer, stay below 2^52
    const MARGIN: f64 = 1e-9; // above the rounding errors of either logarithm
    let chord =
        f64::from_bits((x.to_bits() >> DROPPED) | TWO_52.to_bits()) - (TWO_52 + (ONE >> DROPPED) as f64);
    chord * (std::f64::consts::LN_2 / (1_u64 << (MANTISSA_BITS - DROPPED)) as f64) - MARGIN
}

/// At least the natural logarithm of a finite `x >= 0`, and more by 0.061 at the most where `x` is normal.
#[inline(always)]
pub fn ln_upper_bound(x: f64) -> f64 {
    ln_lower_bound(x) + 0.061
}

/// The natural logarithm of a finite `x >= 0`: minus infinity at 0.
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    const SCALE: f64 = 18_014_398_509_481_984.0; // 2^54 lifts a subnormal into the normal range
    let small = x < f64::MIN_POSITIVE;
    let normal = if small { x * SCALE } else { x };
    let lowered = ln_normal(normal) - if small { 54.0 * std::f64::consts::LN_2 } else { 0.0 };
    if x > 0.0 { lowered } else { f64::NEG_INFINITY }
}

/// The exponential of `x <= 0` (minus infinity included).
#[inline(always)]
pub fn exp_nonpositive(x: f64) -> f64 {
    let x = if x > -750.0 { x } else { -750.0 }; // exp(-750) rounds to 0
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let halvings = ROUND.to_bits().wrapping_sub(shifted.to_bits()); // -k >= 0
    let high = x - k * LN2_HIGH;
    let low = k * LN2_LOW;
    let r = high - low;
    let z = r * r;
    let c = r - z
        * (1.666_666_666_666_660_190_37e-01
            + z * (-2.777_777_777_701_559_338_42e-03
                + z * (6.613_756_321_437_934_361_17e-05
                    + z * (-1.653_390_220_546_525_153_90e-06 + z * 4.138_136_797_057_238_460_39e-08))));
    let y = 1.0 + (r * c / (2.0 - c) - low + high);
    // Two steps, since 2^k itself may lie below the normal range.
    let half = halvings >> 1;
    let power = |steps: u64| f64::from_bits(ONE - (steps << MANTISSA_BITS));
    y * power(half) * power(halvings - half)
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the ends of the ranges are exact")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ends_of_the_ranges() {
        assert_eq!(open_unit(0), f64::EPSILON / 2.0);
        assert_eq!(open_unit(u64::MAX), 1.0 - f64::EPSILON / 2.0);
        assert_eq!(ln(0.0), f64::NEG_INFINITY);
        assert_eq!(ln(1.0), 0.0);
        assert_eq!(exp_nonpositive(0.0), 1.0);
        assert_eq!(exp_nonpositive(f64::NEG_INFINITY), 0.0);
        assert!(exp_nonpositive(-745.0) > 0.0);
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 4.0 * f64::EPSILON * b.abs().max(f64::MIN_POSITIVE)
    }

    proptest! {
        #[test]
        fn ln_equals_the_library(bits in 1_u64..0x7FF0_0000_0000_0000) {
            let x = f64::from_bits(bits);
            prop_assert!(close(ln(x), x.ln()), "{x:e}: {} {}", ln(x), x.ln());
        }

        #[test]
        fn ln_is_sharp_near_one(u in -1e-3..1e-3_f64) {
            prop_assert!(close(ln_normal(1.0 + u), (1.0 + u).ln()));
        }

        #[test]
        fn ln_is_bounded(bits in ONE - (54 << 52)..ONE) {
            let x = f64::from_bits(bits);
            let gap = ln_normal(x) - ln_lower_bound(x);
            prop_assert!(0.0 < gap && gap < 0.06, "{x:e}: {gap}");
        }

        #[test]
        fn ln_is_bounded_above(bits in 1_u64..0x7FF0_0000_0000_0000) {
            let x = f64::from_bits(bits);
            let gap = ln_upper_bound(x) - ln(x);
            prop_assert!(gap > 0.0 && (gap < 0.062 || !x.is_normal()), "{x:e}: {gap}");
        }

        #[test]
        fn exp_equals_the_library(x in -760.0..=0.0_f64) {
            prop_assert!(close(exp_nonpositive(x), x.exp()), "{x}");
        }
    }
}
