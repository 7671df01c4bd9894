//! Partitions of rows over clients.

use cfmt_core::partition::{Classes, Plan, partition};
use cfmt_core::ragged::Ragged;
use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;

use crate::arrays::Array1;
use crate::error::KernelError;
use crate::scalars::{Integer, Real, count, key, optional_real, pair};

/// Values and offsets of a ragged array.
pub type PyRagged<'py> = (Bound<'py, PyArray1<i64>>, Bound<'py, PyArray1<i64>>);

/// Hands a ragged array over to numpy, without a copy.
pub fn to_python(py: Python<'_>, ragged: Ragged<i64>) -> PyRagged<'_> {
    (ragged.values.into_pyarray(py), ragged.offsets.into_pyarray(py))
}

#[pyclass(frozen, module = "cfmt._core")]
pub struct PartitionPlan(Plan);

#[pymethods]
impl PartitionPlan {
    #[new]
    #[pyo3(signature = (n_clients, *, alpha, size_alpha, min_size, rows_per_client))]
    fn new(
        n_clients: Integer,
        alpha: Option<Real>,
        size_alpha: Option<Real>,
        min_size: Integer,
        rows_per_client: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let (n_clients, min_size) = (count("n_clients", n_clients)?, count("min_size", min_size)?);
        let range = match rows_per_client {
            Some(range) => {
                let (low, high) = pair("rows_per_client", "a range of two whole numbers", range)?;
                Some((count("rows_per_client[0]", low)?, count("rows_per_client[1]", high)?))
            }
            None => None,
        };
        let (alpha, size_alpha) = (optional_real("alpha", alpha)?, optional_real("size_alpha", size_alpha)?);
        Ok(Self(Plan::new(n_clients, alpha, size_alpha, min_size, range).map_err(KernelError::from)?))
    }

    /// Gives `n_rows` rows of one class to clients.
    #[pyo3(signature = (n_rows, *, seed))]
    fn split_rows<'py>(&self, py: Python<'py>, n_rows: Integer, seed: Integer) -> PyResult<PyRagged<'py>> {
        let (n_rows, seed) = (count("n_rows", n_rows)?, key("seed", seed)?);
        let parts =
            py.detach(|| partition(&Classes::one(n_rows)?, &self.0, seed)).map_err(KernelError::from)?;
        Ok(to_python(py, parts))
    }

    /// Gives labelled rows to clients, class by class.
    #[pyo3(signature = (labels, *, seed))]
    fn split_labels<'py>(&self, labels: &Bound<'py, PyAny>, seed: Integer) -> PyResult<PyRagged<'py>> {
        let py = labels.py();
        let array = Array1::extract("labels", labels)?;
        let (labels, seed) = (array.slice()?, key("seed", seed)?);
        let parts = py
            .detach(|| partition(&Classes::from_labels(labels)?, &self.0, seed))
            .map_err(KernelError::from)?;
        Ok(to_python(py, parts))
    }
}
