//! Partition with replacement, for more clients than rows.
//!
//! Client `k` draws its size uniformly from a range, then the class of every row with probability
//! proportional to `n_c * share_ck` (mixed in log space, since all of a client's shares may underflow), then
//! a row of the class. Cost: O(rows drawn * log classes + classes * clients) time and O(classes * clients)
//! memory, parallel over clients, each with its own stream.

use rand::RngExt;
use rayon::prelude::*;

use crate::error::{Result, check, room, zeros};
use crate::partition::dirichlet::normalise;
use crate::partition::plan::{Classes, Plan, step};
use crate::ragged::{Ragged, offsets_of, split_mut};
use crate::random::{Purpose, stream, stream_chunk};

/// Clients that share one part of the stream of sizes.
const CHUNK: usize = 4096;

/// Draws each client's rows, `low..=high` of them.
///
/// # Errors
/// [`Error::Scalar`] where there are no rows to draw from, [`Error::Impossible`] where memory is too small.
pub(crate) fn resample(
    classes: &Classes,
    plan: &Plan,
    (low, high): (usize, usize),
    seed: u64,
) -> Result<Ragged<i64>> {
    check(!classes.of_row().is_empty(), "number of rows", 0, "at least 1 to draw from")?;
    let rows = rows_by_class(classes);
    // sizes and offsets of the clients, and their weights in each class, which are made one by one below
    drop(room::<f64>(plan.n_clients.checked_mul(rows.len() + 2), || {
        format!("n_clients={} do not fit into memory; lower n_clients", plan.n_clients)
    })?);
    let log_weights: Vec<Vec<f64>> =
        rows.iter().map(|(class, rows)| log_weights(plan, *class, rows.len(), seed)).collect();

    let offsets = offsets_of(sizes(plan.n_clients, low, high, seed));
    let n_rows = offsets[plan.n_clients] as usize;
    let mut values = zeros(Some(n_rows), || {
        format!("{n_rows} rows do not fit into memory; lower n_clients or rows_per_client")
    })?;
    split_mut(&mut values, &offsets).into_par_iter().enumerate().for_each_init(
        || vec![0.0; rows.len()],
        |mix, (client, drawn)| {
            cumulate(mix, &log_weights, client);
            let mut rng = stream(seed, Purpose::Partition, step::ROWS, client as u64);
            drawn.fill_with(|| {
                let place = rng.random::<f64>() * mix[mix.len() - 1];
                let (_, class) = &rows[mix.partition_point(|&sum| sum <= place)];
                class[rng.random_range(0..class.len())]
            });
            drawn.sort_unstable();
        },
    );
    Ok(Ragged { values, offsets })
}

/// The number and the rows of each class that has any.
fn rows_by_class(classes: &Classes) -> Vec<(usize, Vec<i64>)> {
    let empty = |(class, &size): (usize, &usize)| (class, Vec::with_capacity(size));
    let mut rows: Vec<(usize, Vec<i64>)> = classes.sizes().iter().enumerate().map(empty).collect();
    for (row, &class) in classes.of_row().iter().enumerate() {
        rows[usize::from(class)].1.push(row as i64);
    }
    rows.retain(|(_, rows)| !rows.is_empty());
    rows
}

/// `ln(n_c * share_ck)` of one class for every client.
fn log_weights(plan: &Plan, class: usize, n_rows: usize, seed: u64) -> Vec<f64> {
    let log_rows = (n_rows as f64).ln();
    let mut logs = plan.log_weights(class, None, seed);
    normalise(&mut logs);
    logs.par_iter_mut().for_each(|log| *log += log_rows);
    logs
}

fn sizes(n_clients: usize, low: usize, high: usize, seed: u64) -> Vec<usize> {
    let mut sizes = vec![0; n_clients];
    sizes.par_chunks_mut(CHUNK).enumerate().for_each(|(index, chunk)| {
        let mut rng = stream_chunk(seed, Purpose::Partition, step::SIZES, 0, index as u64);
        chunk.fill_with(|| rng.random_range(low..=high));
    });
    sizes
}

/// The client's cumulative class weights, the largest weight being 1.
fn cumulate(mix: &mut [f64], log_weights: &[Vec<f64>], client: usize) {
    for (log, logs) in mix.iter_mut().zip(log_weights) {
        *log = logs[client];
    }
    let peak = mix.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for log in mix {
        sum += (*log - peak).exp();
        *log = sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(labels: &[i64], n_clients: usize, alpha: f64) -> Ragged<i64> {
        let plan = Plan::new(n_clients, Some(alpha), None, 1, Some((3, 9))).unwrap();
        resample(&Classes::from_labels(labels).unwrap(), &plan, (3, 9), 1).unwrap()
    }

    #[test]
    fn sizes_stay_in_range_and_reach_its_ends() {
        let parts = drawn(&[0, 1, 1, 4], 1000, 0.01);
        let sizes: Vec<i64> = parts.offsets.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!((sizes.iter().min(), sizes.iter().max()), (Some(&3), Some(&9)));
        assert!(parts.values.iter().all(|row| (0..4).contains(row)));
    }

    /// At a large alpha every client's mix is the table's: 1 row in 4 of class 0, within 5 standard errors.
    #[test]
    fn the_mix_follows_the_class_sizes() {
        let parts = drawn(&[0, 2, 2, 2], 5000, 1e6);
        let n = parts.values.len() as f64;
        let hits = parts.values.iter().filter(|&&row| row == 0).count() as f64;
        assert!((hits - n / 4.0).abs() < 5.0 * (n * 3.0 / 16.0).sqrt(), "{hits} of {n}");
    }

    #[test]
    fn weights_may_underflow() {
        let mut mix = [0.0; 3];
        cumulate(&mut mix, &[vec![-9000.0], vec![-9000.0], vec![-1e5]], 0);
        assert_eq!(mix.map(|sum| sum as i64), [1, 2, 2]);
    }

    #[test]
    fn a_class_without_rows_is_never_drawn_from() {
        assert!(rows_by_class(&Classes::from_labels(&[7, 2, 7]).unwrap()) == [(2, vec![1]), (7, vec![0, 2])]);
    }

    #[test]
    fn an_empty_table_is_refused() {
        let plan = Plan::new(3, None, None, 0, Some((0, 0))).unwrap();
        assert!(resample(&Classes::one(0).unwrap(), &plan, (0, 0), 0).is_err());
    }
}
