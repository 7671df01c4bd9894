//! The k-th smallest of many numbers, in O(n), parallel where there are many.

use rayon::prelude::*;

/// The `k`-th smallest of the numbers of all pieces, `k` counted from 1.
///
/// # Panics
/// Where there are fewer than `k`: an error of the caller.
pub fn kth_smallest(pieces: &[Vec<u128>], k: usize) -> u128 {
    if pieces.len() > 1
        && let Some(found) = kth_in_bracket(pieces, k)
    {
        return found;
    }
    nth(pieces.concat(), k - 1)
}

/// Keeps the numbers up to `last`, in their order: `retain`, without a branch that chance decides.
pub fn keep_up_to(numbers: &mut Vec<u128>, last: u128) {
    let mut kept = 0;
    for i in 0..numbers.len() {
        numbers[kept] = numbers[i];
        kept += usize::from(numbers[i] <= last);
    }
    numbers.truncate(kept);
}

/// Looks for the `k`-th smallest between two order statistics of a sample, which enclose it almost surely;
/// `None` where they do not.
fn kth_in_bracket(pieces: &[Vec<u128>], k: usize) -> Option<u128> {
    const SAMPLE: usize = 1 << 14;
    let total: usize = pieces.iter().map(Vec::len).sum();
    let step = (total / SAMPLE).max(1);
    let mut sample: Vec<u128> = pieces.iter().flatten().copied().step_by(step).collect();
    sample.sort_unstable();
    let rank = (k as f64 / total as f64 * sample.len() as f64) as usize;
    let slack = 2 * sample.len().isqrt() + 1; // four standard deviations of the rank, or more
    let low = rank.checked_sub(slack).map_or(0, |r| sample[r]);
    let high = sample.get(rank + slack).copied().unwrap_or(u128::MAX);
    let middles: Vec<(usize, Vec<u128>)> = pieces
        .par_iter()
        .map(|piece| {
            let below = piece.iter().filter(|&&x| x < low).count();
            (below, piece.iter().copied().filter(|x| (low..=high).contains(x)).collect())
        })
        .collect();
    let below: usize = middles.iter().map(|(below, _)| below).sum();
    let middle: Vec<u128> = middles.into_iter().flat_map(|(_, middle)| middle).collect();
    let index = (k - 1).checked_sub(below)?;
    (index < middle.len()).then(|| nth(middle, index))
}

fn nth(mut numbers: Vec<u128>, index: usize) -> u128 {
    *numbers.select_nth_unstable(index).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};
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
        let pieces: Vec<Vec<u128>> = numbers.chunks(70_000).map(<[u128]>::to_vec).collect();
        for k in [1, 2, 30_000, 150_000, 299_999, 300_000] {
            assert_eq!(kth_in_bracket(&pieces, k), Some(by_sorting(&numbers, k)), "{k}");
        }
    }

    #[test]
    fn a_misleading_sample_is_survived() {
        let step = 300_000 / (1 << 14);
        let numbers: Vec<u128> =
            (0..300_000).map(|i| if i % step == 0 { u128::MAX } else { i as u128 }).collect();
        let pieces: Vec<Vec<u128>> = numbers.chunks(70_000).map(<[u128]>::to_vec).collect();
        assert_eq!(kth_in_bracket(&pieces, 150_000), None);
        assert_eq!(kth_smallest(&pieces, 150_000), by_sorting(&numbers, 150_000));
    }

    proptest! {
        #[test]
        fn equals_sorting(numbers in prop::collection::vec(0_u128..50, 1..200), share in 0.0..1.0_f64) {
            let k = 1 + (share * numbers.len() as f64) as usize;
            let pieces: Vec<Vec<u128>> = numbers.chunks(30).map(<[u128]>::to_vec).collect();
            prop_assert_eq!(kth_smallest(&pieces, k), by_sorting(&numbers, k));
            prop_assert_eq!(kth_smallest(std::slice::from_ref(&numbers), k), by_sorting(&numbers, k));
            let (last, mut kept) = (numbers[0], numbers.clone());
            keep_up_to(&mut kept, last);
            prop_assert_eq!(kept, numbers.into_iter().filter(|&number| number <= last).collect::<Vec<_>>());
        }
    }
}
