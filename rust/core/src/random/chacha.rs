//! Words of `ChaCha8` (Bernstein, 2008) for kernels that need one for every row: sixteen blocks side by side in
//! vectors, and stored as they lie there, at five times the rate of a generator that gives them one by one.
#![allow(clippy::inline_always, reason = "what runs in `dispatch` must be inlined to become vector code")]

use pulp::{Arch, Simd, WithSimd};

/// Blocks that are computed together.
const LANES: usize = 16;
/// Words that are computed together: sixteen blocks have as many 64-bit words.
pub const TILE: usize = 8 * LANES;
const DOUBLE_ROUNDS: usize = 4;
/// "expand 32-byte k"
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// The words of a stream from one of its blocks on, in tiles of [`TILE`].
///
/// With the 32-bit words of block `b` of a tile named `block[b][0..16]`, word `16 * i + b` of the tile has the upper
/// half `block[b][i]` and the lower half `block[b][8 + i]`.
#[derive(Debug, Clone)]
pub struct Words {
    key: [u32; 8],
    stream: u64,
    block: u64,
}

impl Words {
    /// The words of the stream `stream` under `key`, from block `block` on.
    pub fn new(key: &[u8; 32], stream: u64, block: u64) -> Self {
        let (words, _) = key.as_chunks::<4>();
        Self { key: std::array::from_fn(|i| u32::from_le_bytes(words[i])), stream, block }
    }

    /// Writes the upper and the lower halves of the next words: whole tiles.
    pub fn fill(&mut self, high: &mut [u32], low: &mut [u32]) {
        Arch::new().dispatch(Fill { words: self, high: high.as_chunks_mut().0, low: low.as_chunks_mut().0 });
    }
}

struct Fill<'a> {
    words: &'a mut Words,
    high: &'a mut [[u32; TILE]],
    low: &'a mut [[u32; TILE]],
}

impl WithSimd for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for (high, low) in self.high.iter_mut().zip(self.low) {
            for first in (0..LANES).step_by(S::U32_LANES) {
                let mixed = mix(simd, self.words.state(simd, first));
                for (i, (&above, &below)) in mixed[..8].iter().zip(&mixed[8..]).enumerate() {
                    let lanes = LANES * i + first..LANES * i + first + S::U32_LANES;
                    S::as_mut_simd_u32s(&mut high[lanes.clone()]).0[0] = above;
                    S::as_mut_simd_u32s(&mut low[lanes]).0[0] = below;
                }
            }
            self.words.block = self.words.block.wrapping_add(LANES as u64);
        }
    }
}

impl Words {
    /// What is mixed to the blocks from `first` of the next tile on.
    #[inline(always)]
    fn state<S: Simd>(&self, simd: S, first: usize) -> [S::u32s; 16] {
        let block = |lane: usize| self.block.wrapping_add((first + lane) as u64);
        let low: [u32; LANES] = std::array::from_fn(|lane| block(lane) as u32);
        let high: [u32; LANES] = std::array::from_fn(|lane| (block(lane) >> 32) as u32);
        let mut state = [simd.splat_u32s(0); 16];
        for (word, &number) in state.iter_mut().zip(CONSTANTS.iter().chain(&self.key)) {
            *word = simd.splat_u32s(number);
        }
        (state[12], state[13]) = (S::as_simd_u32s(&low).0[0], S::as_simd_u32s(&high).0[0]);
        state[14] = simd.splat_u32s(self.stream as u32);
        state[15] = simd.splat_u32s((self.stream >> 32) as u32);
        state
    }
}

#[inline(always)]
fn mix<S: Simd>(simd: S, start: [S::u32s; 16]) -> [S::u32s; 16] {
    let mut state = start;
    for _ in 0..DOUBLE_ROUNDS {
        for i in 0..4 {
            quarter_round(simd, &mut state, [i, 4 + i, 8 + i, 12 + i]);
        }
        for i in 0..4 {
            quarter_round(simd, &mut state, [i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4]);
        }
    }
    for (word, start) in state.iter_mut().zip(start) {
        *word = simd.add_u32s(*word, start);
    }
    state
}

#[inline(always)]
fn quarter_round<S: Simd>(simd: S, state: &mut [S::u32s; 16], [a, b, c, d]: [usize; 4]) {
    for (target, other, mixed, turn) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
        state[target] = simd.add_u32s(state[target], state[other]);
        let x = simd.xor_u32s(state[mixed], state[target]);
        let left = simd.wrapping_dyn_shl_u32s(x, simd.splat_u32s(turn));
        let right = simd.wrapping_dyn_shr_u32s(x, simd.splat_u32s(32 - turn));
        state[mixed] = simd.or_u32s(left, right);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::stream::{Purpose, stream_chunk, stream_words};
    use proptest::prelude::*;
    use rand::Rng;

    proptest! {
        #[test]
        fn equals_the_generator(seed: u64, round: u64, item: u64, chunk in 0_u64..1 << 35, tiles in 1_usize..4) {
            let mut words = stream_words(seed, Purpose::Sampling, round, item, chunk);
            let (mut high, mut low) = (vec![0; tiles * TILE], vec![0; tiles * TILE]);
            words.fill(&mut high[..TILE], &mut low[..TILE]);
            words.fill(&mut high[TILE..], &mut low[TILE..]);
            let mut generator = stream_chunk(seed, Purpose::Sampling, round, item, chunk);
            for (tile, block) in (0..tiles).flat_map(|tile| (0..LANES).map(move |block| (tile, block))) {
                let places = (0..8).map(|i| tile * TILE + LANES * i + block);
                let got: Vec<u32> = places.clone().map(|at| high[at]).chain(places.map(|at| low[at])).collect();
                let expected: Vec<u32> = (0..16).map(|_| generator.next_u32()).collect();
                prop_assert_eq!(got, expected);
            }
        }
    }

    #[test]
    fn narrow_machines_give_the_same() {
        let mut words = Words::new(&[7; 32], 3, u64::from(u32::MAX) - 5);
        let ([mut high, mut low], [mut plain_high, mut plain_low]) =
            ([[[0; TILE]; 2]; 2], [[[0; TILE]; 2]; 2]);
        Fill { words: &mut words.clone(), high: &mut plain_high, low: &mut plain_low }
            .with_simd(pulp::Scalar);
        words.fill(high.as_flattened_mut(), low.as_flattened_mut());
        assert_eq!((high, low), (plain_high, plain_low));
    }
}
