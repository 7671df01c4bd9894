//! The order in which a client's rows are trained on, and the batches cut from it.

use rand::seq::SliceRandom;
use rayon::prelude::*;

use crate::error::{Error, Result, check};
use crate::random::{Purpose, stream_chunk};
use crate::sampling::clients::{ClientStreams, checked_offsets};

/// Fills `order` with a shuffle of `0..order.len()`: the rows of one client in one epoch of one round.
///
/// The shuffle is a function of (seed, round, client, epoch) alone. It costs O(rows).
pub fn epoch_order(seed: u64, round: u64, client: u64, epoch: u64, order: &mut [u32]) {
    for (i, row) in order.iter_mut().enumerate() {
        *row = i as u32;
    }
    order.shuffle(&mut stream_chunk(seed, Purpose::Batches, round, client, epoch));
}

/// How long clients train.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// So many passes over a client's rows.
    Epochs(i64),
    /// So many batches, from as many passes as that takes.
    Steps(i64),
}

/// The batches of a group of clients, as positions into their ragged rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchPlan {
    /// `[clients, batches, rows of a batch]`.
    pub shape: [usize; 3],
    /// The positions in row order, -1 where a batch is short or a client has fewer batches than others.
    pub rows: Vec<i64>,
}

/// Plans the batches of every client: each epoch shuffled anew by [`epoch_order`], its last batch as short
/// as it falls.
///
/// Costs O(clients * batches * `batch_size`); parallel over clients, and over a client's epochs.
///
/// # Errors
/// [`Error`] naming `offsets`, `clients`, `batch_size`, `epochs` or `steps` where they do not fit or are below 1,
/// or the plan where memory does not suffice.
pub fn batch_plan(
    offsets: &[i64],
    batch_size: i64,
    length: Length,
    streams: ClientStreams,
) -> Result<BatchPlan> {
    let rows = checked_offsets(offsets)?;
    streams.check(rows.n_clients())?;
    check(batch_size >= 1, "batch_size", batch_size, "at least 1")?;
    match length {
        Length::Epochs(epochs) => check(epochs >= 1, "epochs", epochs, "at least 1")?,
        Length::Steps(steps) => check(steps >= 1, "steps", steps, "at least 1")?,
    }
    let largest = (0..rows.n_clients()).map(|k| rows.size(k)).max().unwrap_or(0);
    let batch_size = batch_size as usize;
    let n_batches = |n| n_batches(n, batch_size, length);
    let mut plan = empty_plan([rows.n_clients(), n_batches(largest), batch_size])?;
    let per_client = plan.shape[1] * batch_size;
    plan.rows.par_chunks_mut(per_client.max(1)).enumerate().for_each(|(k, batches)| {
        let range = rows.range(k);
        let used = &mut batches[..n_batches(range.len()) * batch_size];
        let epoch = (range.len().div_ceil(batch_size) * batch_size).max(1);
        used.par_chunks_mut(epoch).enumerate().for_each(|(epoch, batches)| {
            let mut order = vec![0; range.len()];
            epoch_order(streams.seed, streams.round, streams.id(k), epoch as u64, &mut order);
            for (slot, row) in batches.iter_mut().zip(order) {
                *slot = range.start as i64 + i64::from(row);
            }
        });
    });
    Ok(plan)
}

/// How many batches a client with `n_rows` rows trains on; none without rows.
pub fn n_batches(n_rows: usize, batch_size: usize, length: Length) -> usize {
    match length {
        _ if n_rows == 0 => 0,
        Length::Epochs(epochs) => n_rows.div_ceil(batch_size).saturating_mul(epochs as usize),
        Length::Steps(steps) => steps as usize,
    }
}

fn empty_plan(shape: [usize; 3]) -> Result<BatchPlan> {
    let n_rows = shape.iter().try_fold(1_usize, |product, &axis| product.checked_mul(axis));
    let mut rows = Vec::new();
    match n_rows {
        Some(n_rows) if rows.try_reserve_exact(n_rows).is_ok() => rows.resize(n_rows, -1),
        _ => {
            return Err(Error::Impossible(format!(
                "the batch plan must fit in memory, got {} clients x {} batches x {} rows; plan fewer clients at a \
                 time, or fewer epochs or steps",
                shape[0], shape[1], shape[2]
            )));
        }
    }
    Ok(BatchPlan { shape, rows })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plan(offsets: &[i64], clients: &[i64], batch_size: i64, length: Length) -> Result<BatchPlan> {
        let streams = ClientStreams { seed: 5, purpose: Purpose::Batches, round: 2, clients };
        batch_plan(offsets, batch_size, length, streams)
    }

    #[test]
    fn short_batches_are_padded() {
        let plan = plan(&[0, 3, 3, 4], &[0, 1, 2], 2, Length::Epochs(1)).unwrap();
        assert_eq!(plan.shape, [3, 2, 2]);
        let mut first = plan.rows[..3].to_vec();
        first.sort_unstable();
        assert_eq!(first, [0, 1, 2]);
        assert_eq!(plan.rows[3..], [-1, -1, -1, -1, -1, 3, -1, -1, -1]);
    }

    #[test]
    fn no_rows_no_batches() {
        assert_eq!(plan(&[0], &[], 2, Length::Steps(3)).unwrap().shape, [0, 0, 2]);
        assert_eq!(plan(&[0, 0], &[0], 2, Length::Steps(3)).unwrap().shape, [1, 0, 2]);
    }

    #[test]
    fn bad_input_is_named() {
        let message = |batch_size, length| plan(&[0, 3], &[0], batch_size, length).unwrap_err().to_string();
        assert!(message(0, Length::Epochs(1)).starts_with("batch_size"));
        assert!(message(1, Length::Epochs(0)).starts_with("epochs"));
        assert!(message(1, Length::Steps(-1)).starts_with("steps"));
        assert!(message(1, Length::Steps(i64::MAX)).contains("memory"));
        assert!(message(i64::MAX, Length::Epochs(i64::MAX)).contains("memory"));
    }

    proptest! {
        #[test]
        fn epochs_are_permutations(n in 1_usize..40, batch_size in 1_i64..12, steps in 1_i64..30) {
            let plan = plan(&[0, n as i64], &[7], batch_size, Length::Steps(steps)).unwrap();
            let rows: Vec<i64> = plan.rows.into_iter().filter(|&row| row >= 0).collect();
            for (epoch, rows) in rows.chunks(n).enumerate() {
                let mut order = vec![0; n];
                epoch_order(5, 2, 7, epoch as u64, &mut order);
                prop_assert!(rows.iter().zip(&order).all(|(&row, &expected)| row == i64::from(expected)));
            }
        }
    }
}
