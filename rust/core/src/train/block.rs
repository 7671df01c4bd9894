//! Rows on their way through the model: gathered, forward, loss, and back to the hidden layer.

use pulp::Simd;

use super::group::{Features, Table};
use crate::mlp::layout::{PANEL, Row, Shape};
use crate::mlp::logits;
use crate::mlp::tile::{Inputs, forward};

/// Rows that pass through the model at once: enough to amortise its weights, few enough for the L2 cache.
pub(super) const BLOCK: usize = 256;

/// Rows and what the model makes of them.
#[derive(Debug, Default)]
pub(super) struct Block {
    n: usize,
    /// Features and a last 1, (n, inputs).
    pub x: Vec<f32>,
    /// 1 for an attack, (n,).
    y: Vec<u8>,
    /// Activations of the hidden units, (panels, n); after [`Block::backpropagate`] the loss's derivative by them.
    pub hidden: Vec<Row>,
    /// Logits, (n,); after [`Block::residuals`] the loss's derivative by them.
    pub z: Vec<f32>,
}

impl Block {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.n
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        self.n = 0;
        self.x.clear();
        self.y.clear();
    }

    /// Appends rows without labels.
    pub fn gather(&mut self, x: &Features<'_>, rows: impl Iterator<Item = usize>) {
        for row in rows {
            self.x.extend_from_slice(x.row(row));
            self.x.push(1.0);
            self.n += 1;
        }
    }

    /// Appends rows of a client, those at some positions of its `rows`.
    pub fn gather_labelled(&mut self, table: &Table<'_>, rows: &[i64], positions: &[u32]) {
        self.gather(&table.x, positions.iter().map(|&at| rows[at as usize] as usize));
        self.y.extend(positions.iter().map(|&at| table.y[rows[at as usize] as usize]));
    }

    /// Computes the hidden units and the logits of all rows.
    #[inline(always)]
    pub fn forward<S: Simd>(&mut self, simd: S, shape: Shape, model: &[Row]) {
        let n = self.len();
        if n == 0 {
            return;
        }
        self.hidden.resize(shape.panels() * n, [0.0; PANEL]);
        self.z.resize(n, 0.0);
        forward(simd, shape, model, Inputs::dense(shape, &self.x), &mut self.hidden);
        logits(shape, model, &self.hidden, &mut self.z);
    }

    /// Replaces the logits of the rows from `first` to `end` by the loss's derivative times `scale`.
    ///
    /// Returns the sum of the rows' binary cross-entropies. Attacks weigh `positive_weight`.
    #[inline(always)]
    pub fn residuals(&mut self, (first, end): (usize, usize), positive_weight: f64, scale: f64) -> f64 {
        let mut linear = [0.0; 2];
        let mut product = [1.0; 2];
        let attack_scale = -positive_weight * scale;
        for (z, &y) in self.z[first..end].iter_mut().zip(&self.y[first..end]) {
            let logit = f64::from(*z);
            let e = (-logit.abs()).exp();
            let larger = 1.0 / (1.0 + e);
            let attack = y != 0;
            // The loss is ln(1 + exp(t)) and its slope in t is sigmoid(t), t = -z for an attack, z for others.
            let t = if attack { -logit } else { logit };
            let slope = if t > 0.0 { larger } else { e * larger };
            *z = (slope * if attack { attack_scale } else { scale }) as f32;
            linear[usize::from(attack)] += t.max(0.0);
            // One logarithm for all rows: each factor lies in [1, 2], so BLOCK of them stay below 2^256.
            product[usize::from(attack)] *= 1.0 + e;
        }
        linear[0] + product[0].ln() + positive_weight * (linear[1] + product[1].ln())
    }

    /// Replaces the hidden units of the rows from `first` to `end` by the loss's derivative by them.
    ///
    /// Writes the gradient of `w2` and `b2` to `tail`.
    #[inline(always)]
    pub fn backpropagate(&mut self, (first, end): (usize, usize), w2: &[Row], tail: &mut [Row]) {
        let n = self.len();
        let slopes = &self.z[first..end];
        for (q, w2) in w2.iter().enumerate() {
            let mut sums = [0.0; PANEL];
            for (hidden, &slope) in self.hidden[q * n + first..q * n + end].iter_mut().zip(slopes) {
                for lane in 0..PANEL {
                    sums[lane] += slope * hidden[lane];
                    hidden[lane] = if hidden[lane] > 0.0 { slope * w2[lane] } else { 0.0 };
                }
            }
            tail[q] = sums;
        }
        let last = &mut tail[w2.len()];
        *last = [0.0; PANEL];
        last[0] = slopes.iter().sum();
    }
}
