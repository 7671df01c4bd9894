//! Draws with replacement in proportion to weights: inversion of the cumulative weights, found through a guide
//! table (Chen and Asau, "On generating random variates from an empirical distribution", AIIE Transactions 6,
//! 1974). O(rows) to build, O(1) expected for a draw.
#![allow(clippy::inline_always, reason = "what runs in `vectorised` must be inlined to become vector code")]

use std::ops::Range;

use rayon::prelude::*;

use crate::math::open_unit;
use crate::math::vectorised;
use crate::sampling::clients::CHUNK;

/// So few rows lie in the first-level cache, where bisection is faster than building the table.
const BISECTED: usize = 4096;

/// Draws that are looked up side by side.
const BLOCK: usize = 256;

/// Cumulative weights of one client's rows.
pub struct Cumulative {
    /// The sum of the weights up to and with each row.
    ends: Vec<f64>,
    /// For each of some equal cells of `[0, total)`, the first row that ends in it or in a later one; then the
    /// last row.
    guide: Vec<u32>,
    total: f64,
}

impl Cumulative {
    /// Sums the weights of `n` rows: `weights(rows, out)` computes those of a range, in [0, 1], and one must be 1.
    /// It should always be inlined, see [`vectorised`].
    pub fn new(n: usize, weights: impl Fn(Range<usize>, &mut [f64]) + Sync) -> Self {
        let mut ends = vec![0.0; n];
        ends.par_chunks_mut(CHUNK).enumerate().for_each(|(c, chunk)| {
            let rows = c * CHUNK..c * CHUNK + chunk.len();
            vectorised(
                #[inline(always)]
                || weights(rows, chunk),
            );
        });
        let mut total = 0.0;
        for end in &mut ends {
            total += *end;
            *end = total;
        }
        let guide = if n > BISECTED { guide(&ends, total) } else { vec![0, n as u32 - 1] };
        Self { ends, guide, total }
    }

    /// Writes the rows that random words stand for, counted from `first`; never one of weight 0.
    pub fn look_up(&self, words: &[u64], first: usize, rows: &mut [i64]) {
        for (words, rows) in words.chunks(BLOCK).zip(rows.chunks_mut(BLOCK)) {
            vectorised(
                #[inline(always)]
                || self.look_up_block(words, first, rows),
            );
        }
    }

    /// Step by step for the whole block, since memory answers many questions at a time, but not those that
    /// wait for an answer or for a branch.
    #[inline(always)]
    fn look_up_block(&self, words: &[u64], first: usize, rows: &mut [i64]) {
        let (mut targets, mut cells, mut found) = ([0.0; BLOCK], [0_u32; BLOCK], [0_u32; BLOCK]);
        for ((&word, target), cell) in words.iter().zip(&mut targets).zip(&mut cells) {
            *target = open_unit(word) * self.total; // below the total, which is at least 1
            *cell = cell_of(*target, self.total, self.guide.len() - 1) as u32;
        }
        let (targets, cells, found) =
            (&targets[..words.len()], &cells[..words.len()], &mut found[..words.len()]);
        for (row, &cell) in found.iter_mut().zip(cells) {
            *row = self.guide[cell as usize];
        }
        for (row, target) in found.iter_mut().zip(targets) {
            *row += u32::from(self.ends[*row as usize] <= *target);
        }
        for (((slot, &row), &target), &cell) in rows.iter_mut().zip(&*found).zip(targets).zip(cells) {
            let mut row = row as usize;
            if self.ends[row] <= target {
                let last = self.guide[cell as usize + 1] as usize;
                row += self.ends[row..last].partition_point(|&end| end <= target);
            }
            *slot = (first + row) as i64;
        }
    }
}

