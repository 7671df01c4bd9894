"""Whose rows a table holds: clients named by a column, by the files, or by a categorical feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cfmt.data.schema import Table
from cfmt.errors import DataError

__all__ = ["BY_FILE", "NO_CLIENT", "present_clients", "with_clients", "with_clients_by_feature"]

BY_FILE = "file"
"""In the place of a column: each file is a client."""
NO_CLIENT = "(none)"
"""Client of the rows whose cell is empty or ``-``."""


def with_clients(table: Table, owners: Sequence[str]) -> Table:
    """Name the client of each row.

    Parameters
    ----------
    table : Table
        The rows.
    owners : sequence of str, of length n_rows
        The client of each; ``-`` where none is named.

    Returns
    -------
    Table
        Its ``client_names`` are sorted.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.data.clients import with_clients
    >>> table = with_clients(load_synthetic(3, 0, seed=0)[0], ["site b", "-", "site a"])
    >>> table.client_names, table.client
    (('(none)', 'site a', 'site b'), array([2, 0, 1]))
    """
    names, codes = np.unique(np.array(owners, dtype=np.str_), return_inverse=True)
    named = [NO_CLIENT if name == "-" else str(name) for name in names]
    order = sorted(range(len(named)), key=named.__getitem__)
    places = np.empty(len(named), np.int64)
    places[order] = np.arange(len(named))
    return replace(table, client=places[codes], client_names=tuple(named[place] for place in order))


def with_clients_by_feature(table: Table, column: str) -> Table:
    """Name the clients of a table that has its own reader: by one of its categorical features.

    Parameters
    ----------
    table : Table
        Such as NSL-KDD's.
    column : str
        The feature; it stays one.

    Returns
    -------
    Table

    Raises
    ------
    DataError
        If there is no such feature.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.data.clients import with_clients_by_feature
    >>> with_clients_by_feature(load_synthetic(50, 0, seed=0)[0], "protocol_type").client_names
    ('icmp', 'tcp', 'udp')
    """
    known = table.schema.categorical
    if column not in known:
        raise DataError(
            f"{table.name}: {column!r} (clients_by, --clients-by on the command line) cannot name clients "
            f"there; give one of {', '.join(known)}"
        )
    place = known.index(column)
    words = np.array(table.vocabularies[place], dtype=np.str_)
    return with_clients(table, words[table.categorical[:, place]].tolist())


def present_clients(table: Table) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """Return the clients that have rows, and each row's place among them.

    Parameters
    ----------
    table : Table
        Whose rows have clients.

    Returns
    -------
    names : tuple of str
        Of length n_clients, sorted.
    client : ndarray of shape (n_rows,), int64
        Codes into ``names``.

    Raises
    ------
    ValueError
        If nothing says whose the rows are.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.data.clients import present_clients, with_clients
    >>> table = with_clients(load_synthetic(3, 0, seed=0)[0], ["a", "b", "c"])
    >>> present_clients(table.take(np.array([2, 0])))
    (('a', 'c'), array([1, 0]))
    """
    if table.client is None:
        raise ValueError("table must say whose its rows are; load it with clients_by")
    present, codes = np.unique(table.client, return_inverse=True)
    return tuple(table.client_names[code] for code in present), codes
