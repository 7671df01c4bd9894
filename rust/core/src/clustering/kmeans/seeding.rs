//! Greedy k-means++ seeding over a tree.
//!
//! Every seed but the first is the best of `2 + ln k` candidates, each drawn with probability proportional to
//! its squared distance from the seeds before it (Arthur and Vassilvitskii 2007, the greedy variant of their
//! section 5, which scikit-learn uses too). A leaf all of whose points are nearer to a seed than to a
//! candidate's side of the leaf keeps its potential without a look at its points.
//! `O(n k log k)` at most, in parallel over leaves.

use rand::RngExt;
use rayon::prelude::*;

use super::tree::{Cell, Tree};
use crate::clustering::points::squared_distances;
use crate::ragged::{offsets_of, split_mut};
use crate::random::Stream;

/// Leaves whose potentials are added by one task; part of the order of summation.
const LEAVES_PER_TASK: usize = 64;

/// Squared distances of the points to their nearest seed.
struct Coverage<'a> {
    tree: &'a Tree,
    leaves: Vec<Cell>,
    offsets: Vec<i64>,
    /// In tree order.
    distances: Vec<f64>,
    /// Sum and maximum of the distances in each leaf.
    sums: Vec<f64>,
    maxima: Vec<f64>,
}

/// Draws up to `k` seeds, `(k, d)`: fewer where fewer points are distinct.
pub(super) fn seed_centroids(tree: &Tree, k: usize, rng: &mut Stream) -> Vec<f64> {
    let n_candidates = 2 + (k as f64).ln() as usize;
    let mut coverage = Coverage::new(tree);
    let mut seeds = tree.point(rng.random_range(0..tree.len())).to_vec();
    coverage.cover(&seeds);
    while seeds.len() < k * tree.dimension() {
        let candidates = coverage.draw(n_candidates, rng);
        if candidates.is_empty() {
            break;
        }
        let best = coverage.best(&candidates);
        coverage.cover(best);
        seeds.extend_from_slice(best);
    }
    seeds
}

impl<'a> Coverage<'a> {
    fn new(tree: &'a Tree) -> Self {
        let leaves: Vec<Cell> = tree.leaves().collect();
        let n_leaves = leaves.len();
        Self {
            tree,
            offsets: offsets_of(leaves.iter().map(|&leaf| tree.range(leaf).len())),
            leaves,
            distances: vec![f64::INFINITY; tree.len()],
            sums: vec![f64::INFINITY; n_leaves],
            maxima: vec![f64::INFINITY; n_leaves],
        }
    }

    /// Takes a new seed into account.
    fn cover(&mut self, seed: &[f64]) {
        let tree = self.tree;
        let distances = split_mut(&mut self.distances, &self.offsets);
        let leaves = self.leaves.par_iter().zip(distances);
        leaves.zip(&mut self.sums).zip(&mut self.maxima).for_each(|(((&leaf, distances), sum), maximum)| {
            if distance_to_cell(tree, leaf, seed) >= *maximum {
                return;
            }
            let mut to_seed = vec![0.0; distances.len()];
            squared_distances(tree.points(tree.range(leaf)), seed, &mut to_seed);
            distances.iter_mut().zip(&to_seed).for_each(|(old, &new)| *old = old.min(new));
            *sum = distances.iter().sum();
            *maximum = distances.iter().copied().fold(0.0, f64::max);
        });
    }

    /// Draws points proportionally to their squared distance, `(n, d)`; none where every point is a seed.
    fn draw(&self, n: usize, rng: &mut Stream) -> Vec<f64> {
        let mut total = 0.0;
        let ends: Vec<f64> = self
            .sums
            .iter()
            .map(|sum| {
                total += sum;
                total
            })
            .collect();
        if total == 0.0 {
            return Vec::new();
        }
        (0..n).flat_map(|_| self.tree.point(self.find(&ends, total * rng.random::<f64>()))).copied().collect()
    }

