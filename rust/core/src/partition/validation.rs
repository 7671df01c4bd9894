//! Validation rows: a share of every client's own rows, stratified by class.
//!
//! A class of `n` rows on a client gives `share * n` of them, rounded to the nearest number, but never its
//! last row. Cost: O(rows), parallel over clients, each with its own stream; the rows' order is kept.

use rayon::prelude::*;

use crate::error::{Result, check};
use crate::partition::parts::Parts;
use crate::partition::quota::Quota;
use crate::ragged::{Ragged, offsets_of, split_mut};
use crate::random::{Purpose, stream};

/// Splits each client's rows into training and validation rows.
///
/// # Errors
/// [`crate::Error::Scalar`] unless `share` is in [0, 1).
pub fn split_validation(parts: Parts, labels: &[u8], share: f64, seed: u64) -> Result<[Ragged<i64>; 2]> {
    check((0.0..1.0).contains(&share), "share", share, "in [0, 1)")?;
    let n_classes = labels.iter().max().map_or(0, |&label| usize::from(label) + 1);
    let clients = (0..parts.n_clients()).into_par_iter();
    let held: Vec<usize> = clients
        .map_init(
            || vec![0; n_classes],
            |counts, client| n_held(count(counts, parts.of(client), labels), share),
        )
        .collect();

    let offsets = [
        offsets_of(held.iter().enumerate().map(|(client, n_held)| parts.of(client).len() - n_held)),
        offsets_of(held.iter().copied()),
    ];
    let [mut train, mut validation] = [0, 1].map(|side: usize| vec![0; offsets[side][held.len()] as usize]);
    let sides = (split_mut(&mut train, &offsets[0]), split_mut(&mut validation, &offsets[1]));
    sides.into_par_iter().enumerate().for_each_init(
        || (vec![0; n_classes], Vec::with_capacity(n_classes)),
        |(counts, quotas), (client, (train, validation))| {
            let rows = parts.of(client);
            quotas.clear();
            quotas.extend(count(counts, rows, labels).iter().map(|&n| Quota::new(spared(n, share), n)));
            hold_out(rows, labels, quotas, &mut [train, validation], seed, client as u64);
        },
    );
    let [train_offsets, validation_offsets] = offsets;
    Ok([
        Ragged { values: train, offsets: train_offsets },
        Ragged { values: validation, offsets: validation_offsets },
    ])
}

/// How many rows of a class of `n` rows are held out.
fn spared(n: usize, share: f64) -> usize {
    ((n as f64 * share).round() as usize).min(n.saturating_sub(1))
}

fn n_held(counts: &[usize], share: f64) -> usize {
    counts.iter().map(|&n| spared(n, share)).sum()
}

fn count<'a>(counts: &'a mut [usize], rows: &[i64], labels: &[u8]) -> &'a [usize] {
    counts.fill(0);
    for &row in rows {
        counts[usize::from(labels[row as usize])] += 1;
    }
    counts
}

fn hold_out(
    rows: &[i64],
    labels: &[u8],
    quotas: &mut [Quota],
    sides: &mut [&mut [i64]; 2],
    seed: u64,
    client: u64,
) {
    let mut rng = stream(seed, Purpose::Validation, 0, client);
    let mut filled = [0; 2];
    for &row in rows {
        let side = usize::from(quotas[usize::from(labels[row as usize])].take(&mut rng));
        sides[side][filled[side]] = row;
        filled[side] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_never_gives_its_last_row() {
        assert_eq!([0, 1, 2, 3, 10].map(|n| spared(n, 0.2)), [0, 0, 0, 1, 2]);
        assert_eq!([0, 1, 2, 3, 10].map(|n| spared(n, 0.99)), [0, 0, 1, 2, 9]);
        assert_eq!(spared(1000, 0.0), 0);
    }

    #[test]
    fn empty_clients_and_empty_tables_pass() {
        let parts = Parts::new(&[], &[0, 0], 0).unwrap();
        let [train, validation] = split_validation(parts, &[], 0.5, 1).unwrap();
        assert_eq!((train.offsets, validation.offsets), (vec![0, 0], vec![0, 0]));
    }

    #[test]
    fn classes_are_held_out_alike() {
        let labels: Vec<u8> = (0..100).map(|row| u8::from(row % 4 == 0)).collect();
        let rows: Vec<i64> = (0..100).collect();
        let parts = Parts::new(&rows, &[0, 40, 100], 100).unwrap();
        let [train, validation] = split_validation(parts, &labels, 0.2, 1).unwrap();
        assert_eq!((train.offsets, validation.offsets), (vec![0, 32, 80], vec![0, 8, 20]));
        assert_eq!(validation.values.iter().filter(|&&row| labels[row as usize] == 1).count(), 5);
    }
}
