//! A wave: consecutive clients that are trained together before their updates are summed.

use std::cmp::Reverse;
use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::block::{BLOCK, Block};
use super::local::{Scratch, TrainClient, Trainer, next_batch};
use super::scores::Score;
use super::sink::{Scaled, Stepped};
use crate::mlp::layout::{PANEL, Row, Shape};
use crate::mlp::tile::backward;

/// Bytes that the updates of a wave may take: they should stay in the last-level cache.
const BUDGET: usize = 16 << 20;

/// What clients left behind: one client's update, or the factors of several clients' one-step updates.
#[derive(Debug, Default)]
pub(super) struct Slot {
    clients: Vec<usize>,
    losses: Vec<f64>,
    /// Probabilities of the rows that the clients hold out, one client after the other.
    scores: Vec<f32>,
    /// Whether the clients take one step and share `block`.
    pooled: bool,
    /// Rows of pooled clients, one client after the other.
    block: Block,
    /// The update of the client; of pooled clients only the tails, one client after the other.
    updates: Vec<Row>,
}

/// Where a client's update is to be found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub client: usize,
    cluster: usize,
    slot: usize,
    /// Which of the slot's clients it is.
    nth: usize,
    /// Its rows in the slot's block.
    rows: (usize, usize),
}

/// The clients of a wave and what they left behind.
#[derive(Debug, Default)]
pub(super) struct Wave {
    /// The first `used` hold this wave; the others keep their memory for the next.
    slots: Vec<Slot>,
    used: usize,
    /// By cluster, and by client within.
    entries: Vec<Entry>,
}

impl Wave {
    /// Plans the wave that begins with client `first`; returns its clients.
    pub fn plan(&mut self, trainer: &Trainer<'_>, clusters: &[i64], first: usize) -> Range<usize> {
        self.used = 0;
        self.entries.clear();
        let (clients, mut pooled) = self.plan_alone(trainer, first);
        pooled.sort_by_key(|&k| trainer.group.model_index[k]);
        let mut model = None;
        let mut end = BLOCK;
        for k in pooled {
            let n = trainer.work(k);
            if model != Some(trainer.group.model_index[k]) || end + n > BLOCK {
                self.open_slot(true);
                end = 0;
            }
            model = Some(trainer.group.model_index[k]);
            self.push(k, (end, end + n));
            end += n;
        }
        for entry in &mut self.entries {
            entry.cluster = clusters[entry.client] as usize;
        }
        self.entries.sort_unstable_by_key(|entry| (entry.cluster, entry.client));
        clients
    }

    /// Gives clients of several steps a slot each, until the budget is spent; returns the others with rows.
    fn plan_alone(&mut self, trainer: &Trainer<'_>, first: usize) -> (Range<usize>, Vec<usize>) {
        let shape = trainer.shape;
        let (alone, per_row) = (shape.n_rows() * PANEL, shape.inputs() + shape.panels() * PANEL);
        let (mut spent, mut pooled, mut k) = (0, Vec::new(), first);
        while k < trainer.group.offsets.n_clients() && spent < BUDGET / size_of::<f32>() {
            let (n_steps, work) = (trainer.n_steps(k), trainer.work(k));
            if n_steps == 1 && work <= BLOCK {
                pooled.push(k);
                spent += work * per_row + shape.tail() * PANEL;
            } else if n_steps > 0 || !trainer.scored_rows(k).is_empty() {
                self.open_slot(false);
                self.push(k, (0, 0));
                spent += alone;
            }
            k += 1;
        }
        (first..k, pooled)
    }

    /// Opens the next slot, with the memory of an earlier wave's.
    fn open_slot(&mut self, pooled: bool) {
        if self.used == self.slots.len() {
            self.slots.push(Slot::default());
        }
        let slot = &mut self.slots[self.used];
        self.used += 1;
        slot.pooled = pooled;
        slot.clients.clear();
        slot.losses.clear();
        slot.scores.clear();
        slot.block.clear();
    }

