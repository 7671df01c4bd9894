//! Weighted draws of rows within each client: without replacement by keys (see [`crate::sampling::keys`]), with replacement
//! by cumulative weights (see [`crate::sampling::cumulative`]).
//!
//! Both cost O(rows + draws) and are parallel over clients and over the pieces of a large client. A piece has its
//! own part of the client's stream: the draw depends on neither threads, nor groups, nor the other clients.

use rand::RngExt;
use rayon::prelude::*;

use crate::error::{Error, Result, check_all, check_len, zeros};
use crate::math::exp_nonpositive;
use crate::math::vectorised;
use crate::ragged::{Ragged, offsets_of, split_mut};
use crate::sampling::clients::{CHUNK, ClientStreams, check_rows, offsets_over};
use crate::sampling::cumulative::Cumulative;
use crate::sampling::keys::Keys;
use crate::sampling::offset::{Offset, Weight};

/// Weights of rows, as they are or as logarithms.
#[derive(Debug, Clone, Copy)]
pub struct Weights<'a> {
    /// One for each row.
    pub values: &'a [f64],
    /// Whether they are natural logarithms of the weights, of any size; minus infinity stands for weight 0.
    pub log: bool,
}

/// Draws `sizes[k]` rows of every client `k` in proportion to their weights.
///
/// Returns positions into the rows: without replacement in rising order, with replacement in the order of
/// the draw. A row of weight 0 is never drawn.
///
/// # Errors
/// [`Error`] naming `weights` where one is negative, NaN or infinite, or where a client that asks for rows has
/// none of positive weight; `sizes` where one is negative, or without replacement above the number of the
/// client's rows of positive weight; `offsets` or `clients` where they do not fit.
pub fn weighted_sample(
    weights: Weights,
    offsets: &[i64],
    sizes: &[i64],
    replace: bool,
    streams: ClientStreams,
) -> Result<Ragged<i64>> {
    let rows = offsets_over("weights", weights.values.len(), offsets)?;
    streams.check(rows.n_clients())?;
    check_len("sizes", sizes.len(), rows.n_clients(), "one for each client of offsets")?;
    check_all("sizes", sizes, "at least 0", |size| size >= 0)?;
    let of = |k| Weights { values: &weights.values[rows.range(k)], ..weights };
    let refused = (0..rows.n_clients()).into_par_iter().find_map_first(|k| match of(k).count_positive() {
        None => weights.check().err(),
        Some(positive) => of(k).check_size(k, sizes[k] as usize, positive, replace).err(),
    });
    if let Some(error) = refused {
        return Err(error);
    }
    let (mut values, offsets) = reserve(sizes)?;
    split_mut(&mut values, &offsets).into_par_iter().enumerate().for_each(|(k, out)| {
        let first = rows.range(k).start;
        if replace {
            of(k).with_replacement(first, out, streams, k);
        } else {
            of(k).without(first, out, streams, k);
        }
    });
    Ok(Ragged { values, offsets })
}

impl Weights<'_> {
    fn check(self) -> Result<()> {
        let allowed = if self.log {
            "a logarithm below infinity (minus infinity: never drawn)"
        } else {
            "finite and at least 0"
        };
        let zero = self.zero();
        check_rows("weights", self.values, allowed, |w| (zero..f64::INFINITY).contains(&w))
    }

    /// What stands for the weight 0: the least that is allowed.
    fn zero(self) -> f64 {
        if self.log { f64::NEG_INFINITY } else { 0.0 }
    }

    /// How many rows have a positive weight; `None` where a weight is not allowed.
    fn count_positive(self) -> Option<usize> {
        let zero = self.zero();
        let count = |(allowed, positive), &w: &f64| {
            (allowed & (zero..f64::INFINITY).contains(&w), positive + u64::from(w > zero))
        };
        let counted = |chunk: &[f64]| {
            let (allowed, positive) = vectorised(
                #[inline(always)]
                || chunk.iter().fold((true, 0), count),
            );
            allowed.then_some(positive as usize)
        };
        self.values.par_chunks(CHUNK).map(counted).sum()
    }

    fn check_size(self, k: usize, size: usize, positive: usize, replace: bool) -> Result<()> {
        if size == 0 {
            return Ok(());
        }
        if positive == 0 {
            return Err(Error::Impossible(format!(
                "weights of client {k} must have a positive one to draw sizes[{k}] = {size} rows from, got none in \
                 {} rows; ask this client for 0 rows",
                self.values.len()
            )));
        }
        if !replace && size > positive {
            return Err(Error::Impossible(format!(
                "sizes[{k}] must be at most {positive}, the client's rows of positive weight, got {size}; \
                 ask for fewer rows or draw with replace=True"
            )));
        }
        Ok(())
    }

    fn without(self, first: usize, out: &mut [i64], streams: ClientStreams, k: usize) {
        let n = self.values.len();
        if self.log {
            let keys = Keys::new(
                1.0,
                Offset,
                #[inline(always)]
                |rows, offsets| {
                    for (offset, &weight) in offsets.iter_mut().zip(&self.values[rows]) {
                        *offset = -weight;
                    }
                },
            );
            keys.draw(n, first, out, streams, k);
        } else {
            let keys = Keys::new(
                1.0,
                Weight,
                #[inline(always)]
                |rows, weights| weights.copy_from_slice(&self.values[rows]),
            );
            keys.draw(n, first, out, streams, k);
        }
    }

    fn with_replacement(self, first: usize, out: &mut [i64], streams: ClientStreams, k: usize) {
        if out.is_empty() {
            return;
        }
        let largest = self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let cumulative = Cumulative::new(
            self.values.len(),
            #[inline(always)]
            |rows, relative| {
                for (relative, &w) in relative.iter_mut().zip(&self.values[rows]) {
                    *relative = if self.log { exp_nonpositive(w - largest) } else { w / largest };
                }
            },
        );
        draw_each(out, streams, k, 0, |words, out| cumulative.look_up(words, first, out));
    }
}

