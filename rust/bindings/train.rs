//! The native trainer of many small models.

use cfmt_core::ragged::Offsets;
use cfmt_core::train::{
    self, Features, Group, Models, ScoredRows, Shape, Summed, Table, Training, Weighting,
};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::{Array1, Array2};
use crate::batches::length;
use crate::error::KernelError;
use crate::scalars::{Integer, Real, keys, positive, real};

/// An update matrix and the clients' losses, on their way to numpy.
type Updates<'py, T> = (Bound<'py, PyArray2<T>>, Bound<'py, PyArray1<f64>>);

/// Sums of updates, the clients' losses, and the scores of `scored_rows`.
type Sums<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f32>>);

/// What `train_clients` and `train_and_sum` both take.
struct Arguments<'py> {
    x: Array2<'py, f32>,
    y: Array1<'py, u8>,
    rows: Array1<'py, i64>,
    offsets: Array1<'py, i64>,
    models: Array2<'py, f32>,
    model_index: Array1<'py, i64>,
    clients: Array1<'py, i64>,
    positive_weight: Array1<'py, f64>,
    hidden: usize,
}

impl<'py> Arguments<'py> {
    /// Extracts the arrays, in the order of the fields.
    fn extract(arrays: [&Bound<'py, PyAny>; 8], hidden: Integer) -> PyResult<Self> {
        let [x, y, rows, offsets, models, model_index, clients, positive_weight] = arrays;
        Ok(Self {
            x: Array2::extract("x", x)?,
            y: Array1::extract("y", y)?,
            rows: Array1::extract("rows", rows)?,
            offsets: Array1::extract("offsets", offsets)?,
            models: Array2::extract("models", models)?,
            model_index: Array1::extract("model_index", model_index)?,
            clients: Array1::extract("clients", clients)?,
            positive_weight: Array1::extract("positive_weight", positive_weight)?,
            hidden: positive("hidden", hidden)?,
        })
    }

    fn table(&self) -> PyResult<Table<'_>> {
        Ok(Table { x: view_features(&self.x)?, y: self.y.slice()? })
    }

    fn models(&self) -> PyResult<Models<'_>> {
        view_models("models", &self.models, self.x.shape()[1], self.hidden)
    }

    fn group(&self) -> PyResult<Group<'_>> {
        let rows = self.rows.slice()?;
        Ok(Group {
            rows,
            offsets: Offsets::new(self.offsets.slice()?, rows.len()).map_err(KernelError::from)?,
            model_index: self.model_index.slice()?,
            clients: self.clients.slice()?,
            positive_weight: self.positive_weight.slice()?,
        })
    }
}

fn view_features<'a>(x: &'a Array2<'_, f32>) -> PyResult<Features<'a>> {
    let features = Features { values: x.slice()?, n_features: x.shape()[1] };
    features.check().map_err(KernelError::from)?;
    Ok(features)
}

/// Models of `hidden` units over `n_features` features; refuses rows of another length.
fn view_models<'a>(
    name: &str,
    models: &'a Array2<'_, f32>,
    n_features: usize,
    hidden: usize,
) -> PyResult<Models<'a>> {
    let shape = Shape { n_features, hidden };
    let (got, expected) = (models.shape()[1], shape.n_params());
    if got != expected {
        return Err(PyValueError::new_err(format!(
            "{name} must have {expected} columns ((features + 2) * hidden + 1 with {n_features} features and \
             hidden={hidden}), got {got}"
        )));
    }
    Ok(Models { shape, params: models.slice()? })
}

fn extract_scored_rows<'py>(
    rows: &Bound<'py, PyAny>,
    offsets: &Bound<'py, PyAny>,
) -> PyResult<(Array1<'py, i64>, Array1<'py, i64>)> {
    Ok((Array1::extract("scored_rows[0]", rows)?, Array1::extract("scored_rows[1]", offsets)?))
}

fn view_scored_rows<'a>((rows, offsets): &'a (Array1<'_, i64>, Array1<'_, i64>)) -> PyResult<ScoredRows<'a>> {
    let rows = rows.slice()?;
    let offsets = Offsets::new(offsets.slice()?, rows.len()).map_err(KernelError::from)?;
    Ok(ScoredRows { rows, offsets })
}

fn matrix<T: numpy::Element>(
    py: Python<'_>,
    values: Vec<T>,
    n_rows: usize,
    n_columns: usize,
) -> PyResult<Bound<'_, PyArray2<T>>> {
    values.into_pyarray(py).reshape([n_rows, n_columns])
}

#[pyfunction]
#[pyo3(signature = (x, y, rows, offsets, models, model_index, clients, *, hidden, learning_rate, batch_size,
    positive_weight, seed, round, prox_mu=Real::Number(0.0), epochs=None, steps=None))]
