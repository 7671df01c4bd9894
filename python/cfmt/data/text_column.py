"""Cells of a column as text, written out when they are first looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    import polars as pl

__all__ = ["TextColumn"]


class TextColumn(Sequence[str]):
    """A column of texts that costs nothing before one of its cells is looked at.

    Parameters
    ----------
    make : callable
        Gives the column, of any dtype; called once at most.

    Examples
    --------
    >>> import polars as pl
    >>> from cfmt.data.text_column import TextColumn
    >>> column = TextColumn(lambda: pl.Series(["C1", None, "C3"]))
    >>> list(column), column[0], len(column)
    (['C1', '', 'C3'], 'C1', 3)
    """

    def __init__(self, make: Callable[[], pl.Series]) -> None:
        self._make = make

    @cached_property
    def series(self) -> pl.Series:
        """The cells as strings; a missing one is empty."""
        import polars as pl

        column = self._make()
        if column.dtype == pl.String or column.dtype.is_integer():
            return column.cast(pl.String).fill_null("")
        cells = ["" if cell is None else str(cell) for cell in column.to_list()]
        return pl.Series(column.name, cells, dtype=pl.String)

    @cached_property
    def _cells(self) -> list[str]:
        """The cells as Python has them."""
        return self.series.to_list()

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> list[str]: ...

    def __getitem__(self, at: int | slice) -> str | list[str]:
        """Return one cell, or a list of some."""
        return self._cells[at]

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.series)
