//! Class imbalance: attacks are dropped until they are a given share of a client's rows.
//!
//! A client with `m` normal rows keeps at most `floor(m p / (1 - p))` of its attacks, but one where it has any
//! and `m > 0`. Clients that would fall below the least size first get normal rows of the clients that have
//! most (see [`crate::partition::repair`]), so that the prevalence holds after the repair as well. Cost: O(rows +
//! clients), parallel over clients, each with its own stream.

use rand::RngExt;
use rayon::prelude::*;

use crate::error::{Result, check, check_all};
use crate::partition::parts::Parts;
use crate::partition::quota::Quota;
use crate::partition::repair::repair;
use crate::ragged::{Offsets, Ragged, offsets_of, split_mut};
use crate::random::{Purpose, stream};

/// A range of prevalences, from which each client draws its own.
#[derive(Debug, Clone, Copy)]
pub struct Prevalence {
    low: f64,
    high: f64,
}

impl Prevalence {
    /// Checks a range.
    ///
    /// # Errors
    /// [`crate::Error::Scalar`] unless `0 < low <= high < 1`.
    pub fn new(low: f64, high: f64) -> Result<Self> {
        let given =
            if low.to_bits() == high.to_bits() { low.to_string() } else { format!("({low}, {high})") };
        let allowed =
            "a share of attack rows above 0 and below 1, or a range (low, high) of them with low <= high";
        check(0.0 < low && low <= high && high < 1.0, "prevalence", given, allowed)?;
        Ok(Self { low, high })
    }

    /// The client's own prevalence, log-uniform in the range.
    fn draw(self, seed: u64, client: usize) -> f64 {
        let uniform: f64 = stream(seed, Purpose::Prevalence, 0, client as u64).random();
        self.low * (self.high / self.low).powf(uniform)
    }
}

/// Drops attack rows at random until every client is at or below its prevalence; rows come in increasing order.
///
/// # Errors
/// [`crate::Error::Element`] for labels other than 0 and 1, [`crate::Error::Impossible`] where there are too few normal rows
/// to bring every client to `min_size`.
pub fn impose_prevalence(
    parts: Parts,
    is_attack: &[u8],
    prevalence: Prevalence,
    min_size: usize,
    seed: u64,
) -> Result<Ragged<i64>> {
    check_all("is_attack", is_attack, "0 (normal) or 1 (attack)", |label| label <= 1)?;
    let targets: Vec<f64> =
        (0..parts.n_clients()).into_par_iter().map(|client| prevalence.draw(seed, client)).collect();
    let [normals, attacks] = by_class(parts, is_attack);
    let n_attacks: Vec<usize> = attacks.offsets.windows(2).map(|pair| (pair[1] - pair[0]) as usize).collect();
    let floors: Vec<usize> = n_attacks
        .iter()
        .zip(&targets)
        .map(|(&n_attacks, &target)| normals_for(min_size, n_attacks, target))
        .collect();
    let normals = repair(normals, &floors, seed)?;
    join(&normals, &attacks, &targets, seed)
}

/// The normal and the attack rows of all clients.
fn by_class(parts: Parts, is_attack: &[u8]) -> [Ragged<i64>; 2] {
    let mut split = [(); 2].map(|()| Ragged { values: Vec::new(), offsets: vec![0] });
    for client in 0..parts.n_clients() {
        for &row in parts.of(client) {
            split[usize::from(is_attack[row as usize])].values.push(row);
        }
        for side in &mut split {
            side.offsets.push(side.values.len() as i64);
        }
    }
    split
}

/// How many of its attacks a client keeps beside `n_normal` normal rows.
fn kept(n_normal: usize, n_attacks: usize, target: f64) -> usize {
    if n_normal == 0 {
        return 0;
    }
    // the margin is for quotients such as 0.3 * 7 / 0.7, which is 3 and comes out below
    let most = n_normal as f64 * target / (1.0 - target) * (1.0 + 1e-12);
    n_attacks.min((most as usize).max(1))
}

