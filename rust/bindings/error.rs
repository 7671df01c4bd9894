//! Kernel errors as Python exceptions: a bad value is a `ValueError`.

use pyo3::PyErr;
use pyo3::exceptions::PyValueError;

/// A kernel's error on its way to Python.
pub struct KernelError(cfmt_core::Error);

impl From<cfmt_core::Error> for KernelError {
    fn from(error: cfmt_core::Error) -> Self {
        Self(error)
    }
}

impl From<KernelError> for PyErr {
    fn from(error: KernelError) -> Self {
        PyValueError::new_err(error.0.to_string())
    }
}
