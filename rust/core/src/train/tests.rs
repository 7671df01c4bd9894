//! What holds for the trainer as a whole; exact values are tested against numpy in `tests/test_native.py`.

use proptest::prelude::*;
use pulp::{Arch, Scalar, Simd, WithSimd};
use rayon::ThreadPoolBuilder;

use super::local::{Scratch, TrainClient, Trainer};
use super::*;
use crate::error::Error;
use crate::mlp::layout::PANEL;
use crate::ragged::{Offsets, offsets_of};
use crate::sampling::Length;

const SHAPE: Shape = Shape { n_features: 5, hidden: 37 };

/// A federation with clients of all kinds: empty, of one row, of one batch, of many, larger than a block.
struct Federation {
    x: Vec<f32>,
    y: Vec<u8>,
    models: Vec<f32>,
    rows: Vec<i64>,
    offsets: Vec<i64>,
    model_index: Vec<i64>,
    clients: Vec<i64>,
    positive_weight: Vec<f64>,
    weights: Vec<f64>,
    clusters: Vec<i64>,
}

/// Numbers in [-1, 1) that look random: a Weyl sequence.
fn noise(n: usize, seed: u64) -> Vec<f32> {
    let step = |i: u64| (i + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64).wrapping_add(seed << 7);
    (0..n as u64)
        .map(|i| (step(i).wrapping_mul(step(i) >> 32) >> 40) as f32 / (1 << 23) as f32 - 1.0)
        .collect()
}

fn federation(sizes: &[usize]) -> Federation {
    let n = 700;
    let offsets = offsets_of(sizes.iter().copied());
    let n_rows = offsets[sizes.len()];
    let ids = 0..sizes.len() as i64;
    Federation {
        x: noise(n * SHAPE.n_features, 1),
        y: noise(n, 2).iter().map(|&value| u8::from(value > 0.3)).collect(),
        models: noise(3 * SHAPE.n_params(), 3),
        rows: (0..n_rows).map(|i| i * 31 % n as i64).collect(),
        offsets,
        model_index: ids.clone().map(|k| k % 3).collect(),
        clients: ids.clone().map(|k| 10 + k).collect(),
        positive_weight: ids.clone().map(|k| 1.0 + (k % 2) as f64).collect(),
        weights: sizes.iter().map(|&size| size as f64 / 3.0).collect(),
        clusters: ids.map(|k| k / 2 % 2).collect(),
    }
}

impl Federation {
    fn table(&self) -> Table<'_> {
        Table { x: Features { values: &self.x, n_features: SHAPE.n_features }, y: &self.y }
    }

    fn models(&self) -> Models<'_> {
        Models { shape: SHAPE, params: &self.models }
    }

    /// The clients from `first` to `end`, with `offsets` that begin at 0.
    fn group<'a>(&'a self, first: usize, end: usize, offsets: &'a mut Vec<i64>) -> Group<'a> {
        *offsets = self.offsets[first..=end].iter().map(|offset| offset - self.offsets[first]).collect();
        let rows = &self.rows[self.offsets[first] as usize..self.offsets[end] as usize];
        Group {
            rows,
            offsets: Offsets::new(offsets, rows.len()).unwrap(),
            model_index: &self.model_index[first..end],
            clients: &self.clients[first..end],
            positive_weight: &self.positive_weight[first..end],
        }
    }

    fn train(&self, first: usize, end: usize, training: Training) -> Trained {
        let mut offsets = Vec::new();
        train_clients(self.table(), &self.models(), self.group(first, end, &mut offsets), training).unwrap()
    }

    fn sum(&self, first: usize, end: usize, training: Training, start: Option<&[f64]>) -> Summed {
        let mut offsets = Vec::new();
        let group = self.group(first, end, &mut offsets);
        let (weights, clusters) = (&self.weights[first..end], &self.clusters[first..end]);
        let weighting = Weighting { weights, clusters, n_clusters: 2, start };
        train_and_sum(self.table(), &self.models(), group, training, weighting, None).unwrap()
    }
}

