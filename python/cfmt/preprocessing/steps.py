"""A quantile scaling as steps of the raw value, exact to the bit, for whoever scores without the grid."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cfmt.preprocessing.scaling import Quantiles
from cfmt.preprocessing.sketches import Grid

__all__ = ["Steps", "steps_of"]


class Steps(NamedTuple):
    """What a numeric feature becomes, as a step function of its raw value.

    Parameters
    ----------
    edges : ndarray of shape (n_steps,), float64
        Lowest raw value of each step, rising; the first is minus infinity.
    levels : ndarray of shape (n_steps,), float32
        The feature on each step.
    step_of_cell : ndarray of shape (n_cells,), int64
        The step in which each cell of the grid lies.

    Examples
    --------
    >>> from cfmt.preprocessing import Steps
    >>> steps = Steps(np.array([-np.inf, 2.0]), np.array([-1, 1], np.float32), np.array([0, 0, 1]))
    >>> steps.levels[np.searchsorted(steps.edges, [1.9, 2.0], side="right") - 1].tolist()
    [-1.0, 1.0]
    """

    edges: npt.NDArray[np.float64]
    levels: npt.NDArray[np.float32]
    step_of_cell: npt.NDArray[np.int64]


def steps_of(scaling: Quantiles, column: int, *, logged: bool) -> Steps:
    """Find the steps of one feature; neighbouring cells of one level are one step.

    The edges are found by bisection of the bits of floats, so that a comparison of raw values gives the cell
    that :meth:`cfmt.preprocessing.Grid.cells` gives on this machine.

    Parameters
    ----------
    scaling : Quantiles
        Of all numeric features.
    column : int
        Which of them.
    logged : bool
        Whether ``log1p`` comes first; such values are never negative.

    Returns
    -------
    Steps

    Examples
    --------
    >>> from cfmt.preprocessing import Grid, Quantiles, steps_of
    >>> grid = Grid(np.array([0.0]), np.array([8.0]), n_bins=4)
    >>> scaling = Quantiles(grid, np.array([[0, 2, 0, 0, 0, 1, 1, 0]]))
    >>> steps = steps_of(scaling, 0, logged=False)
    >>> steps.edges.round(3).tolist()
    [-inf, -0.0, 0.0, 6.0, 8.0, 8.0]
    >>> steps.levels.round(3)
    array([-1.732, -0.866,  0.   ,  0.433,  1.299,  1.732], dtype=float32)
    """
    levels = scaling.levels[column].astype(np.float32)
    step_of_cell = np.cumsum(np.diff(levels, prepend=levels[0]) != 0)
    grid = scaling.grid
    own = Grid(grid.minimum[column : column + 1], grid.maximum[column : column + 1], grid.n_bins)
    edges = _edges(own, step_of_cell, logged=logged)
    return Steps(edges, levels[np.unique(step_of_cell, return_index=True)[1]], step_of_cell)


def _edges(grid: Grid, step_of_cell: npt.NDArray[np.int64], *, logged: bool) -> npt.NDArray[np.float64]:
    """Bisect for the lowest value of each step but the first."""
    steps = np.arange(1, step_of_cell[-1] + 1)
    low = np.full(len(steps), _key(0.0 if logged else -np.inf))
    high = np.full(len(steps), _key(np.inf))
    while (low < high).any():
        middle = (low >> 1) + (high >> 1) + (low & high & 1)
        values = _value(middle)[:, np.newaxis]
        found = step_of_cell[grid.cells(np.log1p(values) if logged else values)[:, 0]] >= steps
        found |= low >= high
        low, high = np.where(found, low, middle + 1), np.where(found, np.minimum(middle, high), high)
    return np.append(-np.inf, _value(low))


def _key(value: float) -> np.int64:
    """Return a whole number that rises as floats do."""
    bits = np.float64(value).view(np.int64)
    return np.int64(bits if bits >= 0 else np.iinfo(np.int64).min - bits)


def _value(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the floats of keys."""
    return np.where(keys >= 0, keys, np.iinfo(np.int64).min - keys).view(np.float64)