/// Room for the clients' draws, and its offsets.
///
/// # Errors
/// [`Error::Impossible`] where memory does not suffice.
pub fn reserve(sizes: &[i64]) -> Result<(Vec<i64>, Vec<i64>)> {
    let total = sizes.iter().try_fold(0_i64, |total, &size| total.checked_add(size));
    let values = zeros(total.map(|total| total as usize), || {
        "sizes must add up to what fits in memory; draw fewer rows, or fewer clients at a time".into()
    })?;
    Ok((values, offsets_of(sizes.iter().map(|&size| size as usize))))
}

/// Fills `out` with independent draws, each from one random word, the first from part `first_chunk` of the
/// client's stream: `pick(words, out)` makes the draws of a block of words.
pub fn draw_each(
    out: &mut [i64],
    streams: ClientStreams,
    k: usize,
    first_chunk: usize,
    pick: impl Fn(&[u64], &mut [i64]) + Sync,
) {
    const BLOCK: usize = 512;
    out.par_chunks_mut(CHUNK).enumerate().for_each(|(c, chunk)| {
        let (mut rng, mut words) = (streams.chunk(k, first_chunk + c), [0; BLOCK]);
        for block in chunk.chunks_mut(BLOCK) {
            let words = &mut words[..block.len()];
            rng.fill(words);
            pick(words, block);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    fn sample(
        weights: &[f64],
        log: bool,
        offsets: &[i64],
        sizes: &[i64],
        replace: bool,
    ) -> Result<Ragged<i64>> {
        let clients: Vec<i64> = (0..offsets.len() as i64 - 1).collect();
        let streams = ClientStreams { seed: 1, purpose: Purpose::Sampling, round: 0, clients: &clients };
        weighted_sample(Weights { values: weights, log }, offsets, sizes, replace, streams)
    }

    #[test]
    fn weights_of_any_scale_give_the_size_asked_for() {
        let weights = [5e-324, 0.0, 1e-300, 1e308, 1.0];
        let drawn = sample(&weights, false, &[0, 2, 2, 5], &[1, 0, 3], false).unwrap();
        assert_eq!((drawn.values, drawn.offsets), (vec![0, 2, 3, 4], vec![0, 1, 1, 4]));
        let log_weights = [-1e308, f64::NEG_INFINITY, 1e308];
        assert_eq!(sample(&log_weights, true, &[0, 3], &[2], false).unwrap().values, [0, 2]);
        assert_eq!(sample(&log_weights, true, &[0, 3], &[3], true).unwrap().values, [2, 2, 2]);
    }

    #[test]
    fn the_first_client_that_cannot_be_served_is_named() {
        let message = |sizes, replace| {
            sample(&[1.0, 0.0, 0.0, 0.0], false, &[0, 2, 3, 4], sizes, replace).unwrap_err().to_string()
        };
        assert!(message(&[1, 1, 1], true).starts_with("weights of client 1"));
        assert!(message(&[2, 0, 1], false).starts_with("sizes[0] must be at most 1"));
        assert!(message(&[-1, 0, 0], false).starts_with("sizes[0] must be at least 0"));
    }
}
