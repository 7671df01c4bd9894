//! Numbers at the border.

use cfmt_core::error::check;
use pyo3::PyResult;

use crate::error::KernelError;

/// A count that must be at least 1.
///
/// # Errors
/// `ValueError` naming the argument where it is not.
pub fn positive(name: &'static str, value: i64) -> PyResult<usize> {
    check(value > 0, name, value, "at least 1").map_err(KernelError::from)?;
    Ok(value as usize)
}
