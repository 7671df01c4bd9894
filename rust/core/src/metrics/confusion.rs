//! Confusion counts and score histograms of scored rows. `O(n)`, in parallel over clients and chunks of rows.

use rayon::prelude::*;

use crate::error::{Result, check, check_all, check_len};
use crate::ragged::Offsets;

/// Rows that are worth a task.
const CHUNK: usize = 1 << 16;

/// Scores of rows with their binary labels, checked.
#[derive(Debug, Clone, Copy)]
pub struct Scored<'a> {
    pub(crate) scores: &'a [f32],
    pub(crate) labels: &'a [u8],
}

impl<'a> Scored<'a> {
    /// Checks that there is a label for every score, that no score is NaN and every label 0 or 1.
    ///
    /// # Errors
    /// [`crate::Error::Length`] or [`crate::Error::Element`] where one of these does not hold.
    pub fn new(scores: &'a [f32], labels: &'a [u8]) -> Result<Self> {
        check_len("labels", labels.len(), scores.len(), "one per score")?;
        check_all("scores", scores, "a number; check the model for overflow", |score| !score.is_nan())?;
        check_all("labels", labels, "0 (normal) or 1 (attack)", |label| label <= 1)?;
        Ok(Self { scores, labels })
    }

    /// How many rows there are.
    pub fn len(self) -> usize {
        self.scores.len()
    }

    /// Whether there is no row.
    pub fn is_empty(self) -> bool {
        self.scores.is_empty()
    }

    /// The rows of client `k`.
    pub(crate) fn of(self, offsets: Offsets, k: usize) -> Self {
        Self { scores: &self.scores[offsets.range(k)], labels: &self.labels[offsets.range(k)] }
    }

    fn chunks(self) -> impl IndexedParallelIterator<Item = Self> {
        let chunks = self.scores.par_chunks(CHUNK).zip(self.labels.par_chunks(CHUNK));
        chunks.map(|(scores, labels)| Self { scores, labels })
    }
}

/// True positives, false positives, false negatives and true negatives of every client, `(K, 4)`.
///
/// A row is called an attack where its score is at least `threshold`.
///
/// # Errors
/// [`crate::Error::Scalar`] where the threshold is NaN; an error of [`Offsets::new`] for bad offsets.
pub fn confusion(rows: Scored, offsets: &[i64], threshold: f64) -> Result<Vec<i64>> {
    check(!threshold.is_nan(), "threshold", threshold, "a number")?;
    let offsets = Offsets::new(offsets, rows.len())?;
    let of_client = |k: usize| {
        let rows = rows.of(offsets, k);
        if rows.len() <= CHUNK {
            return count(rows, threshold);
        }
        let counts = rows.chunks().map(|rows| count(rows, threshold));
        counts.reduce(|| [0; 4], |a, b| std::array::from_fn(|i| a[i] + b[i]))
    };
    let counts: Vec<[i64; 4]> = (0..offsets.n_clients()).into_par_iter().map(of_client).collect();
    Ok(counts.into_iter().flatten().collect())
}

fn count(rows: Scored, threshold: f64) -> [i64; 4] {
    let (mut caught, mut alerts, mut attacks) = (0, 0, 0);
    for (&score, &label) in rows.scores.iter().zip(rows.labels) {
        let alert = i64::from(f64::from(score) >= threshold);
        alerts += alert;
        caught += alert & i64::from(label);
        attacks += i64::from(label);
    }
    let false_alerts = alerts - caught;
    [caught, false_alerts, attacks - caught, rows.len() as i64 - attacks - false_alerts]
}

/// More would tell no scores apart from about 1/2 on, and each thread counts in bins of its own.
const MAX_BINS: usize = 1 << 24;

