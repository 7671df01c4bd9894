//! Training of many clients, each update written out.

use pulp::Arch;
use rayon::prelude::*;

use super::group::{Group, Models, Table, Training};
use super::local::{Scratch, TrainClient, Trainer};
use crate::error::{Result, zeros};
use crate::mlp::layout::{PANEL, Row};

/// What clients send back.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// Updates: each client's model less the one it received, (`n_clients`, `n_params`).
    pub deltas: Vec<f32>,
    /// Mean loss of each client's batches, NaN for a client without rows, (`n_clients`,).
    pub losses: Vec<f64>,
}

/// Trains every client from the model that it received.
///
/// Threads take whole clients, the largest first. A client's update depends on its own arguments alone: the
/// bits are the same for any number of threads and any grouping of clients.
///
/// # Errors
/// [`crate::Error`] naming the argument that is out of its range.
pub fn train_clients(
    table: Table<'_>,
    models: &Models<'_>,
    group: Group<'_>,
    training: Training,
) -> Result<Trained> {
    check_all(&table, models, &group, &training)?;
    let trainer = Trainer::new(table, models, group, training);
    let (shape, n) = (trainer.shape, group.offsets.n_clients());
    let mut deltas = zeros(n.checked_mul(shape.n_params()), || {
        format!("updates of {n} clients do not fit into memory; train fewer at a time, or use train_and_sum")
    })?;
    let mut losses = vec![f64::NAN; n];
    let mut jobs: Vec<_> = deltas.chunks_exact_mut(shape.n_params()).zip(&mut losses).enumerate().collect();
    jobs.sort_by_key(|&(k, _)| std::cmp::Reverse(trainer.work(k)));
    let arch = Arch::new();
    jobs.into_iter().par_bridge().for_each_init(
        || (Scratch::default(), vec![[0.0; PANEL]; shape.n_rows()]),
        |(scratch, update): &mut (Scratch, Vec<Row>), (k, (delta, loss))| {
            *loss = arch.dispatch(TrainClient { trainer: &trainer, k, scratch, update });
            shape.unpack(update, delta);
        },
    );
    Ok(Trained { deltas, losses })
}

/// Checks what every kind of training is given.
pub(super) fn check_all(
    table: &Table<'_>,
    models: &Models<'_>,
    group: &Group<'_>,
    training: &Training,
) -> Result<()> {
    table.check()?;
    models.check(table.x.n_features)?;
    group.check(table, models.len())?;
    training.check()
}
