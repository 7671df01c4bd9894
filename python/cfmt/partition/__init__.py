"""Partitions of a table's rows over clients: made, thinned, measured and kept.

Apart from ``federated/``, because a split is worth having with any trainer.
An array of another dtype is a ``TypeError`` that says what makes it right.
"""

from cfmt.partition.by_client import partition_by_client
from cfmt.partition.dirichlet import partition_dirichlet, partition_iid, partition_quantity
from cfmt.partition.heterogeneity import class_counts, gini, imbalance_ratio, jensen_shannon
from cfmt.partition.prevalence import impose_prevalence, prevalence_range
from cfmt.partition.spec import PartitionSpec
from cfmt.partition.storage import SavedPartition, load_partition, save_partition
from cfmt.partition.validation import check_parts, split_validation

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
    "partition_by_client",
    "partition_dirichlet",
    "partition_iid",
    "partition_quantity",
    "prevalence_range",
    "save_partition",
    "split_validation",
]
