//! Random streams, keyed by (seed, purpose, round, item), and the generator behind them.
//!
//! Separate so that one place names the generator: its bits are part of every result.

mod chacha;
mod stream;

pub use chacha::{TILE, Words};
pub use stream::{Purpose, Stream, stream, stream_chunk, stream_words};
