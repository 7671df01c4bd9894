//! What the trainer is given, checked.

use super::sink::Rule;
use crate::error::{Error, Result, check, check_all, check_len};
use crate::mlp::layout::Shape;
use crate::ragged::Offsets;
use crate::sampling::Length;

/// Features of rows, (n, `n_features`).
#[derive(Debug, Clone, Copy)]
pub struct Features<'a> {
    /// The features, row after row.
    pub values: &'a [f32],
    /// Features of a row.
    pub n_features: usize,
}

impl<'a> Features<'a> {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.values.len() / self.n_features
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// One row.
    pub(super) fn row(&self, row: usize) -> &'a [f32] {
        &self.values[row * self.n_features..(row + 1) * self.n_features]
    }

    /// Checks that the values are whole rows.
    ///
    /// # Errors
    /// [`Error`] naming `x`.
    pub fn check(&self) -> Result<()> {
        check(self.n_features > 0, "x.shape[1]", self.n_features, "at least 1")?;
        check_len("x", self.values.len(), self.len() * self.n_features, "whole rows")
    }

    /// Checks that row ids are rows of these.
    ///
    /// # Errors
    /// [`Error::Element`] naming `rows`.
    pub fn check_rows(&self, rows: &[i64]) -> Result<()> {
        let n = self.len() as i64;
        check_all("rows", rows, "a row of x (0 <= row < len(x))", |row| (0..n).contains(&row))
    }
}

/// Every row that any client may hold, with its label.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    /// Features, (n, `n_features`).
    pub x: Features<'a>,
    /// 1 for an attack, (n,).
    pub y: &'a [u8],
}

impl Table<'_> {
    /// Checks that rows and labels fit each other.
    ///
    /// # Errors
    /// [`Error`] naming `x` or `y`.
    pub fn check(&self) -> Result<()> {
        self.x.check()?;
        check_len("y", self.y.len(), self.x.len(), "one label for each row of x")?;
        check_all("y", self.y, "0 (normal) or 1 (attack)", |y| y <= 1)
    }
}

/// Flat models, (`n_models`, `n_params`).
#[derive(Debug, Clone, Copy)]
pub struct Models<'a> {
    /// What the parameters mean.
    pub shape: Shape,
    /// The models, one after the other.
    pub params: &'a [f32],
}

impl Models<'_> {
    /// How many models there are.
    pub fn len(&self) -> usize {
        self.params.len() / self.shape.n_params()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.params.is_empty()
    }

    /// Checks that the parameters are whole models of finite numbers.
    ///
    /// # Errors
    /// [`Error`] naming `hidden` or `models`.
    pub fn check(&self, n_features: usize) -> Result<()> {
        check(self.shape.hidden > 0, "hidden", self.shape.hidden, "at least 1")?;
        check_len("models.shape[1] / features", self.shape.n_features, n_features, "the features of x")?;
        let p = self.shape.n_params();
        match self.params.iter().position(|value| !value.is_finite()) {
            None => Ok(()),
            Some(at) => Err(Error::Impossible(format!(
                "models[{}, {}] must be finite, got {}; an earlier round diverged: lower learning_rate",
                at / p,
                at % p,
                self.params[at]
            ))),
        }
    }
}

/// The clients of one call.
#[derive(Debug, Clone, Copy)]
pub struct Group<'a> {
    /// Rows of the table, client after client.
    pub rows: &'a [i64],
    /// Where each client's rows start.
    pub offsets: Offsets<'a>,
    /// The model that each client receives.
    pub model_index: &'a [i64],
    /// Ids that key the clients' random streams.
    pub clients: &'a [i64],
    /// How much an attack row's loss weighs, for each client.
    pub positive_weight: &'a [f64],
}

impl Group<'_> {
    /// Checks lengths and values.
    ///
    /// # Errors
    /// [`Error`] naming the argument.
    pub fn check(&self, table: &Table<'_>, n_models: usize) -> Result<()> {
        let n = self.offsets.n_clients();
        table.x.check_rows(self.rows)?;
        let largest = (0..n).map(|k| self.offsets.size(k)).max().unwrap_or(0);
        check(
            u32::try_from(largest).is_ok(),
            "offsets",
            largest,
            "below 2^32 rows a client; split the client",
        )?;
        check_len("model_index", self.model_index.len(), n, "one model for each client")?;
        check_len("clients", self.clients.len(), n, "one id for each client")?;
        check_len("positive_weight", self.positive_weight.len(), n, "one weight for each client")?;
        let models = 0..n_models as i64;
        check_all("model_index", self.model_index, "a row of models (0 <= index < len(models))", |m| {
            models.contains(&m)
        })?;
        check_all("clients", self.clients, "at least 0", |client| client >= 0)?;
        check_all("positive_weight", self.positive_weight, "finite and above 0", |w| w.is_finite() && w > 0.0)
    }
}

/// Rows of each client that its trained model scores.
#[derive(Debug, Clone, Copy)]
pub struct ScoredRows<'a> {
    /// Rows of the table, client after client.
    pub rows: &'a [i64],
    /// Where each client's rows start.
    pub offsets: Offsets<'a>,
}

impl ScoredRows<'_> {
    /// Checks lengths and values.
    ///
    /// # Errors
    /// [`Error`] naming the argument.
    pub fn check(&self, table: &Table<'_>, n_clients: usize) -> Result<()> {
        check_len("scored_rows", self.offsets.n_clients(), n_clients, "the rows of each client")?;
        let n = table.x.len() as i64;
        check_all("scored_rows", self.rows, "a row of x (0 <= row < len(x))", |row| (0..n).contains(&row))
    }
}

/// How clients train.
#[derive(Debug, Clone, Copy)]
pub struct Training {
    /// Step size of gradient descent.
    pub learning_rate: f64,
    /// Rows of a batch.
    pub batch_size: usize,
    /// Epochs or steps.
    pub length: Length,
    /// Pull towards the received model: `prox_mu / 2 * ||w - w_t||^2`.
    pub prox_mu: f64,
    /// Seed of the run.
    pub seed: u64,
    /// Round of training.
    pub round: u64,
}

impl Training {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`Error::Scalar`] naming the argument.
    pub fn check(&self) -> Result<()> {
        let (rate, mu) = (self.learning_rate, self.prox_mu);
        check(rate.is_finite() && rate > 0.0, "learning_rate", rate, "finite and above 0")?;
        check(mu.is_finite() && mu >= 0.0, "prox_mu", mu, "finite and at least 0")?;
        check(self.batch_size > 0, "batch_size", self.batch_size, "at least 1")?;
        match self.length {
            Length::Epochs(epochs) => check(epochs > 0, "epochs", epochs, "at least 1"),
            Length::Steps(steps) => check(steps > 0, "steps", steps, "at least 1"),
        }
    }

    /// The step as the kernels take it.
    pub(super) fn rule(&self) -> Rule {
        Rule { learning_rate: self.learning_rate as f32, prox_mu: self.prox_mu as f32 }
    }
}
