//! `cfmt._core`: extract and check the arguments, detach from the interpreter, wrap the result.
#![allow(clippy::needless_pass_by_value, reason = "pyo3 hands over its arguments by value")]
#![allow(missing_docs, reason = "the stub _core.pyi and the functions over it carry the documentation")]

mod arrays;
mod batches;
mod error;
mod native;
mod partition;
mod parts;
mod random;
mod sampling;

use pyo3::prelude::*;

#[pymodule]
mod _core {
    use super::{Bound, PyModule, PyModuleMethods, PyResult};

    #[pymodule_export]
    use crate::batches::batch_plan;
    #[pymodule_export]
    use crate::native::{client_scores, model_scores, train_and_sum, train_clients};
    #[pymodule_export]
    use crate::partition::PartitionPlan;
    #[pymodule_export]
    use crate::parts::{check_prevalence, class_counts, impose_prevalence, split_validation};
    #[pymodule_export]
    use crate::random::stream_seed;
    #[pymodule_export]
    use crate::sampling::{
        error_histograms, gaussian_weights, meta_sample, oversample, undersample, weighted_sample,
    };

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
