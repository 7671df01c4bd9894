//! Cells of flow tables.

use std::borrow::Cow;

use cfmt_core::error::{Error, check_all, check_len};
use cfmt_core::table::{self, Column, Columns, Kind, Place};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::arrays::{Array1, Array2};
use crate::error::KernelError;
use crate::scalars::{Integer, count};

/// What is wanted of a column, by the number that stands for it in Python.
const KINDS: [Kind; 5] = [Kind::Skipped, Kind::Number, Kind::Word, Kind::Text, Kind::Empty];

/// Codes of a column, and the words that they stand for.
type Words<'py> = (Bound<'py, PyArray1<u32>>, Vec<String>);

/// The cells of a column, one behind the other, and where each ends.
type Texts<'py> = (Bound<'py, PyBytes>, Bound<'py, PyArray1<i64>>);

type Lines<'py> = (Bound<'py, PyArray2<f64>>, Vec<Words<'py>>, Vec<Texts<'py>>);

type Rows<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<bool>>);

#[pyfunction]
#[pyo3(signature = (content, kinds, places, heavy, flags, *, width, separator, quote, unset))]
#[allow(clippy::too_many_arguments, reason = "they are the kernel's, checked one by one")]
pub fn parse_lines<'py>(
    py: Python<'py>,
    content: &Bound<'py, PyBytes>,
    kinds: &Bound<'py, PyAny>,
    places: &Bound<'py, PyAny>,
    heavy: &Bound<'py, PyAny>,
    flags: &Bound<'py, PyAny>,
    width: Integer,
    separator: char,
    quote: Option<char>,
    unset: Vec<String>,
) -> PyResult<Option<Lines<'py>>> {
    let kinds = Array1::<u8>::extract("kinds", kinds)?;
    check_all("kinds", kinds.slice()?, "0 to 4", |kind| usize::from(kind) < KINDS.len())
        .map_err(KernelError::from)?;
    let kinds: Vec<Kind> = kinds.slice()?.iter().map(|&kind| KINDS[usize::from(kind)]).collect();
    let places = places_of(places, heavy, flags)?;
    let unset: Vec<&[u8]> = unset.iter().map(String::as_bytes).collect();
    let columns = Columns {
        separator: letter("separator", separator)?,
        quote: quote.map(|quote| letter("quote", quote)).transpose()?,
        kinds: &kinds,
        places: &places,
        width: count("width", width)?,
        unset: &unset,
    };
    let bytes = content.as_bytes();
    let Some(lines) = py.detach(|| table::parse(bytes, columns)).map_err(KernelError::from)? else {
        return Ok(None);
    };
    let numeric = lines.numeric.into_pyarray(py).reshape([lines.n, columns.width])?;
    let words = lines.words.into_iter().map(|words| words_of(py, words)).collect();
    let texts = lines.texts.into_iter();
    let texts = texts.map(|texts| (PyBytes::new(py, &texts.content), texts.ends.into_pyarray(py))).collect();
    Ok(Some((numeric, words, texts)))
}

/// Where the numbers of each column go; a flag below 0 is none.
fn places_of(
    places: &Bound<'_, PyAny>,
    heavy: &Bound<'_, PyAny>,
    flags: &Bound<'_, PyAny>,
) -> PyResult<Vec<Place>> {
    let (places, heavy) =
        (Array1::<i64>::extract("places", places)?, Array1::<bool>::extract("heavy", heavy)?);
    let flags = Array1::<i64>::extract("flags", flags)?;
    let (places, heavy, flags) = (places.slice()?, heavy.slice()?, flags.slice()?);
    for (name, length) in [("heavy", heavy.len()), ("flags", flags.len())] {
        check_len(name, length, places.len(), "one for each of places").map_err(KernelError::from)?;
    }
    check_all("places", places, "at least 0", |place| place >= 0).map_err(KernelError::from)?;
    let found = places.iter().zip(heavy).zip(flags).map(|((&column, &heavy), &flag)| Place {
        column: column as usize,
        heavy,
        flag: usize::try_from(flag).ok(),
    });
    Ok(found.collect())
}

