//! Draws with replacement in proportion to weights: inversion of the cumulative weights, found through a guide
//! table (Chen and Asau, "On generating random variates from an empirical distribution", AIIE Transactions 6,
//! 1974). O(rows) to build, O(1) expected for a draw.

use rayon::prelude::*;

use crate::clients::CHUNK;
use crate::elementary::open_unit;

/// So few rows lie in the first-level cache, where bisection is faster than building the table.
const BISECTED: usize = 4096;

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
    /// Sums the weights of `n` rows; `weight(row)` must be in [0, 1] and reach 1.
    pub fn new(n: usize, weight: impl Fn(usize) -> f64 + Sync) -> Self {
        let mut ends: Vec<f64> = (0..n).into_par_iter().with_min_len(CHUNK).map(&weight).collect();
        let mut total = 0.0;
        for end in &mut ends {
            total += *end;
            *end = total;
        }
        let n_cells = if n > BISECTED { n } else { 1 };
        let mut guide = vec![0];
        if n_cells > 1 {
            for (row, &end) in ends.iter().enumerate() {
                guide.resize(guide.len().max(cell(end, total, n_cells) + 1), row as u32);
            }
        }
        guide.resize(n_cells + 1, n as u32 - 1);
        Self { ends, guide, total }
    }

    /// The row that a random word stands for; never one of weight 0.
    pub fn row(&self, word: u64) -> usize {
        let target = open_unit(word) * self.total; // below the total, which is at least 1
        let cell = cell(target, self.total, self.guide.len() - 1);
        let (low, high) = (self.guide[cell] as usize, self.guide[cell + 1] as usize);
        low + self.ends[low..high].partition_point(|&end| end <= target)
    }
}

/// The cell of a number in `[0, total]`: rises with it, whatever is rounded.
fn cell(x: f64, total: f64, n_cells: usize) -> usize {
    ((x / total * n_cells as f64) as usize).min(n_cells - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Purpose, stream};
    use proptest::prelude::*;
    use rand::Rng;

    #[test]
    fn the_table_changes_nothing() {
        let weight = |row: usize| if row.is_multiple_of(7) { 0.0 } else { 1.0 / (1 + row % 1000) as f64 };
        let cumulative = Cumulative::new(10_000, weight);
        let mut rng = stream(1, Purpose::Sampling, 0, 0);
        for _ in 0..10_000 {
            let word = rng.next_u64();
            let target = open_unit(word) * cumulative.total;
            assert_eq!(cumulative.row(word), cumulative.ends.partition_point(|&end| end <= target));
        }
    }

    proptest! {
        #[test]
        fn equals_a_linear_search(mut weights in prop::collection::vec(0.0..1.0_f64, 1..60),
                                  zeros in prop::collection::vec(any::<bool>(), 60), words: Vec<u64>) {
            weights.iter_mut().zip(&zeros).filter(|(_, zero)| **zero).for_each(|(weight, _)| *weight = 0.0);
            let middle = weights.len() / 2;
            weights[middle] = 1.0;
            let cumulative = Cumulative::new(weights.len(), |row| weights[row]);
            for word in words.into_iter().chain([0, u64::MAX]) {
                let target = open_unit(word) * cumulative.total;
                let expected = cumulative.ends.iter().position(|&end| end > target).unwrap();
                prop_assert_eq!(cumulative.row(word), expected);
                prop_assert!(weights[expected] > 0.0);
            }
        }
    }
}
