//! The rows with the k smallest keys: a weighted draw without replacement, after Efraimidis and Spirakis
//! ("Weighted random sampling with a reservoir", Information Processing Letters 97, 2006).
//!
//! A row's key is `spread * ln E + offset`, `E` being an Exp(1) variate of its own; with `spread` 1 and the
//! offset `-ln w` this is the logarithm of their key. Most keys are never computed: a sample tells below what
//! ceiling the k smallest lie, and a bound that costs a few instructions tells which rows may lie below it.
//! Where the sample was misleading, all keys are computed. Costs O(rows), parallel over the pieces of a large
//! client.
#![allow(clippy::inline_always, reason = "what runs in `vectorised` must be inlined to become vector code")]

use std::ops::Range;

use rand::{Rng, RngExt};
use rayon::prelude::*;

use crate::clients::{CHUNK, ClientStreams};
use crate::elementary::{ln, ln_lower_bound, ln_normal, ln_upper_bound, open_unit};
use crate::ragged::{offsets_of, split_mut};
use crate::select::kth_smallest;
use crate::vector::vectorised;

/// The part of a client's stream from which the sample's keys are drawn.
const SAMPLE_PART: usize = 1 << 33;
const MAX_SAMPLE: usize = 1 << 14;
/// One row in so many is in the sample, or fewer.
const SAMPLE_STEP: usize = 16;
/// Smaller clients have all their keys computed.
const MIN_ROWS_TO_SAMPLE: usize = 256;
/// Rows whose words, offsets and keys stay in the first-level cache.
const BLOCK: usize = 512;

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

/// How the keys of a client's rows are computed.
pub struct Keys<S, F> {
    spread: f64,
    source: S,
    values: F,
}

impl<S: Source, F: Fn(Range<usize>, &mut [f64]) + Sync> Keys<S, F> {
    /// Keys with `spread`, the factor of `ln E`, at least 0.
    ///
    /// `values(rows, out)` writes what the offsets of a range of the client's rows are made from. It should always
    /// be inlined, see [`vectorised`].
    pub fn new(spread: f64, source: S, values: F) -> Self {
        Self { spread, source, values }
    }

    /// Fills `out` with the rows of the `out.len()` smallest keys among `n`, plus `first`, in rising order.
    ///
    /// `k` is the client's index in the group.
    pub fn draw(&self, n: usize, first: usize, out: &mut [i64], streams: ClientStreams, k: usize) {
        if out.is_empty() {
            return;
        }
        let mut pieces = self.candidates(n, self.ceiling(n, out.len(), streams, k), streams, k);
        if pieces.iter().map(Vec::len).sum::<usize>() < out.len() {
            pieces = self.candidates(n, f64::INFINITY, streams, k);
        }
        let last = kth_smallest(&pieces, out.len());
        let counts: Vec<usize> =
            pieces.par_iter().map(|ranks| ranks.iter().filter(|&&rank| rank <= last).count()).collect();
        split_mut(out, &offsets_of(counts)).into_par_iter().zip(&pieces).for_each(|(out, ranks)| {
            for (slot, &rank) in out.iter_mut().zip(ranks.iter().filter(|&&rank| rank <= last)) {
                *slot = (first + row_of(rank)) as i64;
            }
        });
    }

    /// A number above the `size`-th smallest of `n` keys, in all but some 1 % of cases; at most infinity.
    fn ceiling(&self, n: usize, size: usize, streams: ClientStreams, k: usize) -> f64 {
        let share = size as f64 / n as f64;
        if n < MIN_ROWS_TO_SAMPLE || share > 0.5 {
            return f64::INFINITY;
        }
        let sample = (0..n).step_by((n / MAX_SAMPLE).max(SAMPLE_STEP));
        let mut words = vec![0_u64; sample.len()];
        streams.chunk(k, SAMPLE_PART).fill(&mut words[..]);
        let mut keys = vec![0.0; sample.len()];
        for (row, key) in sample.zip(&mut keys) {
            (self.values)(row..row + 1, std::slice::from_mut(key));
        }
        vectorised(
            #[inline(always)]
            || {
                for (key, &word) in keys.iter_mut().zip(&words) {
                    *key = self.spread * ln_exponential(word) + self.source.offset(*key);
                }
            },
        );
        let expected = share * keys.len() as f64;
        let rank = (expected + 2.5 * (expected * (1.0 - share)).sqrt() + 1.0) as usize;
        if rank >= keys.len() {
            return f64::INFINITY;
        }
        *keys.select_nth_unstable_by(rank, f64::total_cmp).1
    }

    /// The ranks of the rows whose keys are at most `ceiling`, piece by piece, in the order of the rows.
    fn candidates(&self, n: usize, ceiling: f64, streams: ClientStreams, k: usize) -> Vec<Vec<u128>> {
        (0..n.div_ceil(CHUNK))
            .into_par_iter()
            .map(|c| {
                let (rows, mut rng) = (c * CHUNK..n.min((c + 1) * CHUNK), streams.chunk(k, c));
                vectorised(
                    #[inline(always)]
                    || self.piece(rows, ceiling, &mut rng),
                )
            })
            .collect()
    }

