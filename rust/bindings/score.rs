//! The scorer of raw rows.

use cfmt_core::error::{check_all, check_len};
use cfmt_core::ragged::Offsets;
use cfmt_core::score::{self, RawRows, Scale, Steps};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods};
use pyo3::prelude::*;

use crate::arrays::{Array1, Array2};
use crate::error::KernelError;
use crate::scalars::{Integer, count, positive};

#[pyclass(frozen, module = "cfmt._core")]
pub struct Scorer(score::Scorer);

#[pymethods]
impl Scorer {
    #[staticmethod]
    #[pyo3(signature = (columns, logged, mean, scale, n_words, params, *, n_numeric, hidden))]
    #[expect(clippy::too_many_arguments, reason = "keywords in Python")]
    fn z_scores(
        columns: &Bound<'_, PyAny>,
        logged: &Bound<'_, PyAny>,
        mean: &Bound<'_, PyAny>,
        scale: &Bound<'_, PyAny>,
        n_words: &Bound<'_, PyAny>,
        params: &Bound<'_, PyAny>,
        n_numeric: Integer,
        hidden: Integer,
    ) -> PyResult<Self> {
        let logged = Array1::<u8>::extract("logged", logged)?;
        let mean = Array1::<f64>::extract("mean", mean)?;
        let scale = Array1::<f64>::extract("scale", scale)?;
        let (logged, mean, scale) = (logged.slice()?, mean.slice()?, scale.slice()?);
        for (name, length) in [("logged", logged.len()), ("scale", scale.len())] {
            check_len(name, length, mean.len(), "one for each of mean").map_err(KernelError::from)?;
        }
        let scales = logged
            .iter()
            .zip(mean)
            .zip(scale)
            .map(|((&logged, &mean), &scale)| Scale::Linear { logged: logged != 0, mean, scale })
            .collect();
        Self::new(columns, scales, n_words, params, n_numeric, hidden)
    }

    #[staticmethod]
    #[pyo3(signature = (columns, edges, levels, offsets, n_words, params, *, n_numeric, hidden))]
    #[expect(clippy::too_many_arguments, reason = "keywords in Python")]
    fn steps(
        columns: &Bound<'_, PyAny>,
        edges: &Bound<'_, PyAny>,
        levels: &Bound<'_, PyAny>,
        offsets: &Bound<'_, PyAny>,
        n_words: &Bound<'_, PyAny>,
        params: &Bound<'_, PyAny>,
        n_numeric: Integer,
        hidden: Integer,
    ) -> PyResult<Self> {
        let edges = Array1::<f64>::extract("edges", edges)?;
        let levels = Array1::<f32>::extract("levels", levels)?;
        let offsets = Array1::<i64>::extract("offsets", offsets)?;
        let (edges, levels) = (edges.slice()?, levels.slice()?);
        let of_columns = Offsets::new(offsets.slice()?, edges.len()).map_err(KernelError::from)?;
        check_len("levels", levels.len(), edges.len(), "one for each of the edges")
            .map_err(KernelError::from)?;
        let scales = (0..of_columns.n_clients())
            .map(|k| of_columns.range(k))
            .map(|range| Steps::new(edges[range.clone()].into(), levels[range].into()).map(Scale::Steps))
            .collect::<Result<_, _>>()
            .map_err(KernelError::from)?;
        Self::new(columns, scales, n_words, params, n_numeric, hidden)
    }

    #[getter]
    fn baseline(&self) -> f64 {
        self.0.baseline()
    }

    fn scores<'py>(
        &self,
        numeric: &Bound<'py, PyAny>,
        codes: &Bound<'py, PyAny>,
        words: &Bound<'py, PyAny>,
        offsets: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<f32>>> {
        let rows = Rows::extract(numeric, codes, words, offsets)?;
        Ok(self.run(numeric.py(), &rows, score::Scorer::scores)?.into_pyarray(numeric.py()))
    }

