//! Seeds for generators outside this crate (numpy's, torch's).

use cfmt_core::stream::{Purpose, stream};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rand::Rng;

#[pyfunction]
pub fn stream_seed(seed: u64, purpose: &str, round: u64, item: u64) -> PyResult<u64> {
    let Some(&(_, purpose)) = Purpose::NAMES.iter().find(|(name, _)| *name == purpose) else {
        let names = Purpose::NAMES.map(|(name, _)| name).join(", ");
        return Err(PyValueError::new_err(format!("purpose must be one of {names}, got {purpose:?}")));
    };
    Ok(stream(seed, purpose, round, item).next_u64() >> 1)
}
