//! Sequential choice of a random subset of a known size.
//!
//! Knuth's Algorithm S (The Art of Computer Programming, vol. 2, 3.4.2): the next element is taken with
//! probability `wanted / left`, so that every subset of the size asked for is equally likely and the
//! elements stay in order. Cost: at most one draw an element, no memory.

use rand::RngExt;

use crate::random::Stream;

/// How many elements are still to be taken, and of how many.
#[derive(Debug, Clone, Copy)]
pub struct Quota {
    wanted: usize,
    left: usize,
}

impl Quota {
    /// `wanted` of the next `left` elements; all of them where more are wanted than there are.
    pub fn new(wanted: usize, left: usize) -> Self {
        Self { wanted: wanted.min(left), left }
    }

    /// Whether the next element is one of those taken.
    ///
    /// # Panics
    /// In debug builds, when asked about more elements than there are.
    pub fn take(&mut self, rng: &mut Stream) -> bool {
        debug_assert!(self.left > 0, "no elements left");
        let taken =
            self.wanted > 0 && (self.wanted == self.left || rng.random_range(0..self.left) < self.wanted);
        self.left -= 1;
        self.wanted -= usize::from(taken);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    #[test]
    fn takes_exactly_the_quota() {
        let mut rng = stream(1, Purpose::Validation, 0, 0);
        for (wanted, of) in [(0, 5), (5, 5), (9, 5), (2, 5), (1, 1), (0, 0)] {
            let mut quota = Quota::new(wanted, of);
            let taken = (0..of).filter(|_| quota.take(&mut rng)).count();
            assert_eq!(taken, wanted.min(of));
        }
    }

    /// 20,000 subsets of 2 out of 5: each element is in 2/5 of them, within 5 standard errors.
    #[test]
    fn every_element_is_equally_likely() {
        let mut rng = stream(2, Purpose::Validation, 0, 0);
        let mut hits = [0_u32; 5];
        for _ in 0..20_000 {
            let mut quota = Quota::new(2, 5);
            for hit in &mut hits {
                *hit += u32::from(quota.take(&mut rng));
            }
        }
        let error = (20_000.0_f64 * 0.4 * 0.6).sqrt();
        assert!(hits.iter().all(|&hit| (f64::from(hit) - 8000.0).abs() < 5.0 * error), "{hits:?}");
    }
}
