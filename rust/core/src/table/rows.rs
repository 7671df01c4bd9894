//! Columns of numbers as rows, by what each column allows.

use rayon::prelude::*;

use super::number::LARGEST;
use crate::error::{Error, Result, check_len, zeros};

/// Rows of a block: they stay in the nearest cache while column after column is written.
const BLOCK: usize = 64;
/// Blocks that one thread handles at a time.
const TURN: usize = 16;

/// A numeric column, and what it allows.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    /// Its numbers; NaN and infinite ones are missing.
    pub values: &'a [f64],
    /// Whether a negative number is missing too.
    pub heavy: bool,
    /// Where a missing number is told, among the columns of a row; None where none may be missing.
    pub flag: Option<usize>,
}

/// Rows for a model.
#[derive(Debug, PartialEq)]
pub struct Rows {
    /// Numbers, (n, `width`): the columns, then their flags; 0 where one is missing.
    pub numeric: Vec<f64>,
    /// Whether a row holds what its column does not allow, (n,): too large a number, or none.
    pub bad: Vec<bool>,
}

/// Writes columns as rows of `width` numbers, in parallel.
///
/// # Errors
/// [`Error`] naming what does not fit: columns of other lengths than `n`, or a place outside of a row.
pub fn lay_out(n: usize, columns: &[Column<'_>], width: usize) -> Result<Rows> {
    for (j, column) in columns.iter().enumerate() {
        check_len("columns", column.values.len(), n, "one number for each row")?;
        if j >= width || column.flag.is_some_and(|flag| flag >= width || flag < columns.len()) {
            return Err(Error::Element {
                name: "flags",
                index: j,
                value: column.flag.map_or_else(|| j.to_string(), |flag| flag.to_string()),
                allowed: "behind the columns and below width",
            });
        }
    }
    let too_many =
        || format!("columns: {n} rows of {width} numbers do not fit into memory; take fewer at a time");
    let mut numeric = zeros::<f64>(n.checked_mul(width), too_many)?;
    let mut bad = zeros::<bool>(Some(n), too_many)?;
    let rows = numeric.par_chunks_mut((BLOCK * width).max(1)).zip(bad.par_chunks_mut(BLOCK));
    rows.enumerate().with_min_len(TURN).for_each(|(block, (out, bad))| {
        for (j, column) in columns.iter().enumerate() {
            column.write(j, &column.values[block * BLOCK..][..bad.len()], width, out, bad);
        }
    });
    Ok(Rows { numeric, bad })
}

impl Column<'_> {
    /// Whether all values may stand as they are. Counting has no early exit, so that it runs on vectors.
    fn all_plain(self, values: &[f64]) -> bool {
        let lowest = if self.heavy { 0.0 } else { -LARGEST };
        let is_plain = |value: &f64| *value >= lowest && *value <= LARGEST; // NaN is not
        values.iter().map(|value| u64::from(!is_plain(value))).sum::<u64>() == 0
    }

    /// Writes some rows of the column, the `j`-th; `out` holds zeros.
    fn write(self, j: usize, values: &[f64], width: usize, out: &mut [f64], bad: &mut [bool]) {
        if self.all_plain(values) {
            for (&value, row) in values.iter().zip(out.chunks_exact_mut(width)) {
                row[j] = value;
            }
            return;
        }
        for ((&value, row), bad) in values.iter().zip(out.chunks_exact_mut(width)).zip(bad) {
            let is_missing = !value.is_finite() || (self.heavy && value < 0.0);
            let is_large = value.abs() > LARGEST && !is_missing;
            row[j] = if is_missing || is_large { 0.0 } else { value };
            if let Some(flag) = self.flag {
                row[flag] = f64::from(is_missing);
                *bad |= is_large;
            } else {
                *bad |= is_missing | is_large;
            }
        }
    }
}

/// The first number of rows that no table may hold: one that is not finite, or is negative in a heavy column.
///
/// # Errors
/// [`Error::Length`] unless `numeric` is whole rows.
pub fn first_impossible(numeric: &[f64], heavy: &[bool]) -> Result<Option<usize>> {
    let width = heavy.len();
    check_len("numeric", numeric.len() % width.max(1), 0, "whole rows")?;
    let lowest: Vec<f64> = heavy.iter().map(|&heavy| if heavy { 0.0 } else { f64::MIN }).collect();
    let is_impossible = |(value, lowest): (&f64, &f64)| !(value >= lowest && *value <= f64::MAX); // NaN is
    // Counting has no early exit, so that it runs on vectors.
    let faults = |row: &[f64]| row.iter().zip(&lowest).filter(|&pair| is_impossible(pair)).count();
    let faulty = numeric
        .par_chunks((BLOCK * width).max(1))
        .position_first(|rows| rows.chunks_exact(width).map(faults).sum::<usize>() > 0);
    Ok(faulty.and_then(|block| {
        let start = block * BLOCK * width;
        let cells = numeric[start..].iter().zip(lowest.iter().cycle());
        cells.enumerate().find(|&(_, pair)| is_impossible(pair)).map(|(at, _)| start + at)
    }))
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "numbers are copied")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAN: f64 = f64::NAN;

    fn column(values: &[f64], heavy: bool, flag: Option<usize>) -> Column<'_> {
        Column { values, heavy, flag }
    }

    #[test]
    fn each_column_allows_what_it_says() {
        let first = [1.0, NAN, -1.0, 1e101];
        let columns = [column(&first, false, None), column(&first, true, Some(2))];
        let found = lay_out(4, &columns, 3).unwrap();
        let expected = [[1.0, 1.0, 0.0], [0.0, 0.0, 1.0], [-1.0, 0.0, 1.0], [0.0, 0.0, 0.0]];
        assert_eq!(found.numeric, expected.concat());
        assert_eq!(found.bad, [false, true, false, true]);
        assert_eq!(lay_out(0, &[], 0).unwrap(), Rows { numeric: vec![], bad: vec![] });
        assert_eq!(lay_out(2, &[], 0).unwrap().bad, [false; 2]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(lay_out(2, &[column(&[1.0], false, None)], 1).is_err());
        assert!(lay_out(1, &[column(&[1.0], false, None)], 0).is_err());
        assert!(lay_out(1, &[column(&[1.0], false, Some(0))], 2).is_err());
        assert!(lay_out(1, &[column(&[1.0], false, Some(2))], 2).is_err());
        assert!(first_impossible(&[1.0], &[false, false]).is_err());
        assert_eq!(first_impossible(&[], &[]), Ok(None));
    }

    proptest! {
        #[test]
        fn the_first_impossible_number_is_found(
            n in 0..400_usize, heavy in prop::collection::vec(any::<bool>(), 1..5),
            faults in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec![NAN, f64::INFINITY, -1.0])), 0..3),
        ) {
            let mut numeric = vec![0.5; n * heavy.len()];
            let mut places = vec![];
            for (place, value) in faults {
                if n > 0 {
                    let at = place.index(numeric.len());
                    numeric[at] = value;
                    places.push(at);
                }
            }
            let expected = places.into_iter().filter(|&at| !numeric[at].is_finite() || heavy[at % heavy.len()]).min();
            prop_assert_eq!(first_impossible(&numeric, &heavy).unwrap(), expected);
        }
    }
}
