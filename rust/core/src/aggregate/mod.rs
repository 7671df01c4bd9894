//! Aggregation of updates: weighted sums of each cluster, in a fixed order of the clients.
//!
//! Separate because a server aggregates updates from any engine, also from clients that trained elsewhere.

mod weighted_sum;

pub(crate) use weighted_sum::too_many;
pub use weighted_sum::{WeightedSum, weighted_mean};
