//! Weighted sums of updates.

use cfmt_core::aggregate;
use cfmt_core::error::check_len;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods};
use pyo3::prelude::*;

use crate::arrays::{Array1, Array2};
use crate::error::KernelError;
use crate::scalars::{Integer, positive};

#[pyclass(module = "cfmt._core")]
pub struct WeightedSum(aggregate::WeightedSum);

#[pymethods]
impl WeightedSum {
    #[new]
    fn new(n_clusters: Integer, n_params: Integer) -> PyResult<Self> {
        let (n_clusters, n_params) = (positive("n_clusters", n_clusters)?, positive("n_params", n_params)?);
        Ok(Self(aggregate::WeightedSum::new(n_clusters, n_params).map_err(KernelError::from)?))
    }

    fn add(
        &mut self,
        py: Python<'_>,
        updates: &Bound<'_, PyAny>,
        weights: &Bound<'_, PyAny>,
        clusters: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let updates = Array2::<f32>::extract("updates", updates)?;
        let weights = Array1::<f64>::extract("weights", weights)?;
        let clusters = Array1::<i64>::extract("clusters", clusters)?;
        check_len("a row of updates", updates.shape()[1], self.0.n_params(), "n_params of this sum")
            .map_err(KernelError::from)?;
        let (updates, weights, clusters) = (updates.slice()?, weights.slice()?, clusters.slice()?);
        Ok(py.detach(|| self.0.add(updates, weights, clusters)).map_err(KernelError::from)?)
    }

    fn add_sums(
        &mut self,
        py: Python<'_>,
        sums: &Bound<'_, PyAny>,
        totals: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let sums = Array2::<f64>::extract("sums", sums)?;
        let totals = Array1::<f64>::extract("totals", totals)?;
        check_len("a row of sums", sums.shape()[1], self.0.n_params(), "n_params of this sum")
            .map_err(KernelError::from)?;
        let (sums, totals) = (sums.slice()?, totals.slice()?);
        Ok(py.detach(|| self.0.add_sums(sums, totals)).map_err(KernelError::from)?)
    }

    fn sums<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        PyArray1::from_slice(py, self.0.sums()).reshape([self.0.n_clusters(), self.0.n_params()])
    }

    fn totals<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_slice(py, self.0.totals())
    }

    fn means<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let means = py.detach(|| self.0.means());
        means.into_pyarray(py).reshape([self.0.n_clusters(), self.0.n_params()])
    }

    fn combine<'py>(
        &self,
        py: Python<'py>,
        cluster_weights: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<f32>>> {
        let weights = Array1::<f64>::extract("cluster_weights", cluster_weights)?;
        let weights = weights.slice()?;
        let combined = py.detach(|| self.0.combine(weights)).map_err(KernelError::from)?;
        Ok(combined.into_pyarray(py))
    }
}

#[pyfunction]
pub fn weighted_mean<'py>(
    py: Python<'py>,
    updates: &Bound<'py, PyAny>,
    weights: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyArray1<f32>>> {
    let updates = Array2::<f32>::extract("updates", updates)?;
    let weights = Array1::<f64>::extract("weights", weights)?;
    let n_params = updates.shape()[1];
    let (updates, weights) = (updates.slice()?, weights.slice()?);
    let mean =
        py.detach(|| aggregate::weighted_mean(updates, n_params, weights)).map_err(KernelError::from)?;
    Ok(mean.into_pyarray(py))
}
