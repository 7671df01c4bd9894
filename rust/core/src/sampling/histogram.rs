//! Histograms of each client's errors on the fixed range [0, 1]: the meta-state of the sampler.
//!
//! The meta-state is that of MESA (Liu et al., `NeurIPS` 2020, arXiv 2010.08830), with bins that do not
//! depend on the data, so that the states of different clients can be compared.

use rayon::prelude::*;

use crate::error::{Result, check, zeros};
use crate::ragged::Offsets;
use crate::sampling::clients::{CHUNK, check_rows, offsets_over};

const MAX_BINS: i64 = 1 << 16;

/// The share of each client's errors in each of `bins` equal bins, `n_clients * bins` numbers in row order.
///
/// Bin `j` holds `j / bins <= e < (j + 1) / bins`, exactly; the last bin holds 1 too. An empty client has
/// the uniform histogram. Costs O(rows + clients * bins); parallel over clients, and over the rows of
/// a large one.
///
/// # Errors
/// [`crate::Error`] naming `errors` where one is NaN or outside [0, 1], `offsets`, or `bins` outside 1..=65536.
pub fn error_histograms(errors: &[f32], offsets: &[i64], bins: i64) -> Result<Vec<f64>> {
    check((1..=MAX_BINS).contains(&bins), "bins", bins, "between 1 and 65536")?;
    let rows = offsets_over("errors", errors.len(), offsets)?;
    check_errors(errors)?;
    let bins = bins as usize;
    let n_clients = rows.n_clients();
    let mut shares = zeros(n_clients.checked_mul(bins), || {
        format!(
            "bins={bins} of {n_clients} clients do not fit into memory; lower bins, or take fewer clients"
        )
    })?;
    shares.par_chunks_mut(bins).enumerate().for_each(|(k, shares)| client_shares(errors, rows, k, shares));
    Ok(shares)
}

/// Refuses errors that are NaN or outside [0, 1].
///
/// # Errors
/// [`crate::Error::Element`] for the first of them.
pub fn check_errors(errors: &[f32]) -> Result<()> {
    const ALLOWED: &str = "between 0 and 1, the distance of a probability from a label";
    check_rows("errors", errors, ALLOWED, |e| (0.0..=1.0).contains(&e))
}

fn client_shares(errors: &[f32], rows: Offsets, k: usize, shares: &mut [f64]) {
    let n = rows.size(k);
    if n == 0 {
        shares.fill(1.0 / shares.len() as f64);
        return;
    }
    let counts = errors[rows.range(k)]
        .par_chunks(CHUNK)
        .map(|chunk| bin_counts(chunk, shares.len()))
        .reduce_with(|a, b| a.iter().zip(&b).map(|(a, b)| a + b).collect())
        .unwrap_or_default();
    for (share, &count) in shares.iter_mut().zip(&counts) {
        *share = f64::from(count) / n as f64;
    }
}

/// Counts of one chunk. Neighbouring rows count in tables of their own: increments of one cell would wait
/// for each other.
fn bin_counts(errors: &[f32], bins: usize) -> Vec<u32> {
    const TABLES: usize = 4;
    let scale = bins as f64; // the product below is exact: 24 + 17 bits
    let bin = |e: f32| ((f64::from(e) * scale) as u32 as usize).min(bins - 1);
    let mut tables = vec![0_u32; TABLES * bins];
    let quads = errors.chunks_exact(TABLES);
    for &e in quads.remainder() {
        tables[bin(e)] += 1;
    }
    for quad in quads {
        for (t, &e) in quad.iter().enumerate() {
            tables[t * bins + bin(e)] += 1;
        }
    }
    (0..bins).map(|j| tables.iter().skip(j).step_by(bins).sum()).collect()
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "shares are exact ratios of counts")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edges_belong_to_the_upper_bin_and_one_to_the_last() {
        let shares = error_histograms(&[0.0, 0.25, 0.5, 0.75, 1.0, 1.0], &[0, 4, 6], 4).unwrap();
        assert_eq!(shares, [0.25, 0.25, 0.25, 0.25, 0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn an_empty_client_is_uniform() {
        assert_eq!(error_histograms(&[], &[0, 0], 2).unwrap(), [0.5, 0.5]);
        assert!(error_histograms(&[], &[0], 5).unwrap().is_empty());
    }

    #[test]
    fn bad_input_is_named() {
        for bad in [f32::NAN, -0.1, 1.1, f32::INFINITY] {
            let message = error_histograms(&[0.5, bad], &[0, 2], 5).unwrap_err().to_string();
            assert!(message.starts_with("errors[1] must be between 0 and 1"), "{message}");
        }
        assert!(error_histograms(&[0.5], &[0, 1], 0).unwrap_err().to_string().starts_with("bins"));
    }

    proptest! {
        #[test]
        fn counts_equal_the_definition(e in prop::collection::vec(0.0..=1.0_f32, 1..50), bins in 1_i64..40) {
            let shares = error_histograms(&e, &[0, e.len() as i64], bins).unwrap();
            for (j, share) in shares.iter().enumerate() {
                let inside = |x: f64| x >= j as f64 && (x < (j + 1) as f64 || j as i64 == bins - 1);
                let count = e.iter().filter(|&&e| inside(f64::from(e) * bins as f64)).count();
                prop_assert_eq!(*share, count as f64 / e.len() as f64);
            }
        }
    }
}
