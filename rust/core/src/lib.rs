//! Kernels of federated intrusion detection: pure functions over ragged clients.
//!
//! A kernel takes a whole group of clients in one call (values and offsets, see [`ragged`]), draws
//! its randomness from a stream of its own for every client (see [`stream`]), adds in a fixed order,
//! and so returns the same bits for any number of threads and any grouping of clients.

#![forbid(unsafe_code)]

pub mod aggregate;
pub mod assign;
pub mod auxiliary;
pub mod balance;
pub mod batches;
pub mod chacha;
pub mod clients;
pub mod confusion;
pub mod cumulative;
pub mod dirichlet;
pub mod draw;
pub mod elementary;
pub mod error;
pub mod exponential;
pub mod gaussian;
pub mod histogram;
pub mod keys;
pub mod kmeans;
pub mod measures;
pub mod native;
pub mod offset;
pub mod partition;
pub mod parts;
pub mod plan;
pub mod points;
pub mod prevalence;
pub mod quota;
pub mod ragged;
pub mod ranking;
pub mod repair;
pub mod resample;
pub mod select;
pub mod silhouette;
pub mod split;
pub mod stream;
pub mod validation;
pub mod vector;

pub use error::{Error, Result};
