//! Weighted sums of client updates, one per cluster (`FedAvg`, `McMahan` et al. 2017, arXiv 1602.05629).
//!
//! Each coordinate is a fold over the clients in the order in which they come, with an f64 accumulator, so
//! neither the grouping into calls nor the number of threads changes a bit. A call reads every update once,
//! `O(G p)`, in parallel over clusters and blocks of coordinates.
#![allow(clippy::inline_always, reason = "what runs in `vectorised` must be inlined to become vector code")]

use rayon::prelude::*;

use crate::error::{Error, Result, check, check_all, check_len, zeros};
use crate::math::vectorised;

/// Fewest and most coordinates of a block: enough of a row to stream it, and accumulators that stay in a
/// near cache while the clients pass by. No sum depends on where blocks end.
const BLOCK: (usize, usize) = (512, 8192);

const NOT_NEGATIVE: &str = "finite and at least 0";

/// Sums of weighted updates and of weights for each cluster.
#[derive(Debug, Clone)]
pub struct WeightedSum {
    n_params: usize,
    /// `(n_clusters, n_params)`.
    sums: Vec<f64>,
    totals: Vec<f64>,
}

/// A client within a call: where its update starts, and its weight.
type Member = (usize, f64);

impl WeightedSum {
    /// Sums of nothing.
    ///
    /// # Errors
    /// [`Error::Scalar`] where there is no cluster or no parameter, [`Error::Impossible`] where the sums do not
    /// fit into memory.
    pub fn new(n_clusters: usize, n_params: usize) -> Result<Self> {
        check(n_clusters > 0, "n_clusters", n_clusters, "at least 1")?;
        check(n_params > 0, "n_params", n_params, "at least 1")?;
        let sums = zeros(n_clusters.checked_mul(n_params), || too_many(n_clusters, n_params))?;
        Ok(Self { n_params, sums, totals: vec![0.0; n_clusters] })
    }

    /// How many clusters there are.
    pub fn n_clusters(&self) -> usize {
        self.totals.len()
    }

    /// How many parameters an update has.
    pub fn n_params(&self) -> usize {
        self.n_params
    }

    /// Weighted sum of the updates of each cluster, `(n_clusters, n_params)`.
    pub fn sums(&self) -> &[f64] {
        &self.sums
    }

    /// Sum of the weights of each cluster.
    pub fn totals(&self) -> &[f64] {
        &self.totals
    }

    /// Adds updates `(G, n_params)` with their weights to the sums of their clusters.
    ///
    /// # Errors
    /// [`Error::Length`] where lengths differ; [`Error::Element`] for a weight that is negative or not finite, a
    /// cluster out of range, or an update that is not finite; [`Error::Impossible`] where a sum overflows.
    /// The sums are then what they were before.
    pub fn add(&mut self, updates: &[f32], weights: &[f64], clusters: &[i64]) -> Result<()> {
        let n_clusters = self.n_clusters();
        let wanted = weights.len() * self.n_params;
        if updates.len() != wanted {
            return Err(Error::Impossible(format!(
                "updates must have {wanted} elements, one row of n_params for each of the {} weights, got {}, \
                 which are {} rows; give both of the same clients",
                weights.len(),
                updates.len(),
                updates.len().checked_div(self.n_params).unwrap_or(0),
            )));
        }
        check_len("clusters", clusters.len(), weights.len(), "one per row of updates")?;
        check_all("weights", weights, NOT_NEGATIVE, |weight| weight >= 0.0 && weight.is_finite())?;
        check_all("clusters", clusters, "in [0, n_clusters)", |cluster| {
            usize::try_from(cluster).is_ok_and(|cluster| cluster < n_clusters)
        })?;
        let mut members: Vec<Vec<Member>> = vec![Vec::new(); n_clusters];
        for (row, (&weight, &cluster)) in weights.iter().zip(clusters).enumerate() {
            members[cluster as usize].push((row * self.n_params, weight));
        }
        self.add_members(updates, &members)
    }