/// Numbers of attack and of normal rows in bins of equal width over `[0, 1]`, `(bins,)` each.
///
/// Bin `i` holds the scores from `i / bins` on and below `(i + 1) / bins`, as f64 has these; the last one is
/// closed. So a count of scores at or above an edge is the same from the bins as from the scores.
///
/// # Errors
/// [`crate::Error::Scalar`] where there is no bin, or more than 2^24;
/// [`crate::Error::Element`] for a score outside `[0, 1]`.
pub fn score_histogram(rows: Scored, bins: usize) -> Result<[Vec<i64>; 2]> {
    check((1..=MAX_BINS).contains(&bins), "bins", bins, "between 1 and 16777216")?;
    let allowed = "in [0, 1]; pass probabilities, not logits";
    check_all("scores", rows.scores, allowed, |score| (0.0..=1.0).contains(&score))?;
    let none = || [vec![0; bins], vec![0; bins]];
    let fill = |rows: Scored| {
        let mut counts = none();
        for (&score, &label) in rows.scores.iter().zip(rows.labels) {
            counts[usize::from(label == 0)][bin(f64::from(score), bins)] += 1;
        }
        counts
    };
    let add = |mut all: [Vec<i64>; 2], part: [Vec<i64>; 2]| {
        all.iter_mut().flatten().zip(part.iter().flatten()).for_each(|(sum, count)| *sum += count);
        all
    };
    Ok(rows.chunks().map(fill).reduce(none, add))
}

fn bin(score: f64, bins: usize) -> usize {
    let edge = |bin: usize| bin as f64 / bins as f64;
    let guess = ((score * bins as f64) as usize).min(bins - 1);
    // The product rounds, and may land on the other side of an edge.
    if score < edge(guess) {
        guess - 1
    } else if guess + 1 < bins && score >= edge(guess + 1) {
        guess + 1
    } else {
        guess
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn by_hand() {
        let rows = Scored::new(&[0.9, 0.8, 0.8, 0.1, 0.5, 1.0], &[1, 0, 1, 1, 0, 0]).unwrap();
        assert_eq!(confusion(rows, &[0, 4, 4, 6], 0.5).unwrap(), [2, 1, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0]);
        assert_eq!(score_histogram(rows, 2).unwrap(), [[1, 2], [0, 3]]);
    }

    #[test]
    fn a_large_client_is_counted_in_chunks() {
        let n = 3 * CHUNK + 5;
        let scores: Vec<f32> = (0..n).map(|i| (i % 101) as f32 / 100.0).collect();
        let labels: Vec<u8> = (0..n).map(|i| u8::from(i % 3 == 0)).collect();
        let rows = Scored::new(&scores, &labels).unwrap();
        let got = confusion(rows, &[0, n as i64], 0.5).unwrap();
        assert_eq!(got, count(rows, 0.5));
        assert_eq!(got.iter().sum::<i64>(), n as i64);
        assert_eq!(score_histogram(rows, 7).unwrap().iter().flatten().sum::<i64>(), n as i64);
    }

    #[test]
    fn bad_arguments_are_refused() {
        assert!(Scored::new(&[0.1], &[]).is_err());
        assert!(Scored::new(&[f32::NAN], &[1]).is_err());
        assert!(Scored::new(&[0.1], &[2]).is_err());
        let rows = Scored::new(&[1.1], &[1]).unwrap();
        assert!(confusion(rows, &[0, 1], f64::NAN).is_err());
        assert!(confusion(rows, &[0, 2], 0.5).is_err());
        assert!(score_histogram(rows, 5).is_err());
        assert!(score_histogram(rows, 0).is_err());
    }

    proptest! {
        #[test]
        fn bins_agree_with_comparisons_at_their_edges(step in 0_u32..4000, nudge in -1_i32..=1, bins in 1_usize..4000) {
            let near_edge = f64::from(step) / bins as f64;
            let score = f32::from_bits(((near_edge as f32).to_bits() as i32 + nudge).max(0) as u32);
            prop_assume!(score <= 1.0);
            let (score, bin) = (f64::from(score), bin(f64::from(score), bins));
            prop_assert!(score >= bin as f64 / bins as f64);
            prop_assert!(bin + 1 == bins || score < (bin + 1) as f64 / bins as f64);
        }
    }
}
