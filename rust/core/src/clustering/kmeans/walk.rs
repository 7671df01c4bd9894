//! Assignment of points to their nearest centroids by filtering a tree.
//!
//! A cell is walked with the centroids that may be nearest to one of its points; where one is left, the whole
//! cell belongs to it (Kanungo et al. 2002, "An efficient k-means clustering algorithm: analysis and
//! implementation"). In few dimensions a walk looks only at points near the borders of clusters; in many it
//! degrades to comparing every point with every centroid, `O(n k d)`. Centroids are dropped only where they
//! are farther beyond rounding, so that assignments are those of the plain comparison, ties included.

use std::ops::Range;

use super::tree::{Cell, Tree};
use crate::clustering::points::{squared_distance, squared_distances};

/// Points of one centroid, as a walk reports them.
pub(super) enum Part {
    Cell(Cell),
    Points(Range<usize>),
}

impl Part {
    /// Where its points stand in the tree's order.
    pub(super) fn positions(&self, tree: &Tree) -> Range<usize> {
        match self {
            Self::Cell(cell) => tree.range(*cell),
            Self::Points(range) => range.clone(),
        }
    }
}

/// A walk over a subtree that gives each of its points to the nearest centroid.
pub(super) struct Walk<'a> {
    tree: &'a Tree,
    centroids: &'a [f64],
    /// Stack of the centroids that remain in each cell on the way down.
    candidates: Vec<usize>,
    best: Vec<(usize, f64)>,
    distances: Vec<f64>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(tree: &'a Tree, centroids: &'a [f64]) -> Self {
        let candidates = (0..centroids.len() / tree.dimension()).collect();
        Self { tree, centroids, candidates, best: Vec::new(), distances: Vec::new() }
    }

    /// Reports the parts of `cell` with the centroid of each, in the tree's order.
    pub(super) fn visit(&mut self, cell: Cell, report: &mut impl FnMut(Part, usize)) {
        self.descend(cell, 0, report);
    }

    /// Walks `cell` with the candidates from `start` to the top of the stack.
    fn descend(&mut self, cell: Cell, start: usize, report: &mut impl FnMut(Part, usize)) {
        let end = self.candidates.len();
        self.push_remaining(cell, start);
        if self.candidates.len() == end + 1 {
            report(Part::Cell(cell), self.candidates[end]);
        } else if self.tree.is_leaf(cell) {
            self.compare_points(self.tree.range(cell), end, report);
        } else {
            for half in cell.halves() {
                self.descend(half, end, report);
            }
        }
        self.candidates.truncate(end);
    }

    /// Pushes the candidates from `start` on that may be nearest to a point of the cell, in order.
    fn push_remaining(&mut self, cell: Cell, start: usize) {
        let (lower, upper) = self.tree.bounds(cell);
        let middle: Vec<f64> = lower.iter().zip(upper).map(|(low, high)| 0.5 * (low + high)).collect();
        let diagonal = squared_distance(lower, upper);
        let end = self.candidates.len();
        let distance = |&c: &usize| squared_distance(&middle, self.centroid(c));
        let nearest = self.candidates[start..end].iter().map(|c| (distance(c), *c));
        let best = nearest.reduce(|a, b| if b.0 < a.0 { b } else { a }).map_or(0, |(_, c)| c);
        for i in start..end {
            let c = self.candidates[i];
            if !is_farther(lower, upper, diagonal, self.centroid(best), self.centroid(c)) {
                self.candidates.push(c);
            }
        }
    }

    /// Compares every point with the candidates from `start` on, the first of equally near ones winning.
    fn compare_points(&mut self, range: Range<usize>, start: usize, report: &mut impl FnMut(Part, usize)) {
        let points = self.tree.points(range.clone());
        self.best.clear();
        self.best.resize(range.len(), (0, f64::INFINITY));
        self.distances.resize(range.len(), 0.0);
        for &c in &self.candidates[start..] {
            let d = self.tree.dimension();
            squared_distances(points, &self.centroids[c * d..(c + 1) * d], &mut self.distances);
            for (best, &distance) in self.best.iter_mut().zip(&self.distances) {
                if distance < best.1 {
                    *best = (c, distance);
                }
            }
        }
        for (position, &(c, _)) in range.zip(&self.best) {
            report(Part::Points(position..position + 1), c);
        }
    }

    fn centroid(&self, c: usize) -> &[f64] {
        let d = self.tree.dimension();
        &self.centroids[c * d..(c + 1) * d]
    }
}

/// Whether `other` is farther than `best` from every point within the bounds, beyond rounding.
fn is_farther(lower: &[f64], upper: &[f64], diagonal: f64, best: &[f64], other: &[f64]) -> bool {
    let (mut to_best, mut to_other) = (0.0, 0.0);
    for j in 0..lower.len() {
        // The corner in the direction of `other`: if that prefers `best`, every point does.
        let corner = if other[j] > best[j] { upper[j] } else { lower[j] };
        to_best += (corner - best[j]) * (corner - best[j]);
        to_other += (corner - other[j]) * (corner - other[j]);
    }
    // Twice the rounding of a squared distance from anywhere in the cell.
    let rounding = 8.0 * (lower.len() + 2) as f64 * f64::EPSILON * (to_other + diagonal);
    to_other - to_best > rounding
}
