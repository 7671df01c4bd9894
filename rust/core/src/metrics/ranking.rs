//! Figures over all thresholds: rows are sorted by score, and rows of equal score called together.
//!
//! `O(n log n)`, in parallel over clients, and within the sort of a large one.

use rayon::prelude::*;

use crate::error::Result;
use crate::metrics::confusion::Scored;
use crate::ragged::Offsets;

/// Rows from which on a sort of its own is worth threads.
const LARGE: usize = 1 << 16;

/// Attacks and normal rows among the rows that score at least as high as each distinct score.
///
/// Both rise from the highest score down, `(n_distinct,)` each.
pub fn operating_points(rows: Scored) -> [Vec<i64>; 2] {
    let mut keys = Vec::new();
    sort_into(&mut keys, rows);
    let (mut caught, mut alerts) = (0, 0);
    let (mut true_alerts, mut false_alerts) = (Vec::new(), Vec::new());
    for ties in ties(&keys) {
        caught += n_attacks(ties);
        alerts += ties.len() as i64;
        true_alerts.push(caught);
        false_alerts.push(alerts - caught);
    }
    [true_alerts, false_alerts]
}

/// Average precision of every client, `(K,)`: the step-wise area under precision over recall.
///
/// NaN for a client with one class.
///
/// # Errors
/// An error of [`Offsets::new`] for bad offsets.
pub fn average_precision(rows: Scored, offsets: &[i64]) -> Result<Vec<f64>> {
    let offsets = Offsets::new(offsets, rows.len())?;
    let of_client = |keys: &mut Vec<u64>, k| {
        sort_into(keys, rows.of(offsets, k));
        average_precision_of(keys)
    };
    Ok((0..offsets.n_clients()).into_par_iter().map_init(Vec::new, of_client).collect())
}

fn average_precision_of(keys: &[u64]) -> f64 {
    let attacks = n_attacks(keys);
    if attacks == 0 || attacks == keys.len() as i64 {
        return f64::NAN;
    }
    let (mut caught, mut alerts, mut area) = (0, 0, 0.0);
    for ties in ties(keys) {
        let gained = n_attacks(ties);
        caught += gained;
        alerts += ties.len();
        area += gained as f64 * (caught as f64 / alerts as f64);
    }
    area / attacks as f64
}

fn sort_into(keys: &mut Vec<u64>, rows: Scored) {
    keys.clear();
    keys.extend(rows.scores.iter().zip(rows.labels).map(|(&score, &label)| descending_key(score, label)));
    if keys.len() > LARGE { keys.par_sort_unstable() } else { keys.sort_unstable() }
}

/// A key that sorts from the highest score down, with the label in its last bit.
fn descending_key(score: f32, label: u8) -> u64 {
    // Adding 0 turns -0 into 0, which it equals.
    let bits = (score + 0.0).to_bits();
    let rising = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
    u64::from(!rising) << 1 | u64::from(label)
}

fn ties(keys: &[u64]) -> impl Iterator<Item = &[u64]> {
    keys.chunk_by(|a, b| a >> 1 == b >> 1)
}

fn n_attacks(keys: &[u64]) -> i64 {
    keys.iter().map(|key| (key & 1) as i64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let rows = Scored::new(&[0.9, 0.8, 0.8, 0.1, 0.5, 0.5], &[1, 0, 1, 1, 0, 0]).unwrap();
        let got = average_precision(rows, &[0, 4, 4, 6]).unwrap();
        let want = (1.0 + 2.0 / 3.0 + 3.0 / 4.0) / 3.0;
        assert!((got[0] - want).abs() < 1e-15 && got[1].is_nan() && got[2].is_nan());
        assert_eq!(operating_points(rows), [[1, 2, 2, 3], [0, 1, 3, 3]]);
        assert!(average_precision(rows, &[0, 4]).is_err());
    }

    #[test]
    fn keys_sort_from_the_highest_score_down() {
        let falling = [f32::INFINITY, 1.0, 1e-40, 0.0, -1e-40, -2.0, f32::NEG_INFINITY];
        assert!(falling.map(|score| descending_key(score, 1)).is_sorted());
        assert_eq!(descending_key(-0.0, 0), descending_key(0.0, 0));
    }
}
