//! K-means, silhouette and the matching of clusters.

use cfmt_core::clustering::{self as kernel, KMeans, Options, Points};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods};
use pyo3::prelude::*;

use crate::arrays::{Array1, Array2};
use crate::error::KernelError;
use crate::scalars::{Integer, Real, keys, positive, real};

type Labels<'py> = Bound<'py, PyArray1<i64>>;
type Clustering<'py> = (Labels<'py>, Bound<'py, PyArray2<f64>>, f64, usize);

#[pyfunction]
#[pyo3(signature = (points, k, *, n_init, max_iter, tol, seed, round))]
#[allow(clippy::too_many_arguments, reason = "keyword-only in Python, under names of their own")]
pub fn kmeans_fit<'py>(
    py: Python<'py>,
    points: &Bound<'py, PyAny>,
    k: Integer,
    n_init: Integer,
    max_iter: Integer,
    tol: Real,
    seed: Integer,
    round: Integer,
) -> PyResult<Clustering<'py>> {
    let array = Array2::<f64>::extract("points", points)?;
    let points = checked("points", &array)?;
    let k = positive("k", k)?;
    let options = options(n_init, max_iter, tol, seed, round)?;
    let fit = py.detach(|| kernel::kmeans(points, k, options)).map_err(KernelError::from)?;
    wrap(py, fit, points.dimension())
}

#[pyfunction]
#[pyo3(signature = (points, k_max, *, n_init, max_iter, tol, max_points, seed, round))]
#[allow(clippy::too_many_arguments, reason = "keyword-only in Python, under names of their own")]
pub fn kmeans_choose_k<'py>(
    py: Python<'py>,
    points: &Bound<'py, PyAny>,
    k_max: Integer,
    n_init: Integer,
    max_iter: Integer,
    tol: Real,
    max_points: Integer,
    seed: Integer,
    round: Integer,
) -> PyResult<Clustering<'py>> {
    let array = Array2::<f64>::extract("points", points)?;
    let points = checked("points", &array)?;
    let (k_max, max_points) = (positive("k_max", k_max)?, positive("max_points", max_points)?);
    let options = options(n_init, max_iter, tol, seed, round)?;
    let fit =
        py.detach(|| kernel::choose_k(points, k_max, max_points, options)).map_err(KernelError::from)?;
    wrap(py, fit, points.dimension())
}

#[pyfunction]
pub fn nearest<'py>(
    py: Python<'py>,
    points: &Bound<'py, PyAny>,
    centroids: &Bound<'py, PyAny>,
) -> PyResult<Labels<'py>> {
    let array = Array2::<f64>::extract("points", points)?;
    let centroid_array = Array2::<f64>::extract("centroids", centroids)?;
    let (points, centroids) = (checked("points", &array)?, checked("centroids", &centroid_array)?);
    let labels = py.detach(|| kernel::nearest(points, centroids)).map_err(KernelError::from)?;
    Ok(labels.into_pyarray(py))
}

#[pyfunction]
#[pyo3(signature = (points, labels, *, max_points, seed, round))]
pub fn silhouette(
    py: Python<'_>,
    points: &Bound<'_, PyAny>,
    labels: &Bound<'_, PyAny>,
    max_points: Integer,
    seed: Integer,
    round: Integer,
) -> PyResult<f64> {
    let array = Array2::<f64>::extract("points", points)?;
    let points = checked("points", &array)?;
    let labels = Array1::<i64>::extract("labels", labels)?;
    let labels = labels.slice()?;
    let (max_points, (seed, round)) = (positive("max_points", max_points)?, keys(seed, round)?);
    let score = py.detach(|| kernel::silhouette(points, labels, max_points, seed, round));
    Ok(score.map_err(KernelError::from)?)
}

#[pyfunction]
pub fn match_clusters<'py>(
    py: Python<'py>,
    centroids: &Bound<'py, PyAny>,
    previous: &Bound<'py, PyAny>,
) -> PyResult<Labels<'py>> {
    let array = Array2::<f64>::extract("centroids", centroids)?;
    let previous_array = Array2::<f64>::extract("previous", previous)?;
    let (centroids, previous) = (checked("centroids", &array)?, checked("previous", &previous_array)?);
    let identities = py.detach(|| kernel::match_clusters(centroids, previous)).map_err(KernelError::from)?;
    Ok(identities.into_pyarray(py))
}

/// Points of an argument.
pub fn checked<'a>(name: &'static str, array: &'a Array2<'_, f64>) -> PyResult<Points<'a>> {
    Ok(Points::new(name, array.slice()?, array.shape()[1]).map_err(KernelError::from)?)
}

fn options(
    n_init: Integer,
    max_iter: Integer,
    tol: Real,
    seed: Integer,
    round: Integer,
) -> PyResult<Options> {
    let (n_init, max_iter) = (positive("n_init", n_init)?, positive("max_iter", max_iter)?);
    let (seed, round) = keys(seed, round)?;
    Ok(Options { n_init, max_iter, tol: real("tol", tol)?, seed, round })
}

fn wrap(py: Python<'_>, fit: KMeans, dimension: usize) -> PyResult<Clustering<'_>> {
    let shape = [fit.centroids.len() / dimension, dimension];
    let centroids = fit.centroids.into_pyarray(py).reshape(shape)?;
    Ok((fit.labels.into_pyarray(py), centroids, fit.inertia, fit.n_iter))
}
