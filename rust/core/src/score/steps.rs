//! A step function of a number: found by a table of places that numbers may have, and a short bisection.

use crate::error::{Error, Result, check, check_len};
use crate::math::vectorised;

/// Values whose place is looked for side by side.
const LANES: usize = 16;
/// Sizes of the table of places that are tried, small ones first: all columns' tables share the cache.
const SIZES: [usize; 5] = [64, 256, 1024, 4096, 16_384];

/// Added to a small number, it leaves the nearest whole one in the lowest bits.
const TO_WHOLE: f64 = (1_u64 << 52) as f64;

/// The level of the last edge that a value reaches.
#[derive(Debug, Clone)]
pub struct Steps {
    /// Lowest value of each step, rising, the first minus infinity; then infinities, so that no search leaves them.
    edges: Vec<f64>,
    /// The feature on each step.
    levels: Vec<f32>,
    /// Where to begin.
    table: Table,
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
        let table = Table::of(&edges[1..]);
        edges.resize(edges.len() + table.most, f64::INFINITY);
        Ok(Self { edges, levels, table })
    }

    /// Looks the levels of values up; a NaN stays one.
    pub(super) fn apply(&self, values: &[f64], out: &mut [f32]) {
        match self.table.axis {
            Axis::Linear(line) => self.apply_by(|value| line.at(value), values, out),
            Axis::Log(line) => self.apply_by(|value| line.at(log2(value)), values, out),
        }
    }

    #[inline(always)]
    fn apply_by(&self, at: impl Fn(f64) -> usize, values: &[f64], out: &mut [f32]) {
        let last = self.levels.len() - 1;
        vectorised(
            #[inline(always)]
            || {
                for (out, values) in out.chunks_mut(LANES).zip(values.chunks(LANES)) {
                    let mut lanes = [f64::NAN; LANES];
                    lanes[..values.len()].copy_from_slice(values);
                    let places = self.last_reached(&lanes, &at);
                    for ((out, &value), &place) in out.iter_mut().zip(values).zip(&places) {
                        let level = self.levels[place.min(last)];
                        *out = if value.is_nan() { f32::NAN } else { level };
                    }
                }
            },
        );
    }

    /// The place of the last edge that each value reaches, in step for all lanes.
    #[inline(always)]
    fn last_reached(&self, values: &[f64; LANES], at: impl Fn(f64) -> usize) -> [usize; LANES] {
        let mut places = [0; LANES];
        for (place, &value) in places.iter_mut().zip(values) {
            *place = self.table.starts[at(value)] as usize;
        }
        let mut left = self.table.most;
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

/// Intervals of numbers, and the step on which each begins.
///
/// Which interval a number lies in never falls as the number rises, whatever rounding does; no more is needed for
/// the place to be exact.
#[derive(Debug, Clone)]
struct Table {
    axis: Axis,
    /// For each interval, how many edges lie in those before it.
    starts: Vec<u32>,
    /// The most edges of an interval, and one.
    most: usize,
}

/// What intervals are of the same length on.
#[derive(Debug, Clone, Copy)]
enum Axis {
    /// The number.
    Linear(Line),
    /// About its logarithm.
    Log(Line),
}

impl Table {
    /// Chooses axis and size so that the bisection is short, and then so that the table is small.
    fn of(edges: &[f64]) -> Self {
        let tables = SIZES.into_iter().flat_map(|size| {
            let linear = Axis::Linear(Line::between(edges, size, |value| value));
            [linear, Axis::Log(Line::between(edges, size, log2))].map(|axis| Self::on(axis, edges, size))
        });
        let rounds = |table: &Self| table.most.next_power_of_two().ilog2();
        tables.min_by_key(rounds).expect("there are sizes")
    }

    fn on(axis: Axis, edges: &[f64], size: usize) -> Self {
        let mut counts = vec![0; size];
        for &edge in edges {
            let at = match axis {
                Axis::Linear(line) => line.at(edge),
                Axis::Log(line) => line.at(log2(edge)),
            };
            counts[at] += 1;
        }
        let most = counts.iter().max().map_or(1, |&most| most as usize + 1);
        let before = |start: &mut u32, count| Some(std::mem::replace(start, *start + count));
        Self { axis, starts: counts.into_iter().scan(0, before).collect(), most }
    }
}

/// A line from numbers to intervals.
#[derive(Debug, Clone, Copy)]
struct Line {
    low: f64,
    slope: f64,
    /// Number of the last interval.
    last: f64,
}

impl Line {
    /// The line on which the edges take up all intervals.
    fn between(edges: &[f64], size: usize, on_axis: impl Fn(f64) -> f64) -> Self {
        let low = edges.first().map_or(0.0, |&edge| on_axis(edge));
        let high = edges.last().map_or(0.0, |&edge| on_axis(edge));
        let last = (size - 1) as f64;
        let slope = last / (high - low);
        let is_sound = low.is_finite() && slope.is_finite();
        if is_sound { Self { low, slope, last } } else { Self { low: 0.0, slope: 0.0, last } }
    }

    /// The interval of a number, the first for NaN.
    #[inline(always)]
    fn at(self, value: f64) -> usize {
        let at = ((value - self.low) * self.slope).max(0.0).min(self.last);
        (at + TO_WHOLE).to_bits() as u32 as usize
    }
}

/// About the logarithm of `1 + value`, to the base of 2 and straight between powers of 2; 0 below 0.
#[inline(always)]
fn log2(value: f64) -> f64 {
    let bits = (1.0 + value.max(0.0)).to_bits() as i64;
    bits as f64 * 2.0_f64.powi(-52)
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
        fn logarithms_rise_as_numbers_do(a in any::<f64>(), b in any::<f64>()) {
            prop_assume!(a <= b);
            prop_assert!(log2(a) <= log2(b));
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
