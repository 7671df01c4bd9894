//! Detection figures of scored rows.

use cfmt_core::metrics::{self, Scored};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods};
use pyo3::prelude::*;

use crate::arrays::Array1;
use crate::error::KernelError;
use crate::scalars::{Integer, Real, positive, real};

type TwoCounts<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>);

#[pyfunction]
pub fn ragged_confusion<'py>(
    py: Python<'py>,
    scores: &Bound<'py, PyAny>,
    labels: &Bound<'py, PyAny>,
    offsets: &Bound<'py, PyAny>,
    threshold: Real,
) -> PyResult<Bound<'py, PyArray2<i64>>> {
    let scores = Array1::<f32>::extract("scores", scores)?;
    let labels = Array1::<u8>::extract("labels", labels)?;
    let offsets = Array1::<i64>::extract("offsets", offsets)?;
    let (scores, labels, offsets) = (scores.slice()?, labels.slice()?, offsets.slice()?);
    let threshold = real("threshold", threshold)?;
    let counts = py
        .detach(|| metrics::confusion(Scored::new(scores, labels)?, offsets, threshold))
        .map_err(KernelError::from)?;
    counts.into_pyarray(py).reshape([offsets.len() - 1, 4])
}

#[pyfunction]
pub fn ragged_average_precision<'py>(
    py: Python<'py>,
    scores: &Bound<'py, PyAny>,
    labels: &Bound<'py, PyAny>,
    offsets: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let scores = Array1::<f32>::extract("scores", scores)?;
    let labels = Array1::<u8>::extract("labels", labels)?;
    let offsets = Array1::<i64>::extract("offsets", offsets)?;
    let (scores, labels, offsets) = (scores.slice()?, labels.slice()?, offsets.slice()?);
    let precisions = py
        .detach(|| metrics::average_precision(Scored::new(scores, labels)?, offsets))
        .map_err(KernelError::from)?;
    Ok(precisions.into_pyarray(py))
}

#[pyfunction]
pub fn operating_points<'py>(
    py: Python<'py>,
    scores: &Bound<'py, PyAny>,
    labels: &Bound<'py, PyAny>,
) -> PyResult<TwoCounts<'py>> {
    let scores = Array1::<f32>::extract("scores", scores)?;
    let labels = Array1::<u8>::extract("labels", labels)?;
    let (scores, labels) = (scores.slice()?, labels.slice()?);
    let [true_alerts, false_alerts] = py
        .detach(|| Scored::new(scores, labels).map(metrics::operating_points))
        .map_err(KernelError::from)?;
    Ok((true_alerts.into_pyarray(py), false_alerts.into_pyarray(py)))
}

#[pyfunction]
pub fn score_histogram<'py>(
    py: Python<'py>,
    scores: &Bound<'py, PyAny>,
    labels: &Bound<'py, PyAny>,
    bins: Integer,
) -> PyResult<TwoCounts<'py>> {
    let scores = Array1::<f32>::extract("scores", scores)?;
    let labels = Array1::<u8>::extract("labels", labels)?;
    let (scores, labels, bins) = (scores.slice()?, labels.slice()?, positive("bins", bins)?);
    let [attack, normal] = py
        .detach(|| metrics::score_histogram(Scored::new(scores, labels)?, bins))
        .map_err(KernelError::from)?;
    Ok((attack.into_pyarray(py), normal.into_pyarray(py)))
}