    /// Adds sums of weighted updates `(n_clusters, n_params)` that were formed elsewhere, with the sums of
    /// their weights.
    ///
    /// # Errors
    /// [`Error::Length`] where lengths differ; [`Error::Element`] for a sum that is not finite or a total that is
    /// negative or not finite. The sums are then what they were before.
    pub fn add_sums(&mut self, sums: &[f64], totals: &[f64]) -> Result<()> {
        check_len("sums", sums.len(), self.sums.len(), "n_clusters rows of n_params")?;
        check_len("totals", totals.len(), self.n_clusters(), "one per cluster")?;
        check_all("sums", sums, "finite", f64::is_finite)?;
        check_all("totals", totals, NOT_NEGATIVE, |total| total >= 0.0 && total.is_finite())?;
        self.sums.iter_mut().zip(sums).for_each(|(sum, more)| *sum += more);
        self.totals.iter_mut().zip(totals).for_each(|(total, more)| *total += more);
        Ok(())
    }

    fn add_members(&mut self, updates: &[f32], members: &[Vec<Member>]) -> Result<()> {
        let touched: Vec<usize> =
            (0..members.len()).filter(|&cluster| !members[cluster].is_empty()).collect();
        let mut totals = self.totals.clone();
        for &cluster in &touched {
            totals[cluster] =
                members[cluster].iter().fold(totals[cluster], |total, (_, weight)| total + weight);
        }
        // The new sums stand apart until all are known to be finite, so that a refused call changes nothing.
        let mut sums: Vec<f64> = touched.iter().flat_map(|&cluster| self.of(cluster)).copied().collect();
        // A block a thread, so that updates are read in long stretches; none but the last ends within a vector.
        let share = sums.len().div_ceil(rayon::current_num_threads()).next_multiple_of(64);
        let block = share.clamp(BLOCK.0, BLOCK.1);
        let tasks: Vec<_> = sums
            .chunks_exact_mut(self.n_params)
            .zip(&touched)
            .flat_map(|(sums, &cluster)| {
                let blocks = sums.chunks_mut(block).enumerate();
                blocks.map(move |(index, sums)| (index * block, sums, &members[cluster]))
            })
            .collect();
        let finite = tasks
            .into_par_iter()
            .map(|(start, sums, members)| {
                vectorised(
                    #[inline(always)]
                    || add_block(sums, updates, start, members),
                );
                sums.iter().all(|sum| sum.is_finite())
            })
            .reduce(|| true, |a, b| a && b);
        if !finite || totals.iter().any(|total| total.is_infinite()) {
            return Err(self.overflow_or_bad_row(updates));
        }
        for (sums, &cluster) in sums.chunks_exact(self.n_params).zip(&touched) {
            self.sums[cluster * self.n_params..][..self.n_params].copy_from_slice(sums);
        }
        self.totals = totals;
        Ok(())
    }

    /// Weighted mean of each cluster, `(n_clusters, n_params)`; zeros for one without weight.
    pub fn means(&self) -> Vec<f32> {
        let mut means = vec![0.0; self.sums.len()];
        let rows = means.par_chunks_exact_mut(self.n_params).zip(self.sums.par_chunks_exact(self.n_params));
        rows.zip(&self.totals).filter(|(_, total)| **total > 0.0).for_each(|((means, sums), &total)| {
            means.iter_mut().zip(sums).for_each(|(mean, sum)| *mean = (sum / total) as f32);
        });
        means
    }

