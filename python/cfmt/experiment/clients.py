"""The clients of an experiment: rows dealt out to them, or those that are theirs; what is odd is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from cfmt.config import key_error
from cfmt.data.clients import present_clients
from cfmt.errors import DataError
from cfmt.experiment.folding import check_classes
from cfmt.partition import PartitionSpec, SavedPartition, load_partition
from cfmt.ragged import Ragged

if TYPE_CHECKING:
    from cfmt.config import ExperimentConfig
    from cfmt.data import Table
    from cfmt.federated.federation import Federation

__all__ = ["client_names", "describe_clients", "federation_builder", "partition_of", "split"]

_CLIENT_NOTES = {
    "empty": "without training rows; they do not train",
    "one_class": "with training rows of one class; no sampler changes them",
    "no_validation": "too small for validation rows; they count neither in rewards nor in the threshold",
}


def partition_of(config: ExperimentConfig, train: Table) -> PartitionSpec:
    """Return the partition of a configuration; the training rows tell how many clients they name.

    Parameters
    ----------
    config : ExperimentConfig
        Names the partition.
    train : Table
        The rows.

    Returns
    -------
    PartitionSpec

    Raises
    ------
    ConfigError
        If its values do not go together.

    Examples
    --------
    >>> from cfmt.config import build_config
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.data.clients import with_clients_by_feature
    >>> from cfmt.experiment.clients import partition_of
    >>> train = with_clients_by_feature(load_synthetic(400, 0, seed=0)[0], "protocol_type")
    >>> partition_of(build_config({"partition": {"clients_by": "protocol_type"}}), train).n_clients
    3
    """
    return config.partition_spec(len(client_names(config, train)) or None)


def client_names(config: ExperimentConfig, train: Table) -> tuple[str, ...]:
    """Return the names of the clients, in their order; none where clients are drawn.

    Parameters
    ----------
    config : ExperimentConfig
        Names the partition.
    train : Table
        The rows.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> from cfmt.config import build_config
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.experiment.clients import client_names
    >>> client_names(build_config({}), load_synthetic(400, 0, seed=0)[0])
    ()
    """
    return present_clients(train)[0] if config.partition.clients_by else ()


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
    DataError
        If a saved partition is damaged, or of another table; or if all rows are of one class.

    Examples
    --------
    >>> from cfmt.config import build_config
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.experiment.clients import split
    >>> config = build_config({"partition": {"clients": 4, "scheme": "iid", "prevalence": "none"}})
    >>> split(config, load_synthetic(400, 0, seed=0)[0], seed=0).sizes
    array([100, 100, 100, 100])
    """
    check_classes(train, config.data)
    spec, client = partition_of(config, train), None
    if config.partition.saved is not None:
        return _saved(load_partition(config.partition.saved), client_names(config, train), train)
    if config.partition.clients_by:
        _, client = present_clients(train)
    try:
        return spec.split(train.family, train.is_attack, client=client, seed=seed)
    except ValueError as error:
        raise key_error("partition", error) from error


def describe_clients(train: Table) -> list[dict[str, Any]]:
    """Describe the clients that a table names.

    Parameters
    ----------
    train : Table
        Training rows that say whose they are.

    Returns
    -------
    list of dict
        ``name``, ``rows`` and ``attacks`` of each, validation rows among them.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.data.clients import with_clients
    >>> from cfmt.experiment.clients import describe_clients
    >>> describe_clients(with_clients(load_synthetic(2, 0, seed=0)[0], ["a", "b"]))[0]["name"]
    'a'
    """
    names, client = present_clients(train)
    rows = np.bincount(client, minlength=len(names)).tolist()
    attacks = np.bincount(client[train.is_attack == 1], minlength=len(names)).tolist()
    return [
        {"name": name, "rows": n_rows, "attacks": n_attacks}
        for name, n_rows, n_attacks in zip(names, rows, attacks, strict=True)
    ]


def _saved(saved: SavedPartition, names: tuple[str, ...], train: Table) -> Ragged[np.int64]:
    """Return the parts of a saved partition, whose clients must be those of the table."""
    if saved.names != names:
        other = ", ".join(sorted(set(saved.names) ^ set(names))[:5]) or "their order"
        raise DataError(
            f"{saved.folder}: is a partition over other clients than the data name (they differ in {other}); "
            "load the data that it was made of, or make a new partition"
        )
    return saved.parts(train.family, train.is_attack)


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

    Examples
    --------
    >>> from cfmt.config import build_config
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.experiment.clients import federation_builder
    >>> train, test = load_synthetic(600, 50, seed=0)
    >>> config = build_config({"partition": {"clients": 5}})
    >>> build = federation_builder(config, train, (test,), lambda note: None)
    >>> build(0).n_clients, build(0) is build(0)
    (5, True)
    """
    from cfmt.federated.federation import Federation

    @lru_cache(maxsize=1)
    def build(seed: int) -> Federation:
        """Build the federation of a seed, and note what is odd about its clients."""
        parts = split(config, train, seed)
        share = config.partition.validation_share
        scaling = config.preprocessing.scaling
        federation = Federation.build(train, tests, parts, validation_share=share, scaling=scaling, seed=seed)
        for kind, count in federation.notes().items():
            if count:
                note(f"note: seed {seed}: {count:,} of {parts.n_clients:,} clients {_CLIENT_NOTES[kind]}")
        if not federation.is_attack[federation.validation.values].any():
            note(
                f"note: seed {seed}: no client has an attack among its validation rows; the "
                "threshold rules f1 and cost and the "
                "rewards of cfmt have nothing to go by: give the clients more rows, or raise the prevalence"
            )
        _note_prevalence(partition_of(config, train).prevalence, parts, train, seed, note)
        return federation

    return build


def _note_prevalence(
    wanted: float | tuple[float, float] | None,
    parts: Ragged[np.int64],
    train: Table,
    seed: int,
    note: Callable[[str], None],
) -> None:
    """Tell where the prevalence cannot be: a client keeps one attack, a large share of few rows."""
    if wanted is None or len(parts.values) == 0:
        return
    most, share = max(np.atleast_1d(wanted)), train.is_attack[parts.values].mean()
    if share > most:
        note(
            f"note: seed {seed}: {100 * share:.1f} % of the clients' rows are attacks, not {100 * most:g} % "
            "at most: each keeps one, however few rows it has"
        )
