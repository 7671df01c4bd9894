//! Meta-states, Gaussian weights and draws of rows.

use cfmt_core::ragged::Ragged;
use cfmt_core::random::Purpose;
use cfmt_core::sampling::{self as kernel, Budget, Centres, ClientStreams, Weights};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::Array1;
use crate::error::KernelError;
use crate::scalars::{Integer, Real, integer, keys, optional_real, real};

/// Positions and offsets.
type Draw<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>);

fn wrap(py: Python<'_>, drawn: Ragged<i64>) -> Draw<'_> {
    (drawn.values.into_pyarray(py), drawn.offsets.into_pyarray(py))
}

fn sampling_streams(
    seed: Integer,
    round: Integer,
    clients: &[i64],
) -> Result<ClientStreams<'_>, KernelError> {
    let (seed, round) = keys(seed, round)?;
    Ok(ClientStreams { seed, purpose: Purpose::Sampling, round, clients })
}

#[pyfunction]
pub fn error_histograms<'py>(
    py: Python<'py>,
    errors: &Bound<'py, PyAny>,
    offsets: &Bound<'py, PyAny>,
    bins: Integer,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let errors = Array1::<f32>::extract("errors", errors)?;
    let offsets = Array1::<i64>::extract("offsets", offsets)?;
    let (errors, offsets, bins) = (errors.slice()?, offsets.slice()?, integer("bins", bins)?);
    let shares = py.detach(|| kernel::error_histograms(errors, offsets, bins)).map_err(KernelError::from)?;
    shares.into_pyarray(py).reshape([offsets.len() - 1, bins as usize])
}

#[pyfunction]
pub fn gaussian_weights<'py>(
    py: Python<'py>,
    errors: &Bound<'py, PyAny>,
    offsets: &Bound<'py, PyAny>,
    mu: &Bound<'py, PyAny>,
    sigma: Real,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let errors = Array1::<f32>::extract("errors", errors)?;
    let offsets = Array1::<i64>::extract("offsets", offsets)?;
    let mu = Array1::<f64>::extract("mu", mu)?;
    let (errors, offsets, mu) = (errors.slice()?, offsets.slice()?, mu.slice()?);
    let sigma = real("sigma", sigma)?;
    // numpy's own memory, which it asks the system to back by large pages: touching it first costs less.
    let weights = PyArray1::zeros(py, errors.len(), false);
    let mut room = weights.readwrite();
    let out = room.as_slice_mut()?;
    py.detach(|| kernel::gaussian_weights(errors, offsets, mu, sigma, out)).map_err(KernelError::from)?;
    Ok(weights)
}

#[pyfunction]
#[allow(clippy::too_many_arguments, reason = "the arguments of the Python function")]
pub fn weighted_sample<'py>(
    py: Python<'py>,
    weights: &Bound<'py, PyAny>,
    offsets: &Bound<'py, PyAny>,
    sizes: &Bound<'py, PyAny>,
    replace: bool,
    log: bool,
    seed: Integer,
    round: Integer,
    clients: &Bound<'py, PyAny>,
) -> PyResult<Draw<'py>> {
    let weights = Array1::<f64>::extract("weights", weights)?;
    let offsets = Array1::<i64>::extract("offsets", offsets)?;
    let sizes = Array1::<i64>::extract("sizes", sizes)?;
    let clients = Array1::<i64>::extract("clients", clients)?;
    let weights = Weights { values: weights.slice()?, log };
    let (offsets, sizes) = (offsets.slice()?, sizes.slice()?);
    let streams = sampling_streams(seed, round, clients.slice()?)?;
    let drawn = py
        .detach(|| kernel::weighted_sample(weights, offsets, sizes, replace, streams))
        .map_err(KernelError::from)?;
    Ok(wrap(py, drawn))
}

#[pyfunction]
#[allow(clippy::too_many_arguments, reason = "the arguments of the Python function")]
pub fn meta_sample<'py>(
    py: Python<'py>,
    errors: &Bound<'py, PyAny>,
    labels: &Bound<'py, PyAny>,
    offsets: &Bound<'py, PyAny>,
    mu: &Bound<'py, PyAny>,
    minority_mu: Option<Real>,
    sigma: Real,
    budget: &str,
    seed: Integer,
    round: Integer,
    clients: &Bound<'py, PyAny>,
) -> PyResult<Draw<'py>> {
    let errors = Array1::<f32>::extract("errors", errors)?;
    let labels = Array1::<u8>::extract("labels", labels)?;
    let offsets = Array1::<i64>::extract("offsets", offsets)?;
    let mu = Array1::<f64>::extract("mu", mu)?;
    let clients = Array1::<i64>::extract("clients", clients)?;
    let budget = match budget {
        "under" => Budget::Under,
        "matched" => Budget::Matched,
        _ => {
            return Err(PyValueError::new_err(format!(
                "budget must be 'under' or 'matched', got {budget:?}"
            )));
        }
    };
    let (errors, labels, offsets, mu) = (errors.slice()?, labels.slice()?, offsets.slice()?, mu.slice()?);
    let streams = sampling_streams(seed, round, clients.slice()?)?;
    let (minority_mu, sigma) = (optional_real("minority_mu", minority_mu)?, real("sigma", sigma)?);
    let centres = Centres { mu, minority_mu, sigma };
    let drawn = py
        .detach(|| kernel::meta_sample(errors, labels, offsets, centres, budget, streams))
        .map_err(KernelError::from)?;
    Ok(wrap(py, drawn))
}

#[pyfunction]
pub fn oversample<'py>(
    py: Python<'py>,
    labels: &Bound<'py, PyAny>,
    offsets: &Bound<'py, PyAny>,
    seed: Integer,
    round: Integer,
    clients: &Bound<'py, PyAny>,
) -> PyResult<Draw<'py>> {
    let labels = Array1::<u8>::extract("labels", labels)?;
    let offsets = Array1::<i64>::extract("offsets", offsets)?;
    let clients = Array1::<i64>::extract("clients", clients)?;
    let (labels, offsets) = (labels.slice()?, offsets.slice()?);
    let streams = sampling_streams(seed, round, clients.slice()?)?;
    let drawn = py.detach(|| kernel::oversample(labels, offsets, streams)).map_err(KernelError::from)?;
    Ok(wrap(py, drawn))
}

#[pyfunction]
pub fn undersample<'py>(
    py: Python<'py>,
    labels: &Bound<'py, PyAny>,
    offsets: &Bound<'py, PyAny>,
    seed: Integer,
    round: Integer,
    clients: &Bound<'py, PyAny>,
) -> PyResult<Draw<'py>> {
    let labels = Array1::<u8>::extract("labels", labels)?;
    let offsets = Array1::<i64>::extract("offsets", offsets)?;
    let clients = Array1::<i64>::extract("clients", clients)?;
    let (labels, offsets) = (labels.slice()?, offsets.slice()?);
    let streams = sampling_streams(seed, round, clients.slice()?)?;
    let drawn = py.detach(|| kernel::undersample(labels, offsets, streams)).map_err(KernelError::from)?;
    Ok(wrap(py, drawn))
}