    /// Sum of the clusters' means times their normalised weights, `(n_params,)`.
    ///
    /// Clusters without clients have no mean and are left out before the weights are normalised. The means
    /// enter unrounded; a single cluster gives the bits of its row of [`Self::means`].
    ///
    /// # Errors
    /// [`Error::Length`] or [`Error::Element`] for weights of the wrong number, negative or not finite;
    /// [`Error::Impossible`] where no cluster with clients has a positive weight.
    pub fn combine(&self, cluster_weights: &[f64]) -> Result<Vec<f32>> {
        check_len("cluster_weights", cluster_weights.len(), self.n_clusters(), "one per cluster")?;
        check_all("cluster_weights", cluster_weights, NOT_NEGATIVE, |q| q >= 0.0 && q.is_finite())?;
        let weighed = |&cluster: &usize| cluster_weights[cluster] > 0.0 && self.totals[cluster] > 0.0;
        let clusters: Vec<usize> = (0..self.n_clusters()).filter(weighed).collect();
        let total: f64 = clusters.iter().map(|&cluster| cluster_weights[cluster]).sum();
        if clusters.is_empty() || total.is_infinite() {
            return Err(Error::Impossible(format!(
                "cluster_weights must have a positive, finite sum over the clusters that have clients, got {}",
                if clusters.is_empty() { 0.0 } else { total }
            )));
        }
        let combined = |coordinate: usize| {
            let term = |&c: &usize| {
                cluster_weights[c] / total * (self.sums[c * self.n_params + coordinate] / self.totals[c])
            };
            clusters.iter().map(term).reduce(|sum, term| sum + term).unwrap_or_default() as f32
        };
        Ok((0..self.n_params).into_par_iter().with_min_len(BLOCK.0).map(combined).collect())
    }

    fn of(&self, cluster: usize) -> &[f64] {
        &self.sums[cluster * self.n_params..(cluster + 1) * self.n_params]
    }

    fn overflow_or_bad_row(&self, updates: &[f32]) -> Error {
        match updates.iter().position(|update| !update.is_finite()) {
            Some(at) => Error::Element {
                name: "updates",
                index: at / self.n_params,
                value: format!("{} at parameter {}", updates[at], at % self.n_params),
                allowed: "finite; leave this client out or lower its learning rate",
            },
            None => {
                Error::Impossible("weights are so large that their sum overflows; divide them all".into())
            }
        }
    }
}

/// Says that sums do not fit into memory.
pub(crate) fn too_many(n_clusters: usize, n_params: usize) -> String {
    format!("n_clusters={n_clusters} sums of {n_params} parameters do not fit into memory; lower n_clusters")
}

/// Weighted mean of updates `(K, p)`, `(p,)`.
///
/// # Errors
/// As [`WeightedSum::add`]; [`Error::Impossible`] where no weight is positive.
pub fn weighted_mean(updates: &[f32], n_params: usize, weights: &[f64]) -> Result<Vec<f32>> {
    let mut sum = WeightedSum::new(1, n_params)?;
    sum.add(updates, weights, &vec![0; weights.len()])?;
    if sum.totals[0] > 0.0 {
        Ok(sum.means())
    } else {
        Err(Error::Impossible("weights must hold a positive one, got none; a mean needs a weight".into()))
    }
}

/// Adds the members' coordinates from `start` on, each as one fold over the members in order.
#[inline(always)]
fn add_block(sums: &mut [f64], updates: &[f32], start: usize, members: &[Member]) {
    let rest = add_groups::<16>(sums, updates, start, members);
    let rest = add_groups::<4>(sums, updates, start, rest);
    add_groups::<1>(sums, updates, start, rest);
}

