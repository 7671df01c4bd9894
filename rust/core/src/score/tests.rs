//! What holds for the scorer as a whole; it is compared with the numpy pipeline in `tests/detector/test_scorer.py`.

use proptest::prelude::*;

use super::{RawRows, Scale, Scorer, Steps};
use crate::mlp::Shape;
use crate::ragged::Offsets;
use crate::train::{self, Features, Models};

const N_WORDS: [usize; 2] = [3, 1];
const HIDDEN: usize = 37;
const SHAPE: Shape = Shape { n_features: 6, hidden: HIDDEN };
/// Codes of the first column stand for words 2, none, 0; those of the second for none and word 0.
const WORDS: [i64; 5] = [2, -1, 0, -1, 0];
const OFFSETS: [i64; 3] = [0, 3, 5];

fn scales() -> Vec<(usize, Scale)> {
    let edges = vec![f64::NEG_INFINITY, 0.0, 4.0];
    vec![
        (2, Scale::Steps(Steps::new(edges, vec![-1.5, 0.25, 1.5]).unwrap())),
        (0, Scale::Linear { logged: true, mean: 1.0, scale: 0.5 }),
    ]
}

fn scorer(params: &[f32]) -> Scorer {
    Scorer::new(3, scales(), &N_WORDS, params, HIDDEN).unwrap()
}

fn rows<'a>(numeric: &'a [f64], codes: &'a [i64]) -> RawRows<'a> {
    RawRows {
        n: codes.len() / 2,
        numeric,
        codes,
        words: &WORDS,
        offsets: Offsets::new(&OFFSETS, WORDS.len()).unwrap(),
    }
}

/// The rows as the trainer sees them: one-hot.
fn dense(rows: RawRows<'_>) -> Vec<f32> {
    let mut x = vec![0.0; rows.n * SHAPE.n_features];
    for (b, x) in x.chunks_exact_mut(SHAPE.n_features).enumerate() {
        for (j, (column, scale)) in scales().iter().enumerate() {
            scale.apply(&rows.numeric[b * 3 + column..][..1], &mut x[j..=j]);
        }
        for (column, first) in [2, 5].into_iter().enumerate() {
            let word = WORDS[OFFSETS[column] as usize + rows.codes[b * 2 + column] as usize];
            if word >= 0 {
                x[first + word as usize] = 1.0;
            }
        }
    }
    x
}

fn logit(params: &[f32], x: &[f64]) -> f64 {
    let d = SHAPE.n_features;
    let (w1, rest) = params.split_at(d * HIDDEN);
    let hidden = w1.chunks_exact(d).zip(rest).map(|(w, &b)| {
        let sum: f64 = w.iter().zip(x).map(|(&w, x)| f64::from(w) * x).sum();
        (sum + f64::from(b)).max(0.0)
    });
    let slopes = rest[HIDDEN..2 * HIDDEN].iter().map(|&w| f64::from(w));
    hidden.zip(slopes).map(|(h, w)| h * w).sum::<f64>() + f64::from(rest[2 * HIDDEN])
}

fn params() -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(-1.0..1.0_f32, SHAPE.n_params())
}

