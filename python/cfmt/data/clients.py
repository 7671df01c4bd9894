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
        Its ``client_names`` are sorted; characters that no terminal should print are replaced in them.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.data.clients import with_clients
    >>> table = with_clients(load_synthetic(3, 0, seed=0)[0], ["site b", "-", "site a"])
    >>> table.client_names, table.client
    (('(none)', 'site a', 'site b'), array([2, 0, 1]))
    """
    named = {owner: _name(owner) for owner in set(owners)}
    names = sorted(set(named.values()))
    places = {name: place for place, name in enumerate(names)}
    codes = {owner: places[name] for owner, name in named.items()}
    client = np.fromiter((codes[owner] for owner in owners), np.int64, len(owners))
    return replace(table, client=client, client_names=tuple(names))


def _name(owner: str) -> str:
    """Return the name of a client: what stands in its cell, fit for terminals and files."""
    if owner == "-":
        return NO_CLIENT
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in owner)


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
    words = table.vocabularies[place]
    return with_clients(table, [words[code] for code in table.categorical[:, place].tolist()])


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