    /// Puts client `k` in the open slot.
    fn push(&mut self, k: usize, rows: (usize, usize)) {
        let slot = self.used - 1;
        let nth = self.slots[slot].clients.len();
        self.slots[slot].clients.push(k);
        self.entries.push(Entry { client: k, cluster: 0, slot, nth, rows });
    }

    /// Trains all clients of the wave, the longest work first; `scores` are ragged like the rows to score.
    pub fn train(&mut self, trainer: &Trainer<'_>, losses: &mut [f64], scores: &mut [f32]) {
        let arch = Arch::new();
        let mut jobs: Vec<_> = self.slots[..self.used].iter_mut().collect();
        jobs.sort_by_cached_key(|slot| Reverse(slot.clients.iter().map(|&k| trainer.work(k)).sum::<usize>()));
        jobs.into_iter().par_bridge().for_each_init(Scratch::default, |scratch, slot| {
            if slot.pooled {
                arch.dispatch(TrainPool { trainer, scratch, slot });
            } else {
                slot.updates.resize(trainer.shape.n_rows(), [0.0; PANEL]);
                let (k, update) = (slot.clients[0], &mut slot.updates);
                slot.losses.push(arch.dispatch(TrainClient { trainer, k, scratch, update }));
                arch.dispatch(TryUpdate { trainer, scratch, slot });
            }
        });
        for slot in &self.slots[..self.used] {
            for (&k, &loss) in slot.clients.iter().zip(&slot.losses) {
                losses[k] = loss;
            }
            if let Some(scored_rows) = trainer.scored_rows {
                let mut tried = slot.scores.iter();
                for &k in &slot.clients {
                    scores[scored_rows.offsets.range(k)]
                        .iter_mut()
                        .zip(&mut tried)
                        .for_each(|(out, &score)| *out = score);
                }
            }
        }
    }

    /// The clients of a cluster, in their order.
    pub fn entries(&self, cluster: usize) -> &[Entry] {
        let start = self.entries.partition_point(|entry| entry.cluster < cluster);
        let end = self.entries.partition_point(|entry| entry.cluster <= cluster);
        &self.entries[start..end]
    }

    /// A client's update from row `first` on; `None` where it is left as factors.
    pub fn update(&self, entry: &Entry, shape: Shape, first: usize) -> Option<&[Row]> {
        let slot = &self.slots[entry.slot];
        if slot.pooled {
            let at = first.checked_sub(shape.body())?;
            Some(&slot.updates[entry.nth * shape.tail()..(entry.nth + 1) * shape.tail()][at..])
        } else {
            Some(&slot.updates[first..])
        }
    }

    /// A client's rows and the loss's derivative by their hidden units in one panel.
    pub fn factors(&self, entry: &Entry, shape: Shape, panel: usize) -> (&[f32], &[Row]) {
        let (block, (first, end)) = (&self.slots[entry.slot].block, entry.rows);
        let x = &block.x[first * shape.inputs()..end * shape.inputs()];
        (x, &block.hidden[panel * block.len() + first..panel * block.len() + end])
    }

    /// The first client whose update, or what is left of it, is not finite.
    pub fn first_not_finite(&self) -> Option<usize> {
        let finite = |rows: &[Row]| rows.as_flattened().iter().all(|value| value.is_finite());
        let bad = self.entries.iter().filter(|entry| {
            let slot = &self.slots[entry.slot];
            let own = slot.updates.len() / slot.clients.len();
            !finite(&slot.updates[entry.nth * own..(entry.nth + 1) * own])
        });
        bad.map(|entry| entry.client).min()
    }
}

/// Takes the one step of clients that received the same model, up to the product that makes their updates.
struct TrainPool<'a> {
    trainer: &'a Trainer<'a>,
    scratch: &'a mut Scratch,
    slot: &'a mut Slot,
}

