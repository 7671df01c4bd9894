"""Partitions of a table's rows over clients: made, thinned, measured and kept."""

from cfmt.partition.heterogeneity import class_counts, gini, imbalance_ratio, jensen_shannon
from cfmt.partition.prevalence import check_parts, impose_prevalence, prevalence_range, split_validation
from cfmt.partition.spec import PartitionSpec, partition_dirichlet, partition_iid, partition_quantity
from cfmt.partition.storage import SavedPartition, load_partition, save_partition

__all__ = [
    "PartitionSpec",
    "SavedPartition",
    "check_parts",
    "class_counts",
    "gini",
    "imbalance_ratio",
    "impose_prevalence",
    "jensen_shannon",
    "load_partition",
    "partition_dirichlet",
    "partition_iid",
    "partition_quantity",
    "prevalence_range",
    "save_partition",
    "split_validation",
]
