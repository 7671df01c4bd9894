//! Points in Euclidean space, and the one place that computes distances between them.

use crate::error::{Result, check, check_all};

/// Coordinates up to this magnitude have squares whose sums stay finite.
const LARGEST: f64 = 1e100;

/// Checked points in row order: `n` rows of `dimension` finite coordinates.
#[derive(Debug, Clone, Copy)]
pub struct Points<'a> {
    values: &'a [f64],
    dimension: usize,
}

impl<'a> Points<'a> {
    /// Checks `values`, the argument `name`, as points of the given dimension.
    ///
    /// # Errors
    /// [`crate::Error::Scalar`] where the dimension is 0; [`crate::Error::Element`] for the first
    /// coordinate that is NaN, infinite or beyond 1e100.
    ///
    /// # Panics
    /// Where `values` are no whole number of rows: an error of the caller.
    pub fn new(name: &'static str, values: &'a [f64], dimension: usize) -> Result<Self> {
        check(dimension > 0, name, "0 columns", "of at least one column")?;
        assert_eq!(values.len() % dimension, 0, "{name} must hold whole rows");
        let allowed = "finite and at most 1e100 in magnitude; drop the row or rescale the column";
        check_all(name, values, allowed, |value| value.abs() <= LARGEST)?;
        Ok(Self { values, dimension })
    }

    /// How many points there are.
    pub fn len(self) -> usize {
        self.values.len() / self.dimension
    }

    /// Whether there is no point.
    pub fn is_empty(self) -> bool {
        self.values.is_empty()
    }

    /// How many coordinates a point has.
    pub fn dimension(self) -> usize {
        self.dimension
    }

    /// The coordinates, point after point.
    pub fn values(self) -> &'a [f64] {
        self.values
    }

    /// The coordinates of point `i`.
    pub fn row(self, i: usize) -> &'a [f64] {
        &self.values[i * self.dimension..(i + 1) * self.dimension]
    }
}

/// Squared Euclidean distance of two points.
pub(crate) fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (x, y)| sum + (x - y) * (x - y))
}

/// Squared distances of the points in `rows` to `centre`, with the bits of [`squared_distance`].
pub(crate) fn squared_distances(rows: &[f64], centre: &[f64], out: &mut [f64]) {
    // Auxiliary vectors have two coordinates; a dimension known at compile time vectorises over points.
    match centre.len() {
        1 => fixed::<1>(rows, centre, out),
        2 => fixed::<2>(rows, centre, out),
        3 => fixed::<3>(rows, centre, out),
        4 => fixed::<4>(rows, centre, out),
        dimension => {
            for (row, distance) in rows.chunks_exact(dimension).zip(out) {
                *distance = squared_distance(row, centre);
            }
        }
    }
}

fn fixed<const D: usize>(rows: &[f64], centre: &[f64], out: &mut [f64]) {
    let centre = centre.first_chunk::<D>().expect("the dimension has been matched");
    for (row, distance) in rows.as_chunks::<D>().0.iter().zip(out) {
        let mut sum = 0.0;
        for j in 0..D {
            sum += (row[j] - centre[j]) * (row[j] - centre[j]);
        }
        *distance = sum;
    }
}

/// The centroid nearest to a point and its squared distance; the first of equally near ones.
pub(crate) fn nearest_centroid(point: &[f64], centroids: &[f64]) -> (usize, f64) {
    let distances = centroids.chunks_exact(point.len()).map(|centroid| squared_distance(point, centroid));
    distances.enumerate().fold(
        (0, f64::INFINITY),
        |best, (c, distance)| {
            if distance < best.1 { (c, distance) } else { best }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked() {
        assert!(Points::new("points", &[1.0, 2.0], 0).is_err());
        for bad in [f64::NAN, f64::INFINITY, -1e101] {
            let error = Points::new("points", &[0.0, bad], 1).unwrap_err().to_string();
            assert!(error.starts_with("points[1] must be finite"), "{error}");
        }
        assert!(Points::new("points", &[], 3).unwrap().is_empty());
    }

    #[test]
    fn fixed_dimensions_have_the_same_bits() {
        for dimension in 1..7 {
            let rows: Vec<f64> = (0..5 * dimension).map(|i| (i as f64).sin()).collect();
            let centre: Vec<f64> = (0..dimension).map(|i| (i as f64).cos()).collect();
            let mut got = vec![0.0; 5];
            squared_distances(&rows, &centre, &mut got);
            let want: Vec<f64> =
                rows.chunks_exact(dimension).map(|row| squared_distance(row, &centre)).collect();
            assert_eq!(got, want);
        }
    }
}
