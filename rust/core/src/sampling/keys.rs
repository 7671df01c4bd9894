//! The rows with the k smallest keys: a weighted draw without replacement, after Efraimidis and Spirakis
//! ("Weighted random sampling with a reservoir", Information Processing Letters 97, 2006).
//!
//! A row's key is `spread * ln E + offset`, `E` being an Exp(1) variate of its own; with `spread` 1 and the
//! offset `-ln w` this is the logarithm of their key. Most keys are never computed: a sample tells between which
//! numbers the k-th smallest lies, and a bound that costs a few instructions tells which rows may lie below them.
//! Where the sample was misleading, all keys are computed. Costs O(rows), parallel over the pieces of a large
//! client.
#![allow(clippy::inline_always, reason = "what runs in `vectorised` must be inlined to become vector code")]

use std::ops::Range;

use rayon::prelude::*;

use crate::math::vectorised;
use crate::ragged::{offsets_of, split_mut};
use crate::random::Words;
use crate::sampling::clients::{CHUNK, ClientStreams};
use crate::sampling::exponential::{BLOCK, Block, ln_exponential, ln_exponential_bound};
use crate::sampling::offset::Source;
use crate::sampling::select::{keep_up_to, kth_smallest};

/// The part of a client's stream from which the sample's keys are drawn.
const SAMPLE_PART: usize = 1 << 33;
const MAX_SAMPLE: usize = 1 << 13;
/// One row in so many is in the sample, or fewer.
const SAMPLE_STEP: usize = 16;
/// Smaller clients have all their keys computed.
const MIN_ROWS_TO_SAMPLE: usize = 256;

/// Two numbers between which the last key of a draw is looked for.
#[derive(Debug, Clone, Copy)]
struct Bracket {
    low: f64,
    high: f64,
}

impl Bracket {
    const EVERYTHING: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };
}

/// The rows of a piece that are drawn for certain, their keys being below the bracket, and the ranks of those in it;
/// both in the order of the rows.
type Candidates = (Vec<u32>, Vec<u128>);

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
        let bracket = self.bracket(n, out.len(), streams, k);
        let found = self.candidates(n, bracket, streams, k);
        let (below, mut between) = if holds_last(&found, out.len()) {
            found
        } else {
            self.candidates(n, Bracket::EVERYTHING, streams, k)
        };
        let last = kth_smallest(&between, out.len() - below.iter().map(Vec::len).sum::<usize>());
        between.par_iter_mut().for_each(|ranks| keep_up_to(ranks, last));
        let counts = below.iter().zip(&between).map(|(below, between)| below.len() + between.len());
        let pieces = split_mut(out, &offsets_of(counts)).into_par_iter().zip(&below).zip(&between);
        pieces.for_each(|((out, below), between)| merge(below, between, first, out));
    }

    /// Two numbers that enclose the `size`-th smallest of `n` keys, in all but some 0.3 % of cases.
    fn bracket(&self, n: usize, size: usize, streams: ClientStreams, k: usize) -> Bracket {
        if n < MIN_ROWS_TO_SAMPLE {
            return Bracket::EVERYTHING;
        }
        let sample = (0..n).step_by((n / MAX_SAMPLE).max(SAMPLE_STEP));
        let mut keys = vec![0.0; sample.len()];
        for (row, key) in sample.zip(&mut keys) {
            (self.values)(row..row + 1, std::slice::from_mut(key));
        }
        let (mut words, mut block) = (streams.words(k, SAMPLE_PART), Block::default());
        for keys in keys.chunks_mut(BLOCK) {
            block.refill(&mut words, keys.len());
            vectorised(
                #[inline(always)]
                || self.compute(&block.joined(), keys),
            );
        }
        let share = size as f64 / n as f64;
        let expected = share * keys.len() as f64;
        let slack = 3.0 * (expected * (1.0 - share)).sqrt() + 1.0;
        let mut bracket = Bracket::EVERYTHING;
        let mut lower = &mut keys[..];
        if expected + slack < lower.len() as f64 {
            let (left, high, _) = lower.select_nth_unstable_by((expected + slack) as usize, f64::total_cmp);
            (bracket.high, lower) = (*high, left);
        }
        if expected > slack {
            bracket.low = *lower.select_nth_unstable_by((expected - slack) as usize, f64::total_cmp).1;
        }
        bracket
    }

    /// The candidates of every piece, in the order of the pieces.
    fn candidates(
        &self,
        n: usize,
        bracket: Bracket,
        streams: ClientStreams,
        k: usize,
    ) -> (Vec<Vec<u32>>, Vec<Vec<u128>>) {
        let pieces = (0..n.div_ceil(CHUNK)).into_par_iter();
        pieces
            .map(|c| {
                let (rows, mut words) = (c * CHUNK..n.min((c + 1) * CHUNK), streams.words(k, c));
                vectorised(
                    #[inline(always)]
                    || self.piece(rows, bracket, &mut words),
                )
            })
            .unzip()
    }

    #[inline(always)]
    fn piece(&self, rows: Range<usize>, bracket: Bracket, words: &mut Words) -> Candidates {
        let (mut below, mut between) = (Vec::new(), Vec::new());
        let (mut block, mut values, mut bounds) = (Block::default(), [0.0; BLOCK], [0.0; BLOCK]);
        let (mut chosen, mut keys) = ([0; BLOCK], [0.0; BLOCK]);
        let (mut places, mut list) = ([0; BLOCK], [0; BLOCK]);
        for start in rows.clone().step_by(BLOCK) {
            let n = BLOCK.min(rows.end - start);
            block.refill(words, n);
            (self.values)(start..start + n, &mut values[..n]);
            for ((bound, &high), &value) in bounds.iter_mut().zip(&block.high).zip(&values) {
                *bound = self.spread * ln_exponential_bound(high) + self.source.bound(value);
            }
            let kept = list_where(&bounds[..n], |bound| bound <= bracket.high, &mut places);
            for ((word, key), &place) in chosen.iter_mut().zip(&mut keys).zip(&places[..kept]) {
                (*word, *key) = (block.word(place as usize), values[place as usize]);
            }
            self.compute(&chosen, &mut keys[..kept]);
            let row = |at: u32| start as u32 + places[at as usize % BLOCK];
            let listed = list_where(&keys[..kept], |key| key < bracket.low, &mut list);
            below.extend(list[..listed].iter().map(|&at| row(at)));
            let within = |key| key >= bracket.low && key <= bracket.high;
            let listed = list_where(&keys[..kept], within, &mut list);
            between.extend(list[..listed].iter().map(|&at| {
                let i = at as usize % BLOCK;
                rank(keys[i], chosen[i], row(at))
            }));
        }
        (below, between)
    }

    /// Turns values into keys.
    #[inline(always)]
    fn compute(&self, words: &[u64], keys: &mut [f64]) {
        for (key, &word) in keys.iter_mut().zip(words) {
            *key = self.spread * ln_exponential(word) + self.source.offset(*key);
        }
    }
}

