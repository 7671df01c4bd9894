//! The number of threads of the kernels.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::scalars::{Integer, positive};

/// More than any machine has; a slip that asked for more could end the process.
const MOST: usize = 4096;

#[pyfunction]
pub fn set_threads(py: Python<'_>, threads: Integer) -> PyResult<()> {
    let threads = positive("threads", threads)?;
    if threads > MOST {
        return Err(PyValueError::new_err(format!("threads must be in [1, {MOST}], got {threads}")));
    }
    py.detach(|| {
        let built = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
        let running = rayon::current_num_threads();
        if built.is_ok() || running == threads {
            return Ok(());
        }
        Err(PyValueError::new_err(format!(
            "threads must stay {running} in this process, got {threads}: the pool of the kernels already runs; \
             set it before the first kernel call"
        )))
    })
}

#[pyfunction]
pub fn threads(py: Python<'_>) -> usize {
    py.detach(rayon::current_num_threads)
}