/// The first row that ends in each of `ends.len()` cells or in a later one; then the last row.
fn guide(ends: &[f64], total: f64) -> Vec<u32> {
    let n = ends.len();
    let mut guide = vec![0; n + 1];
    let rows_before = |cell| ends.partition_point(|&end| cell_of(end, total, n) < cell);
    guide[..n].par_chunks_mut(CHUNK).enumerate().for_each(|(c, guide)| {
        let first = c * CHUNK;
        let rows = rows_before(first)..rows_before(first + guide.len());
        let mut row = rows.start as u32;
        for ends in ends[rows].chunks(BLOCK) {
            count_cells(ends, total, n, first, guide);
        }
        for slot in guide {
            row += std::mem::replace(slot, row);
        }
    });
    guide[n] = n as u32 - 1;
    guide
}

/// Adds to `counts` the rows that end in each cell from `first` on.
fn count_cells(ends: &[f64], total: f64, n_cells: usize, first: usize, counts: &mut [u32]) {
    let mut cells = [0_u32; BLOCK];
    vectorised(
        #[inline(always)]
        || {
            for (cell, &end) in cells.iter_mut().zip(ends) {
                *cell = (cell_of(end, total, n_cells) - first) as u32;
            }
        },
    );
    for &cell in &cells[..ends.len()] {
        counts[cell as usize] += 1;
    }
}

/// The cell of a number in `[0, total]`: rises with it, whatever is rounded.
#[inline(always)]
fn cell_of(x: f64, total: f64, n_cells: usize) -> usize {
    ((x / total * n_cells as f64) as u32 as usize).min(n_cells - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};
    use proptest::prelude::*;
    use rand::Rng;

    fn cumulated(n: usize, weight: impl Fn(usize) -> f64 + Sync) -> Cumulative {
        Cumulative::new(n, |rows, out| out.iter_mut().zip(rows).for_each(|(slot, row)| *slot = weight(row)))
    }

    fn looked_up(cumulative: &Cumulative, words: &[u64]) -> Vec<usize> {
        let mut rows = vec![-1; words.len()];
        cumulative.look_up(words, 0, &mut rows);
        rows.into_iter().map(|row| row as usize).collect()
    }

    #[test]
    fn many_light_rows_share_a_cell() {
        let weight = |row: usize| if row == 7000 { 1.0 } else { 1e-9 };
        let cumulative = cumulated(20_000, weight);
        let words: Vec<u64> = (0..1000).map(|i| i << 24).chain([1 << 63, u64::MAX]).collect();
        for (word, row) in words.iter().zip(looked_up(&cumulative, &words)) {
            let target = open_unit(*word) * cumulative.total;
            assert_eq!(row, cumulative.ends.partition_point(|&end| end <= target));
        }
    }

    #[test]
    fn the_table_changes_nothing() {
        let weight = |row: usize| if row.is_multiple_of(7) { 0.0 } else { 1.0 / (1 + row % 1000) as f64 };
        let cumulative = cumulated(10_000, weight);
        let mut rng = stream(1, Purpose::Sampling, 0, 0);
        let words: Vec<u64> = (0..10_000).map(|_| rng.next_u64()).collect();
        for (word, row) in words.iter().zip(looked_up(&cumulative, &words)) {
            let target = open_unit(*word) * cumulative.total;
            assert_eq!(row, cumulative.ends.partition_point(|&end| end <= target));
        }
    }

    proptest! {
        #[test]
        fn equals_a_linear_search(mut weights in prop::collection::vec(0.0..1.0_f64, 1..60),
                                  zeros in prop::collection::vec(any::<bool>(), 60), mut words: Vec<u64>) {
            weights.iter_mut().zip(&zeros).filter(|(_, zero)| **zero).for_each(|(weight, _)| *weight = 0.0);
            let middle = weights.len() / 2;
            weights[middle] = 1.0;
            let cumulative = cumulated(weights.len(), |row| weights[row]);
            words.extend([0, u64::MAX]);
            for (word, row) in words.iter().zip(looked_up(&cumulative, &words)) {
                let target = open_unit(*word) * cumulative.total;
                let expected = cumulative.ends.iter().position(|&end| end > target).unwrap();
                prop_assert_eq!(row, expected);
                prop_assert!(weights[expected] > 0.0);
            }
        }
    }
}
