//! K-means: greedy k-means++ seeding, Lloyd's iterations over a kd-tree, the best of several restarts.
//!
//! Lloyd 1982, "Least squares quantization in PCM"; Arthur and Vassilvitskii 2007, "k-means++: the advantages
//! of careful seeding". The stopping rule is scikit-learn's: the squared movement of all centroids is at most
//! `tol` times the mean variance of the columns. Restarts run in parallel, each with a stream of its own, and
//! so do the subtrees and leaves within a restart; the least inertia wins, the first restart among equals.

mod lloyd;
mod seeding;
mod tree;
mod walk;

use rayon::prelude::*;

use crate::clustering::points::{Points, nearest_centroid, squared_distance};
use crate::clustering::silhouette::{SilhouetteSample, check_max_points};
use crate::error::{Result, check, check_len};
use crate::random::{Purpose, stream};
use tree::Tree;

/// How k-means runs.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Restarts from different seeds.
    pub n_init: usize,
    /// Most iterations of a restart.
    pub max_iter: usize,
    /// Movement at which a restart ends, as a share of the mean variance of the columns.
    pub tol: f64,
    /// Seed of the run.
    pub seed: u64,
    /// Round of training.
    pub round: u64,
}

/// A clustering.
#[derive(Debug, Clone, PartialEq)]
pub struct KMeans {
    /// The cluster of each point.
    pub labels: Vec<i64>,
    /// `(k, d)`.
    pub centroids: Vec<f64>,
    /// Sum of squared distances of the points to their centroids.
    pub inertia: f64,
    /// Iterations of the restart that won.
    pub n_iter: usize,
}

/// Clusters points around `k` centroids, or as many as there are distinct points if they are fewer.
///
/// Every point belongs to its nearest centroid, the first of equally near ones, and no cluster is empty.
///
/// # Errors
/// [`crate::Error::Scalar`] where there is no point, or where `k`, `n_init`, `max_iter` or `tol` is out of range.
pub fn kmeans(points: Points, k: usize, options: Options) -> Result<KMeans> {
    check(!points.is_empty(), "points", "0 rows", "of at least one row")?;
    check(k > 0, "k", k, "at least 1")?;
    options.check()?;
    Ok(fit(&Tree::new(points), k, options))
}

/// Clusters points with the `k` in `2..=k_max` of the best silhouette, the least of equals.
///
/// One cluster where there is one distinct point, or where `k_max` is 1.
///
/// # Errors
/// [`crate::Error::Scalar`] as for [`kmeans`], and where `max_points` is below 2.
pub fn choose_k(points: Points, k_max: usize, max_points: usize, options: Options) -> Result<KMeans> {
    check(!points.is_empty(), "points", "0 rows", "of at least one row")?;
    check(k_max > 0, "k_max", k_max, "at least 1")?;
    options.check()?;
    check_max_points(max_points)?;
    let tree = Tree::new(points);
    let sample = SilhouetteSample::draw(points, max_points, options.seed, options.round);
    let mut best = fit(&tree, k_max.min(2), options);
    if best.k(points) < 2 {
        return Ok(best);
    }
    let mut best_score = sample.score(&best.labels);
    for k in 3..=k_max {
        let clustering = fit(&tree, k, options);
        if clustering.k(points) < k {
            break;
        }
        let score = sample.score(&clustering.labels);
        if score > best_score {
            (best, best_score) = (clustering, score);
        }
    }
    Ok(best)
}

/// The nearest centroid of every point, the first of equally near ones. In parallel over points.
///
/// # Errors
/// [`crate::Error::Scalar`] without a centroid; [`crate::Error::Length`] where dimensions differ.
pub fn nearest(points: Points, centroids: Points) -> Result<Vec<i64>> {
    check(!centroids.is_empty(), "centroids", "0 rows", "of at least one row")?;
    check_len("a row of centroids", centroids.dimension(), points.dimension(), "as a row of points has")?;
    let rows = points.values().par_chunks_exact(points.dimension());
    Ok(rows.map(|point| nearest_centroid(point, centroids.values()).0 as i64).collect())
}

impl KMeans {
    fn k(&self, points: Points) -> usize {
        self.centroids.len() / points.dimension()
    }
}

impl Options {
    fn check(self) -> Result<()> {
        check(self.n_init > 0, "n_init", self.n_init, "at least 1")?;
        check(self.max_iter > 0, "max_iter", self.max_iter, "at least 1")?;
        check(self.tol >= 0.0 && self.tol.is_finite(), "tol", self.tol, "finite and at least 0")
    }
}

