//! Numbers at the border: refused by name where they are no numbers, out of range, or out of 64 bits.

use cfmt_core::error::check;
use pyo3::Borrowed;
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;

use crate::error::KernelError;

/// What should be a whole number, not yet known by its name.
pub enum Integer {
    /// One of 64 bits, with a sign or without.
    Within(i128),
    /// A longer one, as text.
    Beyond(String),
    /// Anything else, as text.
    Other(String),
}

impl<'py> FromPyObject<'_, 'py> for Integer {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let signed = value.extract::<i64>().map(i128::from);
        Ok(match signed.or_else(|_| value.extract::<u64>().map(i128::from)) {
            Ok(number) => Self::Within(number),
            Err(error) if error.is_instance_of::<PyOverflowError>(value.py()) => {
                // Python refuses to write the longest
                Self::Beyond(
                    value.str().map_or_else(|_| "thousands of digits".into(), |text| text.to_string()),
                )
            }
            Err(_) => Self::Other(shown(value)),
        })
    }
}

impl Integer {
    fn fit<T: TryFrom<i128>>(self, name: &str, allowed: &str) -> Result<T, KernelError> {
        let value = match self {
            Self::Within(number) => match T::try_from(number) {
                Ok(fitting) => return Ok(fitting),
                Err(_) => number.to_string(),
            },
            Self::Beyond(text) => text,
            Self::Other(text) => return Err(no_number(name, allowed, &text)),
        };
        Err(KernelError::Value(format!("{name} must be {allowed}, got {value}")))
    }
}

/// What should be a number, not yet known by its name.
pub enum Real {
    /// A number.
    Number(f64),
    /// Anything else, as text.
    Other(String),
}

impl<'py> FromPyObject<'_, 'py> for Real {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(value.extract().map_or_else(|_| Self::Other(shown(value)), Self::Number))
    }
}

/// Two values that belong together, a tuple or a list: the argument `name`, which must be `allowed`.
///
/// # Errors
/// `TypeError` for anything but two values.
pub fn pair<'py, T>(name: &str, allowed: &str, value: &Bound<'py, PyAny>) -> PyResult<(T, T)>
where
    T: for<'a> FromPyObject<'a, 'py, Error = PyErr>,
{
    if let Ok(mut both) = value.extract::<Vec<T>>()
        && both.len() == 2
        && let (Some(high), Some(low)) = (both.pop(), both.pop())
    {
        return Ok((low, high));
    }
    let got = shown(value.as_borrowed());
    Err(PyTypeError::new_err(format!("{name} must be {allowed}, got {got}; write {name}=(low, high)")))
}

/// A number that the kernel checks itself, at least 1 wherever it is asked for: the argument `name`.
pub fn integer(name: &str, value: Integer) -> Result<i64, KernelError> {
    value.fit(name, "a whole number in [1, 2^63)")
}

/// A count that must be at least 1.
pub fn positive(name: &'static str, value: Integer) -> Result<usize, KernelError> {
    let value = integer(name, value)?;
    check(value > 0, name, value, "at least 1")?;
    Ok(value as usize)
}

/// A number of rows, clients or classes, which may be 0.
pub fn count(name: &'static str, value: Integer) -> Result<usize, KernelError> {
    let value: i64 = value.fit(name, "a whole number in [0, 2^63)")?;
    check(value >= 0, name, value, "a count, not negative")?;
    Ok(value as usize)
}

/// Part of the key of a random stream: a seed, a round, an item.
pub fn key(name: &str, value: Integer) -> Result<u64, KernelError> {
    value.fit(name, "a whole number in [0, 2^64)")
}

/// The `seed` and the `round` of draws.
pub fn keys(seed: Integer, round: Integer) -> Result<(u64, u64), KernelError> {
    Ok((key("seed", seed)?, key("round", round)?))
}

/// A float, the argument `name`; the kernel checks its range.
pub fn real(name: &str, value: Real) -> Result<f64, KernelError> {
    match value {
        Real::Number(number) => Ok(number),
        Real::Other(text) => Err(no_number(name, "a number", &text)),
    }
}

/// A float that may be left out.
pub fn optional_real(name: &str, value: Option<Real>) -> Result<Option<f64>, KernelError> {
    value.map(|value| real(name, value)).transpose()
}

fn no_number(name: &str, allowed: &str, got: &str) -> KernelError {
    KernelError::Type(format!("{name} must be {allowed}, got {got}"))
}

/// A value as Python writes it; a long one by its type.
fn shown(value: Borrowed<'_, '_, PyAny>) -> String {
    let text = value.repr().map(|text| text.to_string()).unwrap_or_default();
    let kind = || value.get_type().name().map_or_else(|_| "an object".into(), |name| name.to_string());
    if text.is_empty() || text.len() > 60 { kind() } else { text }
}
