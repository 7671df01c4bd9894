//! The scorer: scales, words and model, and one pass over raw rows.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::scale::Scale;
use crate::error::{Error, Result, check, check_all, check_len, zeros};
use crate::mlp::layout::{PANEL, Row, Shape};
use crate::mlp::tile::{Inputs, forward};
use crate::mlp::{logits, probability};
use crate::ragged::Offsets;

/// Rows that pass through the model at once.
pub(super) const BLOCK: usize = 64;

/// Raw rows of a table.
#[derive(Debug, Clone, Copy)]
pub struct RawRows<'a> {
    /// How many there are.
    pub n: usize,
    /// Numbers, (n, `n_numeric`).
    pub numeric: &'a [f64],
    /// Codes of words, (n, `n_categorical`).
    pub codes: &'a [i64],
    /// The word of the model that each code of each categorical column stands for, or -1 for none of them.
    pub words: &'a [i64],
    /// Where the codes of each categorical column start in `words`.
    pub offsets: Offsets<'a>,
}

/// A trained model with all that it needs to score raw rows.
#[derive(Debug)]
pub struct Scorer {
    pub(super) n_numeric: usize,
    /// Numeric features: the raw column of each, and how it is scaled.
    pub(super) scales: Vec<(usize, Scale)>,
    /// The first feature of each categorical column's words, and the end.
    pub(super) firsts: Vec<u32>,
    /// One feature more than the model has, with all weights 0: what a word is that the model does not know.
    pub(super) shape: Shape,
    pub(super) model: Vec<Row>,
}

impl Scorer {
    /// Lays a flat model out for scoring.
    ///
    /// `scales` are those of the model's first features; `n_words` says how many of the following belong to each
    /// categorical column.
    ///
    /// # Errors
    /// [`Error`] naming the argument that is out of its range.
    pub fn new(
        n_numeric: usize,
        scales: Vec<(usize, Scale)>,
        n_words: &[usize],
        params: &[f32],
        hidden: usize,
    ) -> Result<Self> {
        check(hidden > 0, "hidden", hidden, "at least 1")?;
        for (column, scale) in &scales {
            check(*column < n_numeric, "columns", column, "below n_numeric")?;
            scale.check()?;
        }
        let end = n_words.iter().try_fold(scales.len(), |end, &size| end.checked_add(size));
        let n_features = end.filter(|&end| end < u32::MAX as usize - 1);
        let n_features = n_features.ok_or_else(|| Error::Impossible("n_words: are too many words".into()))?;
        check(n_features > 0, "columns", 0, "at least one, where there are no words")?;
        let given = Shape { n_features, hidden };
        check_len("params", params.len(), given.n_params(), "the model of these features")?;
        check_all("params", params, "finite", f32::is_finite)?;
        let shape = Shape { n_features: n_features + 1, hidden };
        let mut model = vec![[0.0; PANEL]; shape.n_rows()];
        shape.pack(&with_a_zero(given, params), &mut model);
        let mut firsts = vec![scales.len() as u32];
        for &size in n_words {
            firsts.push(firsts[firsts.len() - 1] + size as u32);
        }
        Ok(Self { n_numeric, scales, firsts, shape, model })
    }

    /// Columns that have a part in a score: numeric features, then categorical columns.
    pub fn n_parts(&self) -> usize {
        self.scales.len() + self.n_categorical()
    }

    /// Categorical columns of a raw row.
    pub fn n_categorical(&self) -> usize {
        self.firsts.len() - 1
    }

    /// Attack probability of each row, (n,). The bits do not depend on the number of threads.
    ///
    /// # Errors
    /// [`Error`] naming the argument that does not fit the model.
    pub fn scores(&self, rows: RawRows<'_>) -> Result<Vec<f32>> {
        self.map(rows, probability)
    }

    /// Logit of each row, (n,).
    ///
    /// # Errors
    /// [`Error`] naming the argument that does not fit the model.
    pub fn logits(&self, rows: RawRows<'_>) -> Result<Vec<f32>> {
        self.map(rows, |logit| logit)
    }

    fn map(&self, rows: RawRows<'_>, of_logit: impl Fn(f32) -> f32 + Sync) -> Result<Vec<f32>> {
        self.check(rows)?;
        let mut out = zeros(Some(rows.n), || format!("numeric: {} rows do not fit into memory", rows.n))?;
        let arch = Arch::new();
        out.par_chunks_mut(BLOCK).enumerate().for_each_init(Block::default, |block, (i, out)| {
            block.fill(self, rows, i * BLOCK, out.len());
            arch.dispatch(Forward { scorer: self, block, out });
            for value in out {
                *value = of_logit(*value);
            }
        });
        Ok(out)
    }

