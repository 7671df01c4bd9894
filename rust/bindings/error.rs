//! Kernel errors as Python exceptions: a bad value is a `ValueError`, a training that diverged a `FloatingPointError`.

use pyo3::PyErr;
use pyo3::exceptions::{PyFloatingPointError, PyValueError};

/// A kernel's error on its way to Python.
pub struct KernelError(cfmt_core::Error);

impl From<cfmt_core::Error> for KernelError {
    fn from(error: cfmt_core::Error) -> Self {
        Self(error)
    }
}

impl From<KernelError> for PyErr {
    fn from(error: KernelError) -> Self {
        let message = error.0.to_string();
        match error.0 {
            cfmt_core::Error::Diverged(_) => PyFloatingPointError::new_err(message),
            _ => PyValueError::new_err(message),
        }
    }
}