fn table() -> impl Strategy<Value = (Vec<f64>, Vec<i64>)> {
    prop::collection::vec(((0.0..9.0_f64, -5.0..5.0_f64, -5.0..9.0_f64), (0..3_i64, 0..2_i64)), 0..600)
        .prop_map(|rows| rows.into_iter().map(|((a, b, c), (d, e))| ([a, b, c], [d, e])).unzip())
        .prop_map(|(numbers, codes): (Vec<[f64; 3]>, Vec<[i64; 2]>)| (numbers.concat(), codes.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn scores_have_the_bits_of_the_trainer(params in params(), (numeric, codes) in table()) {
        let rows = rows(&numeric, &codes);
        let x = dense(rows);
        let features = Features { values: &x, n_features: SHAPE.n_features };
        let expected = train::scores(features, &Models { shape: SHAPE, params: &params }).unwrap();
        prop_assert_eq!(scorer(&params).scores(rows).unwrap(), expected);
    }

    #[test]
    fn parts_add_up_and_are_integrated_gradients(params in params(), (numeric, codes) in table()) {
        let rows = rows(&numeric, &codes);
        let (scorer, x) = (scorer(&params), dense(rows));
        let parts = scorer.explain(rows).unwrap();
        let zero = [0.0; SHAPE.n_features];
        prop_assert!((scorer.baseline() - logit(&params, &zero)).abs() < 1e-9);
        for (parts, x) in parts.chunks_exact(4).zip(x.chunks_exact(SHAPE.n_features)).take(5) {
            let x: Vec<f64> = x.iter().copied().map(f64::from).collect();
            let difference = logit(&params, &x) - logit(&params, &zero);
            prop_assert!((parts.iter().sum::<f64>() - difference).abs() < 1e-9);
            let first = integrated(&params, &x, 0);
            prop_assert!((parts[0] - first).abs() < 0.02, "{} {first}", parts[0]);
        }
    }
}

/// The integrated gradient of one feature, by a sum over 500 steps.
fn integrated(params: &[f32], x: &[f64], feature: usize) -> f64 {
    let steps = 500;
    let h = 1e-6;
    let slope = |i: usize| {
        let t = (i as f64 + 0.5) / f64::from(steps as u32);
        let mut at: Vec<f64> = x.iter().map(|x| x * t).collect();
        at[feature] += h;
        let above = logit(params, &at);
        at[feature] -= 2.0 * h;
        (above - logit(params, &at)) / (2.0 * h)
    };
    x[feature] * (0..steps).map(slope).sum::<f64>() / f64::from(steps as u32)
}

#[test]
fn what_does_not_fit_is_refused() {
    let params = vec![0.5; SHAPE.n_params()];
    let refused = |params: &[f32], n_words: &[usize], hidden| {
        Scorer::new(3, scales(), n_words, params, hidden).unwrap_err().to_string()
    };
    assert!(refused(&params, &[3, 2], HIDDEN).starts_with("params must have"));
    assert!(refused(&params, &[usize::MAX, 2], HIDDEN).contains("too many"));
    assert!(refused(&params, &N_WORDS, 0).starts_with("hidden"));
    assert!(refused(&vec![f32::NAN; SHAPE.n_params()], &N_WORDS, HIDDEN).starts_with("params[0]"));
    let scorer = scorer(&params);
    let failed = |rows| scorer.scores(rows).unwrap_err().to_string();
    assert!(failed(rows(&[0.0; 2], &[0, 0])).starts_with("numeric must have 3"));
    assert!(failed(rows(&[0.0; 3], &[0, 2])).starts_with("codes[1]"));
    let words = [3, -1, 0, -1, 0];
    let wrong = RawRows { words: &words, ..rows(&[0.0; 3], &[0, 0]) };
    assert!(failed(wrong).starts_with("words[0]"));
}

#[test]
fn a_model_without_numbers_or_without_words_scores() {
    let only_words = Scorer::new(0, vec![], &[2], &[1.0, -1.0, 0.0, 2.0, 0.5], 1).unwrap();
    let offsets = [0, 2];
    let rows = RawRows {
        n: 2,
        numeric: &[],
        codes: &[0, 1],
        words: &[0, -1],
        offsets: Offsets::new(&offsets, 2).unwrap(),
    };
    let found = only_words.scores(rows).unwrap();
    assert!((found[0] - 0.924_141_8).abs() < 1e-6 && (found[1] - 0.622_459_3).abs() < 1e-6);
    let scale = Scale::Linear { logged: false, mean: 0.0, scale: 1.0 };
    let only_numbers = Scorer::new(1, vec![(0, scale)], &[], &[1.0, 0.0, 2.0, 0.5], 1).unwrap();
    let rows =
        RawRows { n: 1, numeric: &[1.0], codes: &[], words: &[], offsets: Offsets::new(&[0], 0).unwrap() };
    assert!((only_numbers.scores(rows).unwrap()[0] - 0.924_141_8).abs() < 1e-6);
}
