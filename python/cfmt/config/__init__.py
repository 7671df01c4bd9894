"""What an experiment is: one checked, frozen value that TOML files and options make.

Importing this package does not load torch.
"""

from cfmt.config.experiment import ExperimentConfig, near_matches
from cfmt.config.reading import (
    Tree,
    build_config,
    departures,
    differences,
    merge,
    read_toml,
    section_fields,
    to_toml,
)
from cfmt.config.scenarios import SCENARIOS, Scenario
from cfmt.config.sections import (
    CfmtConfig,
    DataConfig,
    EvaluationConfig,
    MethodsConfig,
    Option,
    PartitionConfig,
    ProtocolConfig,
    SeedsConfig,
    TrainingConfig,
)

__all__ = [
    "SCENARIOS",
    "CfmtConfig",
    "DataConfig",
    "EvaluationConfig",
    "ExperimentConfig",
    "MethodsConfig",
    "Option",
    "PartitionConfig",
    "ProtocolConfig",
    "Scenario",
    "SeedsConfig",
    "TrainingConfig",
    "Tree",
    "build_config",
    "departures",
    "differences",
    "merge",
    "near_matches",
    "read_toml",
    "section_fields",
    "to_toml",
]
