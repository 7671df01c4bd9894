//! Local training of many small models on the CPU: the native engine.
//!
//! The model is a perceptron with one hidden `ReLU` layer and one logit, trained by plain gradient descent on the
//! binary cross-entropy with a proximal term (`FedAvg`, `McMahan` et al. 2017; `FedProx`, Li et al. 2020). One thread
//! trains one client at a time, all its steps before the next client's, so that the client's weights stay in the
//! L2 cache. The two matrix products of a step run in register tiles (see `mlp::tile`) compiled for several
//! instruction sets and chosen at run time; the backward product hands each tile to what follows while
//! it is still in registers: the descent step, or the weighted sum over clients.
//!
//! A step costs `4 * batch * features * hidden` floating-point operations and one pass over the weights.
#![allow(clippy::inline_always, reason = "vector code must be inlined where its instruction set is enabled")]
#![allow(clippy::needless_range_loop, reason = "lanes of several arrays side by side")]

mod block;
mod clients;
mod group;
mod local;
mod scores;
mod sink;
mod sum;
#[cfg(test)]
mod tests;
mod wave;

pub use crate::mlp::Shape;
pub use clients::{Trained, train_clients};
pub use group::{Features, Group, Models, ScoredRows, Table, Training};
pub use scores::{client_scores, scores};
pub use sum::{Summed, Weighting, train_and_sum};
