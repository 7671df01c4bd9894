//! What the kernels that work on every client's rows share: the check of the rows, and each client's stream.

use rayon::prelude::*;

use crate::error::{Error, Result, check_all, check_len};
use crate::math::vectorised;
use crate::ragged::Offsets;
use crate::random::Words;
use crate::random::{Purpose, Stream, stream_chunk, stream_words};

/// Rows of one client that are worked on as a piece: a large client is parallel over its pieces, and a
/// piece's random words come from a part of the client's stream of its own.
pub const CHUNK: usize = 1 << 16;

/// Checks that `offsets` are valid and end at the length of the argument `name`.
///
/// # Errors
/// Those of [`checked_offsets`], and [`crate::Error::Length`] naming `name`.
pub fn offsets_over<'a>(name: &'static str, n_rows: usize, offsets: &'a [i64]) -> Result<Offsets<'a>> {
    let rows = checked_offsets(offsets)?;
    check_len(name, n_rows, offsets[offsets.len() - 1] as usize, "the last entry of offsets")?;
    Ok(rows)
}

/// Checks `offsets` that stand alone: a client's rows must be countable in 32 bits.
///
/// # Errors
/// Those of [`Offsets::new`], and [`Error::Impossible`] for a client with more rows.
pub fn checked_offsets(offsets: &[i64]) -> Result<Offsets<'_>> {
    let rows = Offsets::new(offsets, offsets.last().map_or(0, |&end| end as usize))?;
    match (0..rows.n_clients()).find(|&k| u32::try_from(rows.size(k)).is_err()) {
        None => Ok(rows),
        Some(k) => Err(Error::Impossible(format!(
            "offsets must give a client fewer than 2^32 rows, got {} for client {k}; split it",
            rows.size(k)
        ))),
    }
}

/// Refuses the first row that fails its condition: [`check_all`] in parallel, for arrays of many rows.
///
/// # Errors
/// [`crate::Error::Element`] for the first row for which `valid` is false.
pub fn check_rows<T: Copy + ToString + Sync>(
    name: &'static str,
    values: &[T],
    allowed: &'static str,
    valid: impl Fn(T) -> bool + Sync,
) -> Result<()> {
    // Without an early way out of a chunk, so that the loop becomes vector code.
    let chunk_valid = |chunk: &[T]| {
        vectorised(
            #[inline(always)]
            || chunk.iter().fold(true, |all, &value| all & valid(value)),
        )
    };
    if values.par_chunks(CHUNK).all(chunk_valid) { Ok(()) } else { check_all(name, values, allowed, valid) }
}

/// The streams of a group of clients in one round, for one purpose.
#[derive(Debug, Clone, Copy)]
pub struct ClientStreams<'a> {
    /// Seed of the run.
    pub seed: u64,
    /// What the draws are for.
    pub purpose: Purpose,
    /// The round.
    pub round: u64,
    /// The id of each client of the group, which keys its stream.
    pub clients: &'a [i64],
}

impl ClientStreams<'_> {
    /// Checks that every one of `n_clients` clients has an id.
    ///
    /// # Errors
    /// [`crate::Error`] naming `clients` for a wrong number of ids, or a negative one.
    pub fn check(&self, n_clients: usize) -> Result<()> {
        check_len("clients", self.clients.len(), n_clients, "one id for each client of offsets")?;
        check_all("clients", self.clients, "a client's id, at least 0", |id| id >= 0)
    }

    /// The id of the group's client `k`.
    pub fn id(&self, k: usize) -> u64 {
        self.clients[k] as u64
    }

    /// Part `chunk` of the stream of the group's client `k`.
    pub fn chunk(&self, k: usize, chunk: usize) -> Stream {
        stream_chunk(self.seed, self.purpose, self.round, self.id(k), chunk as u64)
    }

    /// The same part, for kernels that need a word for every row.
    pub fn words(&self, k: usize, chunk: usize) -> Words {
        stream_words(self.seed, self.purpose, self.round, self.id(k), chunk as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_argument() {
        let message = offsets_over("errors", 3, &[0, 4]).unwrap_err().to_string();
        assert_eq!(message, "errors must have 4 elements (the last entry of offsets), got 3");
        let message = offsets_over("errors", 1 << 32, &[0, 1 << 32]).unwrap_err().to_string();
        assert!(
            message
                .starts_with("offsets must give a client fewer than 2^32 rows, got 4294967296 for client 0")
        );
        let streams = |clients| ClientStreams { seed: 0, purpose: Purpose::Sampling, round: 0, clients };
        assert!(streams(&[4, 4]).check(2).is_ok());
        assert!(streams(&[4]).check(2).unwrap_err().to_string().starts_with("clients must have 2"));
        assert!(streams(&[4, -1]).check(2).unwrap_err().to_string().starts_with("clients[1]"));
    }
}
