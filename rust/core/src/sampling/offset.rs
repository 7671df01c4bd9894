//! What the offsets of a draw's keys are made from (see [`crate::sampling::keys`]), and a bound that is cheap to have.
#![allow(clippy::inline_always, reason = "what runs in `vectorised` must be inlined to become vector code")]

use crate::math::{ln, ln_upper_bound};

/// What a row's offset is made from.
pub trait Source: Copy + Sync {
    /// The offset: a number, plus infinity for a row that is never drawn, or minus infinity for one that always is.
    fn offset(self, value: f64) -> f64;

    /// At most the offset, and close to it.
    fn bound(self, value: f64) -> f64;
}

/// Offsets as they are.
#[derive(Debug, Clone, Copy)]
pub struct Offset;

impl Source for Offset {
    #[inline(always)]
    fn offset(self, value: f64) -> f64 {
        value
    }

    #[inline(always)]
    fn bound(self, value: f64) -> f64 {
        value
    }
}

/// Weights, finite and at least 0: their offset is `-ln w`.
#[derive(Debug, Clone, Copy)]
pub struct Weight;

impl Source for Weight {
    #[inline(always)]
    fn offset(self, value: f64) -> f64 {
        -ln(value)
    }

    #[inline(always)]
    fn bound(self, value: f64) -> f64 {
        -ln_upper_bound(value)
    }
}
