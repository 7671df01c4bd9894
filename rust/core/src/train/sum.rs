//! Training of many clients, fused with the weighted sum of their updates.
//!
//! Clients are taken in waves that fit a fixed budget of memory. A wave has two phases:
//!
//! 1. parallel over clients: a client of several steps is trained and leaves its update. A client of one step
//!    never has weights of its own: it leaves its rows and the loss's derivative by their hidden units, which is a
//!    few kB instead of a whole update. Such clients share the forward product of the model they received;
//! 2. parallel over weights: every thread adds the updates of all clients of the wave to its own part of the
//!    sums, client after client. Updates of one step are computed here, tile by tile, in registers.
//!
//! So every coordinate is summed in the order of the clients, in float64, from updates with the same bits that
//! [`super::train_clients`] returns: the result depends on neither threads nor waves nor groups.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::clients::check_all;
use super::group::{Group, Models, ScoredRows, Table, Training};
use super::local::Trainer;
use super::sink::Weighted;
use super::wave::{Entry, Wave};
use crate::aggregate::too_many;
use crate::error::{Error, Result, check, check_all as check_each, check_len, zeros};
use crate::mlp::layout::PANEL;
use crate::mlp::tile::backward;

/// Sums that updates go to.
#[derive(Debug, Clone, Copy)]
pub struct Weighting<'a> {
    /// Each client's weight, (`n_clients`,).
    pub weights: &'a [f64],
    /// The sum that each client's update goes to, (`n_clients`,).
    pub clusters: &'a [i64],
    /// How many sums there are.
    pub n_clusters: usize,
    /// Where the sums start from, (`n_clusters`, `n_params`); zeros where it is `None`.
    pub start: Option<&'a [f64]>,
}

impl Weighting<'_> {
    fn check(&self, n_clients: usize, n_params: usize) -> Result<()> {
        check_len("weights", self.weights.len(), n_clients, "one weight for each client")?;
        check_len("clusters", self.clusters.len(), n_clients, "one cluster for each client")?;
        check(self.n_clusters > 0, "n_clusters", self.n_clusters, "at least 1")?;
        let ids = 0..self.n_clusters as i64;
        check_each("clusters", self.clusters, "in [0, n_clusters)", |c| ids.contains(&c))?;
        check_each("weights", self.weights, "finite and at least 0", |w| w.is_finite() && w >= 0.0)?;
        let expected = self.n_clusters.saturating_mul(n_params);
        check_len("start", self.start.map_or(expected, <[f64]>::len), expected, "n_clusters * n_params")
    }
}

/// Weighted sums of the clients' updates.
#[derive(Debug, Clone, PartialEq)]
pub struct Summed {
    /// `start[c] + sum_k weights[k] * delta_k` over the clients of each cluster, (`n_clusters`, `n_params`).
    pub sums: Vec<f64>,
    /// Mean loss of each client's batches, NaN for a client without rows, (`n_clients`,).
    pub losses: Vec<f64>,
    /// Probabilities of the rows to score under their clients' trained models, ragged like these rows.
    pub scores: Vec<f32>,
}

