//! Draws of rows within each client: the meta-sampler, its baselines, and the batches of local training.
//!
//! Separate because a draw looks at the scores and labels of rows and never at the model. Every client draws
//! from a stream of its own, so that a draw depends on neither threads nor the other clients of the group.

mod balance;
mod batches;
mod clients;
mod cumulative;
mod draw;
mod exponential;
mod gaussian;
mod histogram;
mod keys;
mod offset;
mod select;

pub use balance::{Budget, Centres, meta_sample, oversample, undersample};
pub use batches::{BatchPlan, Length, batch_plan};
pub(crate) use batches::{epoch_order, n_batches};
pub use clients::ClientStreams;
pub use draw::{Weights, weighted_sample};
pub use gaussian::gaussian_weights;
pub use histogram::error_histograms;
