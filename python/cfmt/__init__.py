"""Federated intrusion detection on imbalanced, non-IID traffic.

Importing ``cfmt`` loads the compiled kernels and numpy, and nothing heavier.
"""

from cfmt._core import __version__
from cfmt.aggregation import WeightedSum, weighted_mean
from cfmt.clustering import auxiliary_vectors, choose_k, kmeans, match_clusters, silhouette
from cfmt.partition import (
    PartitionSpec,
    SavedPartition,
    class_counts,
    gini,
    imbalance_ratio,
    impose_prevalence,
    jensen_shannon,
    load_partition,
    partition_dirichlet,
    partition_iid,
    partition_quantity,
    save_partition,
    split_validation,
)

__all__ = [
    "PartitionSpec",
    "SavedPartition",
    "WeightedSum",
    "__version__",
    "auxiliary_vectors",
    "choose_k",
    "class_counts",
    "gini",
    "imbalance_ratio",
    "impose_prevalence",
    "jensen_shannon",
    "kmeans",
    "load_partition",
    "match_clusters",
    "partition_dirichlet",
    "partition_iid",
    "partition_quantity",
    "save_partition",
    "silhouette",
    "split_validation",
    "weighted_mean",
]