    /// Checks that rows fit the model.
    pub(super) fn check(&self, rows: RawRows<'_>) -> Result<()> {
        check_len("numeric", rows.numeric.len(), rows.n * self.n_numeric, "the detector's numeric columns")?;
        let n_columns = self.n_categorical();
        check_len("codes", rows.codes.len(), rows.n * n_columns, "the detector's categorical columns")?;
        check_len("offsets", rows.offsets.n_clients(), n_columns, "the detector's categorical columns")?;
        for column in 0..n_columns {
            let range = rows.offsets.range(column);
            let known = i64::from(self.firsts[column + 1] - self.firsts[column]);
            if let Some(at) = rows.words[range.clone()].iter().position(|word| !(-1..known).contains(word)) {
                return Err(Error::Element {
                    name: "words",
                    index: range.start + at,
                    value: rows.words[range.start + at].to_string(),
                    allowed: "a word of the model, or -1",
                });
            }
            let n_codes = range.len() as i64;
            let codes = rows.codes.iter().skip(column).step_by(n_columns);
            if let Some(row) = codes.clone().position(|code| !(0..n_codes).contains(code)) {
                let index = row * n_columns + column;
                return Err(Error::Element {
                    name: "codes",
                    index,
                    value: rows.codes[index].to_string(),
                    allowed: "a code of its column's vocabulary",
                });
            }
        }
        Ok(())
    }
}

/// The flat model with a feature more, whose weights are 0.
fn with_a_zero(shape: Shape, params: &[f32]) -> Vec<f32> {
    let (w1, rest) = params.split_at(shape.n_features * shape.hidden);
    let rows = w1.chunks_exact(shape.n_features).flat_map(|row| row.iter().copied().chain([0.0]));
    rows.chain(rest.iter().copied()).collect()
}

/// A block of rows as the model's inputs, and its hidden units.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// Numeric features, (n, `n_scales`).
    pub x: Vec<f32>,
    /// Words and the bias as features that are 1, (n, `n_categorical + 1`).
    pub ones: Vec<u32>,
    /// Activations of the hidden units, (panels, n), after [`Forward`].
    hidden: Vec<Row>,
    column: Vec<f64>,
    scaled: Vec<f32>,
}

impl Block {
    /// Scales `n` rows from `start` on, and looks their words up.
    pub fn fill(&mut self, scorer: &Scorer, rows: RawRows<'_>, start: usize, n: usize) {
        let (width, n_numeric) = (scorer.scales.len(), scorer.n_numeric);
        self.x.resize(n * width, 0.0);
        self.scaled.resize(n, 0.0);
        let raw = &rows.numeric[start * n_numeric..(start + n) * n_numeric];
        for (j, (column, scale)) in scorer.scales.iter().enumerate() {
            self.column.clear();
            self.column.extend(raw.chunks_exact(n_numeric).map(|row| row[*column]));
            scale.apply(&self.column, &mut self.scaled);
            for (row, &value) in self.x.chunks_exact_mut(width).zip(&self.scaled) {
                row[j] = value;
            }
        }
        let (n_columns, nothing) = (scorer.n_categorical(), scorer.shape.n_features as u32 - 1);
        self.ones.clear();
        for row in start..start + n {
            for column in 0..n_columns {
                let code = rows.codes[row * n_columns + column] as usize;
                let word = rows.words[rows.offsets.range(column).start + code];
                self.ones.push(if word < 0 { nothing } else { scorer.firsts[column] + word as u32 });
            }
            self.ones.push(nothing + 1); // the bias
        }
    }
}

/// Writes the logits of a block's rows.
struct Forward<'a> {
    scorer: &'a Scorer,
    block: &'a mut Block,
    out: &'a mut [f32],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { scorer, block, out } = self;
        let width = scorer.scales.len();
        block.hidden.resize(scorer.shape.panels() * out.len(), [0.0; PANEL]);
        let inputs = Inputs { x: &block.x, width, ones: &block.ones, n_ones: scorer.n_categorical() + 1 };
        forward(simd, scorer.shape, &scorer.model, inputs, &mut block.hidden);
        logits(scorer.shape, &scorer.model, &block.hidden, out);
    }
}