/// Writes the places of the numbers of a kind, without a branch that chance decides; returns how many there are.
#[inline(always)]
fn list_where(numbers: &[f64], kind: impl Fn(f64) -> bool, places: &mut [u32; BLOCK]) -> usize {
    let (mut ones, mut n) = ([0_u8; BLOCK], 0);
    for (one, &number) in ones.iter_mut().zip(numbers) {
        *one = u8::from(kind(number));
    }
    for (place, &one) in ones[..numbers.len()].iter().enumerate() {
        places[n % BLOCK] = place as u32; // is `n`: the remainder spares the check of the index
        n += usize::from(one);
    }
    n
}

/// Whether the last of `size` rows lies in the bracket.
fn holds_last((below, between): &(Vec<Vec<u32>>, Vec<Vec<u128>>), size: usize) -> bool {
    let n_below = below.iter().map(Vec::len).sum::<usize>();
    n_below < size && size <= n_below + between.iter().map(Vec::len).sum::<usize>()
}

/// Merges rows and the rows of ranks, both in rising order, into `out`.
fn merge(rows: &[u32], ranks: &[u128], first: usize, out: &mut [i64]) {
    let mut rows = rows.iter().copied().peekable();
    let mut ranked = ranks.iter().map(|&rank| row_of(rank)).peekable();
    for slot in out {
        let next = match (rows.peek(), ranked.peek()) {
            (Some(row), Some(other)) if row < other => rows.next(),
            (_, Some(_)) => ranked.next(),
            _ => rows.next(),
        };
        *slot = next.map_or(-1, |row| (first + row as usize) as i64);
    }
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
fn row_of(rank: u128) -> u32 {
    rank as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;
    use crate::sampling::offset::Offset;

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
            let (mut words, mut block) = (STREAMS.words(0, c), Block::default());
            (0..CHUNK / BLOCK).flat_map(move |_| {
                block.refill(&mut words, BLOCK);
                block.joined()
            })
        });
        let key = |(row, word)| rank(spread * ln_exponential(word) + offset(row), word, row as u32);
        let mut ranks: Vec<u128> = (0..n).zip(words).map(key).collect();
        ranks.sort_unstable();
        let mut rows: Vec<i64> = ranks[..size].iter().map(|&rank| i64::from(row_of(rank))).collect();
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
}
