//! Scores of raw rows under one trained model, and what each column contributed.
//!
//! One pass takes a block of raw rows to probabilities: numbers are scaled column by column, words become rows of
//! the first layer, and both go through the same register tiles as in training. No one-hot row is ever written.
//! Separate from training because a sensor needs nothing else.
#![allow(clippy::inline_always, reason = "vector code must be inlined where its instruction set is enabled")]

mod attribution;
mod scale;
mod scorer;
mod steps;
#[cfg(test)]
mod tests;

pub use scale::Scale;
pub use scorer::{RawRows, Scorer};
pub use steps::Steps;
