//! How a model lies in memory while it is trained.
//!
//! Outside, a model is a flat vector: `w1` (hidden, features), `b1` (hidden), `w2` (hidden), `b2` (1). Inside,
//! hidden units stand side by side in panels of [`PANEL`], the vector axis of the register tiles:
//!
//! - panel after panel, one row for each feature and one for `b1` (the weight of a feature that is always 1);
//! - one row of `w2` for each panel;
//! - one row whose first lane is `b2`.
//!
//! Hidden units that fill up the last panel have all weights 0; their gradient is 0, so they stay 0.

/// Hidden units in a panel.
pub(crate) const PANEL: usize = 32;

/// One value for each hidden unit of a panel.
pub(crate) type Row = [f32; PANEL];

/// The model: features -> hidden (`ReLU`) -> one logit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Features of a row.
    pub n_features: usize,
    /// Hidden units.
    pub hidden: usize,
}

impl Shape {
    /// Parameters of the flat vector.
    pub fn n_params(self) -> usize {
        (self.n_features + 2).saturating_mul(self.hidden).saturating_add(1)
    }

    /// Panels of hidden units.
    pub(crate) fn panels(self) -> usize {
        self.hidden.div_ceil(PANEL)
    }

    /// Rows of a panel: the features and the bias.
    pub(crate) fn inputs(self) -> usize {
        self.n_features + 1
    }

    /// Rows that belong to `w1` and `b1`.
    pub(crate) fn body(self) -> usize {
        self.panels() * self.inputs()
    }

    /// Rows that belong to `w2` and `b2`.
    pub(crate) fn tail(self) -> usize {
        self.panels() + 1
    }

    /// Rows of the whole model.
    pub(crate) fn n_rows(self) -> usize {
        self.body() + self.tail()
    }

    /// Writes a flat vector into rows.
    pub(crate) fn pack<T: Copy + Default>(self, params: &[T], rows: &mut [[T; PANEL]]) {
        let (d, h) = (self.n_features, self.hidden);
        let (w1, rest) = params.split_at(d * h);
        let (b1, rest) = rest.split_at(h);
        let (body, tail) = rows.split_at_mut(self.body());
        for (q, panel) in body.chunks_exact_mut(self.inputs()).enumerate() {
            let units = q * PANEL..h.min((q + 1) * PANEL);
            let (features, bias) = panel.split_at_mut(d);
            bias[0] = padded(&b1[units.clone()]);
            tail[q] = padded(&rest[units.clone()]);
            features.fill([T::default(); PANEL]);
            for (lane, weights) in w1[units.start * d..units.end * d].chunks_exact(d).enumerate() {
                for (row, &weight) in features.iter_mut().zip(weights) {
                    row[lane] = weight;
                }
            }
        }
        tail[self.panels()] = padded(&rest[h..]);
    }

    /// Writes rows into a flat vector.
    pub(crate) fn unpack<T: Copy>(self, rows: &[[T; PANEL]], params: &mut [T]) {
        let (d, h) = (self.n_features, self.hidden);
        let (w1, rest) = params.split_at_mut(d * h);
        let (b1, rest) = rest.split_at_mut(h);
        let (body, tail) = rows.split_at(self.body());
        for (q, panel) in body.chunks_exact(self.inputs()).enumerate() {
            let units = q * PANEL..h.min((q + 1) * PANEL);
            let width = units.len();
            b1[units.clone()].copy_from_slice(&panel[d][..width]);
            rest[units.clone()].copy_from_slice(&tail[q][..width]);
            for (lane, weights) in w1[units.start * d..units.end * d].chunks_exact_mut(d).enumerate() {
                for (weight, row) in weights.iter_mut().zip(panel) {
                    *weight = row[lane];
                }
            }
        }
        rest[h] = tail[self.panels()][0];
    }
}

/// A row that begins with `values` and ends with zeros.
fn padded<T: Copy + Default>(values: &[T]) -> [T; PANEL] {
    let mut row = [T::default(); PANEL];
    row[..values.len()].copy_from_slice(values);
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpack_undoes_pack() {
        for (n_features, hidden) in [(1, 1), (3, 32), (5, 33), (4, 70)] {
            let shape = Shape { n_features, hidden };
            let params: Vec<f32> = (0..shape.n_params()).map(|i| i as f32 + 1.0).collect();
            let mut rows = vec![[f32::NAN; PANEL]; shape.n_rows()];
            shape.pack(&params, &mut rows);
            let mut back = vec![0.0; shape.n_params()];
            shape.unpack(&rows, &mut back);
            assert_eq!(params, back);
            let total: f32 = rows.as_flattened().iter().sum();
            assert_eq!(total.to_bits(), params.iter().sum::<f32>().to_bits(), "padding is zero");
        }
    }
}
