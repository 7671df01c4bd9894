"""Counts of values in cells that all clients share, which merge to the bit as the rows behind them would.

Two messages of a client fit quantiles, and no row is pooled. The extremes in its summary give the
federation a :class:`Grid`; the counts of its values in the grid's cells are its :class:`Sketch`. Counts are
whole numbers that add up, so that any grouping and any order of clients gives the same bits, and a secure sum
would do. KLL sketches, which draw at random, and t-digests, which depend on the order of merging, do not
give that; what they save is the first message, and a summary is sent anyway.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cfmt.data.schema import Schema, Table
from cfmt.errors import DataError
from cfmt.preprocessing.moments import Moments
from cfmt.ragged import Ragged

__all__ = ["SNAP", "Grid", "Sketch", "sketch_values"]

_CHUNK_ROWS = 1 << 15

# Share of the range within which a value counts as the extreme: log1p's last digit depends on the machine.
SNAP = 1e-9


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells over the range of each feature.

    From the lowest: below the range, at the minimum, ``n_bins`` bins of equal width, at the maximum, above
    the range. The extremes have cells of their own because features crowd there: most counts are 0, and many
    rates are 0 or 1.

    Parameters
    ----------
    minimum, maximum : ndarray of shape (n_features,), float64
        Extremes of each feature.
    n_bins : int, default=4096
        Bins between them. With 4096, rates in steps of 0.01 have bins of their own, and so have, after
        ``log1p``, whole numbers up to 600; where bytes reach 1 GB, a bin holds those within 0.5 %.

    Raises
    ------
    ValueError
        If extremes are not finite or not in order, or there are no bins.

    Examples
    --------
    >>> from cfmt.preprocessing import Grid
    >>> grid = Grid(minimum=np.array([0.0]), maximum=np.array([8.0]), n_bins=4)
    >>> grid.cells(np.array([[-1.0], [0.0], [3.0], [8.0], [9.0]])).ravel()
    array([0, 1, 3, 6, 7])
    """

    minimum: npt.NDArray[np.float64]
    maximum: npt.NDArray[np.float64]
    n_bins: int = 4096

    def __post_init__(self) -> None:
        if self.n_bins < 1:
            raise ValueError(f"n_bins must be at least 1, got {self.n_bins}")
        if self.minimum.ndim != 1 or self.minimum.shape != self.maximum.shape:
            shapes = f"{self.minimum.shape} and {self.maximum.shape}"
            raise ValueError(f"minimum and maximum must be one number for each feature, got shapes {shapes}")
        with np.errstate(over="ignore", invalid="ignore"):
            span = self.maximum - self.minimum
        if not (np.isfinite(span) & (span >= 0)).all():
            raise ValueError("maximum must exceed minimum by a finite number or equal it, for each feature")

    @classmethod
    def spanning(cls, moments: Moments) -> Grid:
        """Lay a grid over the range of the rows whose merged moments these are.

        Raises
        ------
        DataError
            If there are no rows.
        """
        if moments.count == 0:
            raise DataError("summaries must have at least one row in all, got none; give clients rows")
        return cls(moments.minimum, moments.maximum)

    @property
    def n_cells(self) -> int:
        """Number of cells of a feature."""
        return self.n_bins + 4

    @property
    def constant(self) -> npt.NDArray[np.bool_]:
        """Whether each feature has one value only, shape (n_features,)."""
        return np.equal(self.minimum, self.maximum)

    def cells(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Find the cell of each value.

        Parameters
        ----------
        values : ndarray of shape (n, n_features), float64
            Finite.

        Returns
        -------
        ndarray of shape (n, n_features), int64
            From 0 to ``n_cells - 1``, never falling as values rise; 1 for all values of a constant feature.
        """
        span = self.maximum - self.minimum
        with np.errstate(over="ignore"):  # far outside a narrow range is outside all the same
            share = np.divide(values - self.minimum, span, out=np.zeros_like(values), where=span > 0)
        bins = np.minimum((np.clip(share, 0, 1) * self.n_bins).astype(np.int64), self.n_bins - 1)
        bins += 1
        bins += share > SNAP
        bins += share >= 1 - SNAP
        bins += share > 1 + SNAP
        bins -= share < -SNAP
        return bins

    def equals(self, other: Grid) -> bool:
        """Tell whether another grid has the same cells, to the bit."""
        return (
            self.n_bins == other.n_bins
            and np.array_equal(self.minimum, other.minimum)
            and np.array_equal(self.maximum, other.maximum)
        )


@dataclass(frozen=True, eq=False)
class Sketch:
    """How many values of each numeric feature lie in each cell of a grid.

    Parameters
    ----------
    schema : Schema
        Names of the features.
    grid : Grid
        The federation's, over the numeric features after ``log1p`` where the schema lists it.
    counts : ndarray of shape (n_numeric, n_cells), int64
        Each feature's counts sum to the number of rows.
    n_rows : int
        Number of rows that were counted.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.preprocessing import Grid, sketch_values, summarise
    >>> table, _ = load_synthetic(100, 0, seed=0)
    >>> sketch = sketch_values(table, Grid.spanning(summarise(table).moments))
    >>> both = sketch.merge(sketch)
    >>> both.n_rows, bool((both.counts == 2 * sketch.counts).all())
    (200, True)
    """

    schema: Schema
    grid: Grid
    counts: npt.NDArray[np.int64]
    n_rows: int

    @property
    def n_bytes(self) -> int:
        """Bytes of a client's message: 4 for a count and 4 for its cell, or all counts if that is less."""
        return min(8 * int(np.count_nonzero(self.counts)), 4 * self.counts.size)

    def merge(self, other: Sketch) -> Sketch:
        """Count the rows of both.

        Parameters
        ----------
        other : Sketch
            Of other rows.

        Returns
        -------
        Sketch

        Raises
        ------
        ValueError
            If schemas or grids differ.
        """
        self.schema.check_same(other.schema)
        if not self.grid.equals(other.grid):
            raise ValueError("both must have the same grid; lay one over the merged summary of all clients")
        return Sketch(self.schema, self.grid, self.counts + other.counts, self.n_rows + other.n_rows)


def sketch_values(table: Table, grid: Grid, rows: Ragged[np.int64] | None = None) -> Sketch:
    """Count the values of clients in the cells of a grid, a chunk of rows at a time.

    Parameters
    ----------
    table : Table
        The rows that clients own.
    grid : Grid
        Laid over the merged summary of all clients.
    rows : Ragged of int64, optional
        Row numbers in ``table`` of each client; without it, one client owns the whole table.

    Returns
    -------
    Sketch
        The sum of the clients' sketches. A row that is owned more than once counts as often.

    Raises
    ------
    IndexError
        If a row number lies outside the table.
    ValueError
        If the grid is for another number of features, or a value lies outside its range.

    Notes
    -----
    Memory grows with a fixed chunk of rows, not with the number of clients.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.preprocessing import Grid, sketch_values, summarise
    >>> table, _ = load_synthetic(100, 0, seed=0)
    >>> sketch = sketch_values(table, Grid.spanning(summarise(table).moments))
    >>> sketch.counts.shape, np.unique(sketch.counts.sum(axis=1))
    ((38, 4100), array([100]))
    """
    n_numeric = len(table.schema.numeric)
    if len(grid.minimum) != n_numeric:
        raise ValueError(f"grid must be for {n_numeric} numeric features, got {len(grid.minimum)}")
    owned = np.arange(table.n_rows) if rows is None else rows.values
    if owned.size and owned.min() < 0:
        raise IndexError(f"rows must be row numbers from 0 to {table.n_rows - 1}, got {owned.min()}")
    firsts = np.arange(n_numeric) * grid.n_cells
    counts = np.zeros(n_numeric * grid.n_cells, dtype=np.int64)
    for start in range(0, len(owned), _CHUNK_ROWS):
        taken = table.numeric.take(owned[start : start + _CHUNK_ROWS], axis=0)
        values = table.schema.logged(taken)
        _check_inside(table.schema, grid, values)
        counts += np.bincount((grid.cells(values) + firsts).ravel(), minlength=len(counts))
    return Sketch(table.schema, grid, counts.reshape(n_numeric, grid.n_cells), len(owned))


def _check_inside(schema: Schema, grid: Grid, values: npt.NDArray[np.float64]) -> None:
    """Raise where a value lies outside the grid's range; the error names its feature."""
    outside = (values < grid.minimum) | (values > grid.maximum)
    if outside.any():
        row, column = np.argwhere(outside)[0]
        low, high, found = grid.minimum[column], grid.maximum[column], values[row, column]
        raise ValueError(
            f"{schema.numeric[column]} must lie in the grid's range [{low:g}, {high:g}], got {found:g}; "
            "lay the grid over a summary of all rows that are counted"
        )