fn training(batch_size: usize, length: Length) -> Training {
    Training { learning_rate: 0.1, batch_size, length, prox_mu: 0.2, seed: 4, round: 2 }
}

fn bits(trained: &Trained) -> (Vec<u32>, Vec<u64>) {
    (
        trained.deltas.iter().map(|delta| delta.to_bits()).collect(),
        trained.losses.iter().map(|loss| loss.to_bits()).collect(),
    )
}

/// Weighted sums of written-out updates, client after client.
fn sums_of(federation: &Federation, trained: &Trained) -> Vec<f64> {
    let p = SHAPE.n_params();
    let mut sums = vec![0.0; 2 * p];
    for (k, delta) in trained.deltas.chunks_exact(p).enumerate() {
        let cluster = federation.clusters[k] as usize;
        for (sum, &delta) in sums[cluster * p..(cluster + 1) * p].iter_mut().zip(delta) {
            *sum += federation.weights[k] * f64::from(delta);
        }
    }
    sums
}

const SIZES: [usize; 12] = [3, 0, 1, 40, 17, 300, 8, 8, 9, 0, 16, 33];

#[test]
fn the_number_of_threads_does_not_matter() {
    let federation = federation(&SIZES);
    let run = |threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let training = training(16, Length::Epochs(1));
        pool.install(|| (federation.train(0, 12, training), federation.sum(0, 12, training, None)))
    };
    let (trained, summed) = run(1);
    for threads in [2, 3, 5] {
        let (others, sum) = run(threads);
        assert_eq!(bits(&trained), bits(&others));
        assert_eq!(summed.sums, sum.sums);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn groups_and_sums_have_the_same_bits(
        sizes in prop::collection::vec(0_usize..70, 1..14),
        cut in 0_usize..14,
        batch_size in 1_usize..80,
        epochs in 1_i64..3,
        by_steps: bool,
    ) {
        let length = if by_steps { Length::Steps(epochs) } else { Length::Epochs(epochs) };
        let (federation, training) = (federation(&sizes), training(batch_size, length));
        let (n, cut) = (sizes.len(), cut.min(sizes.len()));
        let whole = federation.train(0, n, training);
        let (mut head, tail) = (federation.train(0, cut, training), federation.train(cut, n, training));
        head.deltas.extend(tail.deltas);
        head.losses.extend(tail.losses);
        prop_assert_eq!(bits(&whole), bits(&head));
        let summed = federation.sum(0, n, training, None);
        prop_assert_eq!(&summed.sums, &sums_of(&federation, &whole));
        prop_assert_eq!(bits(&whole).1, bits(&Trained { deltas: Vec::new(), losses: summed.losses }).1);
        let first = federation.sum(0, cut, training, None).sums;
        prop_assert_eq!(summed.sums, federation.sum(cut, n, training, Some(&first)).sums);
    }
}

#[test]
fn batches_larger_than_a_block_are_summed_too() {
    let federation = federation(&[600, 300, 257, 256]);
    for length in [Length::Epochs(1), Length::Epochs(3)] {
        let training = training(600, length);
        let trained = federation.train(0, 4, training);
        assert!(trained.deltas.iter().all(|delta| delta.is_finite()));
        assert_eq!(federation.sum(0, 4, training, None).sums, sums_of(&federation, &trained));
    }
}

#[test]
fn a_diverging_client_is_named() {
    let mut federation = federation(&[4, 4, 4, 40]);
    federation.x[699 * SHAPE.n_features] = f32::INFINITY;
    federation.rows[5] = 699;
    let mut offsets = Vec::new();
    let group = federation.group(0, 4, &mut offsets);
    let (weights, clusters) = (&federation.weights, &federation.clusters);
    let weighting = Weighting { weights, clusters, n_clusters: 2, start: None };
    let training = training(8, Length::Epochs(1));
    let error = train_and_sum(federation.table(), &federation.models(), group, training, weighting, None);
    assert_eq!(error.unwrap_err(), Error::Diverged(format!("client {}", group.clients[1])));
}

