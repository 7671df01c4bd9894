"""Loading of the traffic that a configuration names; what is odd about it is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cfmt.errors import ConfigError, DataError
from cfmt.experiment.folding import split_fold
from cfmt.experiment.traffic_notes import note_columns, note_overlap, noted_warnings

if TYPE_CHECKING:
    from cfmt.config import DataConfig
    from cfmt.data import Table

__all__ = ["is_flow_table", "load_tables", "load_training"]

SYNTHETIC_NOTE = "note: the traffic is SYNTHETIC, generated with NSL-KDD's features; no result on it counts"

_NSL_KDD_NAMES = ("kddtrain", "kddtest", "kddcup", "corrected")


def load_tables(
    config: DataConfig, note: Callable[[str], None], *, clients_by: str = ""
) -> tuple[Table, tuple[Table, ...]]:
    """Load the training table and the test tables, the main one first.

    A fold takes the place of the test tables; the test files are then not even opened.

    Parameters
    ----------
    config : DataConfig
        Names the source.
    note : callable
        Gets what a person should know of the data, line by line.
    clients_by : str, default=""
        What names the client of each training row, if anything: ``partition.clients_by``.

    Returns
    -------
    train : Table
    tests : tuple of Table

    Raises
    ------
    DataError
        If a file is missing, damaged or not what it should be.
    ConfigError
        If a fold cannot be.

    Examples
    --------
    >>> from cfmt.config import DataConfig
    >>> from cfmt.experiment.traffic import load_tables
    >>> notes = []
    >>> train, (test,) = load_tables(DataConfig(train_rows=100, test_rows=50), notes.append)
    >>> train.n_rows, test.n_rows, notes[0][:33]
    (100, 50, 'note: the traffic is SYNTHETIC, g')
    """
    if config.split != "official":
        train, tests = split_fold(config, load_training(config, note, clients_by=clients_by))
    elif config.synthetic:
        from cfmt.data import load_synthetic

        note(SYNTHETIC_NOTE)
        train, test = load_synthetic(config.train_rows, config.test_rows, seed=config.generator_seed)
        train, tests = _owned(train, clients_by), (test,)
    elif is_flow_table(config):
        train, tests = _flow_tables(config, note, clients_by)
    else:
        from cfmt.data import load_nsl_kdd

        with noted_warnings(note):
            train, test = load_nsl_kdd(Path(config.source))
            train, tests = _owned(train, clients_by), (test, *_hardest_rows(Path(config.source)))
    note_overlap(train, tests[0], config, note)
    return train, tests


def load_training(config: DataConfig, note: Callable[[str], None], *, clients_by: str = "") -> Table:
    """Load the training table alone; no test file is opened.

    Parameters
    ----------
    config : DataConfig
        Names the source.
    note : callable
        Gets what a person should know of the data, line by line.
    clients_by : str, default=""
        What names the client of each row, if anything.

    Returns
    -------
    Table

    Raises
    ------
    DataError
        If the file is missing, damaged or not what it should be.

    Examples
    --------
    >>> from cfmt.config import DataConfig
    >>> from cfmt.experiment.traffic import load_training
    >>> load_training(DataConfig(train_rows=100), lambda note: None).n_rows
    100
    """
    from cfmt.data import load_nsl_kdd_file, load_synthetic

    if config.synthetic:
        note(SYNTHETIC_NOTE)
        return _owned(load_synthetic(config.train_rows, 0, seed=config.generator_seed)[0], clients_by)
    if is_flow_table(config):
        return _flow_tables(config.model_copy(update={"test": ""}), note, clients_by)[0]
    with noted_warnings(note):
        return _owned(load_nsl_kdd_file(Path(config.source), part="train"), clients_by)


def _owned(train: Table, clients_by: str) -> Table:
    """Name the clients of a table that has its own reader, if that is asked for."""
    from cfmt.data.clients import with_clients_by_feature

    return with_clients_by_feature(train, clients_by) if clients_by else train


def is_flow_table(config: DataConfig) -> bool:
    """Whether the source is a flow table of any exporter, not generated and not NSL-KDD's folder.

    Examples
    --------
    >>> from cfmt.config import DataConfig
    >>> from cfmt.experiment.traffic import is_flow_table
    >>> is_flow_table(DataConfig()), is_flow_table(DataConfig(source="a.csv", label="verdict"))
    (False, True)
    """
    if config.synthetic:
        return False
    if config.label or config.columns or config.test or config.format != "auto":
        return True
    source = Path(config.source)
    is_pattern = any(mark in source.name for mark in "*?[")
    if not source.exists() and not is_pattern:
        raise DataError(
            f"{source}: no such file or folder; give the folder with NSL-KDD's files, a flow table, or "
            "'synthetic' for generated traffic"
        )
    names = source.rglob("*") if source.is_dir() else (source,)
    return not any(path.name.lower().startswith(_NSL_KDD_NAMES) for path in names)


def _flow_tables(
    config: DataConfig, note: Callable[[str], None], clients_by: str
) -> tuple[Table, tuple[Table, ...]]:
    """Load a flow table and its test part, and tell what was made of its columns."""
    from cfmt.data.basic import BASIC
    from cfmt.data.columns import Columns
    from cfmt.data.flow_table import load_flow_tables

    if config.split == "official" and not config.test:
        raise ConfigError(
            f"data.source: {config.source} has no known test part; give it by data.test, or set data.split "
            "to types (whole attack types left out), order (the last rows) or random (flatters)"
        )
    with noted_warnings(note):
        tables = load_flow_tables(
            config.source,
            test=config.test or None,
            label=config.label,
            normal=config.normal,
            attack_type=config.attack_type,
            columns=Columns.load(config.columns) if config.columns not in ("", BASIC) else None,
            view=BASIC if config.columns == BASIC else "",
            format=config.format,
            clients_by=clients_by,
        )
    note_columns(tables, note)
    return tables.train, () if tables.test is None else (tables.test,)


def _hardest_rows(folder: Path) -> tuple[Table, ...]:
    """Load KDDTest-21, the test rows that most published learners miss, where it is there."""
    from cfmt.data import load_nsl_kdd_file
    from cfmt.data.reading import find_file

    path = find_file(folder, "KDDTest-21.txt")
    return () if path is None else (load_nsl_kdd_file(path, part="test-21"),)