#[expect(clippy::too_many_arguments, reason = "keywords in Python")]
pub fn train_clients<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    y: &Bound<'py, PyAny>,
    rows: &Bound<'py, PyAny>,
    offsets: &Bound<'py, PyAny>,
    models: &Bound<'py, PyAny>,
    model_index: &Bound<'py, PyAny>,
    clients: &Bound<'py, PyAny>,
    hidden: Integer,
    learning_rate: Real,
    batch_size: Integer,
    positive_weight: &Bound<'py, PyAny>,
    seed: Integer,
    round: Integer,
    prox_mu: Real,
    epochs: Option<Integer>,
    steps: Option<Integer>,
) -> PyResult<Updates<'py, f32>> {
    let (batch_size, (seed, round)) = (positive("batch_size", batch_size)?, keys(seed, round)?);
    let (learning_rate, prox_mu) = (real("learning_rate", learning_rate)?, real("prox_mu", prox_mu)?);
    let training =
        Training { learning_rate, batch_size, length: length(epochs, steps)?, prox_mu, seed, round };
    let arrays = [x, y, rows, offsets, models, model_index, clients, positive_weight];
    let arguments = Arguments::extract(arrays, hidden)?;
    let (table, models, group) = (arguments.table()?, arguments.models()?, arguments.group()?);
    let trained =
        py.detach(|| train::train_clients(table, &models, group, training)).map_err(KernelError::from)?;
    let deltas = matrix(py, trained.deltas, group.offsets.n_clients(), models.shape.n_params())?;
    Ok((deltas, trained.losses.into_pyarray(py)))
}

#[pyfunction]
#[pyo3(signature = (x, y, rows, offsets, models, model_index, clients, weights, clusters, *, n_clusters, hidden,
    learning_rate, batch_size, positive_weight, seed, round, prox_mu=Real::Number(0.0), epochs=None, steps=None, start=None,
    scored_rows=None))]
#[expect(clippy::too_many_arguments, reason = "keywords in Python")]
pub fn train_and_sum<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    y: &Bound<'py, PyAny>,
    rows: &Bound<'py, PyAny>,
    offsets: &Bound<'py, PyAny>,
    models: &Bound<'py, PyAny>,
    model_index: &Bound<'py, PyAny>,
    clients: &Bound<'py, PyAny>,
    weights: &Bound<'py, PyAny>,
    clusters: &Bound<'py, PyAny>,
    n_clusters: Integer,
    hidden: Integer,
    learning_rate: Real,
    batch_size: Integer,
    positive_weight: &Bound<'py, PyAny>,
    seed: Integer,
    round: Integer,
    prox_mu: Real,
    epochs: Option<Integer>,
    steps: Option<Integer>,
    start: Option<&Bound<'py, PyAny>>,
    scored_rows: Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)>,
) -> PyResult<Sums<'py>> {
    let (batch_size, (seed, round)) = (positive("batch_size", batch_size)?, keys(seed, round)?);
    let (learning_rate, prox_mu) = (real("learning_rate", learning_rate)?, real("prox_mu", prox_mu)?);
    let training =
        Training { learning_rate, batch_size, length: length(epochs, steps)?, prox_mu, seed, round };
    let arrays = [x, y, rows, offsets, models, model_index, clients, positive_weight];
    let arguments = Arguments::extract(arrays, hidden)?;
    let n_clusters = positive("n_clusters", n_clusters)?;
    let weights = Array1::<f64>::extract("weights", weights)?;
    let clusters = Array1::<i64>::extract("clusters", clusters)?;
    let start = start.map(|start| Array2::<f64>::extract("start", start)).transpose()?;
    let scored_rows = scored_rows.map(|(rows, offsets)| extract_scored_rows(&rows, &offsets)).transpose()?;
    let (table, models, group) = (arguments.table()?, arguments.models()?, arguments.group()?);
    let n_params = models.shape.n_params();
    let start = start.as_ref().map(Array2::slice).transpose()?;
    let weighting = Weighting { weights: weights.slice()?, clusters: clusters.slice()?, n_clusters, start };
    let scored_rows = scored_rows.as_ref().map(view_scored_rows).transpose()?;
    let Summed { sums, losses, scores } = py
        .detach(|| train::train_and_sum(table, &models, group, training, weighting, scored_rows))
        .map_err(KernelError::from)?;
    Ok((matrix(py, sums, n_clusters, n_params)?, losses.into_pyarray(py), scores.into_pyarray(py)))
}

#[pyfunction]
#[pyo3(signature = (x, models, *, hidden))]
pub fn model_scores<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    models: &Bound<'py, PyAny>,
    hidden: Integer,
) -> PyResult<Bound<'py, PyArray2<f32>>> {
    let x = Array2::<f32>::extract("x", x)?;
    let models = Array2::<f32>::extract("models", models)?;
    let (x, models) =
        (view_features(&x)?, view_models("models", &models, x.shape()[1], positive("hidden", hidden)?)?);
    let scores = py.detach(|| train::scores(x, &models)).map_err(KernelError::from)?;
    matrix(py, scores, models.len(), x.len())
}

#[pyfunction]
#[pyo3(signature = (x, rows, offsets, models, *, hidden))]
pub fn client_scores<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    rows: &Bound<'py, PyAny>,
    offsets: &Bound<'py, PyAny>,
    models: &Bound<'py, PyAny>,
    hidden: Integer,
) -> PyResult<Bound<'py, PyArray1<f32>>> {
    let x = Array2::<f32>::extract("x", x)?;
    let rows = Array1::<i64>::extract("rows", rows)?;
    let offsets = Array1::<i64>::extract("offsets", offsets)?;
    let models = Array2::<f32>::extract("models", models)?;
    let models = view_models("models", &models, x.shape()[1], positive("hidden", hidden)?)?;
    let (x, rows, offsets) = (view_features(&x)?, rows.slice()?, offsets.slice()?);
    let scores = py.detach(|| train::client_scores(x, rows, offsets, &models)).map_err(KernelError::from)?;
    Ok(scores.into_pyarray(py))
}