/// One client's whole training, computed by one instruction set.
struct OneClient<'a>(&'a Trainer<'a>);

impl WithSimd for OneClient<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let mut update = vec![[0.0; PANEL]; SHAPE.n_rows()];
        let scratch = &mut Scratch::default();
        TrainClient { trainer: self.0, k: 0, scratch, update: &mut update }.with_simd(simd);
        update.into_flattened()
    }
}

#[test]
fn instruction_sets_agree() {
    let (federation, mut offsets) = (federation(&[40]), Vec::new());
    let group = federation.group(0, 1, &mut offsets);
    let training = training(15, Length::Epochs(2));
    let trainer = Trainer::new(federation.table(), &federation.models(), group, training);
    let plain = Scalar.vectorize(OneClient(&trainer));
    let best = Arch::new().dispatch(OneClient(&trainer));
    for (plain, best) in plain.iter().zip(&best) {
        assert!((plain - best).abs() < 1e-5, "{plain} and {best}");
    }
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = pulp::x86::V3::try_new() {
        assert_eq!(best, Simd::vectorize(avx2, OneClient(&trainer)), "both fuse multiply and add");
    }
}

#[test]
fn a_trained_model_scores_rows() {
    let federation = federation(&SIZES);
    let offsets = offsets_of([2, 3, 0, 1, 300, 1, 0, 4, 1, 0, 2, 5]);
    let rows: Vec<i64> = (0..offsets[SIZES.len()]).map(|i| i * 7 % 700).collect();
    let scored_rows = ScoredRows { rows: &rows, offsets: Offsets::new(&offsets, rows.len()).unwrap() };
    let n = SIZES.len();
    for (batch_size, length) in [(8, Length::Epochs(1)), (512, Length::Epochs(1)), (8, Length::Steps(3))] {
        let training = training(batch_size, length);
        let mut buffer = Vec::new();
        let group = federation.group(0, n, &mut buffer);
        let (weights, clusters) = (&federation.weights, &federation.clusters);
        let weighting = Weighting { weights, clusters, n_clusters: 2, start: None };
        let (table, models) = (federation.table(), federation.models());
        let summed = train_and_sum(table, &models, group, training, weighting, Some(scored_rows)).unwrap();
        let mut trained = federation.train(0, n, training).deltas;
        for (k, model) in trained.chunks_exact_mut(SHAPE.n_params()).enumerate() {
            let received = &federation.models[k % 3 * SHAPE.n_params()..];
            model.iter_mut().zip(received).for_each(|(weight, received)| *weight += received);
        }
        let own = Models { shape: SHAPE, params: &trained };
        let expected = client_scores(table.x, &rows, &offsets, &own).unwrap();
        let bits = |scores: &[f32]| scores.iter().map(|score| score.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&summed.scores), bits(&expected));
        let plain = train_and_sum(table, &models, group, training, weighting, None).unwrap();
        assert_eq!(summed.sums, plain.sums);
    }
}

#[test]
fn rows_to_score_must_be_of_the_clients_and_of_the_table() {
    let federation = federation(&SIZES);
    let mut buffer = Vec::new();
    let group = federation.group(0, SIZES.len(), &mut buffer);
    let (weights, clusters) = (&federation.weights, &federation.clusters);
    let weighting = Weighting { weights, clusters, n_clusters: 2, start: None };
    let training = training(8, Length::Epochs(1));
    for (sizes, row, named) in [(vec![1; SIZES.len()], 700, "scored_rows[0]"), (vec![1; 3], 0, "scored_rows")]
    {
        let (rows, offsets) = (vec![row; sizes.len()], offsets_of(sizes));
        let scored_rows = ScoredRows { rows: &rows, offsets: Offsets::new(&offsets, rows.len()).unwrap() };
        let (table, models) = (federation.table(), federation.models());
        let error = train_and_sum(table, &models, group, training, weighting, Some(scored_rows)).unwrap_err();
        assert!(error.to_string().contains(named), "{error}");
    }
}
