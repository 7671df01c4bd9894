"""What an experiment is: one checked, frozen value that TOML files and options make.

Importing this package does not load torch.
"""

from cfmt.config.experiment import ExperimentConfig, near_matches
from cfmt.config.keys import Common, Option
from cfmt.config.reading import (
    Tree,
    build_config,
    departures,
    differences,
    merge,
    read_toml,
    section_fields,
    sections_to_toml,
    to_toml,
)
from cfmt.config.saved import with_saved_partition
from cfmt.config.scenarios import SCENARIOS, Scenario
from cfmt.config.sections import (
    CfmtConfig,
    DataConfig,
    EvaluationConfig,
    MethodsConfig,
    PartitionConfig,
    ScenarioConfig,
    SeedsConfig,
    TrainingConfig,
    TunedConfig,
)
from cfmt.config.tuned import for_method, read_tuned, refuse_twice, tree_of, tuned_name
from cfmt.config.words import key_error

__all__ = [
    "SCENARIOS",
    "CfmtConfig",
    "Common",
    "DataConfig",
    "EvaluationConfig",
    "ExperimentConfig",
    "MethodsConfig",
    "Option",
    "PartitionConfig",
    "Scenario",
    "ScenarioConfig",
    "SeedsConfig",
    "TrainingConfig",
    "Tree",
    "TunedConfig",
    "build_config",
    "departures",
    "differences",
    "for_method",
    "key_error",
    "merge",
    "near_matches",
    "read_toml",
    "read_tuned",
    "refuse_twice",
    "section_fields",
    "sections_to_toml",
    "to_toml",
    "tree_of",
    "tuned_name",
    "with_saved_partition",
]
