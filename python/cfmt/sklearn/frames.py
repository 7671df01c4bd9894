"""Arrays and data frames of other packages as tables of flows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cfmt.data import Table
from cfmt.data.columns import OTHER, Columns

__all__ = ["Features", "has_words"]


def has_words(X: Any) -> bool:
    """Tell whether a data frame has a column that holds no numbers.

    Parameters
    ----------
    X : object
        Whatever was given.
    """
    return _is_frame(X) and not all(_is_numeric(_column(X, name)) for name in X.columns)


@dataclass(frozen=True)
class Features:
    """Which columns are numbers, and which words the others had in training.

    Parameters
    ----------
    columns : Columns
        Under the names of a data frame, or ``x0``, ``x1``, ... of an array without names.
    order : tuple of str
        Names in the order of the columns.
    """

    columns: Columns
    order: tuple[str, ...]

    @classmethod
    def of(cls, X: Any, names: Sequence[str] | None = None) -> Features:
        """Look at training rows.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_features), or data frame
        names : sequence of str, optional
            Of an array's columns, where it was a data frame; ``x0``, ``x1``, ... without them.

        Returns
        -------
        Features
        """
        if _is_frame(X):
            names = X.columns
        elif names is None:
            names = _names(X.shape[1])
        names = tuple(str(name) for name in names)
        words = {
            str(name): tuple(sorted({*_words(_column(X, name))} - {OTHER}))
            for name in (X.columns if _is_frame(X) else ())
            if not _is_numeric(_column(X, name))
        }
        numeric = tuple(name for name in names if name not in words)
        return cls(Columns(numeric, words), names)

    def table(self, X: Any, is_attack: npt.NDArray[np.uint8] | None = None) -> Table:
        """Make a table of rows.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_features), or data frame
            With the columns of training.
        is_attack : ndarray of shape (n_rows,), uint8, optional
            Labels, where they are known.

        Returns
        -------
        Table

        Raises
        ------
        ValueError
            If a number is missing or infinite, or a column of numbers holds words.
        """
        n_rows, words = len(X), self.columns.words
        columns = dict(zip(self.order, X.columns, strict=True)) if _is_frame(X) else {}
        numeric = np.zeros((n_rows, len(self.columns.numeric)))
        for place, name in enumerate(self.columns.numeric):
            cells = _column(X, columns[name]) if columns else X[:, self.order.index(name)]
            numeric[:, place] = _numbers(cells, name)
        codes = np.zeros((n_rows, len(words)), np.int64)
        for place, (name, known) in enumerate(words.items()):
            code_of = {word: code for code, word in enumerate(known)}
            codes[:, place] = [code_of.get(word, len(known)) for word in _words(_column(X, columns[name]))]
        labels = np.zeros(n_rows, np.uint8) if is_attack is None else is_attack
        types = labels.astype(np.int64)
        return Table(
            schema=self.columns.schema,
            numeric=numeric,
            categorical=codes,
            vocabularies=tuple((*known, OTHER) for known in words.values()),
            attack_type=types,
            attack_types=("normal", "attack"),
            family=types,
            families=("normal", "attack"),
            is_attack=labels,
            name="rows",
            columns=self.columns,
        )


def _names(n: int) -> tuple[str, ...]:
    """Name the columns of an array."""
    return tuple(f"x{place}" for place in range(n))


def _is_frame(X: Any) -> bool:
    """Tell whether it is a data frame of pandas or polars."""
    return hasattr(X, "columns") and hasattr(X, "__getitem__") and not isinstance(X, np.ndarray)


def _column(X: Any, name: Any) -> npt.NDArray[Any]:
    """Return a column of a data frame."""
    return np.asarray(X[name].to_numpy())


def _is_numeric(cells: npt.NDArray[Any]) -> bool:
    """Tell whether a column holds numbers or booleans."""
    return cells.dtype.kind in "fiub"


def _words(cells: npt.NDArray[Any]) -> list[str]:
    """Write cells as words; a missing one is ``-``, as in flow tables."""
    return ["-" if cell is None or cell != cell else str(cell) for cell in cells.tolist()]


def _numbers(cells: npt.NDArray[Any], name: str) -> npt.NDArray[np.float64]:
    """Read a column of numbers; refuse what is none."""
    try:
        values = cells.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"column {name} held numbers in training and holds other values now") from error
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ValueError(f"X contains NaN or infinity: column {name}, row {row}; fill or drop such rows")
    return values
