//! Silhouette: how much nearer points are to their own cluster than to the next one.
//!
//! For a point with mean distance `a` to the others of its cluster and least mean distance `b` to another
//! cluster it is `(b - a) / max(a, b)`, and 0 for the only point of a cluster (Rousseeuw 1987). The score is the mean over
//! at most `max_points` points drawn at random: `O(m^2 d)` for `m` points, in parallel over points.

use rand::seq::index;
use rayon::prelude::*;

use crate::clustering::points::{Points, squared_distances};
use crate::error::{Error, Result, check, check_len};
use crate::random::{Purpose, stream};

/// The stream of the sample, out of reach of k-means' restarts.
const SAMPLE_ITEM: u64 = u64::MAX;

/// Mean silhouette of a sample of the points.
///
/// 0 where the sample holds one cluster only: no separation is visible in it.
///
/// # Errors
/// [`Error::Length`] unless there is one label per point; [`Error::Impossible`] where all labels are
/// equal; [`Error::Scalar`] where `max_points` is below 2.
pub fn silhouette(points: Points, labels: &[i64], max_points: usize, seed: u64, round: u64) -> Result<f64> {
    check_len("labels", labels.len(), points.len(), "one per row of points")?;
    check_max_points(max_points)?;
    if labels.iter().all(|&label| label == labels[0]) {
        return Err(Error::Impossible(
            "labels must name at least two clusters, got fewer; a silhouette compares clusters".into(),
        ));
    }
    Ok(SilhouetteSample::draw(points, max_points, seed, round).score(labels))
}

/// Refuses a sample too small to hold two clusters.
pub(crate) fn check_max_points(max_points: usize) -> Result<()> {
    check(max_points >= 2, "max_points", max_points, "at least 2")
}

/// Points by which clusterings of the same points are compared.
#[derive(Debug)]
pub(crate) struct SilhouetteSample {
    /// Rows in the sample, rising.
    rows: Vec<usize>,
    /// Their coordinates, `(m, d)`.
    points: Vec<f64>,
    dimension: usize,
}

impl SilhouetteSample {
    /// Draws at most `max_points` of the points, without replacement.
    pub(crate) fn draw(points: Points, max_points: usize, seed: u64, round: u64) -> Self {
        let mut rng = stream(seed, Purpose::Clustering, round, SAMPLE_ITEM);
        let mut rows = if points.len() <= max_points {
            (0..points.len()).collect()
        } else {
            index::sample(&mut rng, points.len(), max_points).into_vec()
        };
        rows.sort_unstable();
        let coordinates = rows.iter().flat_map(|&row| points.row(row)).copied().collect();
        Self { rows, points: coordinates, dimension: points.dimension() }
    }

    /// Mean silhouette of the sample under the labels of all points.
    pub(crate) fn score(&self, labels: &[i64]) -> f64 {
        let clusters = self.clusters(labels);
        let k = clusters.iter().max().map_or(0, |last| last + 1);
        if k < 2 {
            return 0.0;
        }
        let mut sizes = vec![0; k];
        for &c in &clusters {
            sizes[c] += 1;
        }
        let scores: Vec<f64> = self
            .points
            .par_chunks_exact(self.dimension)
            .zip(&clusters)
            .map_init(
                || vec![0.0; clusters.len()],
                |distances, (point, &own)| {
                    squared_distances(&self.points, point, distances);
                    let mut sums = vec![0.0; k];
                    distances.iter().zip(&clusters).for_each(|(distance, &c)| sums[c] += distance.sqrt());
                    of_point(own, &sums, &sizes)
                },
            )
            .collect();
        scores.iter().sum::<f64>() / scores.len() as f64
    }

    /// Clusters of the sampled points, numbered from 0 without gaps.
    fn clusters(&self, labels: &[i64]) -> Vec<usize> {
        let mut present: Vec<i64> = self.rows.iter().map(|&row| labels[row]).collect();
        present.sort_unstable();
        present.dedup();
        self.rows.iter().map(|&row| present.partition_point(|&label| label < labels[row])).collect()
    }
}

/// Silhouette of a point from its sums of distances to every cluster.
fn of_point(own: usize, sums: &[f64], sizes: &[usize]) -> f64 {
    if sizes[own] == 1 {
        return 0.0;
    }
    let within = sums[own] / (sizes[own] - 1) as f64;
    let others = (0..sums.len()).filter(|&c| c != own).map(|c| sums[c] / sizes[c] as f64);
    let between = others.fold(f64::INFINITY, f64::min);
    let larger = within.max(between);
    if larger > 0.0 { (between - within) / larger } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(values: &[f64], labels: &[i64], max_points: usize) -> Result<f64> {
        silhouette(Points::new("points", values, 1).unwrap(), labels, max_points, 3, 0)
    }

    #[test]
    fn by_hand() {
        // For the pair a = 1 and b = 9.5 and 8.5; the single point counts 0.
        let want = (8.5 / 9.5 + 7.5 / 8.5) / 3.0;
        let got = score(&[0.0, 1.0, 9.5], &[4, 4, -1], 10).unwrap();
        assert!((got - want).abs() < 1e-15, "{got} {want}");
        assert_eq!(score(&[2.0, 2.0, 2.0], &[0, 0, 1], 10), Ok(0.0));
    }

    #[test]
    fn a_sample_is_near_the_whole() {
        let values: Vec<f64> = (0..3000).map(|i| f64::from(i % 3) * 10.0 + f64::from(i % 17) * 0.1).collect();
        let labels: Vec<i64> = (0..3000).map(|i| i % 3).collect();
        let whole = score(&values, &labels, 3000).unwrap();
        let sample = score(&values, &labels, 400).unwrap();
        assert!((whole - sample).abs() < 0.01, "{whole} {sample}");
        assert_ne!(whole.to_bits(), sample.to_bits());
        assert_eq!(Ok(sample), score(&values, &labels, 400));
    }

    #[test]
    fn bad_arguments_are_refused() {
        assert!(score(&[0.0, 1.0], &[0], 10).is_err());
        assert!(score(&[0.0, 1.0], &[5, 5], 10).is_err());
        assert!(score(&[], &[], 10).is_err());
        assert!(score(&[0.0, 1.0], &[0, 1], 1).is_err());
    }
}
