//! Kernels of federated intrusion detection: pure functions over ragged clients.
//!
//! A kernel takes a whole group of clients in one call (values and offsets, see [`ragged`]), draws
//! its randomness from a stream of its own for every client (see [`random`]), adds in a fixed order,
//! and so returns the same bits for any number of threads and any grouping of clients.

#![forbid(unsafe_code)]

pub mod aggregate;
pub mod clustering;
pub mod error;
pub mod math;
pub mod metrics;
pub mod mlp;
pub mod partition;
pub mod ragged;
pub mod random;
pub mod sampling;
pub mod score;
pub mod table;
pub mod train;

pub use error::{Error, Result};
