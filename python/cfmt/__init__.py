"""Federated intrusion detection on imbalanced, non-IID traffic.

Importing ``cfmt`` loads nothing: each public name is imported when it is first asked for, and brings numpy
and the compiled kernels with it. So the command line is there at once, and hears Ctrl-C while it loads.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {
    "_core": ("__version__",),
    "aggregation": ("WeightedSum", "weighted_mean"),
    "clustering": ("auxiliary_vectors", "choose_k", "kmeans", "match_clusters", "silhouette"),
}  # all other names are those of partition
_PARTS = ("aggregation", "clustering", "metrics", "partition", "ragged", "sampling")


def __getattr__(name: str) -> Any:
    """Import a public name from its home, or one of the parts that are worth having with any trainer."""
    if name in _PARTS:
        return import_module(f"cfmt.{name}")
    if name not in __all__:
        raise AttributeError(f"module 'cfmt' has no attribute {name!r}")
    home = next((home for home, names in _HOMES.items() if name in names), "partition")
    value = getattr(import_module(f"cfmt.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted({*globals(), *__all__, *_PARTS})
