//! A balanced kd-tree over points, shared by all restarts.
//!
//! The tree is complete: every level halves its cells at the median of their widest axis, down to leaves of
//! at most [`LEAF`] points. Which points a cell holds follows from its level and index alone, so the tree
//! stores no links. Building costs `O(n log^2 n)` at most and runs in parallel over cells.

use std::ops::Range;

use rayon::prelude::*;

use crate::clustering::points::Points;

/// Most points that a leaf holds: enough for straight loops over its points, few enough to prune by.
const LEAF: usize = 64;
/// Cells of fewer points are split without handing half of the work to another thread.
const SERIAL: usize = 1 << 13;
/// Levels between the leaves and the cells that are handed to threads, at least.
const LEVELS_PER_TASK: u32 = 4;
/// Deepest level whose cells are handed to threads.
const TASK_LEVEL: u32 = 6;

/// A cell: cell `index` of the `2^level` cells of its level.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    level: u32,
    index: usize,
}

impl Cell {
    pub(super) fn halves(self) -> [Self; 2] {
        [0, 1].map(|side| Self { level: self.level + 1, index: 2 * self.index + side })
    }

    /// Where the cell stands among all cells, level after level.
    fn number(self) -> usize {
        (1 << self.level) - 1 + self.index
    }

    /// The positions of its points among `n`.
    fn range(self, n: usize) -> Range<usize> {
        let start = |index| ((n as u128 * index as u128) >> self.level) as usize;
        start(self.index)..start(self.index + 1)
    }
}

/// Points in an order in which every cell is one range, and the bounds and sum of every cell.
#[derive(Debug)]
pub(super) struct Tree {
    dimension: usize,
    depth: u32,
    /// Coordinates in tree order, `(n, d)`.
    points: Vec<f64>,
    /// Row of each point as it was given.
    rows: Vec<usize>,
    /// Per cell, `(n_cells, d)`.
    lower: Vec<f64>,
    upper: Vec<f64>,
    sums: Vec<f64>,
}

impl Tree {
    /// Builds the tree over at least one point.
    pub(super) fn new(points: Points) -> Self {
        let (n, dimension) = (points.len(), points.dimension());
        let depth = n.div_ceil(LEAF).next_power_of_two().ilog2();
        let n_values = ((2 << depth) - 1) * dimension;
        let mut tree = Self {
            dimension,
            depth,
            points: points.values().to_vec(),
            rows: (0..n).collect(),
            lower: vec![f64::INFINITY; n_values],
            upper: vec![f64::NEG_INFINITY; n_values],
            sums: vec![0.0; n_values],
        };
        let root = Cell { level: 0, index: 0 };
        Splitter { n, dimension, depth }.split(root, &mut tree.points, &mut tree.rows);
        tree.summarise_leaves();
        tree.summarise_inner_cells();
        tree
    }

    fn summarise_leaves(&mut self) {
        let (d, n) = (self.dimension, self.len());
        let first = Cell { level: self.depth, index: 0 }.number();
        let (depth, points) = (self.depth, &self.points);
        let lower = self.lower[first * d..].par_chunks_exact_mut(d);
        let upper = self.upper[first * d..].par_chunks_exact_mut(d);
        let sums = self.sums[first * d..].par_chunks_exact_mut(d);
        lower.zip(upper).zip(sums).enumerate().for_each(|(index, ((lower, upper), sums))| {
            let range = Cell { level: depth, index }.range(n);
            let points = &points[range.start * d..range.end * d];
            bounds(points, lower, upper);
            for point in points.chunks_exact(d) {
                sums.iter_mut().zip(point).for_each(|(sum, x)| *sum += x);
            }
        });
    }

