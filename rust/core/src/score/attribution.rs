//! What each column of a row contributed to its score: integrated gradients, exactly.
//!
//! Along the straight line from the baseline to a row, each hidden unit's input is linear, so the share of the
//! line on which the unit is active has a closed form, and so has the integral (Sundararajan, Taly and Yan, "Axiomatic
//! Attribution for Deep Networks", ICML 2017). No sum over steps is needed, and the parts add up to the difference
//! of the logits.

use rayon::prelude::*;

use super::scorer::{BLOCK, Block, RawRows, Scorer};
use crate::error::{Result, zeros};
use crate::mlp::layout::PANEL;

impl Scorer {
    /// The logit of the baseline: every number at 0 after scaling, no word known.
    pub fn baseline(&self) -> f64 {
        let units = self.units();
        units.iter().map(|unit| unit.slope * unit.bias.max(0.0)).sum::<f64>() + self.last_bias()
    }

    /// How much of the logit's difference from the baseline's each column is, (n, numeric features + categorical
    /// columns).
    ///
    /// It is parallel over blocks of rows; the bits do not depend on the number of threads.
    ///
    /// # Errors
    /// [`crate::Error`] naming the argument that does not fit the model.
    pub fn explain(&self, rows: RawRows<'_>) -> Result<Vec<f64>> {
        self.check(rows)?;
        let (n_numbers, n_words) = (self.scales.len(), self.n_categorical());
        let width = self.n_parts();
        let mut out = zeros(rows.n.checked_mul(width), || {
            format!("numeric: parts of {} rows do not fit into memory; explain fewer at a time", rows.n)
        })?;
        let units = self.units();
        out.par_chunks_mut(BLOCK * width).enumerate().for_each_init(Block::default, |block, (i, out)| {
            block.fill(self, rows, i * BLOCK, out.len() / width);
            for (b, parts) in out.chunks_exact_mut(width).enumerate() {
                let x = &block.x[b * n_numbers..][..n_numbers];
                let ones = &block.ones[b * (n_words + 1)..][..n_words];
                for unit in &units {
                    unit.add(self, x, ones, parts);
                }
                for (part, &x) in parts.iter_mut().zip(x) {
                    *part *= f64::from(x);
                }
            }
        });
        Ok(out)
    }

    /// The hidden units, one by one.
    fn units(&self) -> Vec<Unit> {
        let inputs = self.shape.inputs();
        let unit = |h: usize| {
            let (q, lane) = (h / PANEL, h % PANEL);
            Unit {
                first: q * inputs,
                lane,
                bias: f64::from(self.model[q * inputs + inputs - 1][lane]),
                slope: f64::from(self.model[self.shape.body() + q][lane]),
            }
        };
        (0..self.shape.hidden).map(unit).collect()
    }

    fn last_bias(&self) -> f64 {
        f64::from(self.model[self.shape.n_rows() - 1][0])
    }
}

/// A hidden unit: where its weights lie, and what it does.
struct Unit {
    /// The row of its first weight.
    first: usize,
    lane: usize,
    bias: f64,
    /// Its weight in the logit.
    slope: f64,
}

impl Unit {
    /// Adds its gradient by each number, and what each word contributed through it.
    fn add(&self, scorer: &Scorer, x: &[f32], ones: &[u32], parts: &mut [f64]) {
        let weight = |feature: usize| f64::from(scorer.model[self.first + feature][self.lane]);
        let by_numbers: f64 = x.iter().enumerate().map(|(j, &x)| weight(j) * f64::from(x)).sum();
        let by_words: f64 = ones.iter().map(|&feature| weight(feature as usize)).sum();
        let gradient = self.slope * share_active(self.bias, self.bias + by_numbers + by_words);
        let (numbers, words) = parts.split_at_mut(x.len());
        for (j, part) in numbers.iter_mut().enumerate() {
            *part += gradient * weight(j);
        }
        for (part, &feature) in words.iter_mut().zip(ones) {
            *part += gradient * weight(feature as usize);
        }
    }
}

/// The share of the way from `start` to `end` on which a number is above 0.
fn share_active(start: f64, end: f64) -> f64 {
    match (start > 0.0, end > 0.0) {
        (true, true) => 1.0,
        (false, false) => 0.0,
        _ => (end.max(0.0) - start.max(0.0)) / (end - start),
    }
}