fn fit(tree: &Tree, k: usize, options: Options) -> KMeans {
    let k = k.min(tree.len());
    let tolerance = options.tol * mean_variance(tree);
    let best = (0..options.n_init)
        .into_par_iter()
        .map(|restart| {
            let mut rng = stream(options.seed, Purpose::Clustering, options.round, restart as u64);
            let seeds = seeding::seed_centroids(tree, k, &mut rng);
            let (centroids, n_iter) = lloyd::lloyd(tree, seeds, options.max_iter, tolerance);
            (lloyd::inertia(tree, &centroids), centroids, n_iter)
        })
        .reduce_with(|best, next| if next.0 < best.0 { next } else { best }); // the first of equals
    let (inertia, centroids, n_iter) = best.expect("n_init has been checked");
    KMeans { labels: lloyd::labels(tree, &centroids), centroids, inertia, n_iter }
}

/// Variance of the columns, averaged over them.
fn mean_variance(tree: &Tree) -> f64 {
    let mean = tree.mean();
    let scatter: f64 = tree
        .points(0..tree.len())
        .chunks_exact(tree.dimension())
        .map(|point| squared_distance(point, &mean))
        .sum();
    scatter / (tree.len() * tree.dimension()) as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OPTIONS: Options = Options { n_init: 4, max_iter: 100, tol: 1e-4, seed: 7, round: 0 };

    fn points(values: &[f64]) -> Points<'_> {
        Points::new("points", values, 2).unwrap()
    }

    /// `n` points in four blobs at the corners of a square.
    fn blobs(n: usize) -> Vec<f64> {
        let corner = |i: usize| [(i % 2) as f64, (i / 2 % 2) as f64];
        let noise = |i: usize| ((i * 37 % 101) as f64 / 101.0 - 0.5) * 0.3;
        (0..n).flat_map(|i| [corner(i)[0] + noise(i), corner(i)[1] + noise(i + 17)]).collect()
    }

    #[test]
    fn the_same_bits_for_any_number_of_threads() {
        let values = blobs(20_000);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| choose_k(points(&values), 6, 500, OPTIONS).unwrap())
        };
        assert_eq!(run(1), run(3));
    }

    #[test]
    fn the_number_of_blobs_is_found() {
        let values = blobs(400);
        let got = choose_k(points(&values), 8, 2000, OPTIONS).unwrap();
        assert_eq!(got.centroids.len() / 2, 4);
        for (i, label) in got.labels.iter().enumerate() {
            assert_eq!(*label, got.labels[i % 4]);
        }
    }

    #[test]
    fn k_is_lowered_to_the_distinct_points() {
        let got = kmeans(points(&[1.0, 1.0, 1.0, 1.0, 3.0, 0.0]), 9, OPTIONS).unwrap();
        assert_eq!(got.centroids.len(), 4);
        assert_eq!((got.labels[0], got.inertia), (got.labels[1], 0.0));
        assert_ne!(got.labels[0], got.labels[2]);
        assert_eq!(choose_k(points(&[0.5; 8]), 5, 100, OPTIONS).unwrap().labels, [0; 4]);
    }

    #[test]
    fn bad_arguments_are_refused() {
        let values = blobs(10);
        let with = |options| kmeans(points(&values), 2, options).unwrap_err().to_string();
        assert_eq!(with(Options { n_init: 0, ..OPTIONS }), "n_init must be at least 1, got 0");
        assert_eq!(with(Options { max_iter: 0, ..OPTIONS }), "max_iter must be at least 1, got 0");
        assert!(with(Options { tol: f64::NAN, ..OPTIONS }).starts_with("tol must be finite"));
        assert!(kmeans(points(&values), 0, OPTIONS).is_err());
        assert!(kmeans(points(&[]), 1, OPTIONS).is_err());
        assert!(choose_k(points(&values), 3, 1, OPTIONS).is_err());
        assert!(nearest(points(&values), points(&[])).is_err());
    }

    proptest! {
        #[test]
        fn every_point_has_its_nearest_centroid_and_no_cluster_is_empty(
            values in prop::collection::vec(-3_i8..3, 2..600), k in 1_usize..12, max_iter in 1_usize..4,
        ) {
            let values: Vec<f64> = values[..values.len() / 2 * 2].iter().map(|&x| f64::from(x)).collect();
            let options = Options { max_iter, n_init: 2, ..OPTIONS };
            let got = kmeans(points(&values), k, options).unwrap();
            let centroids = points(&got.centroids);
            prop_assert_eq!(&got.labels, &nearest(points(&values), centroids).unwrap());
            for c in 0..centroids.len() {
                prop_assert!(got.labels.contains(&(c as i64)));
            }
            let distances = values.chunks_exact(2).zip(&got.labels);
            let inertia: f64 = distances.map(|(x, &c)| squared_distance(x, centroids.row(c as usize))).sum();
            prop_assert!((inertia - got.inertia).abs() <= 1e-9 * (1.0 + inertia));
        }
    }
}
