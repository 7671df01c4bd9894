//! Work on a partition that exists: prevalence, validation rows, counts.

use cfmt_core::partition::{self, Parts, Prevalence};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods};
use pyo3::prelude::*;

use crate::arrays::Array1;
use crate::error::KernelError;
use crate::partition::{PyRagged, to_python};
use crate::scalars::{Integer, Real, count, key, pair, real};

#[pyfunction]
pub fn check_prevalence(low: Real, high: Real) -> Result<(), KernelError> {
    Prevalence::new(real("prevalence", low)?, real("prevalence", high)?)?;
    Ok(())
}

#[pyfunction]
#[pyo3(signature = (rows, offsets, is_attack, *, prevalence, min_size, seed))]
pub fn impose_prevalence<'py>(
    rows: &Bound<'py, PyAny>,
    offsets: &Bound<'py, PyAny>,
    is_attack: &Bound<'py, PyAny>,
    prevalence: &Bound<'py, PyAny>,
    min_size: Integer,
    seed: Integer,
) -> PyResult<PyRagged<'py>> {
    let py = rows.py();
    let (rows, offsets) =
        (Array1::extract("parts.values", rows)?, Array1::extract("parts.offsets", offsets)?);
    let is_attack = Array1::extract("is_attack", is_attack)?;
    let (rows, offsets, is_attack) = (rows.slice()?, offsets.slice()?, is_attack.slice()?);
    let (low, high) = pair("prevalence", "a range of two numbers", prevalence)?;
    let (low, high) = (real("prevalence[0]", low)?, real("prevalence[1]", high)?);
    let (min_size, seed) = (count("min_size", min_size)?, key("seed", seed)?);
    let parts = py
        .detach(|| {
            let range = Prevalence::new(low, high)?;
            let parts = Parts::new(rows, offsets, is_attack.len())?;
            partition::impose_prevalence(parts, is_attack, range, min_size, seed)
        })
        .map_err(KernelError::from)?;
    Ok(to_python(py, parts))
}

#[pyfunction]
#[pyo3(signature = (rows, offsets, labels, *, share, seed))]
pub fn split_validation<'py>(
    rows: &Bound<'py, PyAny>,
    offsets: &Bound<'py, PyAny>,
    labels: &Bound<'py, PyAny>,
    share: Real,
    seed: Integer,
) -> PyResult<(PyRagged<'py>, PyRagged<'py>)> {
    let py = rows.py();
    let (rows, offsets) =
        (Array1::extract("parts.values", rows)?, Array1::extract("parts.offsets", offsets)?);
    let labels = Array1::extract("labels", labels)?;
    let (rows, offsets, labels) = (rows.slice()?, offsets.slice()?, labels.slice()?);
    let (share, seed) = (real("share", share)?, key("seed", seed)?);
    let [train, held_out] = py
        .detach(|| partition::split_validation(Parts::new(rows, offsets, labels.len())?, labels, share, seed))
        .map_err(KernelError::from)?;
    Ok((to_python(py, train), to_python(py, held_out)))
}

#[pyfunction]
#[pyo3(signature = (rows, offsets, labels, *, n_classes))]
pub fn class_counts<'py>(
    rows: &Bound<'py, PyAny>,
    offsets: &Bound<'py, PyAny>,
    labels: &Bound<'py, PyAny>,
    n_classes: Integer,
) -> PyResult<Bound<'py, PyArray2<i64>>> {
    let py = rows.py();
    let (rows, offsets) =
        (Array1::extract("parts.values", rows)?, Array1::extract("parts.offsets", offsets)?);
    let labels = Array1::extract("labels", labels)?;
    let (rows, offsets, labels) = (rows.slice()?, offsets.slice()?, labels.slice()?);
    let n_classes = count("n_classes", n_classes)?;
    let counts = py
        .detach(|| partition::class_counts(Parts::new(rows, offsets, labels.len())?, labels, n_classes))
        .map_err(KernelError::from)?;
    let counts: Bound<'py, PyArray1<i64>> = counts.into_pyarray(py);
    counts.reshape([offsets.len() - 1, n_classes])
}
