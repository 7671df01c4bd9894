//! Random streams, keyed by (seed, purpose, round, item): the one place that names a generator.
//!
//! The generator is `ChaCha8`, which is counter-based: its 256-bit key holds the seed, the purpose and the
//! round as they are, its 64-bit stream number the item (mostly a client). No two keys share a stream, and
//! a draw depends on neither threads, nor groups, nor the order in which clients are visited.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::random::chacha::Words;

/// The generator behind every stream.
pub type Stream = ChaCha8Rng;

/// What randomness is for; each purpose has streams of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Which client gets which rows.
    Partition = 1,
    /// Which attack rows are dropped to reach a prevalence.
    Prevalence = 2,
    /// Which rows repair takes from large clients.
    Repair = 3,
    /// Which rows are kept for validation.
    Validation = 4,
    /// Which clients take part in a round.
    Cohort = 5,
    /// Initial weights of the model.
    Initialisation = 6,
    /// Row draws of the samplers.
    Sampling = 7,
    /// The order of rows in local training.
    Batches = 8,
    /// Seeding of k-means.
    Clustering = 9,
    /// Exploration of the meta-sampler's policy.
    Exploration = 10,
    /// Training of the meta-sampler's policy.
    PolicyLearning = 11,
    /// Generated traffic.
    Synthetic = 12,
    /// Which clients review the trained model of which.
    Reviewers = 13,
}

impl Purpose {
    /// Every purpose with the name that Python uses.
    pub const NAMES: [(&'static str, Self); 13] = [
        ("partition", Self::Partition),
        ("prevalence", Self::Prevalence),
        ("repair", Self::Repair),
        ("validation", Self::Validation),
        ("cohort", Self::Cohort),
        ("initialisation", Self::Initialisation),
        ("sampling", Self::Sampling),
        ("batches", Self::Batches),
        ("clustering", Self::Clustering),
        ("exploration", Self::Exploration),
        ("policy-learning", Self::PolicyLearning),
        ("synthetic", Self::Synthetic),
        ("reviewers", Self::Reviewers),
    ];
}

/// The stream of one item: the same key gives the same stream, on any machine.
pub fn stream(seed: u64, purpose: Purpose, round: u64, item: u64) -> Stream {
    let mut rng = ChaCha8Rng::from_seed(key(seed, purpose, round));
    rng.set_stream(item);
    rng
}

/// Part `chunk` of an item's stream, 2^32 words from the next: for work on one item that is cut in pieces.
pub fn stream_chunk(seed: u64, purpose: Purpose, round: u64, item: u64, chunk: u64) -> Stream {
    let mut rng = stream(seed, purpose, round, item);
    rng.set_word_pos(u128::from(chunk) << 32);
    rng
}

/// The words of [`stream_chunk`] in another order, for kernels that need very many.
pub fn stream_words(seed: u64, purpose: Purpose, round: u64, item: u64, chunk: u64) -> Words {
    Words::new(&key(seed, purpose, round), item, chunk << 28)
}

fn key(seed: u64, purpose: Purpose, round: u64) -> [u8; 32] {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
    key[16..24].copy_from_slice(&round.to_le_bytes());
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn every_part_of_the_key_counts() {
        let first = |seed, purpose, round, item| stream(seed, purpose, round, item).next_u64();
        let base = first(1, Purpose::Sampling, 2, 3);
        assert_eq!(base, first(1, Purpose::Sampling, 2, 3));
        assert_ne!(base, first(9, Purpose::Sampling, 2, 3));
        assert_ne!(base, first(1, Purpose::Batches, 2, 3));
        assert_ne!(base, first(1, Purpose::Sampling, 9, 3));
        assert_ne!(base, first(1, Purpose::Sampling, 2, 9));
        let chunk = |index| stream_chunk(1, Purpose::Sampling, 2, 3, index).next_u64();
        assert_eq!(base, chunk(0));
        assert_ne!(base, chunk(1));
    }
}
