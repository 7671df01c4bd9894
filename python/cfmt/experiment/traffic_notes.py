"""What a person should know of the traffic that was loaded."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cfmt.config import DataConfig
    from cfmt.data import Table
    from cfmt.data.flow_table import FlowTables

__all__ = ["note_columns", "note_overlap", "noted_warnings"]

_TOLD = 0.001  # share of test rows from which repeated rows and unknown words are told


def note_overlap(train: Table, test: Table, config: DataConfig, note: Callable[[str], None]) -> None:
    """Tell how many test rows stand in training, and how many have words that training lacks.

    Parameters
    ----------
    train, test : Table
        Rows to train and to test on.
    config : DataConfig
        How they were split.
    note : callable
        Gets what a person should know, line by line.

    Examples
    --------
    >>> from cfmt.config import DataConfig
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.experiment.traffic_notes import note_overlap
    >>> train, test = load_synthetic(200, 50, seed=0)
    >>> note_overlap(train, test, DataConfig(split="random"), print)
    warning: split random tests on attack types that training has; figures on it flatter
    """
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
def noted_warnings(note: Callable[[str], None]) -> Iterator[None]:
    """Pass on each ``DataWarning`` of the block as a note.

    Parameters
    ----------
    note : callable
        Gets the notes.

    Examples
    --------
    >>> import warnings
    >>> from cfmt.data import DataWarning
    >>> from cfmt.experiment.traffic_notes import noted_warnings
    >>> with noted_warnings(print):
    ...     warnings.warn("flows.csv: is not the published file", DataWarning)
    warning: flows.csv: is not the published file
    """
    from cfmt.data import DataWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        yield
    for warning in caught:
        note(f"warning: {warning.message}")


def note_columns(tables: FlowTables, note: Callable[[str], None]) -> None:
    r"""Tell what was made of a flow table's columns.

    Parameters
    ----------
    tables : FlowTables
        The table.
    note : callable
        Gets what a person should know, line by line.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.data.flow_table import load_flow_tables
    >>> from cfmt.experiment.traffic_notes import note_columns
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "flows.csv")
    ...     _ = path.write_text("bytes,proto,kind\n1,tcp,ok\n2,udp,flood\n2,udp,ok\n")
    ...     note_columns(load_flow_tables(path, label="kind", normal=("ok",)), print)
    note: 1 numeric and 1 categorical columns are features
    """
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