/// Adds whole groups of `N` members, so that accumulators are loaded once for `N` clients; returns the rest.
#[inline(always)]
fn add_groups<'a, const N: usize>(
    sums: &mut [f64],
    updates: &[f32],
    start: usize,
    members: &'a [Member],
) -> &'a [Member] {
    let (groups, rest) = members.as_chunks::<N>();
    for group in groups {
        let rows = group.map(|(offset, _)| &updates[offset + start..][..sums.len()]);
        for (i, sum) in sums.iter_mut().enumerate() {
            let mut total = *sum;
            for (row, (_, weight)) in rows.iter().zip(group) {
                total += weight * f64::from(row[i]);
            }
            *sum = total;
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const P: usize = 2500;

    fn updates(n: usize) -> Vec<f32> {
        (0..n * P).map(|i| ((i as f32) * 0.37).sin() * 3.0).collect()
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|value| value.to_bits()).collect()
    }

    proptest! {
        #[test]
        fn neither_grouping_nor_threads_change_a_bit(
            weights in prop::collection::vec(0.0..5.0, 1..23), cut in 0_usize..23, threads in 1_usize..4,
        ) {
            let updates = updates(weights.len());
            let clusters: Vec<i64> = (0..weights.len()).map(|row| (row * row % 3) as i64).collect();
            let mut whole = WeightedSum::new(3, P).unwrap();
            whole.add(&updates, &weights, &clusters).unwrap();
            let cut = cut.min(weights.len());
            let mut parts = WeightedSum::new(3, P).unwrap();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                parts.add(&updates[..cut * P], &weights[..cut], &clusters[..cut]).unwrap();
                parts.add(&updates[cut * P..], &weights[cut..], &clusters[cut..]).unwrap();
            });
            prop_assert_eq!(bits(&parts.means()), bits(&whole.means()));
            prop_assert_eq!(parts.totals(), whole.totals());
        }
    }

    #[test]
    fn every_coordinate_is_the_plain_fold() {
        let (updates, weights) = (updates(7), [1.0, 0.3, 0.0, 2.5, 1e-3, 7.0, 0.1]);
        let got = weighted_mean(&updates, P, &weights).unwrap();
        let total: f64 = weights.iter().fold(0.0, |total, weight| total + weight);
        for (coordinate, mean) in got.iter().enumerate() {
            let terms = weights.iter().zip(updates.chunks_exact(P));
            let sum = terms.fold(0.0, |sum, (weight, row)| sum + weight * f64::from(row[coordinate]));
            assert_eq!(mean.to_bits(), ((sum / total) as f32).to_bits());
        }
    }

    #[test]
    fn one_cluster_combines_to_its_mean() {
        let mut sum = WeightedSum::new(2, P).unwrap();
        sum.add(&updates(3), &[1.0, 2.0, 3.0], &[1, 1, 1]).unwrap();
        assert_eq!(bits(&sum.combine(&[5.0, 0.3]).unwrap()), bits(&sum.means()[P..]));
        assert!(sum.combine(&[1.0, 0.0]).is_err());
    }

    #[test]
    fn a_refused_call_changes_nothing() {
        let mut sum = WeightedSum::new(2, 2).unwrap();
        sum.add(&[1.0, 2.0], &[1.0], &[0]).unwrap();
        let refusals = [
            (sum.clone().add(&[1.0, 2.0, 3.0, f32::NAN], &[1.0, 0.0], &[0, 1]), "updates[1] must be finite"),
            (sum.clone().add(&[1.0, 2.0], &[-1.0], &[0]), "weights[0] must be finite and at least 0, got -1"),
            (sum.clone().add(&[1.0, 2.0], &[f64::NAN], &[0]), "weights[0]"),
            (sum.clone().add(&[1.0, 2.0], &[1.0], &[2]), "clusters[0]"),
            (sum.clone().add(&[1.0, 2.0], &[1.0], &[-1]), "clusters[0]"),
            (sum.clone().add(&[1.0], &[1.0], &[0]), "updates must have 2 elements"),
            (sum.clone().add(&[9.0, 2.0], &[1e308], &[0]), "weights are so large"),
        ];
        for (result, start) in refusals {
            let error = result.unwrap_err().to_string();
            assert!(error.starts_with(start), "{error}");
        }
        assert!(sum.add(&[5.0, f32::INFINITY], &[1.0], &[0]).is_err());
        assert_eq!(sum.means(), [1.0, 2.0, 0.0, 0.0]);
        assert!(weighted_mean(&[], 2, &[]).is_err());
        assert!(weighted_mean(&[1.0, 2.0], 2, &[0.0]).is_err());
    }
}
