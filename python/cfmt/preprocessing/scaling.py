"""How numeric features are brought to a common scale; each is fitted to what clients send of their rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from cfmt.preprocessing.moments import Moments
from cfmt.preprocessing.sketches import Grid, Sketch

__all__ = ["Quantiles", "Scaling", "ZScore", "scaling_from_dict"]


@dataclass(frozen=True, eq=False)
class ZScore:
    """Centre and scale numeric features; one that is constant becomes 0.

    Parameters
    ----------
    mean : ndarray of shape (n_numeric,), float64
        To subtract.
    scale : ndarray of shape (n_numeric,), float64
        To divide by: the population's standard deviation, 0 for a constant feature.

    Examples
    --------
    >>> from cfmt.preprocessing import ZScore
    >>> scaling = ZScore(mean=np.array([2.0, 7.0]), scale=np.array([0.5, 0.0]))
    >>> scaling.transform(np.array([[3.0, 7.0]]))
    array([[2., 0.]])
    """

    kind: ClassVar[str] = "z-score"

    mean: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]

    @classmethod
    def fit(cls, moments: Moments) -> ZScore:
        """Take mean and standard deviation from merged moments."""
        return cls(moments.mean, np.where(moments.constant, 0.0, np.sqrt(moments.variance)))

    def transform(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Scale values of shape (n, n_numeric); the result has the same shape."""
        centred = values - self.mean
        return np.divide(centred, self.scale, out=np.zeros_like(centred), where=self.scale > 0)

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted values as what JSON can hold, without loss."""
        return {"kind": self.kind, "mean": self.mean.tolist(), "scale": self.scale.tolist()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], n_numeric: int) -> ZScore:
        """Take back what :meth:`to_dict` returned; a ``ValueError`` if it is not for so many features."""
        arrays = [np.array(values[name], dtype=np.float64) for name in ("mean", "scale")]
        if {array.shape for array in arrays} != {(n_numeric,)} or not np.isfinite(arrays).all():
            raise ValueError(f"mean and scale must be {n_numeric} finite numbers each")
        if (arrays[1] < 0).any():
            raise ValueError(f"scale must not be negative, got {arrays[1].min()}")
        return cls(*arrays)


@dataclass(frozen=True, eq=False)
class Quantiles:
    r"""Turn numeric features into centred mid-ranks; one that is constant becomes 0.

    A value becomes :math:`\sqrt{12} (u - 1/2)`, where :math:`u` is the share of the rows in lower cells plus
    half the share in its own: the mid-distribution function, by which ties are in the middle of their mass.
    Values below and above the fitted range get :math:`u = 0` and :math:`u = 1`.

    The mean is 0 whatever the ties, and the variance of a feature without ties is 1, so that initial weights
    and learning rates suit both scalings. With ties the variance is less, and it stays so on purpose: nothing
    exceeds :math:`\sqrt 3`, where z-scores of a rare flag reach some hundreds.

    Parameters
    ----------
    grid : Grid
        Cells of the features.
    counts : ndarray of shape (n_numeric, n_cells), int64
        Rows in each cell.

    References
    ----------
    E. Parzen, "Quantile Probability and Statistical Data Modeling", Statistical Science 19(4), 2004.

    Examples
    --------
    >>> from cfmt.preprocessing import Grid, Quantiles
    >>> grid = Grid(np.array([0.0]), np.array([8.0]), n_bins=4)
    >>> scaling = Quantiles(grid, np.array([[0, 2, 0, 0, 0, 1, 1, 0]]))
    >>> scaling.transform(np.array([[0.0], [7.0], [8.0]])).round(3).ravel()
    array([-0.866,  0.433,  1.299])
    """

    kind: ClassVar[str] = "quantile"

    grid: Grid
    counts: npt.NDArray[np.int64]

    @classmethod
    def fit(cls, sketch: Sketch) -> Quantiles:
        """Take the counts of merged sketches."""
        return cls(sketch.grid, sketch.counts)

    @cached_property
    def levels(self) -> npt.NDArray[np.float64]:
        """What a value in each cell becomes, shape (n_numeric, n_cells)."""
        up_to = np.cumsum(self.counts, axis=1)
        middle: npt.NDArray[np.float64] = (2 * up_to - self.counts) / (2 * up_to[:, -1:])
        middle[self.grid.constant] = 0.5
        return np.multiply(np.sqrt(12), middle - 0.5)

    def transform(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Scale values of shape (n, n_numeric) in time O(n n_numeric); the result has the same shape."""
        firsts = np.arange(len(self.counts)) * self.grid.n_cells
        return self.levels.ravel().take(self.grid.cells(values) + firsts)

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted values as what JSON can hold, without loss; only cells that hold rows."""
        occupied = np.flatnonzero(self.counts)
        return {
            "kind": self.kind,
            "minimum": self.grid.minimum.tolist(),
            "maximum": self.grid.maximum.tolist(),
            "n_bins": self.grid.n_bins,
            "cells": occupied.tolist(),
            "counts": self.counts.ravel()[occupied].tolist(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], n_numeric: int) -> Quantiles:
        """Take back what :meth:`to_dict` returned; a ``ValueError`` if it is not for so many features."""
        minimum, maximum = (np.array(values[name], dtype=np.float64) for name in ("minimum", "maximum"))
        grid = Grid(minimum, maximum, int(values["n_bins"]))
        if len(grid.minimum) != n_numeric:
            raise ValueError(f"minimum and maximum must be {n_numeric} numbers each, got {len(grid.minimum)}")
        occupied, found = (np.array(values[name], dtype=np.int64) for name in ("cells", "counts"))
        n_cells = n_numeric * grid.n_cells
        if occupied.shape != found.shape or not ((occupied >= 0) & (occupied < n_cells)).all():
            raise ValueError(f"cells must be one number from 0 to {n_cells - 1} for each of the counts")
        flat = np.zeros(n_cells, dtype=np.int64)
        flat[occupied] = found
        counts = flat.reshape(n_numeric, grid.n_cells)
        if (counts < 0).any() or (counts.sum(axis=1) == 0).any():
            raise ValueError("counts must not be negative, and each feature must have some")
        return cls(grid, counts)


Scaling: TypeAlias = ZScore | Quantiles

_KINDS: dict[str, type[ZScore | Quantiles]] = {scaling.kind: scaling for scaling in (ZScore, Quantiles)}


def scaling_from_dict(values: Mapping[str, Any], n_numeric: int) -> Scaling:
    """Take back what the ``to_dict`` of any scaling returned.

    Parameters
    ----------
    values : mapping
        As ``to_dict`` made it, perhaps by way of JSON.
    n_numeric : int
        Number of numeric features that it must be for.

    Returns
    -------
    ZScore or Quantiles
        With the same bits.

    Raises
    ------
    KeyError
        If an entry is missing.
    TypeError, ValueError
        If an entry is not what it should be, or they do not fit each other.

    Examples
    --------
    >>> from cfmt.preprocessing import ZScore, scaling_from_dict
    >>> kept = ZScore(np.array([2.0]), np.array([0.5])).to_dict()
    >>> scaling_from_dict(kept, n_numeric=1).transform(np.array([[3.0]]))
    array([[2.]])
    """
    kind = values["kind"]
    if kind not in _KINDS:
        raise ValueError(f"scaling must be {' or '.join(_KINDS)}, got {kind!r}")
    return _KINDS[kind].from_dict(values, n_numeric)
