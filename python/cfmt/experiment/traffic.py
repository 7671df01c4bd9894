"""Loading of the traffic that a configuration names; what is odd about it is told."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cfmt.errors import ConfigError, DataError

if TYPE_CHECKING:
    from cfmt.config import DataConfig
    from cfmt.data import Table

__all__ = ["check_classes", "is_flow_table", "load_tables", "load_training", "split_fold"]

SYNTHETIC_NOTE = "note: the traffic is SYNTHETIC, generated with NSL-KDD's features; no result on it counts"

_NSL_KDD_NAMES = ("kddtrain", "kddtest", "kddcup", "corrected")
_TOLD = 0.001  # share of test rows from which repeated rows and unknown words are told


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

        with _noted_warnings(note):
            train, test = load_nsl_kdd(Path(config.source))
            train, tests = _owned(train, clients_by), (test, *_hardest_rows(Path(config.source)))
    _note_overlap(train, tests[0], config, note)
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
    with _noted_warnings(note):
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
    columns, known = tables.columns, tables.known
    if known is not None:
        note(f"note: recognised as {known.name}: {'; '.join(known.flaws)}")
    note(
        f"note: {len(columns.numeric)} numeric and {len(columns.words)} categorical columns are features"
        + (f"; {', '.join(columns.ports)} as service buckets" if columns.ports else "")
    )
    if columns.reasons:
        left_out = ", ".join(f"{column} ({reason})" for column, reason in columns.reasons.items())
        note(f"note: no features: {left_out}")
    for suspect in tables.suspects:
        note(
            f"warning: {suspect.feature} alone reaches a ROC-AUC of {suspect.roc_auc:.4f} on the training "
            "rows; if it comes of how the traffic was made, leave it out of the schema"
        )
    return tables.train, () if tables.test is None else (tables.test,)


def _note_overlap(train: Table, test: Table, config: DataConfig, note: Callable[[str], None]) -> None:
    """Tell how many test rows stand in training, and how many have words that training lacks."""
    from cfmt.data.overlap import overlap

    if config.split == "random":
        note("warning: split random tests on attack types that training has; figures on it flatter")
    if len(np.unique(test.is_attack)) == 1:
        kind = "attacks" if test.is_attack[0] else "normal traffic"
        note(
            f"warning: the test rows are {kind} only, so no ROC-AUC is defined; sort the table by time, or "
            "split it by types"
        )
    found = overlap(train, test)
    if not found.n_test or config.synthetic:
        return
    for count, what in (
        (found.n_repeated, "stand in training bit by bit"),
        (found.n_unknown, "have a protocol, service or other word that training never had"),
    ):
        if count > _TOLD * found.n_test:
            share = 100 * count / found.n_test
            note(f"note: {count:,} of {found.n_test:,} test rows ({share:.1f} %) {what}")


@contextmanager
def _noted_warnings(note: Callable[[str], None]) -> Iterator[None]:
    """Pass on each ``DataWarning`` of the block as a note."""
    from cfmt.data import DataWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        yield
    for warning in caught:
        note(f"warning: {warning.message}")


def split_fold(config: DataConfig, train: Table) -> tuple[Table, tuple[Table, ...]]:
    """Take attack types or rows out of training, as a configuration asks for.

    Parameters
    ----------
    config : DataConfig
        Names split, fold and share.
    train : Table
        Training rows as published.

    Returns
    -------
    train : Table
        Rows to train on.
    tests : tuple of Table
        One table: the rows of the fold.

    Raises
    ------
    ConfigError
        If there are not as many folds of attack types.
    DataError
        If all training rows are of one class.

    Examples
    --------
    >>> from cfmt.config import DataConfig
    >>> from cfmt.data import load_synthetic, novel_rows
    >>> from cfmt.experiment.traffic import split_fold
    >>> train, _ = load_synthetic(2000, 0, seed=0)
    >>> kept, (fold,) = split_fold(DataConfig(split="types", folds=2), train)
    >>> novel_rows(kept, fold).any().item(), novel_rows(train, fold).any().item()
    (True, False)
    """
    from cfmt.data.folds import leave_types_out, type_folds

    check_classes(train, config)
    if config.split == "order":
        n_kept = train.n_rows - round(config.fold_share * train.n_rows)
        kept, held = (train.take(np.arange(*ends)) for ends in ((0, n_kept), (n_kept, train.n_rows)))
        return kept, (replace(held, name=f"{train.name}, last rows", sources=()),)
    try:
        types = type_folds(train, config.folds)[config.fold] if config.split == "types" else ()
    except ValueError as error:
        raise ConfigError(f"data: {error}") from error
    seed = config.generator_seed + config.fold  # each fold its own rows, a random one above all
    kept, held = leave_types_out(train, share=config.fold_share, types=types, seed=seed)
    return kept, (held,)


def check_classes(train: Table, config: DataConfig) -> None:
    """Refuse rows in which there is nothing to tell apart, before a fold or a partition fails on them.

    Parameters
    ----------
    train : Table
        Training rows.
    config : DataConfig
        Names their source.

    Raises
    ------
    DataError
        If all rows are of one class.

    Examples
    --------
    >>> from cfmt.config import DataConfig
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.experiment.traffic import check_classes
    >>> check_classes(load_synthetic(100, 0, seed=0)[0], DataConfig())
    """
    n_attacks = int(np.count_nonzero(train.is_attack))
    if 0 < n_attacks < len(train.is_attack):
        return
    held, lacked = ("attacks", "normal traffic") if n_attacks else ("normal traffic", "attacks")
    raise DataError(
        f"{config.source}: the training rows are {held} only; a detector learns from both, "
        f"so add rows of {lacked}"
    )


def _hardest_rows(folder: Path) -> tuple[Table, ...]:
    """Load KDDTest-21, the test rows that most published learners miss, where it is there."""
    from cfmt.data import load_nsl_kdd_file
    from cfmt.data.reading import find_file

    path = find_file(folder, "KDDTest-21.txt")
    return () if path is None else (load_nsl_kdd_file(path, part="test-21"),)
