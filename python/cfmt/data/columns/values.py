"""Cells of a column as numbers or words, whatever the reader gave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cfmt.data.schema import LARGEST

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MISSING_WORDS", "numbers", "texts"]

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

    if column.dtype == pl.String:
        stripped = column.str.strip_chars()
        found = stripped.cast(pl.Float64, strict=False)
        lost = found.is_null() & stripped.is_not_null()
        wrong = (lost & ~stripped.str.to_lowercase().is_in(MISSING_WORDS)).fill_null(False).to_numpy()
    else:
        found = column.cast(pl.Float64, strict=False)
        wrong = (found.is_null() & column.is_not_null()).to_numpy()
    values = found.fill_null(np.nan).to_numpy().astype(np.float64)
    values[~np.isfinite(values)] = np.nan
    huge = np.abs(values) > LARGEST  # NaN is not
    values[huge] = np.nan
    return values, wrong | huge


def texts(column: pl.Series) -> pl.Series:
    """Read a column as texts; a missing cell is ``"-"``."""
    import polars as pl

    return column.cast(pl.String, strict=False).str.strip_chars().fill_null("-").replace("", "-")
