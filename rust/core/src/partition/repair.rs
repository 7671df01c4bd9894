//! Repair of a partition: clients that are too small get rows of the largest.
//!
//! The outcome is that of moving one random row at a time from the client that is then the largest (ties: the
//! lowest number), but it is found at once: a histogram over row counts tells down to which level the large
//! clients are cut. A client that receives is filled from as few givers as possible, so that it stays about as
//! skewed as they are. Cost: O(rows + clients), parallel over chunks of clients, each with
//! its own stream.

use rand::seq::SliceRandom;
use rayon::prelude::*;

use crate::error::{Error, Result, check_len};
use crate::partition::quota::Quota;
use crate::ragged::{Offsets, Ragged, offsets_of, split_mut};
use crate::random::{Purpose, Stream, stream};

/// Clients that share a stream.
const CHUNK: usize = 1024;

/// Moves rows until client `k` has at least `floors[k]` of them; every changed client's rows are in
/// increasing order if they were before.
///
/// # Errors
/// [`Error::Impossible`] where all clients together have fewer rows than the floors ask for.
pub fn repair(parts: Ragged<i64>, floors: &[usize], seed: u64) -> Result<Ragged<i64>> {
    let old = Offsets::new(&parts.offsets, parts.values.len())?;
    check_len("floors", floors.len(), old.n_clients(), "one for each client")?;
    let sizes: Vec<usize> = (0..old.n_clients()).map(|client| old.size(client)).collect();
    let wants: Vec<usize> =
        floors.iter().zip(&sizes).map(|(floor, size)| floor.saturating_sub(*size)).collect();
    let missing = wants.iter().fold(0, |sum: usize, &want| sum.saturating_add(want));
    if missing == 0 {
        return Ok(parts);
    }
    let gifts = gifts(&sizes, floors, missing)?;
    let offsets = offsets_of((0..sizes.len()).map(|client| sizes[client] + wants[client] - gifts[client]));
    let mut values = vec![0; parts.values.len()];
    let mut moved = vec![0; missing];
    let (mut kept, mut given) = (split_mut(&mut values, &offsets), split_mut(&mut moved, &offsets_of(gifts)));
    let chunks = kept.par_chunks_mut(CHUNK).zip(given.par_chunks_mut(CHUNK));
    chunks.enumerate().for_each(|(index, (kept, given))| {
        let mut rng = stream(seed, Purpose::Repair, 0, index as u64);
        for (client, (kept, given)) in (index * CHUNK..).zip(kept.iter_mut().zip(given)) {
            part_with(&parts.values[old.range(client)], kept, given, &mut rng);
        }
    });
    receive(split_mut(&mut values, &offsets), &wants, &moved);
    Ok(Ragged { values, offsets })
}

/// How many rows each client gives away, `missing` in all.
fn gifts(sizes: &[usize], floors: &[usize], missing: usize) -> Result<Vec<usize>> {
    // givers[l] is the number of clients that can give their l-th row; first as differences
    let mut givers = vec![0_isize; sizes.iter().max().map_or(0, |&size| size + 2)];
    for (&size, &floor) in sizes.iter().zip(floors).filter(|(size, floor)| size > floor) {
        givers[floor + 1] += 1;
        givers[size + 1] -= 1;
    }
    for level in 1..givers.len() {
        givers[level] += givers[level - 1];
    }
    let mut rest = missing;
    for level in (1..givers.len()).rev() {
        let here = givers[level] as usize;
        if here >= rest {
            return Ok(cut_to(sizes, floors, level, rest));
        }
        rest -= here;
    }
    Err(Error::Impossible(format!(
        "min_size cannot be reached: {missing} rows are missing, and the larger clients can spare only {}; \
         lower min_size or n_clients, or raise the prevalence or rows_per_client",
        missing - rest
    )))
}

/// Cuts all clients to `level` rows, and the first `rest` of those that have as many to one less.
fn cut_to(sizes: &[usize], floors: &[usize], level: usize, mut rest: usize) -> Vec<usize> {
    let cut = |(&size, &floor): (&usize, &usize)| {
        let gives_last = rest > 0 && size >= level && floor < level;
        rest -= usize::from(gives_last);
        size.saturating_sub(level.max(floor)) + usize::from(gives_last)
    };
    sizes.iter().zip(floors).map(cut).collect()
}

/// Splits a client's rows into those it keeps and a random choice, in random order, that it gives.
fn part_with(rows: &[i64], kept: &mut [i64], given: &mut [i64], rng: &mut Stream) {
    if given.is_empty() {
        kept[..rows.len()].copy_from_slice(rows);
        return;
    }
    let mut quota = Quota::new(given.len(), rows.len());
    let (mut n_kept, mut n_given) = (0, 0);
    for &row in rows {
        if quota.take(rng) {
            given[n_given] = row;
            n_given += 1;
        } else {
            kept[n_kept] = row;
            n_kept += 1;
        }
    }
    given.shuffle(rng);
}

/// Fills the ends of the clients that want rows.
fn receive(clients: Vec<&mut [i64]>, wants: &[usize], moved: &[i64]) {
    let starts = offsets_of(wants.iter().copied());
    clients.into_par_iter().zip(wants).zip(starts).filter(|((_, wanted), _)| **wanted > 0).for_each(
        |((rows, &wanted), start)| {
            let n_old = rows.len() - wanted;
            rows[n_old..].copy_from_slice(&moved[start as usize..start as usize + wanted]);
            rows.sort_unstable();
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One row at a time from the largest client that is above its floor.
    fn one_by_one(mut sizes: Vec<usize>, floors: &[usize]) -> Vec<usize> {
        while let Some(poor) = (0..sizes.len()).find(|&client| sizes[client] < floors[client]) {
            let giver = (0..sizes.len()).filter(|&client| sizes[client] > floors[client]);
            let rich = giver.max_by_key(|&client| (sizes[client], usize::MAX - client)).unwrap();
            sizes[rich] -= 1;
            sizes[poor] += 1;
        }
        sizes
    }

    fn ragged(sizes: &[usize]) -> Ragged<i64> {
        let offsets = offsets_of(sizes.iter().copied());
        Ragged { values: (0..offsets[sizes.len()]).collect(), offsets }
    }

    proptest! {
        #[test]
        fn equals_moving_rows_one_by_one(
            clients in prop::collection::vec((0_usize..30, 0_usize..8), 1..40), seed: u64,
        ) {
            let (sizes, floors): (Vec<_>, Vec<_>) = clients.into_iter().unzip();
            let result = repair(ragged(&sizes), &floors, seed);
            if sizes.iter().sum::<usize>() < floors.iter().sum() {
                prop_assert!(result.unwrap_err().to_string().contains("lower min_size"));
                return Ok(());
            }
            let parts = result.unwrap();
            prop_assert_eq!(parts.offsets, offsets_of(one_by_one(sizes, &floors)));
            let mut rows = parts.values;
            rows.sort_unstable();
            prop_assert_eq!(rows.clone(), (0..rows.len() as i64).collect::<Vec<_>>());
        }
    }

    #[test]
    fn nothing_to_do_changes_nothing() {
        let parts = ragged(&[3, 0, 5]);
        assert_eq!(repair(parts.clone(), &[3, 0, 2], 1).unwrap(), parts);
        assert_eq!(repair(ragged(&[]), &[], 1).unwrap(), ragged(&[]));
    }

    #[test]
    fn rows_given_are_a_random_choice() {
        let given = |seed| repair(ragged(&[100, 0]), &[0, 10], seed).unwrap().values[90..].to_vec();
        assert_eq!(given(1), given(1));
        assert_ne!(given(1), given(2));
    }
}
