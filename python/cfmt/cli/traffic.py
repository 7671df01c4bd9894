"""Loading of the traffic that a configuration names, and its clients; what is odd about it is told."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cfmt.errors import ConfigError
from cfmt.ragged import Ragged

if TYPE_CHECKING:
    from cfmt.config import DataConfig, ExperimentConfig
    from cfmt.data import Table
    from cfmt.federated.federation import Federation

__all__ = ["federation_builder", "load_tables", "split"]

SYNTHETIC_NOTE = "note: the traffic is SYNTHETIC, generated with NSL-KDD's features; no result on it counts"

_CLIENT_NOTES = {
    "empty": "without training rows; they do not train",
    "one_class": "with training rows of one class; no sampler changes them",
    "no_validation": "too small for validation rows; they count neither in rewards nor in the threshold",
}


def load_tables(config: DataConfig, note: Callable[[str], None]) -> tuple[Table, tuple[Table, ...]]:
    """Load the training table and the test tables, the main one first.

    Parameters
    ----------
    config : DataConfig
        Names the source.
    note : callable
        Gets what a person should know of the data, line by line.

    Returns
    -------
    train : Table
    tests : tuple of Table

    Raises
    ------
    DataError
        If a file is missing, damaged or not what it should be.
    """
    from cfmt.data import DataWarning, load_nsl_kdd, load_synthetic

    if config.synthetic:
        note(SYNTHETIC_NOTE)
        train, test = load_synthetic(config.train_rows, config.test_rows, seed=config.generator_seed)
        return train, (test,)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        train, test = load_nsl_kdd(Path(config.source))
        harder = _hardest_rows(Path(config.source))
    for warning in caught:
        note(f"warning: {warning.message}")
    return train, (test, *harder)


def _hardest_rows(folder: Path) -> tuple[Table, ...]:
    """Load KDDTest-21, the test rows that most published learners miss, where it is there."""
    from cfmt.data import load_nsl_kdd_file
    from cfmt.data.reading import find_file

    path = find_file(folder, "KDDTest-21.txt")
    return () if path is None else (load_nsl_kdd_file(path, part="test-21"),)


def split(config: ExperimentConfig, train: Table, seed: int) -> Ragged[np.int64]:
    """Deal the training rows out to the clients.

    Parameters
    ----------
    config : ExperimentConfig
        Names the partition.
    train : Table
        The rows.
    seed : int
        Seed of the run.

    Returns
    -------
    Ragged of int64
        Each client's rows.

    Raises
    ------
    ConfigError
        If the partition cannot be, above all with more clients than rows.
    """
    spec = config.partition_spec()
    try:
        return spec.split(train.family, train.is_attack, seed=seed)
    except ValueError as error:
        raise ConfigError(f"partition: {error}") from error


def federation_builder(
    config: ExperimentConfig, train: Table, tests: tuple[Table, ...], note: Callable[[str], None]
) -> Callable[[int], Federation]:
    """Make the function that builds the federation of a seed, and keeps the last one.

    Parameters
    ----------
    config : ExperimentConfig
        Names partition, validation share and scaling.
    train : Table
        Rows of the clients.
    tests : tuple of Table
        Test tables of the server.
    note : callable
        Gets the counts of clients that are handled apart.

    Returns
    -------
    callable
        From a seed to a Federation.
    """
    from cfmt.federated.federation import Federation

    @lru_cache(maxsize=1)
    def build(seed: int) -> Federation:
        parts = split(config, train, seed)
        share = config.partition.validation_share
        scaling = config.preprocessing.scaling
        federation = Federation.build(train, tests, parts, validation_share=share, scaling=scaling, seed=seed)
        for kind, count in federation.notes().items():
            if count:
                note(f"note: seed {seed}: {count:,} of {parts.n_clients:,} clients {_CLIENT_NOTES[kind]}")
        return federation

    return build
