//! Lloyd's iterations over a tree, in parallel over a fixed set of subtrees whose sums are added in order.

use std::ops::Range;

use rayon::prelude::*;

use super::tree::Tree;
use super::walk::{Part, Walk};
use crate::clustering::points::{nearest_centroid, squared_distance};

/// Members of each cluster: their sums `(k, d)` and numbers.
struct Members {
    sums: Vec<f64>,
    counts: Vec<usize>,
}

/// Moves centroids until they rest; returns them and the number of iterations.
///
/// Stops once the squared movement of all centroids is at most `tolerance`.
pub(super) fn lloyd(
    tree: &Tree,
    mut centroids: Vec<f64>,
    max_iter: usize,
    tolerance: f64,
) -> (Vec<f64>, usize) {
    for iteration in 1..=max_iter {
        let moved = update(tree, &centroids);
        let movement = squared_distance(&moved, &centroids);
        centroids = moved;
        if movement <= tolerance {
            return (fill_empty(tree, centroids), iteration);
        }
    }
    (fill_empty(tree, centroids), max_iter)
}

/// Sum of squared distances of the points to their nearest centroids.
pub(super) fn inertia(tree: &Tree, centroids: &[f64]) -> f64 {
    let d = tree.dimension();
    let parts: Vec<f64> = tree
        .tasks()
        .map(|task| {
            let mut sum = 0.0;
            Walk::new(tree, centroids).visit(task, &mut |part, c| {
                let points = tree.points(part.positions(tree));
                let centroid = &centroids[c * d..(c + 1) * d];
                sum += points.chunks_exact(d).map(|point| squared_distance(point, centroid)).sum::<f64>();
            });
            sum
        })
        .collect();
    parts.iter().sum()
}

/// The nearest centroid of every point, in the order in which the points were given.
pub(super) fn labels(tree: &Tree, centroids: &[f64]) -> Vec<i64> {
    let parts: Vec<Vec<(Range<usize>, usize)>> = tree
        .tasks()
        .map(|task| {
            let mut ranges = Vec::new();
            Walk::new(tree, centroids).visit(task, &mut |part, c| ranges.push((part.positions(tree), c)));
            ranges
        })
        .collect();
    let mut labels = vec![0; tree.len()];
    for (range, c) in parts.into_iter().flatten() {
        for &row in &tree.rows()[range] {
            labels[row] = c as i64;
        }
    }
    labels
}

/// The means of the clusters; an empty cluster moves to the point farthest from all centroids.
fn update(tree: &Tree, centroids: &[f64]) -> Vec<f64> {
    let d = tree.dimension();
    let members = members(tree, centroids);
    let mut means = members.sums;
    for (mean, &count) in means.chunks_exact_mut(d).zip(&members.counts) {
        for x in mean {
            *x /= count as f64;
        }
    }
    place_empty(tree, &mut means, &members.counts);
    means
}

/// Gives every cluster a member, where the last movement has left one without.
fn fill_empty(tree: &Tree, mut centroids: Vec<f64>) -> Vec<f64> {
    // A centroid placed on a point keeps that point, so every pass settles at least one cluster.
    for _ in 0..centroids.len() / tree.dimension() {
        let counts = members(tree, &centroids).counts;
        if !counts.contains(&0) {
            break;
        }
        place_empty(tree, &mut centroids, &counts);
    }
    centroids
}

fn members(tree: &Tree, centroids: &[f64]) -> Members {
    let k = centroids.len() / tree.dimension();
    let none = || Members { sums: vec![0.0; centroids.len()], counts: vec![0; k] };
    let parts: Vec<Members> = tree
        .tasks()
        .map(|task| {
            let mut members = none();
            Walk::new(tree, centroids).visit(task, &mut |part, c| members.add(tree, &part, c));
            members
        })
        .collect();
    parts.into_iter().fold(none(), |mut all, part| {
        all.sums.iter_mut().zip(part.sums).for_each(|(sum, x)| *sum += x);
        all.counts.iter_mut().zip(part.counts).for_each(|(count, n)| *count += n);
        all
    })
}

impl Members {
    fn add(&mut self, tree: &Tree, part: &Part, c: usize) {
        let d = tree.dimension();
        let sums = &mut self.sums[c * d..(c + 1) * d];
        let mut add = |x: &[f64]| sums.iter_mut().zip(x).for_each(|(sum, x)| *sum += x);
        match part {
            Part::Cell(cell) => add(tree.sum(*cell)),
            Part::Points(range) => tree.points(range.clone()).chunks_exact(d).for_each(add),
        }
        self.counts[c] += part.positions(tree).len();
    }
}

/// Puts each empty cluster on the point that is farthest from the centroids placed so far.
fn place_empty(tree: &Tree, centroids: &mut [f64], counts: &[usize]) {
    let d = tree.dimension();
    let empty: Vec<usize> = (0..counts.len()).filter(|&c| counts[c] == 0).collect();
    let occupied = (0..counts.len()).filter(|&c| counts[c] > 0);
    let mut placed: Vec<f64> = occupied.flat_map(|c| centroids[c * d..(c + 1) * d].to_vec()).collect();
    for c in empty {
        let farthest = (0..tree.len())
            .into_par_iter()
            .map(|position| (nearest_centroid(tree.point(position), &placed).1, position))
            .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| tree.rows()[b.1].cmp(&tree.rows()[a.1])));
        let point = tree.point(farthest.map_or(0, |(_, position)| position));
        centroids[c * d..(c + 1) * d].copy_from_slice(point);
        placed.extend_from_slice(point);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clustering::points::Points;

    proptest! {
        /// Small integers give many points that are equally far from two centroids.
        #[test]
        fn labels_are_those_of_the_plain_comparison(
            points in prop::collection::vec(-6_i8..6, 30..3000),
            centroids in prop::collection::vec(-6_i8..6, 12..60),
            dimension in 1_usize..4,
        ) {
            let whole = |values: &[i8]| -> Vec<f64> {
                values[..values.len() / dimension * dimension].iter().map(|&x| f64::from(x) * 0.1).collect()
            };
            let (points, centroids) = (whole(&points), whole(&centroids));
            let tree = Tree::new(Points::new("points", &points, dimension).unwrap());
            let want: Vec<i64> = points
                .chunks_exact(dimension)
                .map(|point| nearest_centroid(point, &centroids).0 as i64)
                .collect();
            prop_assert_eq!(labels(&tree, &centroids), want);
        }
    }

    #[test]
    fn an_empty_cluster_moves_to_the_farthest_point() {
        let points = [0.0, 1.0, 2.0, 50.0];
        let tree = Tree::new(Points::new("points", &points, 1).unwrap());
        let (mut centroids, _) = lloyd(&tree, vec![1.0, -1000.0], 20, 0.0);
        centroids.sort_by(f64::total_cmp);
        assert_eq!(centroids, [1.0, 50.0]);
    }

    #[test]
    fn no_cluster_is_left_empty_when_iterations_end() {
        let points: Vec<f64> = (0..300).map(f64::from).collect();
        let tree = Tree::new(Points::new("points", &points, 1).unwrap());
        let (centroids, n_iter) = lloyd(&tree, vec![0.0, -1e6, -2e6, -3e6], 1, 0.0);
        assert_eq!(n_iter, 1);
        assert!(!members(&tree, &centroids).counts.contains(&0));
    }
}