    fn summarise_inner_cells(&mut self) {
        let d = self.dimension;
        for cell in (0..(1 << self.depth) - 1).rev() {
            for j in 0..d {
                let at = |cell: usize| cell * d + j;
                let (left, right) = (at(2 * cell + 1), at(2 * cell + 2));
                self.lower[at(cell)] = self.lower[left].min(self.lower[right]);
                self.upper[at(cell)] = self.upper[left].max(self.upper[right]);
                self.sums[at(cell)] = self.sums[left] + self.sums[right];
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn dimension(&self) -> usize {
        self.dimension
    }

    /// Row of each point as it was given, in tree order.
    pub(super) fn rows(&self) -> &[usize] {
        &self.rows
    }

    /// Coordinates of the points at some positions of the tree's order.
    pub(super) fn points(&self, range: Range<usize>) -> &[f64] {
        &self.points[range.start * self.dimension..range.end * self.dimension]
    }

    pub(super) fn point(&self, position: usize) -> &[f64] {
        self.points(position..position + 1)
    }

    pub(super) fn is_leaf(&self, cell: Cell) -> bool {
        cell.level == self.depth
    }

    pub(super) fn range(&self, cell: Cell) -> Range<usize> {
        cell.range(self.len())
    }

    /// Least and greatest coordinates of the cell's points.
    pub(super) fn bounds(&self, cell: Cell) -> (&[f64], &[f64]) {
        let at = cell.number() * self.dimension;
        (&self.lower[at..at + self.dimension], &self.upper[at..at + self.dimension])
    }

    /// Sum of the cell's points.
    pub(super) fn sum(&self, cell: Cell) -> &[f64] {
        let at = cell.number() * self.dimension;
        &self.sums[at..at + self.dimension]
    }

    /// Mean of all points.
    pub(super) fn mean(&self) -> Vec<f64> {
        let n = self.len() as f64;
        self.sum(Cell { level: 0, index: 0 }).iter().map(|sum| sum / n).collect()
    }

    pub(super) fn leaves(&self) -> impl IndexedParallelIterator<Item = Cell> + use<> {
        let level = self.depth;
        (0..1_usize << level).into_par_iter().map(move |index| Cell { level, index })
    }

    /// Cells that are worth a task each and cover the tree; they depend on the number of points alone.
    pub(super) fn tasks(&self) -> impl IndexedParallelIterator<Item = Cell> + use<> {
        let level = self.depth.saturating_sub(LEVELS_PER_TASK).min(TASK_LEVEL);
        (0..1_usize << level).into_par_iter().map(move |index| Cell { level, index })
    }
}

fn bounds(points: &[f64], lower: &mut [f64], upper: &mut [f64]) {
    for point in points.chunks_exact(lower.len()) {
        for (j, &x) in point.iter().enumerate() {
            lower[j] = lower[j].min(x);
            upper[j] = upper[j].max(x);
        }
    }
}

#[derive(Clone, Copy)]
struct Splitter {
    n: usize,
    dimension: usize,
    depth: u32,
}

impl Splitter {
    /// Reorders the points of `cell` until each of its leaves is one range.
    fn split(self, cell: Cell, points: &mut [f64], rows: &mut [usize]) {
        if cell.level == self.depth {
            return;
        }
        let Some(axis) = self.widest_axis(points) else { return };
        let halves = cell.halves();
        let middle = halves[0].range(self.n).len();
        self.part_at(middle, axis, points, rows);
        let (left, right) = points.split_at_mut(middle * self.dimension);
        let (left_rows, right_rows) = rows.split_at_mut(middle);
        if left_rows.len() < SERIAL {
            self.split(halves[0], left, left_rows);
            self.split(halves[1], right, right_rows);
        } else {
            rayon::join(
                || self.split(halves[0], left, left_rows),
                || self.split(halves[1], right, right_rows),
            );
        }
    }

    /// The axis with the largest extent; none where all points are one.
    fn widest_axis(self, points: &[f64]) -> Option<usize> {
        let mut lower = vec![f64::INFINITY; self.dimension];
        let mut upper = vec![f64::NEG_INFINITY; self.dimension];
        bounds(points, &mut lower, &mut upper);
        let extent = |j: usize| upper[j] - lower[j];
        let widest = (0..self.dimension).reduce(|a, b| if extent(b) > extent(a) { b } else { a });
        widest.filter(|&axis| extent(axis) > 0.0)
    }

    /// Puts the `middle` points that are least along `axis` first; rows break ties.
    fn part_at(self, middle: usize, axis: usize, points: &mut [f64], rows: &mut [usize]) {
        let d = self.dimension;
        let mut keys: Vec<(f64, usize)> = (0..rows.len()).map(|i| (points[i * d + axis], i)).collect();
        keys.select_nth_unstable_by(middle, |a, b| {
            a.0.total_cmp(&b.0).then_with(|| rows[a.1].cmp(&rows[b.1]))
        });
        let (old_points, old_rows) = (points.to_vec(), rows.to_vec());
        for ((point, row), &(_, from)) in points.chunks_exact_mut(d).zip(rows).zip(&keys) {
            point.copy_from_slice(&old_points[from * d..(from + 1) * d]);
            *row = old_rows[from];
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check_tree(values: &[f64], dimension: usize) {
        let given = Points::new("points", values, dimension).unwrap();
        let tree = Tree::new(given);
        let mut rows = tree.rows().to_vec();
        rows.sort_unstable();
        assert_eq!(rows, (0..given.len()).collect::<Vec<_>>());
        for (position, &row) in tree.rows().iter().enumerate() {
            assert_eq!(tree.point(position), given.row(row));
        }
        let leaves: Vec<Cell> = tree.leaves().collect();
        let covered: Vec<usize> = leaves.iter().flat_map(|&leaf| tree.range(leaf)).collect();
        assert_eq!(covered, (0..given.len()).collect::<Vec<_>>());
        for leaf in leaves {
            assert!((1..=LEAF).contains(&tree.range(leaf).len()));
            let (lower, upper) = tree.bounds(leaf);
            for point in tree.points(tree.range(leaf)).chunks_exact(dimension) {
                assert!((0..dimension).all(|j| (lower[j]..=upper[j]).contains(&point[j])));
            }
        }
    }

    #[test]
    fn one_point_and_equal_points() {
        check_tree(&[3.0, 4.0], 2);
        check_tree(&vec![1.5; 1000], 1);
    }

    proptest! {
        #[test]
        fn leaves_cover_the_points(
            values in prop::collection::vec(-9.0..9.0, 12..3000), dimension in 1_usize..4,
        ) {
            check_tree(&values[..values.len() / dimension * dimension], dimension);
        }
    }
}