    #[inline(always)]
    fn piece(&self, rows: Range<usize>, ceiling: f64, rng: &mut impl Rng) -> Vec<u128> {
        let mut found = Vec::new();
        let (mut words, mut values, mut keys) = ([0_u64; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        let mut places = [0_u32; BLOCK];
        for start in rows.clone().step_by(BLOCK) {
            let n = BLOCK.min(rows.end - start);
            rng.fill(&mut words[..n]);
            (self.values)(start..start + n, &mut values[..n]);
            for ((key, &word), &value) in keys[..n].iter_mut().zip(&words).zip(&values) {
                *key = self.spread * ln_exponential_bound(word) + self.source.bound(value);
            }
            // Without a branch: every row is moved to the front, and stays there if it may be a candidate.
            let mut kept = 0;
            for i in 0..n {
                let front = kept % BLOCK; // is `kept`: the remainder spares the check of the index
                (places[front], words[front], values[front]) = (i as u32, words[i], values[i]);
                kept += usize::from(keys[i] <= ceiling);
            }
            for ((key, &word), &value) in keys[..kept].iter_mut().zip(&words).zip(&values) {
                *key = self.spread * ln_exponential(word) + self.source.offset(value);
            }
            for ((&key, &word), &place) in keys[..kept].iter().zip(&words).zip(&places) {
                if key <= ceiling {
                    found.push(rank(key, word, start as u32 + place));
                }
            }
        }
        found
    }
}

/// The logarithm of the Exp(1) variate that a random word stands for, in [-36.8, 3.6].
#[inline]
fn ln_exponential(word: u64) -> f64 {
    ln_normal(-ln_normal(open_unit(word)))
}

/// At most `ln_exponential(word)`: `-ln u > 1 - u`.
#[inline]
fn ln_exponential_bound(word: u64) -> f64 {
    ln_lower_bound(1.0 - open_unit(word))
}

/// The order of keys as an order of integers, no two alike: the key, then `E`, which falls as the word rises,
/// for keys that are equal (as where `spread * ln E` is lost in a large offset), then the row.
#[inline]
fn rank(key: f64, word: u64, row: u32) -> u128 {
    let bits = key.to_bits();
    let sign = ((bits as i64) >> 63) as u64;
    let chance = !word & (u64::MAX << 32);
    (u128::from(bits ^ (sign | (1 << 63))) << 64) | u128::from(chance | u64::from(row))
}

/// The row of a rank.
fn row_of(rank: u128) -> usize {
    rank as u32 as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Purpose, stream};

    const STREAMS: ClientStreams =
        ClientStreams { seed: 4, purpose: Purpose::Sampling, round: 1, clients: &[9] };

    fn draw(n: usize, size: usize, spread: f64, offset: impl Fn(usize) -> f64 + Sync) -> Vec<i64> {
        let mut out = vec![-1; size];
        let fill = |rows: Range<usize>, out: &mut [f64]| {
            out.iter_mut().zip(rows).for_each(|(slot, row)| *slot = offset(row));
        };
        Keys::new(spread, Offset, fill).draw(n, 0, &mut out, STREAMS, 0);
        out
    }

    fn by_sorting(n: usize, size: usize, spread: f64, offset: impl Fn(usize) -> f64) -> Vec<i64> {
        let words = (0..n.div_ceil(CHUNK)).flat_map(|c| {
            let mut rng = STREAMS.chunk(0, c);
            std::iter::repeat_with(move || rng.next_u64()).take(CHUNK)
        });
        let key = |(row, word)| rank(spread * ln_exponential(word) + offset(row), word, row as u32);
        let mut ranks: Vec<u128> = (0..n).zip(words).map(key).collect();
        ranks.sort_unstable();
        let mut rows: Vec<i64> = ranks[..size].iter().map(|&rank| row_of(rank) as i64).collect();
        rows.sort_unstable();
        rows
    }

    #[test]
    fn equals_sorting_all_keys() {
        let uneven = |row: usize| (row % 13) as f64 * 0.7 - (row % 1000) as f64 * 0.01;
        let forced = |row| if row % 4 == 0 { f64::NEG_INFINITY } else { uneven(row) };
        for n in [1, 255, 256, 1000, 70_000, 200_000] {
            for size in [1, n / 10, n / 3, n - 1, n] {
                assert_eq!(draw(n, size, 1.0, uneven), by_sorting(n, size, 1.0, uneven), "{n} {size}");
                assert_eq!(draw(n, size, 0.08, forced), by_sorting(n, size, 0.08, forced), "{n} {size}");
            }
        }
    }

    #[test]
    fn a_misleading_sample_is_survived() {
        let n = 10_000;
        let sampled_first = |row: usize| if row.is_multiple_of(SAMPLE_STEP) { -1e6 } else { 0.0 };
        assert_eq!(draw(n, 2000, 1.0, sampled_first), by_sorting(n, 2000, 1.0, sampled_first));
    }

    #[test]
    fn equal_keys_are_ordered_by_chance() {
        // With so large an offset, or no spread, every key is the same number.
        assert_eq!(draw(1000, 100, 1.0, |_| 1e300), draw(1000, 100, 1.0, |_| 0.0));
        assert_eq!(draw(1000, 100, 0.0, |_| 0.25), draw(1000, 100, 1.0, |_| 0.0));
    }

    #[test]
    fn threads_change_nothing() {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| draw(300_000, 30_000, 1.0, |row| (row % 100) as f64 * 0.1))
        };
        assert_eq!(run(1), run(3));
    }

    #[test]
    fn the_bound_holds_at_the_ends() {
        let mut rng = stream(1, Purpose::Sampling, 0, 0);
        for word in [0, u64::MAX].into_iter().chain(std::iter::repeat_with(|| rng.next_u64()).take(10_000)) {
            assert!(ln_exponential_bound(word) <= ln_exponential(word), "{word}");
        }
    }
}
