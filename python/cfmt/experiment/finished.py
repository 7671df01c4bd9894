"""A finished experiment: its runs, summarised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cfmt.config import ExperimentConfig
from cfmt.experiment.clients import client_names, partition_of, split
from cfmt.experiment.setting import Setting

if TYPE_CHECKING:
    from cfmt.data import Table
    from cfmt.experiment.record import RunRecord
    from cfmt.experiment.run_directory import RunDirectory
    from cfmt.experiment.statistics import Interval

__all__ = ["BASELINE", "Finished"]

BASELINE = "fedavg"


@dataclass(frozen=True)
class Finished:
    """All runs of an experiment, summarised.

    Parameters
    ----------
    directory : RunDirectory
        Where everything is kept.
    records : tuple of RunRecord
        The runs.
    methods, differences : dict of str to dict of str to Interval
        Means over seeds, and paired differences against FedAvg.
    setting : Setting
        For titles.
    summary : dict of str to object
        The same as one JSON object.
    config : ExperimentConfig
        What was run.
    train : Table
        Rows of the clients.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.config import build_config
    >>> from cfmt.experiment.runner import run_experiment
    >>> config = build_config(
    ...     {
    ...         "data": {"train_rows": 600, "test_rows": 100},
    ...         "partition": {"clients": 5},
    ...         "training": {"rounds": 1, "steps": 2, "hidden": 4, "device": "cpu"},
    ...         "methods": {"names": ["fedavg"]},
    ...         "seeds": {"count": 1},
    ...     }
    ... )
    >>> with TemporaryDirectory() as folder:
    ...     finished = run_experiment(config, out=Path(folder, "run"))
    ...     finished.directory.model_path().exists(), finished.class_counts().shape
    (True, (5, 5))
    """

    directory: RunDirectory
    records: tuple[RunRecord, ...]
    methods: dict[str, dict[str, Interval]]
    differences: dict[str, dict[str, Interval]]
    setting: Setting
    summary: dict[str, Any]
    config: ExperimentConfig
    train: Table

    @property
    def test(self) -> str:
        """Name of the main test set."""
        return next(iter(self.records[0].metrics))

    @property
    def first_split(self) -> Setting:
        """The setting of the first seed's split, for the title of a plot of its clients."""
        config, train = self.config, self.train
        fixed = config.partition.saved or config.partition.clients_by  # no split of this seed
        seeds = () if fixed else (config.seeds.first,)
        return Setting(train.name, train.synthetic, partition_of(config, train), seeds)

    @property
    def client_names(self) -> tuple[str, ...]:
        """Names of the clients, in their order; none where they are drawn."""
        return client_names(self.config, self.train)

    def class_counts(self) -> npt.NDArray[np.int64]:
        """Count the rows of each family on each client of the first seed, shape (n_clients, n_families)."""
        from cfmt.partition import class_counts

        config, train = self.config, self.train
        parts = split(config, train, config.seeds.first)
        return class_counts(parts, train.family, len(train.families))
