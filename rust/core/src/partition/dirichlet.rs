//! Shares of a whole over clients, drawn from a symmetric Dirichlet distribution.
//!
//! A Dirichlet draw is a row of gamma draws divided by their sum. With `alpha` = 0.01 most of those
//! gammas underflow, so they are drawn as logarithms, by `ln G(a) = ln G(a + 1) + ln(U) / a`
//! (Marsaglia and Tsang, "A simple method for generating gamma variables", 2000), and the sum is a
//! log-sum-exp. Cost: O(clients), parallel over chunks of clients of a fixed size, each with its own part
//! of the stream; the sum adds the chunks in order.

use rand::RngExt;
use rand_distr::{Distribution, Exp1, Gamma};
use rayon::prelude::*;

use crate::error::{Error, Result, check};
use crate::random::{Purpose, Stream, stream_chunk};

/// Clients that share one part of a stream.
const CHUNK: usize = 4096;

/// A symmetric Dirichlet distribution with a checked concentration.
#[derive(Debug, Clone, Copy)]
pub struct Dirichlet {
    gamma: Gamma<f64>,
    /// `1 / alpha` below 1, where the gamma is drawn at `alpha + 1`; else 0.
    boost: f64,
}

impl Dirichlet {
    /// A distribution with concentration `alpha`, the argument `name`.
    ///
    /// # Errors
    /// [`Error::Scalar`] unless `alpha` is in [1e-100, 1e100], beyond which logarithms overflow.
    pub fn new(name: &'static str, alpha: f64) -> Result<Self> {
        let allowed = "a number above 0, in [1e-100, 1e100] (small values skew, large ones even out)";
        check((1e-100..=1e100).contains(&alpha), name, alpha, allowed)?;
        let (shape, boost) = if alpha < 1.0 { (alpha + 1.0, alpha.recip()) } else { (alpha, 0.0) };
        let gamma =
            Gamma::new(shape, 1.0).map_err(|_| Error::Scalar { name, value: alpha.to_string(), allowed })?;
        Ok(Self { gamma, boost })
    }

    /// Logarithms of `n_clients` gamma draws, which are the shares times an unknown sum; `step` and `item`
    /// tell the draws of one partition apart.
    pub fn log_weights(&self, n_clients: usize, seed: u64, step: u64, item: u64) -> Vec<f64> {
        let mut logs = vec![0.0; n_clients];
        logs.par_chunks_mut(CHUNK).enumerate().for_each(|(index, chunk)| {
            let mut rng = stream_chunk(seed, Purpose::Partition, step, item, index as u64);
            chunk.fill_with(|| self.log_gamma(&mut rng));
        });
        logs
    }

    fn log_gamma(&self, rng: &mut Stream) -> f64 {
        let log = self.gamma.sample(rng).ln();
        // -ln(U) is a standard exponential
        if self.boost > 0.0 { log - rng.sample::<f64, _>(Exp1) * self.boost } else { log }
    }
}

/// Shifts logarithms of weights so that their exponentials add up to 1.
pub fn normalise(logs: &mut [f64]) {
    let peak = peak(logs);
    let sums: Vec<f64> =
        logs.par_chunks(CHUNK).map(|chunk| chunk.iter().map(|log| (log - peak).exp()).sum()).collect();
    let shift = peak + sums.iter().sum::<f64>().ln();
    logs.par_iter_mut().for_each(|log| *log -= shift);
}

/// Turns logarithms of weights into the weights, the largest being 1.
pub fn exponentiate(logs: &mut [f64]) {
    let peak = peak(logs);
    logs.par_iter_mut().for_each(|log| *log = (*log - peak).exp());
}

fn peak(logs: &[f64]) -> f64 {
    logs.par_iter().copied().reduce(|| f64::NEG_INFINITY, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(alpha: f64, n_clients: usize, item: u64) -> Vec<f64> {
        let mut logs = Dirichlet::new("alpha", alpha).unwrap().log_weights(n_clients, 7, 0, item);
        normalise(&mut logs);
        logs.iter().map(|log| log.exp()).collect()
    }

    #[test]
    fn shares_add_up_to_one() {
        for alpha in [1e-100, 1e-3, 0.01, 0.5, 1.0, 30.0, 1e100] {
            for n_clients in [1, 2, 10_000] {
                let shares = shares(alpha, n_clients, 0);
                assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{alpha} {n_clients}");
                assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
            }
        }
    }

    /// Var = m (1 - m) / (n alpha + 1) with m = 1 / n. The mean of 5000 draws must lie within five standard
    /// errors, taken from the draws themselves.
    #[test]
    fn shares_have_the_variance_of_a_dirichlet() {
        const DRAWS: u64 = 5000;
        for (alpha, n) in [(0.01, 3), (0.1, 5), (0.5, 4), (1.0, 4), (2.5, 10), (100.0, 3)] {
            let mean = 1.0 / f64::from(n);
            let expected = mean * (1.0 - mean) / (f64::from(n) * alpha + 1.0);
            let squares: Vec<f64> =
                (0..DRAWS).map(|item| (shares(alpha, n as usize, item)[1] - mean).powi(2)).collect();
            let average = squares.iter().sum::<f64>() / DRAWS as f64;
            let spread = squares.iter().map(|x| (x - average).powi(2)).sum::<f64>() / DRAWS as f64;
            let error = (spread / DRAWS as f64).sqrt();
            assert!((average - expected).abs() < 5.0 * error, "{alpha} {n}: {average} {expected} {error}");
        }
    }

    #[test]
    fn one_client_takes_all_at_tiny_alpha_and_an_equal_share_at_huge_alpha() {
        let tiny = shares(1e-100, 50, 0);
        assert!((tiny.iter().fold(0.0_f64, |a, &b| a.max(b)) - 1.0).abs() < 1e-12);
        assert!(shares(1e100, 50, 0).iter().all(|share| (share - 0.02).abs() < 1e-12));
    }

    #[test]
    fn weights_are_shares_over_the_largest() {
        let mut weights = Dirichlet::new("alpha", 0.01).unwrap().log_weights(9000, 1, 0, 0);
        let mut logs = weights.clone();
        exponentiate(&mut weights);
        normalise(&mut logs);
        let total: f64 = weights.iter().sum();
        assert!(weights.iter().zip(&logs).all(|(weight, log)| (weight / total - log.exp()).abs() < 1e-12));
    }

    #[test]
    fn concentration_is_checked() {
        for alpha in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-200] {
            let message = Dirichlet::new("alpha", alpha).unwrap_err().to_string();
            assert!(message.starts_with("alpha must be a number above 0"), "{message}");
        }
    }
}
