"""What an experiment is: one checked, frozen value that TOML files and options make.

Importing this package does not load torch.
"""

from cfmt.config.experiment import ExperimentConfig, near_matches
from cfmt.config.reading import Tree, build_config, differences, merge, read_toml, section_fields, to_toml
from cfmt.config.saved import with_saved_partition
from cfmt.config.sections import (
    CfmtConfig,
    DataConfig,
    EvaluationConfig,
    MethodsConfig,
    Option,
    PartitionConfig,
    SeedsConfig,
    TrainingConfig,
)

__all__ = [
    "CfmtConfig",
    "DataConfig",
    "EvaluationConfig",
    "ExperimentConfig",
    "MethodsConfig",
    "Option",
    "PartitionConfig",
    "SeedsConfig",
    "TrainingConfig",
    "Tree",
    "build_config",
    "differences",
    "merge",
    "near_matches",
    "read_toml",
    "section_fields",
    "to_toml",
    "with_saved_partition",
]
