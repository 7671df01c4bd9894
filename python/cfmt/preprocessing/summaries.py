"""What clients tell of their rows, so that preprocessing is fitted without pooling the rows.

A client sends a :class:`Summary`: how many rows it has, mean and squared deviations of each numeric
feature, its extremes, and which categories occur. Summaries merge into the summary of all rows, so that
the federation fits the same preprocessing as one pool of rows would.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cfmt.data.schema import Schema, Table
from cfmt.preprocessing.moments import Moments
from cfmt.ragged import Ragged, runs

__all__ = ["Summary", "summarise"]

_CHUNK_ROWS = 1 << 15
"""Rows that are worked on at once: 10 MB of NSL-KDD's numeric features."""


@dataclass(frozen=True, eq=False)
class Summary:
    """What clients tell of their rows so that a preprocessor can be fitted.

    Parameters
    ----------
    schema : Schema
        Names of the features.
    moments : Moments
        Of each numeric feature, after ``log1p`` where the schema lists it.
    categories : tuple of tuple of str
        For each categorical feature the values that occur, sorted.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.preprocessing import summarise
    >>> table, _ = load_synthetic(100, 0, seed=0)
    >>> one, other = summarise(table.take(np.arange(40))), summarise(table.take(np.arange(40, 100)))
    >>> one.merge(other).moments.count
    100
    """

    schema: Schema
    moments: Moments
    categories: tuple[tuple[str, ...], ...]

    def merge(self, other: Summary) -> Summary:
        """Summarise the rows of both.

        Parameters
        ----------
        other : Summary
            Of other rows.

        Returns
        -------
        Summary

        Raises
        ------
        ValueError
            If the schemas differ.
        """
        self.schema.check_same(other.schema)
        pairs = zip(self.categories, other.categories, strict=True)
        categories = tuple(tuple(sorted({*mine, *theirs})) for mine, theirs in pairs)
        return Summary(self.schema, self.moments.merge(other.moments), categories)


def summarise(table: Table, rows: Ragged[np.int64] | None = None) -> Summary:
    """Summarise each client's rows and merge the summaries, a chunk of clients at a time.

    Parameters
    ----------
    table : Table
        The rows that clients own.
    rows : Ragged of int64, optional
        Row numbers in ``table`` of each client; without it, one client owns the whole table.

    Returns
    -------
    Summary
        Of all clients. A row that several clients own, or one client owns twice, counts as often.

    Raises
    ------
    IndexError
        If a row number lies outside the table.

    Notes
    -----
    Memory grows with the largest client and a fixed chunk of rows, not with the number of clients.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.preprocessing import summarise
    >>> summary = summarise(load_synthetic(100, 0, seed=0)[0])
    >>> summary.moments.mean.shape, summary.categories[0]
    ((38,), ('icmp', 'tcp', 'udp'))
    """
    if rows is None:
        rows = Ragged.from_sizes(np.arange(table.n_rows), np.array([table.n_rows]))
    if rows.values.size and rows.values.min() < 0:
        raise IndexError(f"rows must be row numbers from 0 to {table.n_rows - 1}, got {rows.values.min()}")
    n_numeric = len(table.schema.numeric)
    moments = Moments.of_nothing(n_numeric)
    occurs = [np.zeros(len(words), dtype=np.bool_) for words in table.vocabularies]
    owned = np.zeros(table.n_rows, np.bool_)
    for run in runs(rows.offsets, _CHUNK_ROWS):
        first, last = rows.offsets[run.start], rows.offsets[run.stop]
        chunk = rows.values[first:last]
        owned[chunk] = True
        values = table.schema.logged(table.numeric.take(chunk, axis=0))
        moments = moments.merge(Moments.of_clients(values, rows.offsets[run.start : run.stop + 1] - first))
    for column, seen in enumerate(occurs):
        seen[table.categorical[owned, column]] = True
    categories = tuple(
        tuple(sorted(word for word, is_seen in zip(words, seen, strict=True) if is_seen))
        for words, seen in zip(table.vocabularies, occurs, strict=True)
    )
    return Summary(table.schema, moments, categories)
