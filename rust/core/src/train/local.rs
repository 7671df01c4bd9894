//! One client's training: all its steps, one after the other, with its weights in the cache.

use pulp::{Simd, WithSimd};

use super::block::{BLOCK, Block};
use super::group::{Group, Models, ScoredRows, Table, Training};
use super::sink::{Descent, Scaled};
use crate::mlp::layout::{PANEL, Row, Shape};
use crate::mlp::tile::backward;
use crate::sampling::{epoch_order, n_batches};

/// What all clients of a call share.
#[derive(Debug)]
pub(super) struct Trainer<'a> {
    pub table: Table<'a>,
    pub group: Group<'a>,
    pub training: Training,
    pub shape: Shape,
    pub scored_rows: Option<ScoredRows<'a>>,
    models: Vec<Row>,
}

impl<'a> Trainer<'a> {
    /// Lays the models out for training.
    pub fn new(table: Table<'a>, models: &Models<'_>, group: Group<'a>, training: Training) -> Self {
        let shape = models.shape;
        Self { table, group, training, shape, scored_rows: None, models: pack_all(models) }
    }

    /// The model that client `k` received.
    pub fn received(&self, k: usize) -> &[Row] {
        &self.models[self.group.model_index[k] as usize * self.shape.n_rows()..][..self.shape.n_rows()]
    }

    /// The ids of client `k`'s rows.
    pub fn rows(&self, k: usize) -> &[i64] {
        &self.group.rows[self.group.offsets.range(k)]
    }

    /// The rows that client `k`'s trained model scores.
    pub fn scored_rows(&self, k: usize) -> &[i64] {
        self.scored_rows.map_or(&[], |scored_rows| &scored_rows.rows[scored_rows.offsets.range(k)])
    }

    /// Steps of client `k`.
    pub fn n_steps(&self, k: usize) -> usize {
        n_batches(self.group.offsets.size(k), self.training.batch_size, self.training.length)
    }

    /// Rows that client `k` passes through the model, counted as often as it does.
    pub fn work(&self, k: usize) -> usize {
        self.n_steps(k).saturating_mul(self.training.batch_size.min(self.group.offsets.size(k)))
    }

    /// What an update of one step is times the gradient.
    pub fn one_step(&self) -> f32 {
        -self.training.rule().learning_rate
    }
}

/// All models as rows.
pub(super) fn pack_all(models: &Models<'_>) -> Vec<Row> {
    let shape = models.shape;
    let mut rows = vec![[0.0; PANEL]; models.len() * shape.n_rows()];
    for (params, rows) in
        models.params.chunks_exact(shape.n_params()).zip(rows.chunks_exact_mut(shape.n_rows()))
    {
        shape.pack(params, rows);
    }
    rows
}

/// What one thread needs to train clients one after the other.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub block: Block,
    pub order: Vec<u32>,
    pub weights: Vec<Row>,
    gradient: Vec<Row>,
    pub tail: Vec<Row>,
}

/// Trains client `k` and writes its update: the model it ends with less the one it received.
///
/// Returns the mean loss of its batches, NaN if it has no rows. The update of a single step is
/// `-learning_rate * gradient`, without a rounding through the weights.
pub(super) struct TrainClient<'a> {
    pub trainer: &'a Trainer<'a>,
    pub k: usize,
    pub scratch: &'a mut Scratch,
    pub update: &'a mut [Row],
}

impl WithSimd for TrainClient<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let Self { trainer, k, scratch, update } = self;
        let (received, n_steps) = (trainer.received(k), trainer.n_steps(k));
        if n_steps == 0 {
            update.fill([0.0; PANEL]);
            return f64::NAN;
        }
        if n_steps == 1 {
            let batch = next_batch(trainer, k, 0, &mut scratch.order);
            let Scratch { block, order, tail, .. } = scratch;
            let scale = trainer.one_step();
            return gradient(simd, trainer, k, &order[batch], received, scale, block, tail, update);
        }
        scratch.weights.resize(received.len(), [0.0; PANEL]);
        let mut loss = 0.0;
        for step in 0..n_steps {
            let batch = next_batch(trainer, k, step, &mut scratch.order);
            loss += descend(simd, trainer, k, step, batch, scratch);
        }
        let models = scratch.weights.as_flattened().iter().zip(received.as_flattened());
        for (update, (trained, received)) in update.as_flattened_mut().iter_mut().zip(models) {
            *update = trained - received;
        }
        loss / n_steps as f64
    }
}

