//! Detection figures of scored rows: confusion counts, rankings and histograms of scores.
//!
//! Separate because it needs scores and labels alone, wherever they come from.

mod confusion;
mod ranking;

pub use confusion::{Scored, confusion, score_histogram};
pub use ranking::{average_precision, operating_points};
