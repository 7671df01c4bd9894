//! What a partition is made from: the classes of the rows, and a checked plan.

use crate::error::{Error, Result, check, check_all};
use crate::partition::dirichlet::Dirichlet;

/// Parts of a partition's randomness: the `round` of its streams, which a partition has no other use for.
pub(crate) mod step {
    pub const SIZES: u64 = 0;
    pub const SHARES: u64 = 1;
    pub const OWNERS: u64 = 2;
    pub const ROWS: u64 = 3;
}

/// The class of each row, and how many rows each class has.
#[derive(Debug, Clone)]
pub struct Classes {
    of_row: Vec<u16>,
    sizes: Vec<usize>,
}

impl Classes {
    /// All `n_rows` rows in one class.
    ///
    /// # Errors
    /// [`Error::Scalar`] naming `n_rows`, unless it is below 2^32.
    pub fn one(n_rows: usize) -> Result<Self> {
        check(n_rows < 1 << 32, "n_rows", n_rows, "below 2^32")?;
        Ok(Self { of_row: vec![0; n_rows], sizes: vec![n_rows] })
    }

    /// Classes as labelled.
    ///
    /// # Errors
    /// [`Error::Element`] naming `labels`, unless they are in [0, 65536).
    pub fn from_labels(labels: &[i64]) -> Result<Self> {
        let allowed = "in [0, 65536); number the classes from 0 by np.unique(labels, return_inverse=True)[1]";
        check_all("labels", labels, allowed, |label| (0..1 << 16).contains(&label))?;
        let of_row: Vec<u16> = labels.iter().map(|&label| label as u16).collect();
        let mut sizes = vec![0; of_row.iter().max().map_or(0, |&class| usize::from(class) + 1)];
        for &class in &of_row {
            sizes[usize::from(class)] += 1;
        }
        Ok(Self { of_row, sizes })
    }

    /// The class of each row.
    pub fn of_row(&self) -> &[u16] {
        &self.of_row
    }

    /// How many rows each class has.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }
}

/// What a partition shall be like.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(crate) n_clients: usize,
    pub(crate) min_size: usize,
    pub(crate) rows_per_client: Option<(usize, usize)>,
    shares: Option<Dirichlet>,
    sizes: Option<Dirichlet>,
}

impl Plan {
    /// Checks a plan: `alpha` skews the classes (`None`: all clients get equal shares), `size_alpha` the
    /// clients' sizes, `rows_per_client` asks for draws with replacement.
    ///
    /// # Errors
    /// [`Error::Scalar`] naming the argument that is out of range, [`Error::Impossible`] where two exclude
    /// each other.
    pub fn new(
        n_clients: usize,
        alpha: Option<f64>,
        size_alpha: Option<f64>,
        min_size: usize,
        rows_per_client: Option<(usize, usize)>,
    ) -> Result<Self> {
        check((1..1 << 32).contains(&n_clients), "n_clients", n_clients, "in [1, 2^32)")?;
        if let Some((low, high)) = rows_per_client {
            let range = format!("({low}, {high}) with min_size={min_size}");
            let allowed =
                "(low, high) with min_size <= low <= high < 2^31; lower min_size or swap the bounds";
            check(min_size <= low && low <= high && high < 1 << 31, "rows_per_client", range, allowed)?;
            if size_alpha.is_some() {
                return Err(Error::Impossible(
                    "size_alpha and rows_per_client both set the clients' sizes; leave one of them None"
                        .into(),
                ));
            }
        }
        let dirichlet = |name, alpha: Option<f64>| alpha.map(|alpha| Dirichlet::new(name, alpha)).transpose();
        let (shares, sizes) = (dirichlet("alpha", alpha)?, dirichlet("size_alpha", size_alpha)?);
        Ok(Self { n_clients, min_size, rows_per_client, shares, sizes })
    }

    /// Logarithms of the clients' size weights, where sizes are skewed.
    pub(crate) fn log_sizes(&self, seed: u64) -> Option<Vec<f64>> {
        self.sizes.map(|sizes| sizes.log_weights(self.n_clients, seed, step::SIZES, 0))
    }

    /// Logarithms of the clients' weights in one class.
    pub(crate) fn log_weights(&self, class: usize, log_sizes: Option<&[f64]>, seed: u64) -> Vec<f64> {
        let Some(shares) = self.shares else {
            return log_sizes.map_or_else(|| vec![0.0; self.n_clients], <[f64]>::to_vec);
        };
        let mut logs = shares.log_weights(self.n_clients, seed, step::SHARES, class as u64);
        for (log, size) in logs.iter_mut().zip(log_sizes.unwrap_or_default()) {
            *log += size;
        }
        logs
    }
}
