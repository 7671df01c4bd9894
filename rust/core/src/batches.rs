//! The order in which a client's rows are trained on.

use rand::seq::SliceRandom;

use crate::stream::{Purpose, stream_chunk};

/// Fills `order` with a shuffle of `0..order.len()`: the rows of one client in one epoch of one round.
///
/// The shuffle is a function of (seed, round, client, epoch) alone. It costs O(rows).
pub fn epoch_order(seed: u64, round: u64, client: u64, epoch: u64, order: &mut [u32]) {
    for (i, row) in order.iter_mut().enumerate() {
        *row = i as u32;
    }
    order.shuffle(&mut stream_chunk(seed, Purpose::Batches, round, client, epoch));
}
