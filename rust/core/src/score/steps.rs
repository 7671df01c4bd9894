//! A step function of a number: found by a table over the number's leading bits, and a short bisection.

use crate::error::{Error, Result, check, check_len};
use crate::math::vectorised;

/// Values whose place is looked for side by side.
const LANES: usize = 16;
/// At most this many entries has the table over leading bits.
const BUCKETS: u64 = 4096;

/// The level of the last edge that a value reaches.
#[derive(Debug, Clone)]
pub struct Steps {
    /// Lowest value of each step, rising, the first minus infinity; then infinities, so that no search leaves them.
    edges: Vec<f64>,
    /// The feature on each step.
    levels: Vec<f32>,
    /// The key of the second edge, before which all values are on the first step.
    low: i64,
    /// Bits of a key that do not count in the table.
    shift: u32,
    /// The step at the beginning of each bucket of keys.
    starts: Vec<u32>,
    /// The most steps that a bucket has.
    most: usize,
}

impl Steps {
    /// Checks edges and levels, and lays out the table.
    ///
    /// # Errors
    /// [`Error`] naming `edges` or `levels`.
    pub fn new(mut edges: Vec<f64>, levels: Vec<f32>) -> Result<Self> {
        check_len("edges", edges.len(), levels.len(), "one for each of the levels")?;
        let first = edges.first().copied().unwrap_or(f64::NAN);
        check(first == f64::NEG_INFINITY, "edges[0]", first, "minus infinity")?;
        let out_of_order = |pair: &[f64]| pair[0].partial_cmp(&pair[1]).is_none_or(std::cmp::Ordering::is_gt);
        if let Some(at) = edges.windows(2).position(out_of_order) {
            let value = edges[at + 1].to_string();
            return Err(Error::Element {
                name: "edges",
                index: at + 1,
                value,
                allowed: "at least the entry before it",
            });
        }
        let last = edges.len() - 1;
        let low = key(edges[last.min(1)]);
        let range = key(edges[last]).wrapping_sub(low) as u64; // exact: the whole range of keys fits
        let shift = (u64::BITS - range.leading_zeros()).saturating_sub(BUCKETS.ilog2());
        let n_buckets = (range >> shift) + 1;
        // A bucket begins on the last step that starts before it or with it.
        let start = |bucket: u64| {
            let first = low.wrapping_add((bucket << shift) as i64);
            edges[1..].partition_point(|&edge| key(edge) <= first)
        };
        let starts: Vec<u32> = (0..n_buckets).map(|bucket| start(bucket) as u32).collect();
        let ends = starts[1..].iter().copied().chain([levels.len() as u32 - 1]);
        let most = starts.iter().zip(ends).map(|(start, end)| (end - start) as usize + 1).max().unwrap_or(1);
        edges.resize(edges.len() + most, f64::INFINITY);
        Ok(Self { edges, levels, low, shift, starts, most })
    }

    /// Looks the levels of values up; a NaN stays one.
    pub(super) fn apply(&self, values: &[f64], out: &mut [f32]) {
        vectorised(
            #[inline(always)]
            || {
                for (out, values) in out.chunks_mut(LANES).zip(values.chunks(LANES)) {
                    let mut lanes = [f64::NAN; LANES];
                    lanes[..values.len()].copy_from_slice(values);
                    let places = self.last_reached(&lanes);
                    for ((out, &value), &place) in out.iter_mut().zip(values).zip(&places) {
                        let level = self.levels[place.min(self.levels.len() - 1)];
                        *out = if value.is_nan() { f32::NAN } else { level };
                    }
                }
            },
        );
    }

    /// The place of the last edge that each value reaches, in step for all lanes.
    #[inline(always)]
    fn last_reached(&self, values: &[f64; LANES]) -> [usize; LANES] {
        let last = self.starts.len() - 1;
        let mut places = [0; LANES];
        for (place, &value) in places.iter_mut().zip(values) {
            let above = key(value).max(self.low).wrapping_sub(self.low) as u64;
            let bucket = ((above >> self.shift) as usize).min(last);
            *place = if value < self.edges[1] { 0 } else { self.starts[bucket] as usize };
        }
        let mut left = self.most;
        while left > 1 {
            let half = left / 2;
            for (place, &value) in places.iter_mut().zip(values) {
                let next = *place + half;
                *place = if self.edges[next] <= value { next } else { *place };
            }
            left -= half;
        }
        places
    }
}

/// A whole number that rises as floats do, from minus to plus infinity; both zeros have the same.
#[inline(always)]
fn key(value: f64) -> i64 {
    let bits = (value + 0.0).to_bits() as i64;
    if bits < 0 { i64::MIN.wrapping_sub(bits) } else { bits }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "levels are looked up, not computed")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn impossible_steps_are_refused() {
        assert!(Steps::new(vec![f64::NEG_INFINITY, 1.0], vec![0.0, 1.0]).is_ok());
        assert!(Steps::new(vec![], vec![]).is_err());
        assert!(Steps::new(vec![0.0], vec![1.0]).is_err());
        assert!(Steps::new(vec![f64::NEG_INFINITY], vec![]).is_err());
        assert!(Steps::new(vec![f64::NEG_INFINITY, 2.0, 1.0], vec![0.0; 3]).is_err());
        assert!(Steps::new(vec![f64::NEG_INFINITY, f64::NAN], vec![0.0; 2]).is_err());
    }

    #[test]
    fn the_ends_of_the_numbers_have_levels_and_nan_stays() {
        let steps = Steps::new(vec![f64::NEG_INFINITY, 1.0], vec![-1.0, 1.0]).unwrap();
        let mut out = [0.0; 5];
        steps.apply(&[f64::NAN, 1.0, 0.999, f64::INFINITY, f64::NEG_INFINITY], &mut out);
        assert!(out[0].is_nan());
        assert_eq!(out[1..], [1.0, -1.0, 1.0, -1.0]);
        let one = Steps::new(vec![f64::NEG_INFINITY], vec![2.0]).unwrap();
        one.apply(&[0.0, -1e300, f64::INFINITY, 1.0, -0.0], &mut out);
        assert_eq!(out, [2.0; 5]);
    }

    proptest! {
        #[test]
        fn keys_rise_as_floats_do(a in any::<f64>(), b in any::<f64>()) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            prop_assert_eq!(Some(key(a).cmp(&key(b))), a.partial_cmp(&b));
        }

        #[test]
        fn steps_equal_a_walk(
            mut edges in prop::collection::vec(-9.0..9.0_f64, 0..60),
            wide in prop::collection::vec(any::<f64>(), 0..9),
            values in prop::collection::vec(-10.0..10.0_f64, 0..50),
        ) {
            edges.extend(wide.iter().filter(|value| value.is_finite()));
            edges.push(f64::NEG_INFINITY);
            edges.sort_by(f64::total_cmp);
            // the edges themselves and their neighbours too
            let near = edges.iter().flat_map(|&edge| [edge, edge.next_up(), edge.next_down()]);
            let values: Vec<f64> = values.iter().copied().chain(near).collect();
            let levels: Vec<f32> = (0..edges.len()).map(|i| i as f32).collect();
            let mut out = vec![0.0; values.len()];
            Steps::new(edges.clone(), levels).unwrap().apply(&values, &mut out);
            for (value, found) in values.iter().zip(out) {
                let expected = edges.iter().filter(|&edge| edge <= value).count() - 1;
                prop_assert_eq!(found as usize, expected, "{}", value);
            }
        }
    }
}
