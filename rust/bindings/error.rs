//! Errors on their way to Python: a bad value is a `ValueError`, a bad type a `TypeError`, a training that diverged
//! a `FloatingPointError`.

use pyo3::PyErr;
use pyo3::exceptions::{PyFloatingPointError, PyTypeError, PyValueError};

/// An error on its way to Python.
pub enum KernelError {
    /// What a kernel refused.
    Kernel(cfmt_core::Error),
    /// A value out of its range.
    Value(String),
    /// A value of another type.
    Type(String),
}

impl From<cfmt_core::Error> for KernelError {
    fn from(error: cfmt_core::Error) -> Self {
        Self::Kernel(error)
    }
}

impl From<KernelError> for PyErr {
    fn from(error: KernelError) -> Self {
        match error {
            KernelError::Kernel(error @ cfmt_core::Error::Diverged(_)) => {
                PyFloatingPointError::new_err(error.to_string())
            }
            KernelError::Kernel(error) => PyValueError::new_err(error.to_string()),
            KernelError::Value(message) => PyValueError::new_err(message),
            KernelError::Type(message) => PyTypeError::new_err(message),
        }
    }
}
