//! Timings of the kernels by themselves, without Python: `cargo bench --package cfmt-core`.
//!
//! Inputs are drawn from seeded streams, and large enough that most kernels take milliseconds; ten samples
//! of each, so that all take about a minute. `RAYON_NUM_THREADS` sets the threads.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use std::hint::black_box;
use std::time::Duration;

use cfmt_core::aggregate::weighted_mean;
use cfmt_core::clustering::{Options, Points, kmeans};
use cfmt_core::partition::{Classes, Plan, partition};
use cfmt_core::ragged::Offsets;
use cfmt_core::random::{Purpose, stream};
use cfmt_core::sampling::{
    Budget, Centres, ClientStreams, Length, Weights, batch_plan, error_histograms, meta_sample,
    weighted_sample,
};
use cfmt_core::train::{Features, Group, Models, Shape, Table, Training, Weighting, train_and_sum};
use criterion::{Criterion, criterion_group, criterion_main};
use rand::RngExt;

const SEED: u64 = 7;
/// Rows of one client that is large, or of a thousand that are not.
const N_ROWS: usize = 1_000_000;

fn uniform(n: usize, item: u64) -> Vec<f64> {
    let mut rng = stream(SEED, Purpose::Synthetic, 0, item);
    (0..n).map(|_| rng.random()).collect()
}

fn singles(n: usize, item: u64) -> Vec<f32> {
    uniform(n, item).into_iter().map(|x| x as f32).collect()
}

/// One row in twenty is an attack.
fn labels(n: usize) -> Vec<u8> {
    uniform(n, 1).into_iter().map(|x| u8::from(x < 0.05)).collect()
}

/// Rows divided evenly over clients.
fn even_offsets(n_rows: usize, n_clients: usize) -> Vec<i64> {
    (0..=n_clients).map(|k| (k * n_rows / n_clients) as i64).collect()
}

fn streams(clients: &[i64], purpose: Purpose) -> ClientStreams<'_> {
    ClientStreams { seed: SEED, purpose, round: 1, clients }
}

fn sampling(c: &mut Criterion) {
    let (errors, labels, one) = (singles(N_ROWS, 0), labels(N_ROWS), even_offsets(N_ROWS, 1));
    c.bench_function("error histograms: 1,000,000 rows, 10 bins", |b| {
        b.iter(|| error_histograms(black_box(&errors), &one, 10));
    });
    for (name, budget) in [("under", Budget::Under), ("matched", Budget::Matched)] {
        for (shape, n_clients) in [("one client of 1,000,000 rows", 1), ("1,000 clients of 1,000 rows", 1000)]
        {
            let (offsets, clients) =
                (even_offsets(N_ROWS, n_clients), (0..n_clients as i64).collect::<Vec<_>>());
            let (mu, streams) = (vec![0.3; n_clients], streams(&clients, Purpose::Sampling));
            let centres = Centres { mu: &mu, minority_mu: None, sigma: 0.2 };
            c.bench_function(&format!("meta-sample, {name}: {shape}"), |b| {
                b.iter(|| meta_sample(black_box(&errors), &labels, &offsets, centres, budget, streams));
            });
        }
    }
    let weights = uniform(N_ROWS, 2);
    let weights = Weights { values: &weights, log: false };
    c.bench_function("weighted draw of 10 %: one client of 1,000,000 rows", |b| {
        let sizes = [N_ROWS as i64 / 10];
        b.iter(|| weighted_sample(black_box(weights), &one, &sizes, false, streams(&[0], Purpose::Sampling)));
    });
    let (offsets, clients) = (even_offsets(N_ROWS, 1000), (0..1000).collect::<Vec<_>>());
    c.bench_function("batch plan: 1,000 clients of 1,000 rows", |b| {
        b.iter(|| {
            batch_plan(black_box(&offsets), 32, Length::Epochs(1), streams(&clients, Purpose::Batches))
        });
    });
}

fn partitions(c: &mut Criterion) {
    // Rows of KDDTrain+: normal, dos, probe, r2l, u2r.
    let sizes = [67_343, 45_927, 11_656, 995, 52];
    let labels: Vec<i64> =
        (0_i64..).zip(sizes).flat_map(|(label, n)| std::iter::repeat_n(label, n)).collect();
    let classes = Classes::from_labels(&labels).expect("labels are classes");
    for n_clients in [1000, 100_000] {
        let plan = Plan::new(n_clients, Some(0.5), None, 1, None).expect("the plan is possible");
        c.bench_function(&format!("Dirichlet(0.5): 125,973 rows to {n_clients} clients"), |b| {
            b.iter(|| partition(black_box(&classes), &plan, SEED));
        });
    }
}

fn clustering(c: &mut Criterion) {
    let mut values = uniform(200_000, 3);
    for (i, value) in values.iter_mut().enumerate() {
        *value += ((i / 2 % 8) >> (i % 2)) as f64; // eight squares, side by side
    }
    let points = Points::new("points", &values, 2).expect("points are finite");
    let options = Options { n_init: 10, max_iter: 300, tol: 1e-4, seed: SEED, round: 1 };
    c.bench_function("k-means: 100,000 x 2, k = 8, 10 restarts", |b| {
        b.iter(|| kmeans(black_box(points), 8, options));
    });
}

fn aggregation(c: &mut Criterion) {
    let n_params = 15_745; // of the detector on NSL-KDD
    let (updates, weights) = (singles(1000 * n_params, 4), uniform(1000, 5));
    c.bench_function("weighted mean: 1,000 updates of 15,745 parameters", |b| {
        b.iter(|| weighted_mean(black_box(&updates), n_params, &weights));
    });
}

fn training(c: &mut Criterion) {
    let (n_rows, n_clients, shape) = (125_973, 1000, Shape { n_features: 121, hidden: 128 });
    let (x, y) = (singles(n_rows * shape.n_features, 6), labels(n_rows));
    let (rows, offsets) = ((0..n_rows as i64).collect::<Vec<_>>(), even_offsets(n_rows, n_clients));
    let params: Vec<f32> = singles(shape.n_params(), 7).iter().map(|u| (u - 0.5) * 0.2).collect();
    let (zeros, ones) = (vec![0; n_clients], vec![1.0; n_clients]);
    let clients: Vec<i64> = (0..n_clients as i64).collect();
    let table = Table { x: Features { values: &x, n_features: shape.n_features }, y: &y };
    let group = Group {
        rows: &rows,
        offsets: Offsets::new(&offsets, n_rows).expect("offsets cover the rows"),
        model_index: &zeros,
        clients: &clients,
        positive_weight: &ones,
    };
    let length = Length::Epochs(1);
    let training =
        Training { learning_rate: 0.05, batch_size: 32, length, prox_mu: 0.1, seed: SEED, round: 1 };
    let weighting = Weighting { weights: &ones, clusters: &zeros, n_clusters: 1, start: None };
    c.bench_function("local training, summed: 125,973 rows on 1,000 clients", |b| {
        b.iter(|| {
            train_and_sum(
                black_box(table),
                &Models { shape, params: &params },
                group,
                training,
                weighting,
                None,
            )
        });
    });
}

criterion_group! {
    name = kernels;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = sampling, partitions, clustering, aggregation, training
}
criterion_main!(kernels);
