//! Auxiliary vectors of clients.

use cfmt_core::clustering as kernel;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods};
use pyo3::prelude::*;

use crate::arrays::{Array1, Array2};
use crate::clustering::checked;
use crate::error::KernelError;

type Vector<'py> = Bound<'py, PyArray1<f64>>;

#[pyfunction]
pub fn auxiliary_vectors<'py>(
    py: Python<'py>,
    n_attack: &Bound<'py, PyAny>,
    n_normal: &Bound<'py, PyAny>,
    accuracy: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let n_attack = Array1::<i64>::extract("n_attack", n_attack)?;
    let n_normal = Array1::<i64>::extract("n_normal", n_normal)?;
    let accuracy = Array1::<f64>::extract("accuracy", accuracy)?;
    let (n_attack, n_normal, accuracy) = (n_attack.slice()?, n_normal.slice()?, accuracy.slice()?);
    let vectors =
        py.detach(|| kernel::auxiliary_vectors(n_attack, n_normal, accuracy)).map_err(KernelError::from)?;
    vectors.into_pyarray(py).reshape([n_attack.len(), 2])
}

#[pyfunction]
pub fn standardise<'py>(
    py: Python<'py>,
    points: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyArray2<f64>>, Vector<'py>, Vector<'py>)> {
    let array = Array2::<f64>::extract("points", points)?;
    let points = checked("points", &array)?;
    let result = py.detach(|| kernel::standardise(points)).map_err(KernelError::from)?;
    let standardised = result.points.into_pyarray(py).reshape([points.len(), points.dimension()])?;
    Ok((standardised, result.mean.into_pyarray(py), result.scale.into_pyarray(py)))
}
