//! The k-th smallest of many numbers, in O(n), parallel where there are many.

use rayon::prelude::*;

use crate::clients::CHUNK;

/// The `k`-th smallest number, `k` counted from 1.
///
/// # Panics
/// Where there are fewer than `k`: an error of the caller.
pub fn kth_smallest(numbers: &[u128], k: usize) -> u128 {
    const SERIAL: usize = 2 * CHUNK;
    if numbers.len() > SERIAL
        && let Some(found) = kth_in_bracket(numbers, k)
    {
        return found;
    }
    nth(numbers.to_vec(), k - 1)
}

/// Looks for the `k`-th smallest between two order statistics of a sample, which enclose it almost surely;
/// `None` where they do not.
fn kth_in_bracket(numbers: &[u128], k: usize) -> Option<u128> {
    const SAMPLE: usize = 1 << 14;
    let mut sample: Vec<u128> = numbers.iter().copied().step_by(numbers.len() / SAMPLE).collect();
    sample.sort_unstable();
    let rank = (k as f64 / numbers.len() as f64 * sample.len() as f64) as usize;
    let slack = 2 * sample.len().isqrt() + 1; // four standard deviations of the rank, or more
    let low = rank.checked_sub(slack).map_or(0, |r| sample[r]);
    let high = sample.get(rank + slack).copied().unwrap_or(u128::MAX);
    let pieces: Vec<(usize, Vec<u128>)> = numbers
        .par_chunks(CHUNK)
        .map(|chunk| {
            let below = chunk.iter().filter(|&&x| x < low).count();
            (below, chunk.iter().copied().filter(|x| (low..=high).contains(x)).collect())
        })
        .collect();
    let below: usize = pieces.iter().map(|(below, _)| below).sum();
    let inside: Vec<u128> = pieces.into_iter().flat_map(|(_, inside)| inside).collect();
    let index = (k - 1).checked_sub(below)?;
    (index < inside.len()).then(|| nth(inside, index))
}

fn nth(mut numbers: Vec<u128>, index: usize) -> u128 {
    *numbers.select_nth_unstable(index).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Purpose, stream};
    use proptest::prelude::*;
    use rand::RngExt;

    fn by_sorting(numbers: &[u128], k: usize) -> u128 {
        let mut sorted = numbers.to_vec();
        sorted.sort_unstable();
        sorted[k - 1]
    }

    #[test]
    fn many_numbers_take_the_bracket() {
        let mut rng = stream(3, Purpose::Sampling, 0, 0);
        let numbers: Vec<u128> =
            (0..300_000).map(|_| rng.random::<u128>() >> rng.random_range(0..99)).collect();
        for k in [1, 2, 30_000, 150_000, 299_999, 300_000] {
            assert_eq!(kth_in_bracket(&numbers, k), Some(by_sorting(&numbers, k)), "{k}");
        }
    }

    #[test]
    fn a_misleading_sample_is_survived() {
        let step = 300_000 / (1 << 14);
        let numbers: Vec<u128> =
            (0..300_000).map(|i| if i % step == 0 { u128::MAX } else { i as u128 }).collect();
        assert_eq!(kth_in_bracket(&numbers, 150_000), None);
        assert_eq!(kth_smallest(&numbers, 150_000), by_sorting(&numbers, 150_000));
    }

    proptest! {
        #[test]
        fn equals_sorting(numbers in prop::collection::vec(0_u128..50, 1..200), share in 0.0..1.0_f64) {
            let k = 1 + (share * numbers.len() as f64) as usize;
            prop_assert_eq!(kth_smallest(&numbers, k), by_sorting(&numbers, k));
        }
    }
}
