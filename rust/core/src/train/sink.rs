//! What becomes of a gradient as it leaves the registers.

use pulp::Simd;

use crate::mlp::layout::{PANEL, Row};
use crate::mlp::tile::Sink;

/// `out = scale * gradient`, or added to what is there.
pub(super) struct Scaled<'a> {
    pub scale: f32,
    pub add: bool,
    pub out: &'a mut [Row],
}

impl Scaled<'_> {
    /// Takes whole rows that were not made by tiles.
    pub fn take_rows(self, gradient: &[Row]) {
        for (out, &gradient) in self.out.as_flattened_mut().iter_mut().zip(gradient.as_flattened()) {
            let before = if self.add { *out } else { 0.0 };
            *out = before + self.scale * gradient;
        }
    }
}

impl<S: Simd> Sink<S> for Scaled<'_> {
    #[inline(always)]
    fn take<const M: usize, const N: usize>(
        &mut self,
        simd: S,
        first: usize,
        part: usize,
        gradient: [[S::f32s; N]; M],
    ) {
        let scale = simd.splat_f32s(self.scale);
        for (row, gradient) in self.out[first..first + M].iter_mut().zip(gradient) {
            let out = &mut S::as_mut_simd_f32s(row).0[part * N..(part + 1) * N];
            for v in 0..N {
                let step = simd.mul_f32s(scale, gradient[v]);
                out[v] = if self.add { simd.add_f32s(out[v], step) } else { step };
            }
        }
    }
}

/// `to = from + scale * gradient`, the product rounded before it is added: a model after an update of one step.
pub(super) struct Stepped<'a> {
    pub scale: f32,
    pub from: &'a [Row],
    pub to: &'a mut [Row],
}

impl<S: Simd> Sink<S> for Stepped<'_> {
    #[inline(always)]
    fn take<const M: usize, const N: usize>(
        &mut self,
        simd: S,
        first: usize,
        part: usize,
        gradient: [[S::f32s; N]; M],
    ) {
        let scale = simd.splat_f32s(self.scale);
        let lanes = part * N..(part + 1) * N;
        for (i, gradient) in gradient.into_iter().enumerate() {
            let from = &S::as_simd_f32s(&self.from[first + i]).0[lanes.clone()];
            let to = &mut S::as_mut_simd_f32s(&mut self.to[first + i]).0[lanes.clone()];
            for v in 0..N {
                to[v] = simd.add_f32s(from[v], simd.mul_f32s(scale, gradient[v]));
            }
        }
    }
}

/// A step of gradient descent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    pub learning_rate: f32,
    pub prox_mu: f32,
}

/// `to = from - learning_rate * (gradient + prox_mu * (from - anchor))`; `from` is `to` itself where it is `None`.
pub(super) struct Descent<'a> {
    pub rule: Rule,
    pub anchor: &'a [Row],
    pub from: Option<&'a [Row]>,
    pub to: &'a mut [Row],
}

impl Descent<'_> {
    /// Takes whole rows that were not made by tiles.
    #[inline(always)]
    pub fn take_rows<S: Simd>(mut self, simd: S, gradient: &[Row]) {
        for (first, gradient) in gradient.iter().enumerate() {
            let (gradient, _) = S::as_simd_f32s(gradient);
            for (part, &gradient) in gradient.iter().enumerate() {
                self.take(simd, first, part, [[gradient]]);
            }
        }
    }
}

impl<S: Simd> Sink<S> for Descent<'_> {
    #[inline(always)]
    fn take<const M: usize, const N: usize>(
        &mut self,
        simd: S,
        first: usize,
        part: usize,
        gradient: [[S::f32s; N]; M],
    ) {
        let step = simd.splat_f32s(-self.rule.learning_rate);
        let prox_mu = simd.splat_f32s(self.rule.prox_mu);
        let lanes = part * N..(part + 1) * N;
        let to = &mut self.to[first..first + M];
        let anchor = &self.anchor[first..first + M];
        let from = self.from.map(|from| &from[first..first + M]);
        for i in 0..M {
            let to = &mut S::as_mut_simd_f32s(&mut to[i]).0[lanes.clone()];
            let anchor = &S::as_simd_f32s(&anchor[i]).0[lanes.clone()];
            for v in 0..N {
                let weight = from.map_or(to[v], |from| S::as_simd_f32s(&from[i]).0[lanes.start + v]);
                let pull = simd.sub_f32s(weight, anchor[v]);
                let slope = simd.mul_add_e_f32s(prox_mu, pull, gradient[i][v]);
                to[v] = simd.mul_add_e_f32s(step, slope, weight);
            }
        }
    }
}

/// `sums += weight * (scale * gradient)`, the product in float32 and its sum in float64.
pub(super) struct Weighted<'a> {
    pub scale: f32,
    pub weight: f64,
    pub sums: &'a mut [[f64; PANEL]],
}

impl Weighted<'_> {
    /// Takes whole rows of updates as they are, without `scale`.
    #[inline(always)]
    pub fn take_rows(self, updates: &[Row]) {
        for (sum, &update) in self.sums.as_flattened_mut().iter_mut().zip(updates.as_flattened()) {
            *sum += self.weight * f64::from(update);
        }
    }
}

impl<S: Simd> Sink<S> for Weighted<'_> {
    #[inline(always)]
    fn take<const M: usize, const N: usize>(
        &mut self,
        simd: S,
        first: usize,
        part: usize,
        gradient: [[S::f32s; N]; M],
    ) {
        let scale = simd.splat_f32s(self.scale);
        let lanes = part * N * S::F32_LANES..(part + 1) * N * S::F32_LANES;
        for (sums, gradient) in self.sums[first..first + M].iter_mut().zip(gradient) {
            let mut update = [0.0; PANEL];
            let (out, _) = S::as_mut_simd_f32s(&mut update);
            for v in 0..N {
                out[v] = simd.mul_f32s(scale, gradient[v]);
            }
            for (sum, &update) in sums[lanes.clone()].iter_mut().zip(&update) {
                *sum += self.weight * f64::from(update);
            }
        }
    }
}
