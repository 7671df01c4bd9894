//! Partition without replacement: every row goes to exactly one client.
//!
//! A class of `n` rows is cut at `floor(n * cumulative share + u)`, with one uniform `u` for the class
//! (systematic sampling), so that a client's count differs from `n * share` by less than 1 and equals it in
//! expectation, also where a class has fewer rows than there are clients. The owners so counted are shuffled
//! and dealt to the class's rows in order. Clients below the least size are then repaired (see
//! [`crate::partition::repair`]). Cost: O(rows + classes * clients), parallel over classes and within the shares.

use rand::RngExt;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::partition::dirichlet::exponentiate;
use crate::partition::plan::{Classes, Plan, step};
use crate::partition::repair::repair;
use crate::ragged::{Ragged, offsets_of};
use crate::random::{Purpose, Stream, stream};

/// Gives each row to one client, and each client at least the plan's least size.
///
/// # Errors
/// [`Error::Impossible`] where there are too few rows for the clients.
pub(crate) fn split(classes: &Classes, plan: &Plan, seed: u64) -> Result<Ragged<i64>> {
    check_enough(classes.of_row().len(), plan)?;
    let log_sizes = plan.log_sizes(seed);
    let owners: Vec<Vec<u32>> = (classes.sizes().par_iter().enumerate())
        .map(|(class, &n_rows)| {
            if n_rows == 0 {
                return Vec::new();
            }
            let mut weights = plan.log_weights(class, log_sizes.as_deref(), seed);
            exponentiate(&mut weights);
            shuffled_owners(&weights, n_rows, stream(seed, Purpose::Partition, step::OWNERS, class as u64))
        })
        .collect();
    repair(deal(classes, &owners, plan.n_clients), &vec![plan.min_size; plan.n_clients], seed)
}

fn check_enough(n_rows: usize, plan: &Plan) -> Result<()> {
    let needed = plan.n_clients.saturating_mul(plan.min_size);
    if needed <= n_rows {
        return Ok(());
    }
    Err(Error::Impossible(format!(
        "n_clients={} with min_size={} need at least {needed} rows, and there are {n_rows}; lower n_clients or \
         min_size, or draw rows with replacement: set rows_per_client to a range",
        plan.n_clients, plan.min_size
    )))
}

/// The owners of a class's rows, each as often as its weight says, in random order.
fn shuffled_owners(weights: &[f64], n_rows: usize, mut rng: Stream) -> Vec<u32> {
    let scale = n_rows as f64 / weights.iter().sum::<f64>();
    let start: f64 = rng.random();
    let mut owners = Vec::with_capacity(n_rows);
    let mut sum = 0.0;
    for (client, weight) in weights.iter().enumerate() {
        sum += weight;
        let cut = (sum * scale + start) as usize;
        owners.resize(cut.clamp(owners.len(), n_rows), client as u32);
    }
    owners.resize(n_rows, weights.len() as u32 - 1); // the last cut may be a rounding error short
    owners.shuffle(&mut rng);
    owners
}

/// Hands the next owner of its class to every row, and collects the rows by owner.
fn deal(classes: &Classes, owners: &[Vec<u32>], n_clients: usize) -> Ragged<i64> {
    let mut sizes = vec![0; n_clients];
    for &owner in owners.iter().flatten() {
        sizes[owner as usize] += 1;
    }
    let offsets = offsets_of(sizes);
    let mut ends = offsets.clone();
    let mut dealt = vec![0; owners.len()];
    let mut values = vec![0; classes.of_row().len()];
    for (row, &class) in classes.of_row().iter().enumerate() {
        let class = usize::from(class);
        let end = &mut ends[owners[class][dealt[class]] as usize];
        values[*end as usize] = row as i64;
        dealt[class] += 1;
        *end += 1;
    }
    Ragged { values, offsets }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(parts: &Ragged<i64>) -> Vec<i64> {
        parts.offsets.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    #[test]
    fn iid_sizes_differ_by_at_most_one() {
        for (n_rows, n_clients) in [(10, 3), (100, 100), (1001, 7)] {
            let plan = Plan::new(n_clients, None, None, 1, None).unwrap();
            let sizes = sizes(&split(&Classes::one(n_rows).unwrap(), &plan, 3).unwrap());
            assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1, "{sizes:?}");
        }
    }

    /// A class of one row must not always fall to the same end of the clients.
    #[test]
    fn a_lone_row_goes_to_every_client_alike() {
        let weights = [0.5; 4];
        let mut hits = [0_u32; 4];
        for item in 0..4000 {
            hits[shuffled_owners(&weights, 1, stream(5, Purpose::Partition, step::OWNERS, item))[0]
                as usize] += 1;
        }
        let error = (4000.0_f64 * 0.25 * 0.75).sqrt();
        assert!(hits.iter().all(|&hit| (f64::from(hit) - 1000.0).abs() < 5.0 * error), "{hits:?}");
    }

    #[test]
    fn too_few_rows_are_refused_with_the_remedy() {
        for (n_clients, min_size) in [(11, 1), (2, 6), (usize::MAX >> 33, usize::MAX)] {
            let plan = Plan::new(n_clients, None, None, min_size, None).unwrap();
            let message = split(&Classes::one(10).unwrap(), &plan, 0).unwrap_err().to_string();
            assert!(message.contains("rows_per_client"), "{message}");
        }
    }
}