    fn logits<'py>(
        &self,
        numeric: &Bound<'py, PyAny>,
        codes: &Bound<'py, PyAny>,
        words: &Bound<'py, PyAny>,
        offsets: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<f32>>> {
        let rows = Rows::extract(numeric, codes, words, offsets)?;
        Ok(self.run(numeric.py(), &rows, score::Scorer::logits)?.into_pyarray(numeric.py()))
    }

    fn explain<'py>(
        &self,
        numeric: &Bound<'py, PyAny>,
        codes: &Bound<'py, PyAny>,
        words: &Bound<'py, PyAny>,
        offsets: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let rows = Rows::extract(numeric, codes, words, offsets)?;
        let parts = self.run(numeric.py(), &rows, score::Scorer::explain)?;
        parts.into_pyarray(numeric.py()).reshape([rows.numeric.shape()[0], self.0.n_parts()])
    }
}

impl Scorer {
    /// Runs a kernel on rows, detached from the interpreter.
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        rows: &Rows<'_>,
        kernel: fn(&score::Scorer, RawRows<'_>) -> cfmt_core::Result<Vec<T>>,
    ) -> PyResult<Vec<T>> {
        let rows = rows.view()?;
        Ok(py.detach(|| kernel(&self.0, rows)).map_err(KernelError::from)?)
    }

    fn new(
        columns: &Bound<'_, PyAny>,
        scales: Vec<Scale>,
        n_words: &Bound<'_, PyAny>,
        params: &Bound<'_, PyAny>,
        n_numeric: Integer,
        hidden: Integer,
    ) -> PyResult<Self> {
        let columns = Array1::<i64>::extract("columns", columns)?;
        let n_words = Array1::<i64>::extract("n_words", n_words)?;
        let params = Array1::<f32>::extract("params", params)?;
        let (n_numeric, hidden) = (count("n_numeric", n_numeric)?, positive("hidden", hidden)?);
        let (columns, n_words) = (sizes("columns", columns.slice()?)?, sizes("n_words", n_words.slice()?)?);
        check_len("columns", columns.len(), scales.len(), "one for each scale").map_err(KernelError::from)?;
        let scales = columns.into_iter().zip(scales).collect();
        let made = score::Scorer::new(n_numeric, scales, &n_words, params.slice()?, hidden);
        Ok(Self(made.map_err(KernelError::from)?))
    }
}

/// Numbers that are no less than 0, as sizes.
fn sizes(name: &'static str, values: &[i64]) -> Result<Vec<usize>, KernelError> {
    check_all(name, values, "at least 0", |value| value >= 0)?;
    Ok(values.iter().map(|&value| value as usize).collect())
}

/// Raw rows as Python gave them.
struct Rows<'py> {
    numeric: Array2<'py, f64>,
    codes: Array2<'py, i64>,
    words: Array1<'py, i64>,
    offsets: Array1<'py, i64>,
}

impl<'py> Rows<'py> {
    fn extract(
        numeric: &Bound<'py, PyAny>,
        codes: &Bound<'py, PyAny>,
        words: &Bound<'py, PyAny>,
        offsets: &Bound<'py, PyAny>,
    ) -> PyResult<Self> {
        Ok(Self {
            numeric: Array2::extract("numeric", numeric)?,
            codes: Array2::extract("codes", codes)?,
            words: Array1::extract("words", words)?,
            offsets: Array1::extract("offsets", offsets)?,
        })
    }

    fn view(&self) -> PyResult<RawRows<'_>> {
        let words = self.words.slice()?;
        let n = self.numeric.shape()[0];
        check_len("codes", self.codes.shape()[0], n, "one row for each of numeric")
            .map_err(KernelError::from)?;
        Ok(RawRows {
            n,
            numeric: self.numeric.slice()?,
            codes: self.codes.slice()?,
            words,
            offsets: Offsets::new(self.offsets.slice()?, words.len()).map_err(KernelError::from)?,
        })
    }
}
