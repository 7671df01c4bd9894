//! Matching of clusters between rounds, so that a cluster keeps its identity.

use ordered_float::OrderedFloat;
use pathfinding::kuhn_munkres::kuhn_munkres_min;
use pathfinding::matrix::Matrix;

use crate::clustering::points::{Points, squared_distance};
use crate::error::{Result, check_len};

/// The identity of every centroid: the previous centroid that it continues, or a fresh one.
///
/// Pairs `min(k, m)` of the `k` centroids and `m` previous ones at the least sum of squared
/// Euclidean distances (Kuhn 1955, Munkres 1957). A centroid without a pair gets the next of the fresh identities `m, m + 1, ...`.
/// `O(k m max(k, m))`.
///
/// # Errors
/// [`crate::Error::Length`] where dimensions differ.
pub fn match_clusters(centroids: Points, previous: Points) -> Result<Vec<i64>> {
    check_len("a row of previous", previous.dimension(), centroids.dimension(), "as a row of centroids has")?;
    let mut identities = vec![None; centroids.len()];
    if centroids.len() <= previous.len() {
        let pairs = cheapest_pairs(centroids, previous);
        pairs.iter().enumerate().for_each(|(new, &old)| identities[new] = Some(old));
    } else {
        let pairs = cheapest_pairs(previous, centroids);
        pairs.iter().enumerate().for_each(|(old, &new)| identities[new] = Some(old));
    }
    let mut fresh = previous.len()..;
    Ok(identities.into_iter().map(|old| old.or_else(|| fresh.next()).unwrap_or_default() as i64).collect())
}

/// For each of the fewer points the one of the more points that it is paired with.
fn cheapest_pairs(fewer: Points, more: Points) -> Vec<usize> {
    if fewer.is_empty() {
        return Vec::new();
    }
    let distance = |(i, j): (usize, usize)| OrderedFloat(squared_distance(fewer.row(i), more.row(j)));
    kuhn_munkres_min(&Matrix::from_fn(fewer.len(), more.len(), distance)).1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matched(centroids: &[f64], previous: &[f64]) -> Vec<i64> {
        let centroids = Points::new("centroids", centroids, 1).unwrap();
        match_clusters(centroids, Points::new("previous", previous, 1).unwrap()).unwrap()
    }

    #[test]
    fn more_fewer_and_none() {
        assert_eq!(matched(&[5.1, 0.2, 9.0], &[0.0, 5.0]), [1, 0, 2]);
        assert_eq!(matched(&[5.1], &[0.0, 5.0]), [1]);
        assert_eq!(matched(&[3.0, 4.0], &[]), [0, 1]);
        assert_eq!(matched(&[], &[1.0]), [0; 0]);
    }

    #[test]
    fn the_total_counts_not_the_nearest() {
        // 1.0 is nearest to 0.9, yet giving it to 0 and 2.0 to 0.9 is cheaper in total.
        assert_eq!(matched(&[1.0, 2.0], &[0.9, 0.0]), [1, 0]);
        assert_eq!(matched(&[1.0, 1.0], &[1.0, 1.0]), matched(&[1.0, 1.0], &[1.0, 1.0]));
    }

    proptest! {
        #[test]
        fn a_permutation_is_undone(values in prop::collection::hash_set(-99_i32..99, 1..20), shift in 0_usize..20) {
            let previous: Vec<f64> = values.into_iter().map(f64::from).collect();
            let mut centroids = previous.clone();
            centroids.rotate_left(shift % previous.len());
            for (identity, centroid) in matched(&centroids, &previous).into_iter().zip(centroids) {
                prop_assert_eq!(previous[identity as usize].to_bits(), centroid.to_bits());
            }
        }
    }
}