/// The positions of client `k`'s batch number `step` in `order`, which is shuffled as an epoch begins.
///
/// An epoch of one batch is not shuffled: it would only reorder a sum.
pub(super) fn next_batch(
    trainer: &Trainer<'_>,
    k: usize,
    step: usize,
    order: &mut Vec<u32>,
) -> std::ops::Range<usize> {
    let (n, size) = (trainer.group.offsets.size(k), trainer.training.batch_size);
    let (epoch, batch) = (step / n.div_ceil(size), step % n.div_ceil(size));
    if n <= size {
        order.clear();
        order.extend(0..n as u32);
    } else if batch == 0 {
        order.resize(n, 0);
        let Training { seed, round, .. } = trainer.training;
        epoch_order(seed, round, trainer.group.clients[k] as u64, epoch as u64, order);
    }
    batch * size..n.min((batch + 1) * size)
}

/// One step of gradient descent on `scratch.weights`; returns the batch's mean loss.
#[inline(always)]
fn descend<S: Simd>(
    simd: S,
    trainer: &Trainer<'_>,
    k: usize,
    step: usize,
    batch: std::ops::Range<usize>,
    scratch: &mut Scratch,
) -> f64 {
    let Scratch { block, order, weights, gradient: slope, tail } = scratch;
    let (shape, rule, anchor) = (trainer.shape, trainer.training.rule(), trainer.received(k));
    let from = (step == 0).then_some(anchor);
    let current = from.unwrap_or(weights);
    let positions = &order[batch];
    if positions.len() > BLOCK {
        slope.resize(anchor.len(), [0.0; PANEL]);
        let loss = gradient(simd, trainer, k, positions, current, 1.0, block, tail, slope);
        Descent { rule, anchor, from, to: weights }.take_rows(simd, slope);
        return loss;
    }
    let loss = pass(simd, trainer, k, positions, positions.len(), current, block, tail);
    let (inputs, n) = (shape.inputs(), positions.len());
    for (q, errors) in block.hidden.chunks_exact(n).enumerate() {
        let rows = q * inputs..(q + 1) * inputs;
        let from = from.map(|from| &from[rows.clone()]);
        let mut sink = Descent { rule, anchor: &anchor[rows.clone()], from, to: &mut weights[rows] };
        backward(simd, &block.x, inputs, (0, inputs), errors, &mut sink);
    }
    let from = from.map(|from| &from[shape.body()..]);
    let (anchor, to) = (&anchor[shape.body()..], &mut weights[shape.body()..]);
    Descent { rule, anchor, from, to }.take_rows(simd, tail);
    loss
}

/// Writes `scale` times the gradient of the mean loss over a batch; returns that loss.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "a thread's buffers are borrowed apart from each other")]
fn gradient<S: Simd>(
    simd: S,
    trainer: &Trainer<'_>,
    k: usize,
    batch: &[u32],
    model: &[Row],
    scale: f32,
    block: &mut Block,
    tail: &mut Vec<Row>,
    out: &mut [Row],
) -> f64 {
    let shape = trainer.shape;
    let mut loss = 0.0;
    for (i, positions) in batch.chunks(BLOCK).enumerate() {
        loss += pass(simd, trainer, k, positions, batch.len(), model, block, tail);
        let (body, last) = out.split_at_mut(shape.body());
        let panels = block.hidden.chunks_exact(positions.len());
        for (errors, out) in panels.zip(body.chunks_exact_mut(shape.inputs())) {
            let mut sink = Scaled { scale, add: i > 0, out };
            backward(simd, &block.x, shape.inputs(), (0, shape.inputs()), errors, &mut sink);
        }
        Scaled { scale, add: i > 0, out: last }.take_rows(tail);
    }
    loss
}

/// Rows forward and back to the hidden layer; returns their share of the mean loss over `n_batch` rows.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "a thread's buffers are borrowed apart from each other")]
fn pass<S: Simd>(
    simd: S,
    trainer: &Trainer<'_>,
    k: usize,
    positions: &[u32],
    n_batch: usize,
    model: &[Row],
    block: &mut Block,
    tail: &mut Vec<Row>,
) -> f64 {
    let (shape, rows) = (trainer.shape, trainer.rows(k));
    let (n, scale) = (positions.len(), 1.0 / n_batch as f64);
    block.clear();
    block.gather_labelled(&trainer.table, rows, positions);
    block.forward(simd, shape, model);
    let loss = block.residuals((0, n), trainer.group.positive_weight[k], scale);
    tail.resize(shape.tail(), [0.0; PANEL]);
    block.backpropagate((0, n), &model[shape.body()..][..shape.panels()], tail);
    loss * scale
}