/// Trains every client and sums the updates of each cluster; scores rows by the trained models.
///
/// A trained model is the one received plus the update, as [`super::train_clients`] gives it: its scores have the
/// bits of [`super::client_scores`].
///
/// # Errors
/// [`Error`] naming the argument that is out of its range; [`Error::Diverged`] naming the client whose update is
/// not finite.
pub fn train_and_sum(
    table: Table<'_>,
    models: &Models<'_>,
    group: Group<'_>,
    training: Training,
    weighting: Weighting<'_>,
    scored_rows: Option<ScoredRows<'_>>,
) -> Result<Summed> {
    let (shape, n) = (models.shape, group.offsets.n_clients());
    check_all(&table, models, &group, &training)?;
    weighting.check(n, shape.n_params())?;
    scored_rows.map_or(Ok(()), |scored_rows| scored_rows.check(&table, n))?;
    let mut trainer = Trainer::new(table, models, group, training);
    trainer.scored_rows = scored_rows;
    let too_many = || too_many(weighting.n_clusters, shape.n_params());
    let mut sums: Vec<[f64; PANEL]> = zeros(weighting.n_clusters.checked_mul(shape.n_rows()), too_many)?;
    let start = weighting.start.unwrap_or_default().chunks_exact(shape.n_params());
    for (start, sums) in start.zip(sums.chunks_exact_mut(shape.n_rows())) {
        shape.pack(start, sums);
    }
    let mut losses = vec![f64::NAN; n];
    let mut scores = vec![0.0; scored_rows.map_or(0, |scored_rows| scored_rows.rows.len())];
    let (mut wave, mut next) = (Wave::default(), 0);
    while next < n {
        let clients = wave.plan(&trainer, weighting.clusters, next);
        next = clients.end;
        wave.train(&trainer, &mut losses, &mut scores);
        add(&trainer, &wave, weighting.weights, &mut sums);
        if !sums.as_flattened().iter().all(|sum| sum.is_finite()) {
            return Err(diverged(&wave, clients, group));
        }
    }
    let mut flat = zeros(weighting.n_clusters.checked_mul(shape.n_params()), too_many)?;
    for (sums, flat) in sums.chunks_exact(shape.n_rows()).zip(flat.chunks_exact_mut(shape.n_params())) {
        shape.unpack(sums, flat);
    }
    Ok(Summed { sums: flat, losses, scores })
}

/// Adds the updates of a wave to the sums, each thread to its own part of them.
fn add(trainer: &Trainer<'_>, wave: &Wave, weights: &[f64], sums: &mut [[f64; PANEL]]) {
    let (shape, arch) = (trainer.shape, Arch::new());
    let (panels, inputs) = (shape.panels(), shape.inputs());
    let wanted = (4 * rayon::current_num_threads()).div_ceil(panels * sums.len() / shape.n_rows());
    let height = inputs.div_ceil(wanted.min(inputs.div_ceil(MIN_HEIGHT)));
    let mut parts = Vec::new();
    for (cluster, sums) in sums.chunks_exact_mut(shape.n_rows()).enumerate() {
        let entries = wave.entries(cluster);
        if entries.is_empty() {
            continue;
        }
        let (body, tail) = sums.split_at_mut(shape.body());
        for (panel, sums) in body.chunks_exact_mut(inputs).enumerate() {
            let pieces = sums.chunks_mut(height).enumerate();
            parts.extend(pieces.map(|(i, sums)| (Part { entries, panel, first: i * height }, sums)));
        }
        parts.push((Part { entries, panel: panels, first: 0 }, tail));
    }
    parts.into_par_iter().with_max_len(1).for_each(|(part, sums)| {
        arch.dispatch(AddPart { trainer, wave, weights, part, sums });
    });
}

/// Fewest rows of a panel that are worth a task of their own: two tiles of the widest machine.
const MIN_HEIGHT: usize = 24;

/// Rows of one panel of one cluster's sum, from `first` on; the panel after the last is the tail.
#[derive(Debug, Clone, Copy)]
struct Part<'a> {
    entries: &'a [Entry],
    panel: usize,
    first: usize,
}

/// Adds the updates of one cluster's clients to a part of its sum, in the clients' order.
struct AddPart<'a> {
    trainer: &'a Trainer<'a>,
    wave: &'a Wave,
    weights: &'a [f64],
    part: Part<'a>,
    sums: &'a mut [[f64; PANEL]],
}

impl WithSimd for AddPart<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Part { entries, panel, first } = self.part;
        let (shape, scale) = (self.trainer.shape, self.trainer.one_step());
        let (inputs, height) = (shape.inputs(), self.sums.len());
        for entry in entries {
            let weight = self.weights[entry.client];
            let mut sink = Weighted { scale, weight, sums: &mut *self.sums };
            if let Some(update) = self.wave.update(entry, shape, panel * inputs + first) {
                sink.take_rows(update);
            } else {
                let (x, errors) = self.wave.factors(entry, shape, panel);
                backward(simd, x, inputs, (first, height), errors, &mut sink);
            }
        }
    }
}

/// The error for sums that are no longer finite after a wave of clients.
fn diverged(wave: &Wave, clients: Range<usize>, group: Group<'_>) -> Error {
    Error::Diverged(match wave.first_not_finite() {
        Some(client) => format!("client {}", group.clients[client]),
        None => format!("one of {} clients from client {} on", clients.len(), group.clients[clients.start]),
    })
}
