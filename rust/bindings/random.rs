//! Seeds for generators outside this crate (numpy's, torch's).

use cfmt_core::random::{Purpose, stream};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rand::Rng;

use crate::scalars::{Integer, key, keys};

#[pyfunction]
pub fn stream_seed(seed: Integer, purpose: &str, round: Integer, item: Integer) -> PyResult<u64> {
    let Some(&(_, purpose)) = Purpose::NAMES.iter().find(|(name, _)| *name == purpose) else {
        let names = Purpose::NAMES.map(|(name, _)| name).join(", ");
        return Err(PyValueError::new_err(format!("purpose must be one of {names}, got {purpose:?}")));
    };
    let ((seed, round), item) = (keys(seed, round)?, key("item", item)?);
    Ok(stream(seed, purpose, round, item).next_u64() >> 1)
}
