//! Register tiles: the two matrix products of a training step, with what follows each fused to it.
//!
//! A tile keeps `M` x `N` vectors of sums in registers while it runs along the inner axis. Every sum is one
//! chain of multiply-adds in the order of the inner axis, from 0, whatever the tile: so results depend neither
//! on how rows are cut into tiles nor on the width of the machine's vectors (only on whether it fuses the
//! multiplication with the addition, which every x86-64 since 2013 and every 64-bit ARM does).

use pulp::Simd;

use super::layout::{PANEL, Row, Shape};

/// Something done tile by tile over rows `0..n`.
trait Tiles<S: Simd> {
    /// Handles the `M` rows from `first` on.
    fn tile<const M: usize, const N: usize>(&mut self, simd: S, first: usize);
}

/// Covers `0..n` by the largest tiles that the machine's registers hold, then by smaller ones.
#[inline(always)]
fn cover<S: Simd>(simd: S, n: usize, tiles: &mut impl Tiles<S>) {
    match S::F32_LANES {
        16.. => cover_by::<S, 12, 2>(simd, n, tiles),
        8 => cover_by::<S, 6, 2>(simd, n, tiles),
        2..8 => cover_by::<S, 6, 4>(simd, n, tiles),
        _ => cover_by::<S, 1, 16>(simd, n, tiles),
    }
}

#[inline(always)]
fn cover_by<S: Simd, const M: usize, const N: usize>(simd: S, n: usize, tiles: &mut impl Tiles<S>) {
    let mut first = 0;
    while first + M <= n {
        tiles.tile::<M, N>(simd, first);
        first += M;
    }
    if M > 8 && first + 8 <= n {
        tiles.tile::<8, N>(simd, first);
        first += 8;
    }
    if M > 4 && first + 4 <= n {
        tiles.tile::<4, N>(simd, first);
        first += 4;
    }
    if M > 2 && first + 2 <= n {
        tiles.tile::<2, N>(simd, first);
        first += 2;
    }
    if M > 1 && first < n {
        tiles.tile::<1, N>(simd, first);
    }
}

/// Parts of a panel that a tile of `N` vectors takes one after the other.
const fn parts<S: Simd, const N: usize>() -> usize {
    PANEL / (N * S::F32_LANES)
}

/// What goes into the first layer: numbers, and rows of the layer whose feature is 1.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a> {
    /// Numbers, (n, `width`), of the first `width` features.
    pub x: &'a [f32],
    /// How many of a row's features are numbers.
    pub width: usize,
    /// Features that are 1, (n, `n_ones`), by their numbers in rising order.
    pub ones: &'a [u32],
    /// How many of a row's features are given so.
    pub n_ones: usize,
}

impl<'a> Inputs<'a> {
    /// Every feature as a number, and a last 1 for the bias.
    pub fn dense(shape: Shape, x: &'a [f32]) -> Self {
        Self { x, width: shape.inputs(), ones: &[], n_ones: 0 }
    }
}

/// `hidden[q][b] = relu(x[b] W1 + b1)`, panel after panel.
///
/// `hidden` is (panels, n) rows, of at least one row. A NaN stays a NaN. Features that are 1 have the bits of numbers that are 1, and
/// those that are left out have the bits of numbers that are 0.
#[inline(always)]
pub(crate) fn forward<S: Simd>(simd: S, shape: Shape, model: &[Row], inputs: Inputs<'_>, hidden: &mut [Row]) {
    let n = hidden.len() / shape.panels();
    let panels = model[..shape.body()].chunks_exact(shape.inputs());
    for (weights, hidden) in panels.zip(hidden.chunks_exact_mut(n)) {
        cover(simd, n, &mut Forward { inputs, weights, hidden });
    }
}

struct Forward<'a> {
    inputs: Inputs<'a>,
    weights: &'a [Row],
    hidden: &'a mut [Row],
}

impl<S: Simd> Tiles<S> for Forward<'_> {
    #[inline(always)]
    fn tile<const M: usize, const N: usize>(&mut self, simd: S, first: usize) {
        let Inputs { x, width, ones, n_ones } = self.inputs;
        let rows: [&[f32]; M] = std::array::from_fn(|i| &x[(first + i) * width..][..width]);
        let (weights, _) = S::as_simd_f32s(self.weights.as_flattened());
        let (weights, _) = weights.as_chunks::<N>();
        let zero = simd.splat_f32s(0.0);
        for part in 0..parts::<S, N>() {
            let mut sums = [[zero; N]; M];
            for j in 0..width {
                let weights = &weights[j * parts::<S, N>() + part];
                for i in 0..M {
                    let value = simd.splat_f32s(rows[i][j]);
                    for v in 0..N {
                        sums[i][v] = simd.mul_add_e_f32s(value, weights[v], sums[i][v]);
                    }
                }
            }
            for i in 0..M {
                for &feature in &ones[(first + i) * n_ones..][..n_ones] {
                    let weights = &weights[feature as usize * parts::<S, N>() + part];
                    for v in 0..N {
                        sums[i][v] = simd.add_f32s(sums[i][v], weights[v]);
                    }
                }
            }
            for (row, sums) in self.hidden[first..first + M].iter_mut().zip(sums) {
                let out = &mut S::as_mut_simd_f32s(row).0[part * N..(part + 1) * N];
                for v in 0..N {
                    out[v] = simd.select_f32s(simd.less_than_f32s(sums[v], zero), zero, sums[v]);
                }
            }
        }
    }
}

/// What becomes of the gradient of some rows of a panel.
pub(crate) trait Sink<S: Simd> {
    /// Takes the gradient of the rows from `first` on, part `part` of their lanes.
    fn take<const M: usize, const N: usize>(
        &mut self,
        simd: S,
        first: usize,
        part: usize,
        gradient: [[S::f32s; N]; M],
    );
}

/// The gradient of `n_inputs` weights of one panel from input `first` on: `sum_b x[b][j] * errors[b]`.
///
/// `x` is (n, inputs), `errors` the n rows of the loss's derivative by the panel's hidden units. The sink gets
/// row numbers counted from `first`.
#[inline(always)]
pub(crate) fn backward<S: Simd>(
    simd: S,
    x: &[f32],
    inputs: usize,
    (first, n_inputs): (usize, usize),
    errors: &[Row],
    sink: &mut impl Sink<S>,
) {
    cover(simd, n_inputs, &mut Backward { x: &x[first..], inputs, errors, sink });
}

struct Backward<'a, K> {
    x: &'a [f32],
    inputs: usize,
    errors: &'a [Row],
    sink: &'a mut K,
}

impl<S: Simd, K: Sink<S>> Tiles<S> for Backward<'_, K> {
    #[inline(always)]
    fn tile<const M: usize, const N: usize>(&mut self, simd: S, first: usize) {
        let (errors, _) = S::as_simd_f32s(self.errors.as_flattened());
        let (errors, _) = errors.as_chunks::<N>();
        for part in 0..parts::<S, N>() {
            let mut sums = [[simd.splat_f32s(0.0); N]; M];
            for (b, row) in self.x[first..].chunks(self.inputs).enumerate() {
                let errors = &errors[b * parts::<S, N>() + part];
                for (sums, &value) in sums.iter_mut().zip(&row[..M]) {
                    let value = simd.splat_f32s(value);
                    for v in 0..N {
                        sums[v] = simd.mul_add_e_f32s(value, errors[v], sums[v]);
                    }
                }
            }
            self.sink.take::<M, N>(simd, first, part, sums);
        }
    }
}