impl WithSimd for TrainPool<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { trainer, scratch, slot } = self;
        let Slot { clients, losses, scores, block, updates, .. } = slot;
        let (shape, order) = (trainer.shape, &mut scratch.order);
        for &k in clients.iter() {
            let batch = next_batch(trainer, k, 0, order);
            block.gather_labelled(&trainer.table, trainer.rows(k), &order[batch]);
        }
        let model = trainer.received(clients[0]);
        block.forward(simd, shape, model);
        updates.resize(clients.len() * shape.tail(), [0.0; PANEL]);
        scratch.tail.resize(shape.tail(), [0.0; PANEL]);
        let mut end = 0;
        for (&k, update) in clients.iter().zip(updates.chunks_exact_mut(shape.tail())) {
            let (rows, n) = ((end, end + trainer.work(k)), trainer.work(k) as f64);
            end = rows.1;
            losses.push(block.residuals(rows, trainer.group.positive_weight[k], 1.0 / n) * (1.0 / n));
            block.backpropagate(rows, &model[shape.body()..][..shape.panels()], &mut scratch.tail);
            Scaled { scale: trainer.one_step(), add: false, out: update }.take_rows(&scratch.tail);
            if !trainer.scored_rows(k).is_empty() {
                step(simd, trainer, model, block, rows, &mut scratch.weights);
                add(model, update, shape.body(), &mut scratch.weights);
                score(simd, trainer, k, scratch, scores);
            }
        }
    }
}

/// Tries the trained model of a client whose update is written out.
struct TryUpdate<'a> {
    trainer: &'a Trainer<'a>,
    scratch: &'a mut Scratch,
    slot: &'a mut Slot,
}

impl WithSimd for TryUpdate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { trainer, scratch, slot } = self;
        let k = slot.clients[0];
        if !trainer.scored_rows(k).is_empty() {
            scratch.weights.resize(trainer.shape.n_rows(), [0.0; PANEL]);
            add(trainer.received(k), &slot.updates, 0, &mut scratch.weights);
            score(simd, trainer, k, scratch, &mut slot.scores);
        }
    }
}

/// Writes the body of the model of a pooled client after its step, from its rows of the block.
#[inline(always)]
fn step<S: Simd>(
    simd: S,
    trainer: &Trainer<'_>,
    model: &[Row],
    block: &Block,
    (first, end): (usize, usize),
    to: &mut Vec<Row>,
) {
    let (shape, scale) = (trainer.shape, trainer.one_step());
    let (inputs, n) = (shape.inputs(), block.len());
    to.resize(shape.n_rows(), [0.0; PANEL]);
    let x = &block.x[first * inputs..end * inputs];
    for q in 0..shape.panels() {
        let rows = q * inputs..(q + 1) * inputs;
        let mut sink = Stepped { scale, from: &model[rows.clone()], to: &mut to[rows] };
        backward(simd, x, inputs, (0, inputs), &block.hidden[q * n + first..q * n + end], &mut sink);
    }
}

/// `to = model + update` in the rows from `first` on, where the update begins.
fn add(model: &[Row], update: &[Row], first: usize, to: &mut [Row]) {
    let sums = model[first..].as_flattened().iter().zip(update.as_flattened());
    for (to, (received, update)) in to[first..].as_flattened_mut().iter_mut().zip(sums) {
        *to = received + update;
    }
}

/// Appends the probabilities of the rows that client `k` holds out under the model in `scratch.weights`.
#[inline(always)]
fn score<S: Simd>(simd: S, trainer: &Trainer<'_>, k: usize, scratch: &mut Scratch, scores: &mut Vec<f32>) {
    let Scratch { block, weights: model, .. } = scratch;
    for rows in trainer.scored_rows(k).chunks(BLOCK) {
        let first = scores.len();
        scores.resize(first + rows.len(), 0.0);
        block.clear();
        block.gather(&trainer.table.x, rows.iter().map(|&row| row as usize));
        Score { shape: trainer.shape, model, block, out: &mut scores[first..] }.with_simd(simd);
    }
}
