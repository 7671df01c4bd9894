//! Exp(1) variates of random words: their logarithms, and a bound that costs a few instructions.
#![allow(clippy::inline_always, reason = "what runs in `vectorised` must be inlined to become vector code")]

use crate::math::{ln_lower_bound, ln_normal, open_unit};
use crate::random::{TILE, Words};

/// Words that stay in the first-level cache, with what is computed from them.
pub const BLOCK: usize = 4 * TILE;

/// The words of a block of rows, by halves.
#[derive(Debug, Clone)]
pub struct Block {
    /// Upper halves.
    pub high: [u32; BLOCK],
    low: [u32; BLOCK],
}

impl Default for Block {
    fn default() -> Self {
        Self { high: [0; BLOCK], low: [0; BLOCK] }
    }
}

impl Block {
    /// Takes the next words, `n` of them and up to the end of a tile.
    #[inline(always)]
    pub fn refill(&mut self, words: &mut Words, n: usize) {
        let n = n.next_multiple_of(TILE);
        words.fill(&mut self.high[..n], &mut self.low[..n]);
    }

    /// The word of row `i`.
    #[inline(always)]
    pub fn word(&self, i: usize) -> u64 {
        u64::from(self.high[i]) << 32 | u64::from(self.low[i])
    }

    /// The words of all rows.
    #[inline(always)]
    pub fn joined(&self) -> [u64; BLOCK] {
        let mut words = [0; BLOCK];
        for ((word, &high), &low) in words.iter_mut().zip(&self.high).zip(&self.low) {
            *word = u64::from(high) << 32 | u64::from(low);
        }
        words
    }
}

/// The logarithm of the Exp(1) variate that a random word stands for, in [-36.8, 3.6].
#[inline(always)]
pub fn ln_exponential(word: u64) -> f64 {
    ln_normal(-ln_normal(open_unit(word)))
}

/// At most `ln_exponential(word)` of any word with this upper half: `-ln u > 1 - u`.
#[inline(always)]
pub fn ln_exponential_bound(high: u32) -> f64 {
    const UNIT: f64 = 1.0 / (1_u64 << 32) as f64;
    ln_lower_bound(f64::from(!high) * UNIT) // without 1 - u > 0 far below any logarithm
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};
    use rand::Rng;

    #[test]
    fn the_bound_holds_at_the_ends() {
        let mut rng = stream(1, Purpose::Sampling, 0, 0);
        let ends = [0, 1, u64::MAX, u64::MAX << 32, u64::from(u32::MAX), !(u64::from(u32::MAX) << 33)];
        for word in ends.into_iter().chain(std::iter::repeat_with(|| rng.next_u64()).take(10_000)) {
            let gap = ln_exponential(word) - ln_exponential_bound((word >> 32) as u32);
            assert!(gap >= 0.0, "{word:x}: {gap}");
        }
    }
}
