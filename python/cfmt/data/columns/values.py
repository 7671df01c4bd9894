"""Cells of a column as numbers or words, whatever the reader gave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cfmt.data.schema import LARGEST

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MISSING_WORDS", "number_columns", "numbers", "texts"]

MISSING_WORDS = (
    "",
    "-",
    "?",
    "nan",
    "null",
    "none",
    "na",
    "n/a",
    "(empty)",
    "inf",
    "infinity",
    "-inf",
    "-infinity",
    "+inf",
)
"""What stands for a missing number, letter case aside."""


def numbers(column: pl.Series) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Read a column as numbers.

    Parameters
    ----------
    column : polars Series of length n_rows
        Texts, numbers or booleans.

    Returns
    -------
    values : ndarray of shape (n_rows,), float64
        NaN where the cell is missing, infinite, or no number at all.
    wrong : ndarray of shape (n_rows,), bool
        Cells that are neither a number nor missing, or beyond ``LARGEST``.
    """
    import polars as pl

    found = column.cast(pl.Float64, strict=False)
    values = found.to_numpy(writable=True)  # NaN where the cell is missing
    wrong = np.zeros(len(values), np.bool_)
    if found.null_count() > column.null_count():
        lost = (found.is_null() & column.is_not_null()).to_numpy()
        if column.dtype == pl.String:
            values[lost], wrong[lost] = _mended(column.filter(pl.Series(lost)))
        else:
            wrong = lost
    values[~np.isfinite(values)] = np.nan
    huge = np.abs(values) > LARGEST  # NaN is not
    if huge.any():
        values[huge] = np.nan
        wrong |= huge
    return values, wrong


def number_columns(
    frame: pl.DataFrame, names: Sequence[str]
) -> tuple[list[npt.NDArray[np.float64]], dict[str, npt.NDArray[np.bool_]]]:
    """Read columns as numbers, all that already hold numbers in one go.

    Parameters
    ----------
    frame : polars DataFrame
        Texts, numbers or booleans.
    names : sequence of str
        The columns.

    Returns
    -------
    values : list of ndarray of shape (n_rows,), float64
        Of each column; NaN where the cell is missing or no number at all.
    wrong : dict of str to ndarray of shape (n_rows,), bool
        Cells that are neither a number nor missing, of the columns that have some.
    """
    import polars as pl

    kinds = frame.schema
    ready = [name for name in names if kinds[name].is_numeric() or kinds[name] == pl.Boolean]
    other = [name for name in ready if kinds[name] != pl.Float64 or frame[name].null_count()]
    cast = frame.select(pl.col(other).cast(pl.Float64, strict=False).fill_null(float("nan")))
    found = {name: frame[name].to_numpy() for name in ready if name not in other}
    found |= {column.name: column.to_numpy() for column in cast.get_columns()}
    wrong = {}
    for name in names:
        if name not in found:
            found[name], cells = numbers(frame[name])
            if cells.any():
                wrong[name] = cells
    return [found[name] for name in names], wrong


def _mended(cells: pl.Series) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Read texts that are no plain numbers: with blanks around them, missing, or wrong."""
    import polars as pl

    stripped = cells.str.strip_chars()
    lower = stripped.str.to_lowercase()
    found = lower.replace(["true", "false"], ["1", "0"]).cast(pl.Float64, strict=False)
    wrong = found.is_null() & ~lower.is_in(MISSING_WORDS)
    return found.to_numpy(), wrong.to_numpy()


def texts(column: pl.Series) -> pl.Series:
    """Read a column as texts; a missing cell is ``"-"``."""
    import polars as pl

    words = pl.first().cast(pl.String, strict=False).str.strip_chars().fill_null("-").replace("", "-")
    return column.to_frame().select(words).to_series()
