//! Whole numbers at the border: refused by name where they are out of range, also out of 64 bits.

use cfmt_core::error::{Error, check};
use pyo3::Borrowed;
use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;

use crate::error::KernelError;

/// A whole number as Python gave it, not yet known by its name.
pub enum Integer {
    /// One of 64 bits, with a sign or without.
    Within(i128),
    /// A longer one, as text.
    Beyond(String),
}

impl<'py> FromPyObject<'_, 'py> for Integer {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let signed = value.extract::<i64>().map(i128::from);
        match signed.or_else(|_| value.extract::<u64>().map(i128::from)) {
            Err(error) if error.is_instance_of::<PyOverflowError>(value.py()) => {
                let text = value.str().map_or_else(|_| "thousands of digits".into(), |text| text.to_string());
                Ok(Self::Beyond(text)) // Python refuses to write the longest
            }
            number => number.map(Self::Within),
        }
    }
}

impl Integer {
    fn fit<T: TryFrom<i128>>(self, name: &'static str, allowed: &'static str) -> Result<T, KernelError> {
        let value = match self {
            Self::Within(number) => match T::try_from(number) {
                Ok(fitting) => return Ok(fitting),
                Err(_) => number.to_string(),
            },
            Self::Beyond(text) => text,
        };
        Err(Error::Scalar { name, value, allowed }.into())
    }
}

/// A number that the kernel checks itself, the argument `name`.
pub fn integer(name: &'static str, value: Integer) -> Result<i64, KernelError> {
    value.fit(name, "a whole number in [-2^63, 2^63)")
}

/// A count that must be at least 1.
pub fn positive(name: &'static str, value: Integer) -> Result<usize, KernelError> {
    let value = integer(name, value)?;
    check(value > 0, name, value, "at least 1")?;
    Ok(value as usize)
}

/// A number of rows, clients or classes, which may be 0.
pub fn count(name: &'static str, value: Integer) -> Result<usize, KernelError> {
    let value = integer(name, value)?;
    check(value >= 0, name, value, "a count, not negative")?;
    Ok(value as usize)
}

/// Part of the key of a random stream: a seed, a round, an item.
pub fn key(name: &'static str, value: Integer) -> Result<u64, KernelError> {
    value.fit(name, "a whole number in [0, 2^64)")
}

/// The `seed` and the `round` of draws.
pub fn keys(seed: Integer, round: Integer) -> Result<(u64, u64), KernelError> {
    Ok((key("seed", seed)?, key("round", round)?))
}
