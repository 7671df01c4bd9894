//! Cells of flow tables.

use cfmt_core::error::{check_all, check_len};
use cfmt_core::table::{self, Column, Columns, Kind};
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::arrays::{Array1, Array2};
use crate::error::KernelError;
use crate::scalars::{Integer, count};

/// What is wanted of a column, by the number that stands for it in Python.
const KINDS: [Kind; 6] =
    [Kind::Skipped, Kind::Number, Kind::NumberOrMissing, Kind::Word, Kind::Text, Kind::Empty];

/// Codes of a column, and the words that they stand for.
type Words<'py> = (Bound<'py, PyArray1<u32>>, Vec<String>);

type Lines<'py> = (usize, Bound<'py, PyArray2<f64>>, Vec<Words<'py>>, Bound<'py, PyBytes>);

type Rows<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray1<bool>>);

#[pyfunction]
#[pyo3(signature = (content, kinds, *, separator, quote, unset))]
pub fn parse_lines<'py>(
    py: Python<'py>,
    content: &Bound<'py, PyBytes>,
    kinds: &Bound<'py, PyAny>,
    separator: char,
    quote: Option<char>,
    unset: Vec<String>,
) -> PyResult<Option<Lines<'py>>> {
    let kinds = Array1::<u8>::extract("kinds", kinds)?;
    check_all("kinds", kinds.slice()?, "0 to 5", |kind| usize::from(kind) < KINDS.len())
        .map_err(KernelError::from)?;
    let kinds: Vec<Kind> = kinds.slice()?.iter().map(|&kind| KINDS[usize::from(kind)]).collect();
    let unset: Vec<&[u8]> = unset.iter().map(String::as_bytes).collect();
    let columns = Columns {
        separator: letter("separator", separator)?,
        quote: quote.map(|quote| letter("quote", quote)).transpose()?,
        kinds: &kinds,
        unset: &unset,
    };
    let bytes = content.as_bytes();
    let Some(lines) = py.detach(|| table::parse(bytes, columns)).map_err(KernelError::from)? else {
        return Ok(None);
    };
    let n_numbers = kinds.iter().filter(|kind| matches!(kind, Kind::Number | Kind::NumberOrMissing)).count();
    let numbers = lines.numbers.into_pyarray(py).reshape([n_numbers, lines.n])?;
    let words = lines.words.into_iter().map(|words| words_of(py, words)).collect();
    Ok(Some((lines.n, numbers, words, PyBytes::new(py, &lines.text))))
}

/// A column of words for Python; the text is UTF-8, as its reader has seen to.
fn words_of(py: Python<'_>, words: table::Words) -> Words<'_> {
    let distinct = words.distinct.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    (words.codes.into_pyarray(py), distinct)
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

/// A letter of one byte.
fn letter(name: &str, value: char) -> PyResult<u8> {
    u8::try_from(value)
        .map_err(|_| PyTypeError::new_err(format!("{name} must be an ASCII letter, got {value:?}")))
}
