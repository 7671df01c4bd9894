//! How a raw number becomes a feature.

use crate::error::{Error, Result, check, check_len};
use crate::math::{ln, vectorised};

/// Rows whose place in a table of steps is looked for side by side.
const LANES: usize = 16;

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
    /// The level of the last edge that the value reaches.
    Steps {
        /// Lowest value of each step, rising; the first is minus infinity.
        edges: Vec<f64>,
        /// The feature on each step.
        levels: Vec<f32>,
    },
}

impl Scale {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`Error`] naming `mean`, `scale`, `edges` or `levels`.
    pub(super) fn check(&self) -> Result<()> {
        match self {
            Self::Linear { mean, scale, .. } => {
                check(mean.is_finite(), "mean", mean, "finite")?;
                check(scale.is_finite() && *scale >= 0.0, "scale", scale, "finite and at least 0")
            }
            Self::Steps { edges, levels } => {
                check_len("edges", edges.len(), levels.len(), "one for each of the levels")?;
                let first = edges.first().copied();
                check(
                    first == Some(f64::NEG_INFINITY),
                    "edges[0]",
                    first.unwrap_or(f64::NAN),
                    "minus infinity",
                )?;
                let wrong = edges
                    .windows(2)
                    .position(|pair| pair[0].partial_cmp(&pair[1]).is_none_or(std::cmp::Ordering::is_gt));
                match wrong {
                    None => Ok(()),
                    Some(at) => Err(Error::Element {
                        name: "edges",
                        index: at + 1,
                        value: edges[at + 1].to_string(),
                        allowed: "at least the entry before it",
                    }),
                }
            }
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
            Self::Steps { edges, levels } => vectorised(
                #[inline(always)]
                || {
                    for (out, values) in out.chunks_mut(LANES).zip(values.chunks(LANES)) {
                        let mut lanes = [f64::NAN; LANES];
                        lanes[..values.len()].copy_from_slice(values);
                        let places = last_reached(edges, &lanes);
                        for ((out, &value), &place) in out.iter_mut().zip(values).zip(&places) {
                            *out = if value.is_nan() { f32::NAN } else { levels[place] };
                        }
                    }
                },
            ),
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

/// The place of the last edge that each value reaches, by halving, in step for all lanes.
#[inline(always)]
fn last_reached(edges: &[f64], values: &[f64; LANES]) -> [usize; LANES] {
    let mut places = [0; LANES];
    let mut left = edges.len();
    while left > 1 {
        let half = left / 2;
        for (place, &value) in places.iter_mut().zip(values) {
            let next = *place + half;
            *place = if edges[next] <= value { next } else { *place };
        }
        left -= half;
    }
    places
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "levels are looked up, not computed")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn impossible_scales_are_refused() {
        let steps = |edges: Vec<f64>, levels: Vec<f32>| Scale::Steps { edges, levels }.check();
        assert!(steps(vec![f64::NEG_INFINITY, 1.0], vec![0.0, 1.0]).is_ok());
        assert!(steps(vec![], vec![]).is_err());
        assert!(steps(vec![0.0], vec![1.0]).is_err());
        assert!(steps(vec![f64::NEG_INFINITY], vec![]).is_err());
        assert!(steps(vec![f64::NEG_INFINITY, 2.0, 1.0], vec![0.0; 3]).is_err());
        assert!(steps(vec![f64::NEG_INFINITY, f64::NAN], vec![0.0; 2]).is_err());
        assert!(Scale::Linear { logged: false, mean: f64::NAN, scale: 1.0 }.check().is_err());
        assert!(Scale::Linear { logged: false, mean: 0.0, scale: -1.0 }.check().is_err());
    }

    #[test]
    fn a_constant_column_is_zero_and_nan_stays() {
        let mut out = [1.0; 2];
        Scale::Linear { logged: true, mean: 3.0, scale: 0.0 }.apply(&[5.0, 7.0], &mut out);
        assert_eq!(out, [0.0; 2]);
        let steps = Scale::Steps { edges: vec![f64::NEG_INFINITY, 1.0], levels: vec![-1.0, 1.0] };
        let mut out = [0.0; 4];
        steps.apply(&[f64::NAN, 1.0, 0.999, f64::INFINITY], &mut out);
        assert!(out[0].is_nan());
        assert_eq!(out[1..], [1.0, -1.0, 1.0]);
    }

    proptest! {
        #[test]
        fn ln_1p_equals_the_library(exponent in -320.0..300.0_f64, below in -0.999..0.0_f64) {
            for x in [10.0_f64.powf(exponent), below, 0.0] {
                let expected = x.ln_1p();
                prop_assert!((ln_1p(x) - expected).abs() <= 8.0 * f64::EPSILON * expected.abs(), "{x:e}");
            }
        }

        #[test]
        fn steps_equal_a_walk(
            mut edges in prop::collection::vec(-9.0..9.0_f64, 0..40),
            values in prop::collection::vec(-10.0..10.0_f64, 0..50),
        ) {
            edges.push(f64::NEG_INFINITY);
            edges.sort_by(f64::total_cmp);
            let values: Vec<f64> = values.iter().chain(&edges).copied().collect(); // the edges themselves too
            let levels: Vec<f32> = (0..edges.len()).map(|i| i as f32).collect();
            let mut out = vec![0.0; values.len()];
            Scale::Steps { edges: edges.clone(), levels }.apply(&values, &mut out);
            for (value, found) in values.iter().zip(out) {
                let expected = edges.iter().filter(|&edge| edge <= value).count() - 1;
                prop_assert_eq!(found as usize, expected);
            }
        }
    }
}
