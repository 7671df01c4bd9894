//! Attack probabilities of rows.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::block::{BLOCK, Block};
use super::group::{Features, Models};
use super::local::pack_all;
use crate::error::{Result, check_len, zeros};
use crate::mlp::layout::{PANEL, Row, Shape};
use crate::mlp::probability;
use crate::ragged::{Offsets, split_mut};

/// Probabilities of all rows under every model, (`n_models`, n).
///
/// It is parallel over blocks of rows; the bits do not depend on the number of threads.
///
/// # Errors
/// [`crate::Error`] naming the argument that is out of its range.
pub fn scores(x: Features<'_>, models: &Models<'_>) -> Result<Vec<f32>> {
    x.check()?;
    models.check(x.n_features)?;
    let (shape, n, arch) = (models.shape, x.len(), Arch::new());
    let mut out = zeros(models.len().checked_mul(n), || {
        format!(
            "models: {} of them on {n} rows of x do not fit into memory; score fewer at a time",
            models.len()
        )
    })?;
    let packed = pack_all(models);
    for (model, out) in packed.chunks_exact(shape.n_rows()).zip(out.chunks_exact_mut(n.max(1))) {
        out.par_chunks_mut(BLOCK).enumerate().for_each_init(Block::default, |block, (i, out)| {
            block.clear();
            block.gather(&x, i * BLOCK..i * BLOCK + out.len());
            arch.dispatch(Score { shape, model, block, out });
        });
    }
    Ok(out)
}

/// Probabilities of each client's rows under the client's own model, ragged like `rows`.
///
/// It is parallel over clients; the bits depend on neither threads nor grouping.
///
/// # Errors
/// [`crate::Error`] naming the argument that is out of its range.
pub fn client_scores(
    x: Features<'_>,
    rows: &[i64],
    offsets: &[i64],
    models: &Models<'_>,
) -> Result<Vec<f32>> {
    x.check()?;
    models.check(x.n_features)?;
    x.check_rows(rows)?;
    let clients = Offsets::new(offsets, rows.len())?;
    check_len("models", models.len(), clients.n_clients(), "one model for each client")?;
    let (shape, arch) = (models.shape, Arch::new());
    let mut out = vec![0.0; rows.len()];
    split_mut(&mut out, offsets).into_par_iter().enumerate().for_each_init(
        || (Block::default(), vec![[0.0; PANEL]; shape.n_rows()]),
        |(block, model), (k, out)| {
            shape.pack(&models.params[k * shape.n_params()..(k + 1) * shape.n_params()], model);
            for (out, rows) in out.chunks_mut(BLOCK).zip(rows[clients.range(k)].chunks(BLOCK)) {
                block.clear();
                block.gather(&x, rows.iter().map(|&row| row as usize));
                arch.dispatch(Score { shape, model, block, out });
            }
        },
    );
    Ok(out)
}

/// Writes the probabilities of a block's rows.
pub(super) struct Score<'a> {
    pub shape: Shape,
    pub model: &'a [Row],
    pub block: &'a mut Block,
    pub out: &'a mut [f32],
}

impl WithSimd for Score<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.block.forward(simd, self.shape, self.model);
        for (out, &z) in self.out.iter_mut().zip(&self.block.z) {
            *out = probability(z);
        }
    }
}
