//! `cfmt._core`: extract and check the arguments, detach from the interpreter, wrap the result.
#![allow(clippy::needless_pass_by_value, reason = "pyo3 hands over its arguments by value")]
#![allow(missing_docs, reason = "the stub _core.pyi and the functions over it carry the documentation")]

mod aggregation;
mod arrays;
mod auxiliary;
mod batches;
mod clustering;
mod error;
mod partition;
mod parts;
mod random;
mod sampling;
mod scalars;
mod score;
mod scored;
mod table;
mod threads;
mod train;

use pyo3::prelude::*;

#[pymodule]
mod _core {
    use super::{Bound, PyModule, PyModuleMethods, PyResult};

    #[pymodule_export]
    use crate::aggregation::{WeightedSum, weighted_mean};
    #[pymodule_export]
    use crate::auxiliary::{auxiliary_vectors, standardise};
    #[pymodule_export]
    use crate::batches::batch_plan;
    #[pymodule_export]
    use crate::clustering::{kmeans_choose_k, kmeans_fit, match_clusters, nearest, silhouette};
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
    #[pymodule_export]
    use crate::score::Scorer;
    #[pymodule_export]
    use crate::scored::{operating_points, ragged_average_precision, ragged_confusion, score_histogram};
    #[pymodule_export]
    use crate::table::{first_impossible, lay_out_rows, most_held, parse_lines, text_cells};
    #[pymodule_export]
    use crate::threads::{set_threads, threads};
    #[pymodule_export]
    use crate::train::{client_scores, model_scores, train_and_sum, train_clients};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
