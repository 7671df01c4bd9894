//! The model as the processor sees it: how it lies in memory, and its two matrix products.
//!
//! Separate because training and scoring both run it, and must give the same bits.
#![allow(clippy::inline_always, reason = "vector code must be inlined where its instruction set is enabled")]
#![allow(clippy::needless_range_loop, reason = "lanes of several arrays side by side")]

pub(crate) mod layout;
pub(crate) mod tile;

pub use layout::Shape;

use layout::{PANEL, Row};

/// Logits of rows from their hidden units, (panels, n): `w2 . hidden + b2`, in one order on every machine.
#[inline(always)]
pub(crate) fn logits(shape: Shape, model: &[Row], hidden: &[Row], out: &mut [f32]) {
    let (w2, b2) = model[shape.body()..].split_at(shape.panels());
    let n = out.len();
    for (b, z) in out.iter_mut().enumerate() {
        let mut sums = [0.0; PANEL];
        for (w2, hidden) in w2.iter().zip(hidden[b..].iter().step_by(n)) {
            for lane in 0..PANEL {
                sums[lane] += w2[lane] * hidden[lane];
            }
        }
        *z = b2[0][0] + tree_sum(sums);
    }
}

/// The probability that belongs to a logit.
#[inline(always)]
pub(crate) fn probability(logit: f32) -> f32 {
    (1.0 / (1.0 + (-f64::from(logit)).exp())) as f32
}

/// The sum of a row, halving it: the same order on every machine.
#[inline(always)]
fn tree_sum(mut values: Row) -> f32 {
    let mut half = PANEL / 2;
    while half > 0 {
        for lane in 0..half {
            values[lane] += values[lane + half];
        }
        half /= 2;
    }
    values[0]
}
