//! Partitions of a table's rows over clients: made, thinned to a prevalence, split and counted.
//!
//! Separate because it runs once, before any training, and works on row numbers and labels alone.
//!
//! Hsu, Qi and Brown, "Measuring the effects of non-identical data distribution for federated visual
//! classification", 2019, arXiv 1909.06335. Each class is shared out over the clients by a Dirichlet draw of
//! its own (`dirichlet`); then either every row goes to exactly one client (`split`), or clients draw rows
//! with replacement (`resample`).

mod counts;
mod dirichlet;
mod parts;
mod plan;
mod prevalence;
mod quota;
mod repair;
mod resample;
mod split;
mod validation;

pub use counts::class_counts;
pub use parts::Parts;
pub use plan::{Classes, Plan};
pub use prevalence::{Prevalence, impose_prevalence};
pub use validation::split_validation;

use crate::error::Result;
use crate::ragged::Ragged;
use resample::resample;
use split::split;

/// Gives rows to clients as planned; every client's rows are in increasing order.
///
/// # Errors
/// [`crate::Error::Impossible`] where there are too few rows.
pub fn partition(classes: &Classes, plan: &Plan, seed: u64) -> Result<Ragged<i64>> {
    match plan.rows_per_client {
        Some(range) => resample(classes, plan, range, seed),
        None => split(classes, plan, seed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn covers_each_row_once_and_honours_min_size(
            labels in prop::collection::vec(0_i64..6, 40..400),
            n_clients in 1_usize..20,
            min_size in 0_usize..3,
            log_alpha in -2.0_f64..3.0,
            log_size in prop::option::of(-2.0_f64..3.0),
            seed: u64,
        ) {
            let (alpha, size_alpha) = (10_f64.powf(log_alpha), log_size.map(|log| 10_f64.powf(log)));
            let plan = Plan::new(n_clients, Some(alpha), size_alpha, min_size, None).unwrap();
            let parts = partition(&Classes::from_labels(&labels).unwrap(), &plan, seed).unwrap();
            let mut rows = parts.values.clone();
            rows.sort_unstable();
            prop_assert_eq!(rows, (0..labels.len() as i64).collect::<Vec<_>>());
            prop_assert!(parts.offsets.windows(2).all(|pair| pair[1] - pair[0] >= min_size as i64));
            for pair in parts.offsets.windows(2) {
                prop_assert!(parts.values[pair[0] as usize..pair[1] as usize].is_sorted());
            }
        }
    }

    #[test]
    fn the_number_of_threads_does_not_count() {
        let labels: Vec<i64> = (0..30_000).map(|row| row % 7 % 4).collect();
        let classes = Classes::from_labels(&labels).unwrap();
        for rows_per_client in [None, Some((2, 5))] {
            let plan = Plan::new(9000, Some(0.3), None, 2, rows_per_client).unwrap();
            let run = |n_threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
                pool.install(|| partition(&classes, &plan, 11).unwrap())
            };
            assert_eq!(run(1), run(3));
        }
    }
}
