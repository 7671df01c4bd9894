//! The Gaussian weight of MESA's meta-sampler (Liu et al., `NeurIPS` 2020, arXiv 2010.08830):
//! `g(e; mu, sigma) = exp(-(e - mu)^2 / (2 sigma^2))`. The density's factor `1 / (sigma sqrt(2 pi))` cancels
//! wherever rows are drawn in proportion to it.

use rayon::prelude::*;

use crate::error::{Result, check, check_all, check_len};
use crate::math::exp_nonpositive;
use crate::math::vectorised;
use crate::ragged::split_mut;
use crate::sampling::clients::{CHUNK, offsets_over};
use crate::sampling::histogram::check_errors;

/// The weight of an error under one client's `mu`.
#[derive(Debug, Clone, Copy)]
pub struct Gaussian {
    mu: f64,
    sigma: f64,
}

impl Gaussian {
    /// The weight with its centre at `mu`, of width `sigma > 0`.
    pub fn new(mu: f64, sigma: f64) -> Self {
        Self { mu, sigma }
    }

    /// How far an error is from `mu`.
    #[inline]
    pub fn distance(self, error: f32) -> f64 {
        (f64::from(error) - self.mu).abs()
    }

    /// The weight: 0 where it underflows.
    #[inline]
    pub fn weight(self, error: f32) -> f64 {
        let t = self.distance(error) / self.sigma;
        exp_nonpositive(-0.5 * t * t)
    }

    /// The weight relative to that of an error at the distance `nearest` from `mu`, the smallest there is (nearer
    /// ones count as if they were there): the nearest row has weight 1 even where all weights underflow.
    #[inline]
    pub fn relative_weight(self, error: f32, nearest: f64) -> f64 {
        let d = self.distance(error).max(nearest);
        // Squares may not be divided apart: nearest / sigma may be infinite.
        exp_nonpositive(-0.5 * ((d - nearest) * (d + nearest) / self.sigma / self.sigma))
    }

    /// With [`Gaussian::offset`], the keys of a draw without replacement (see [`crate::sampling::keys`]): a rising function
    /// of `ln E - ln g`, scaled so that it is finite, and orders rows by `|e - mu|` where weights underflow.
    pub fn spread(self) -> f64 {
        if self.sigma < 1.0 { 2.0 * self.sigma * self.sigma } else { 1.0 }
    }

    /// See [`Gaussian::spread`].
    #[inline]
    pub fn offset(self, error: f32) -> f64 {
        let steepness = if self.sigma < 1.0 { 1.0 } else { 0.5 / self.sigma / self.sigma };
        let d = f64::from(error) - self.mu;
        steepness * (d * d)
    }
}

/// Writes the weight of every row, `mu` being the client's.
///
/// Costs O(rows); parallel over clients, and over the rows of a large one.
///
/// # Errors
/// [`crate::Error`] naming `errors`, `offsets`, `mu` or `sigma`, see [`check_gaussian`], or `weights` where there
/// is not one for each error.
pub fn gaussian_weights(
    errors: &[f32],
    offsets: &[i64],
    mu: &[f64],
    sigma: f64,
    weights: &mut [f64],
) -> Result<()> {
    let rows = offsets_over("errors", errors.len(), offsets)?;
    check_len("weights", weights.len(), errors.len(), "one for each error")?;
    check_gaussian(errors, mu, sigma, rows.n_clients())?;
    split_mut(weights, offsets).into_par_iter().enumerate().for_each(|(k, weights)| {
        let gaussian = Gaussian::new(mu[k], sigma);
        let chunks = weights.par_chunks_mut(CHUNK).zip(errors[rows.range(k)].par_chunks(CHUNK));
        chunks.for_each(|(weights, errors)| {
            vectorised(
                #[inline(always)]
                || {
                    for (weight, &error) in weights.iter_mut().zip(errors) {
                        *weight = gaussian.weight(error);
                    }
                },
            );
        });
    });
    Ok(())
}

/// Refuses what has no Gaussian weight.
///
/// # Errors
/// [`crate::Error`] naming `errors` or `mu` where one is NaN or outside [0, 1], `mu` where there is not one
/// for each client, `sigma` where it is not finite and above 0.
pub fn check_gaussian(errors: &[f32], mu: &[f64], sigma: f64, n_clients: usize) -> Result<()> {
    check_len("mu", mu.len(), n_clients, "one for each client of offsets")?;
    check_all("mu", mu, "between 0 and 1", |mu| (0.0..=1.0).contains(&mu))?;
    check(sigma > 0.0 && sigma.is_finite(), "sigma", sigma, "finite and above 0")?;
    check_errors(errors)
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the nearest row's weight is exactly 1")]
mod tests {
    use super::*;

    #[test]
    fn weights_equal_the_formula() {
        let mut weights = [0.0; 3];
        gaussian_weights(&[0.0, 0.5, 1.0], &[0, 2, 2, 3], &[0.5, 0.1, 0.25], 0.2, &mut weights).unwrap();
        let expected = [(-3.125_f64).exp(), 1.0, (-0.5 * 3.75_f64 * 3.75).exp()];
        for (weight, expected) in weights.iter().zip(expected) {
            assert!((weight / expected - 1.0).abs() < 1e-14);
        }
    }

    #[test]
    fn extreme_widths_stay_in_range() {
        for sigma in [f64::MIN_POSITIVE, 5e-324, 1e-150, 1e-9, 1.0, 1e150, f64::MAX] {
            for (error, mu) in [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (0.3, 0.3)] {
                let gaussian = Gaussian::new(mu, sigma);
                let weights = [gaussian.weight(error), gaussian.relative_weight(error, 0.0)];
                assert!(weights.iter().all(|w| (0.0..=1.0).contains(w)), "{sigma} {weights:?}");
                assert_eq!(gaussian.relative_weight(error, gaussian.distance(error)), 1.0);
                assert!(gaussian.spread().is_finite() && gaussian.offset(error).is_finite());
            }
        }
    }

    #[test]
    fn bad_input_is_named() {
        let message = |errors: &[f32], mu: &[f64], sigma| {
            gaussian_weights(errors, &[0, 1], mu, sigma, &mut [0.0]).unwrap_err().to_string()
        };
        assert!(message(&[f32::NAN], &[0.5], 0.2).starts_with("errors[0]"));
        assert!(message(&[0.5], &[f64::NAN], 0.2).starts_with("mu[0]"));
        assert!(message(&[0.5], &[1.5], 0.2).starts_with("mu[0]"));
        assert!(message(&[0.5], &[0.5, 0.5], 0.2).starts_with("mu must have 1"));
        for sigma in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(message(&[0.5], &[0.5], sigma).starts_with("sigma must be finite"));
        }
    }
}