/// The least number of normal rows with which a client reaches `min_size`.
fn normals_for(min_size: usize, n_attacks: usize, target: f64) -> usize {
    let (mut low, mut high) = (0, min_size);
    while low < high {
        let middle = usize::midpoint(low, high);
        if middle + kept(middle, n_attacks, target) >= min_size {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// All normal rows of each client and a random choice of its attacks.
fn join(normals: &Ragged<i64>, attacks: &Ragged<i64>, targets: &[f64], seed: u64) -> Result<Ragged<i64>> {
    let normal = Offsets::new(&normals.offsets, normals.values.len())?;
    let attack = Offsets::new(&attacks.offsets, attacks.values.len())?;
    let n_kept: Vec<usize> = (targets.iter().enumerate())
        .map(|(client, &target)| kept(normal.size(client), attack.size(client), target))
        .collect();
    let offsets = offsets_of(n_kept.iter().enumerate().map(|(client, n_kept)| normal.size(client) + n_kept));
    let mut values = vec![0; offsets[targets.len()] as usize];
    split_mut(&mut values, &offsets).into_par_iter().zip(n_kept).enumerate().for_each(
        |(client, (rows, n_kept))| {
            let (first, last) = rows.split_at_mut(normal.size(client));
            first.copy_from_slice(&normals.values[normal.range(client)]);
            let mut rng = stream(seed, Purpose::Prevalence, 1, client as u64);
            let mut quota = Quota::new(n_kept, attack.size(client));
            let chosen = attacks.values[attack.range(client)].iter().filter(|_| quota.take(&mut rng));
            last.iter_mut().zip(chosen).for_each(|(place, &row)| *place = row);
            rows.sort_unstable();
        },
    );
    Ok(Ragged { values, offsets })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn kept_attacks_hold_the_prevalence() {
        assert_eq!(kept(7, 10, 0.3), 3);
        assert_eq!(kept(6, 10, 0.3), 2);
        assert_eq!(kept(7, 2, 0.3), 2);
        assert_eq!(kept(5, 2, 0.01), 1);
        assert_eq!(kept(5, 0, 0.5), 0);
        assert_eq!(kept(0, 9, 0.5), 0);
    }

    #[test]
    fn prevalence_is_checked() {
        for (low, high) in [(0.0, 0.5), (0.5, 1.0), (0.4, 0.2), (f64::NAN, 0.5), (-0.1, 0.1)] {
            let message = Prevalence::new(low, high).unwrap_err().to_string();
            assert!(message.starts_with("prevalence must be"), "{message}");
        }
    }

    proptest! {
        #[test]
        fn least_normals_are_least(min_size in 0_usize..40, n_attacks in 0_usize..40, target in 0.001_f64..0.999) {
            let n = normals_for(min_size, n_attacks, target);
            let enough = |n: usize| n + kept(n, n_attacks, target) >= min_size;
            prop_assert!(enough(n) && n <= min_size);
            prop_assert!(n == 0 || !enough(n - 1));
        }

        #[test]
        fn every_client_is_at_or_below_its_prevalence(
            sizes in prop::collection::vec(0_usize..60, 1..12),
            labels in prop::collection::vec(0_u8..2, 720),
            low in 0.001_f64..0.9, width in 0.0_f64..0.09, min_size in 0_usize..4, seed: u64,
        ) {
            let offsets = offsets_of(sizes.iter().copied());
            let rows: Vec<i64> = (0..offsets[sizes.len()]).collect();
            let parts = Parts::new(&rows, &offsets, labels.len()).unwrap();
            let range = Prevalence::new(low, low + width).unwrap();
            let Ok(result) = impose_prevalence(parts, &labels, range, min_size, seed) else { return Ok(()) };
            for pair in result.offsets.windows(2) {
                let rows = &result.values[pair[0] as usize..pair[1] as usize];
                let n_attacks = rows.iter().filter(|&&row| labels[row as usize] == 1).count();
                prop_assert!(rows.len() >= min_size && rows.is_sorted());
                prop_assert!(n_attacks <= 1 || n_attacks as f64 <= (low + width + 1e-9) * rows.len() as f64);
            }
        }
    }
}