/// A column of words for Python; the text is UTF-8, as its reader has seen to.
fn words_of(py: Python<'_>, words: table::Words) -> Words<'_> {
    let distinct = words.distinct.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    (words.codes.into_pyarray(py), distinct)
}

#[pyfunction]
pub fn text_cells<'py>(
    py: Python<'py>,
    content: &Bound<'py, PyBytes>,
    ends: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyList>> {
    let (content, ends) = (content.as_bytes(), Array1::<i64>::extract("ends", ends)?);
    let ends = ends.slice()?;
    let mut start = 0;
    let mut cells: Vec<Option<Cow<'_, str>>> = Vec::with_capacity(ends.len());
    for (index, &end) in ends.iter().enumerate() {
        let cell = usize::try_from(end).ok().and_then(|end| content.get(start..end)).ok_or_else(|| {
            KernelError::from(Error::Element {
                name: "ends",
                index,
                value: end.to_string(),
                allowed: "at least the end before it, and at most the length of content",
            })
        })?;
        start += cell.len();
        cells.push((!cell.is_empty()).then(|| String::from_utf8_lossy(cell)));
    }
    PyList::new(py, cells)
}

#[pyfunction]
#[pyo3(signature = (columns, heavy, flags, *, n_rows, width))]
pub fn lay_out_rows<'py>(
    py: Python<'py>,
    columns: Vec<Bound<'py, PyAny>>,
    heavy: &Bound<'py, PyAny>,
    flags: &Bound<'py, PyAny>,
    n_rows: Integer,
    width: Integer,
) -> PyResult<Rows<'py>> {
    let (n_rows, width) = (count("n_rows", n_rows)?, count("width", width)?);
    let heavy = Array1::<bool>::extract("heavy", heavy)?;
    let flags = Array1::<i64>::extract("flags", flags)?;
    let (heavy, flags) = (heavy.slice()?, flags.slice()?);
    for (name, length) in [("heavy", heavy.len()), ("flags", flags.len())] {
        check_len(name, length, columns.len(), "one for each of columns").map_err(KernelError::from)?;
    }
    let arrays: Vec<Array1<'_, f64>> =
        columns.iter().map(|column| Array1::extract("columns", column)).collect::<PyResult<_>>()?;
    let columns: Vec<Column<'_>> = arrays
        .iter()
        .zip(heavy.iter().zip(flags))
        .map(|(values, (&heavy, &flag))| {
            Ok(Column { values: values.slice()?, heavy, flag: usize::try_from(flag).ok() })
        })
        .collect::<PyResult<_>>()?;
    let rows = py.detach(|| table::lay_out(n_rows, &columns, width)).map_err(KernelError::from)?;
    Ok((rows.numeric.into_pyarray(py).reshape([n_rows, width])?, rows.bad.into_pyarray(py)))
}

#[pyfunction]
pub fn first_impossible(
    py: Python<'_>,
    numeric: &Bound<'_, PyAny>,
    heavy: &Bound<'_, PyAny>,
) -> PyResult<Option<(usize, usize)>> {
    let numeric = Array2::<f64>::extract("numeric", numeric)?;
    let heavy = Array1::<bool>::extract("heavy", heavy)?;
    let (values, heavy) = (numeric.slice()?, heavy.slice()?);
    check_len("heavy", heavy.len(), numeric.shape()[1], "one for each column of numeric")
        .map_err(KernelError::from)?;
    let found = py.detach(|| table::first_impossible(values, heavy)).map_err(KernelError::from)?;
    Ok(found.map(|at| (at / heavy.len(), at % heavy.len())))
}

#[pyfunction]
pub fn most_held(py: Python<'_>, file: &Bound<'_, PyAny>) -> PyResult<Option<(u64, usize, usize)>> {
    let file = Array1::<u8>::extract("file", file)?;
    let bytes = file.slice()?;
    Ok(py.detach(|| table::most_held(bytes)).map(|held| (held.bytes, held.group, held.column)))
}

/// A letter of one byte.
fn letter(name: &str, value: char) -> PyResult<u8> {
    u8::try_from(value)
        .map_err(|_| PyTypeError::new_err(format!("{name} must be an ASCII letter, got {value:?}")))
}