    /// The position at which the running sum of distances first exceeds `target`.
    fn find(&self, ends: &[f64], target: f64) -> usize {
        // Rounding can put the target at the very end: then the last leaf with a distance takes it.
        let last = self.sums.iter().rposition(|&sum| sum > 0.0).unwrap_or(0);
        let leaf = ends.partition_point(|&end| end <= target).min(last);
        let mut left = if leaf == 0 { target } else { target - ends[leaf - 1] };
        let mut found = 0;
        for position in self.tree.range(self.leaves[leaf]) {
            let distance = self.distances[position];
            if distance > 0.0 {
                found = position;
                if left < distance {
                    break;
                }
                left -= distance;
            }
        }
        found
    }

    /// The candidate that leaves the least sum of distances; the first of equals.
    fn best<'c>(&self, candidates: &'c [f64]) -> &'c [f64] {
        let d = self.tree.dimension();
        let n_candidates = candidates.len() / d;
        let leaves = self.leaves.par_chunks(LEAVES_PER_TASK).zip(self.sums.par_chunks(LEAVES_PER_TASK));
        let parts: Vec<Vec<f64>> = leaves
            .zip(self.maxima.par_chunks(LEAVES_PER_TASK))
            .map(|((leaves, sums), maxima)| {
                let mut potentials = vec![0.0; n_candidates];
                for ((&leaf, &sum), &maximum) in leaves.iter().zip(sums).zip(maxima) {
                    for (potential, candidate) in potentials.iter_mut().zip(candidates.chunks_exact(d)) {
                        let near = distance_to_cell(self.tree, leaf, candidate) < maximum;
                        *potential += if near { self.potential(leaf, candidate) } else { sum };
                    }
                }
                potentials
            })
            .collect();
        let potential = |c: usize| parts.iter().map(|part| part[c]).sum::<f64>();
        let potentials: Vec<f64> = (0..n_candidates).map(potential).collect();
        let best = (0..n_candidates).fold(0, |a, b| if potentials[b] < potentials[a] { b } else { a });
        &candidates[best * d..(best + 1) * d]
    }

    fn potential(&self, leaf: Cell, candidate: &[f64]) -> f64 {
        let range = self.tree.range(leaf);
        let mut to_candidate = vec![0.0; range.len()];
        squared_distances(self.tree.points(range.clone()), candidate, &mut to_candidate);
        self.distances[range].iter().zip(&to_candidate).map(|(old, &new)| old.min(new)).sum()
    }
}

/// Squared distance of a point to the bounds of a cell.
fn distance_to_cell(tree: &Tree, cell: Cell, point: &[f64]) -> f64 {
    let (lower, upper) = tree.bounds(cell);
    point.iter().zip(lower).zip(upper).fold(0.0, |sum, ((&x, &low), &high)| {
        let outside = (low - x).max(x - high).max(0.0);
        sum + outside * outside
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clustering::points::{Points, nearest_centroid};
    use crate::random::{Purpose, stream};

    #[test]
    fn pruned_distances_are_the_distances_to_the_nearest_seed() {
        let values: Vec<f64> = (0..6000).map(|i| (f64::from(i) * 0.7).sin() * f64::from(i % 7)).collect();
        let tree = Tree::new(Points::new("points", &values, 2).unwrap());
        let mut coverage = Coverage::new(&tree);
        let seeds: Vec<f64> = [10, 500, 2900].iter().flat_map(|&i| tree.point(i)).copied().collect();
        seeds.chunks_exact(2).for_each(|seed| coverage.cover(seed));
        for (position, &distance) in coverage.distances.iter().enumerate() {
            let want = nearest_centroid(tree.point(position), &seeds).1;
            assert_eq!(distance.to_bits(), want.to_bits());
        }
    }

    #[test]
    fn seeds_are_distinct_points() {
        let values: Vec<f64> = (0..900).map(|i| f64::from(i % 5)).collect();
        let tree = Tree::new(Points::new("points", &values, 1).unwrap());
        for item in 0..50 {
            let mut seeds = seed_centroids(&tree, 8, &mut stream(1, Purpose::Clustering, 0, item));
            seeds.sort_by(f64::total_cmp);
            assert_eq!(seeds, [0.0, 1.0, 2.0, 3.0, 4.0]);
        }
    }
}
