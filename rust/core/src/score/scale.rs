//! How a raw number becomes a feature.

use super::steps::Steps;
use crate::error::{Result, check};
use crate::math::{ln, vectorised};

/// From the raw values of a numeric column to a feature.
#[derive(Debug, Clone)]
pub enum Scale {
    /// `(value - mean) / scale`, or 0 where `scale` is.
    Linear {
        /// Whether the value is taken through `ln(1 + value)` first.
        logged: bool,
        /// To subtract.
        mean: f64,
        /// To divide by; not negative.
        scale: f64,
    },
    /// A step function of the value.
    Steps(Steps),
}

impl Scale {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`crate::Error`] naming `mean` or `scale`.
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::Linear { mean, scale, .. } => {
                check(mean.is_finite(), "mean", mean, "finite")?;
                check(scale.is_finite() && *scale >= 0.0, "scale", scale, "finite and at least 0")
            }
            Self::Steps(_) => Ok(()),
        }
    }

    /// Turns values of the column into features; a NaN stays one.
    pub(super) fn apply(&self, values: &[f64], out: &mut [f32]) {
        match self {
            Self::Linear { scale: 0.0, .. } => out.fill(0.0),
            &Self::Linear { logged, mean, scale } => vectorised(
                #[inline(always)]
                || {
                    for (out, &value) in out.iter_mut().zip(values) {
                        let value = if logged { ln_1p(value) } else { value };
                        *out = ((value - mean) / scale) as f32;
                    }
                },
            ),
            Self::Steps(steps) => steps.apply(values, out),
        }
    }
}

/// `ln(1 + x)` for `x > -1`, within 2 ulp; NaN below.
#[inline(always)]
fn ln_1p(x: f64) -> f64 {
    let sum = 1.0 + x;
    let lost = x - (sum - 1.0); // what rounding took from x
    let found = ln(sum) + lost / sum;
    if x > -1.0 { found } else { f64::NAN }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "0 is exact")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn impossible_scales_are_refused() {
        assert!(Scale::Linear { logged: false, mean: f64::NAN, scale: 1.0 }.check().is_err());
        assert!(Scale::Linear { logged: false, mean: 0.0, scale: -1.0 }.check().is_err());
    }

    #[test]
    fn a_constant_column_is_zero() {
        let mut out = [1.0; 2];
        Scale::Linear { logged: true, mean: 3.0, scale: 0.0 }.apply(&[5.0, 7.0], &mut out);
        assert_eq!(out, [0.0; 2]);
    }

    proptest! {
        #[test]
        fn ln_1p_equals_the_library(exponent in -320.0..300.0_f64, below in -0.999..0.0_f64) {
            for x in [10.0_f64.powf(exponent), below, 0.0] {
                let expected = x.ln_1p();
                prop_assert!((ln_1p(x) - expected).abs() <= 8.0 * f64::EPSILON * expected.abs(), "{x:e}");
            }
        }
    }
}
