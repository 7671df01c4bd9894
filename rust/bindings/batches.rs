//! Batches of local training.

use cfmt_core::random::Purpose;
use cfmt_core::sampling::{self, ClientStreams, Length};
use numpy::{IntoPyArray, PyArray3, PyArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::arrays::Array1;
use crate::error::KernelError;
use crate::scalars::{Integer, integer, keys};

/// How long clients train: exactly one of the two must be given.
pub fn length(epochs: Option<Integer>, steps: Option<Integer>) -> PyResult<Length> {
    let epochs = epochs.map(|epochs| integer("epochs", epochs)).transpose()?;
    let steps = steps.map(|steps| integer("steps", steps)).transpose()?;
    match (epochs, steps) {
        (Some(epochs), None) => Ok(Length::Epochs(epochs)),
        (None, Some(steps)) => Ok(Length::Steps(steps)),
        (None, None) => Err(PyValueError::new_err("epochs or steps must be given, got neither")),
        (Some(epochs), Some(steps)) => Err(PyValueError::new_err(format!(
            "epochs and steps exclude each other, got epochs={epochs} and steps={steps}; leave one out"
        ))),
    }
}

#[pyfunction]
#[allow(clippy::too_many_arguments, reason = "the arguments of the Python function")]
pub fn batch_plan<'py>(
    py: Python<'py>,
    offsets: &Bound<'py, PyAny>,
    batch_size: Integer,
    epochs: Option<Integer>,
    steps: Option<Integer>,
    seed: Integer,
    round: Integer,
    clients: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyArray3<i64>>> {
    let offsets = Array1::<i64>::extract("offsets", offsets)?;
    let clients = Array1::<i64>::extract("clients", clients)?;
    let length = length(epochs, steps)?;
    let offsets = offsets.slice()?;
    let (batch_size, (seed, round)) = (integer("batch_size", batch_size)?, keys(seed, round)?);
    let streams = ClientStreams { seed, purpose: Purpose::Batches, round, clients: clients.slice()? };
    let plan = py
        .detach(|| sampling::batch_plan(offsets, batch_size, length, streams))
        .map_err(KernelError::from)?;
    plan.rows.into_pyarray(py).reshape(plan.shape)
}
