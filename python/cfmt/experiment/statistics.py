"""Means and intervals over seeds, and differences that are paired by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

__all__ = ["Interval", "interval", "paired", "rank_correlation", "summarise_runs"]

Metrics = Mapping[str, float]


@dataclass(frozen=True)
class Interval:
    """A mean over seeds with its 95 % interval.

    Parameters
    ----------
    mean : float
        Mean of the values.
    low, high : float
        Bounds of Student's interval; NaN for fewer than two values.
    values : tuple of float
        One for each seed, in the order of the seeds.

    Examples
    --------
    >>> from cfmt.experiment.statistics import interval
    >>> found = interval([0.80, 0.82, 0.84])
    >>> round(found.low, 3), round(found.mean, 3), round(found.high, 3)
    (0.77, 0.82, 0.87)
    """

    mean: float
    low: float
    high: float
    values: tuple[float, ...]


def interval(values: Sequence[float], *, level: float = 0.95) -> Interval:
    """Estimate a mean and its two-sided Student interval.

    Parameters
    ----------
    values : sequence of float
        One for each seed; NaN anywhere makes the estimate NaN.
    level : float, default=0.95
        Coverage of the interval.

    Returns
    -------
    Interval

    Raises
    ------
    ValueError
        If there are no values.

    Examples
    --------
    >>> from cfmt.experiment.statistics import interval
    >>> found = interval([0.80, 0.82, 0.84])
    >>> round(found.low, 3), round(found.high, 3)
    (0.77, 0.87)
    """
    if len(values) == 0:
        raise ValueError("values must hold at least one number, got none")
    data = np.asarray(values, np.float64)
    mean, half = float(data.mean()), float("nan")
    if len(data) > 1 and np.isfinite(mean):
        quantile = float(stdtrit(len(data) - 1, 0.5 + level / 2))
        half = quantile * float(data.std(ddof=1)) / len(data) ** 0.5
    return Interval(mean, mean - half, mean + half, tuple(data.tolist()))


def paired(values: Sequence[float], baseline: Sequence[float]) -> Interval:
    """Estimate the mean difference of two methods run on the same seeds.

    Parameters
    ----------
    values, baseline : sequence of float
        One for each seed, in the same order.

    Returns
    -------
    Interval

    Raises
    ------
    ValueError
        If the two differ in length.

    Examples
    --------
    >>> from cfmt.experiment.statistics import paired
    >>> found = paired([0.81, 0.92, 0.73], [0.80, 0.90, 0.70])
    >>> round(found.mean, 3), found.low < 0 < found.high
    (0.02, True)
    """
    if len(values) != len(baseline):
        raise ValueError(
            f"values and baseline must cover the same seeds, got {len(values)} and {len(baseline)}"
        )
    return interval([a - b for a, b in zip(values, baseline, strict=True)])


def rank_correlation(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """Return Spearman's rank correlation; equal values share the mean of their ranks.

    Parameters
    ----------
    one, other : ndarray of shape (n,), float64
        Two figures of the same things.

    Returns
    -------
    float
        In [-1, 1]; NaN where either has fewer than two different values.

    Examples
    --------
    >>> from cfmt.experiment.statistics import rank_correlation
    >>> round(rank_correlation(np.array([0.1, 0.2, 0.9]), np.array([1.0, 8.0, 9.0])), 6)
    1.0
    """
    first, second = _ranks(one), _ranks(other)
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Rank values from 1; equal values share the mean of their ranks."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle: npt.NDArray[np.float64] = np.cumsum(counts) - (counts - 1) / 2
    return middle[place]


def summarise_runs(
    runs: Mapping[str, Sequence[Metrics]], *, baseline: str
) -> tuple[dict[str, dict[str, Interval]], dict[str, dict[str, Interval]]]:
    """Summarise methods over seeds.

    Parameters
    ----------
    runs : mapping of str to sequence of mapping
        For each method, the metrics of each seed, all in the same order of seeds.
    baseline : str
        Method against which the differences are taken.

    Returns
    -------
    methods : dict of str to dict of str to Interval
        ``methods[name][metric]``.
    differences : dict of str to dict of str to Interval
        ``differences[name][metric]`` against the baseline, for every other method; empty where the
        baseline is not among the runs.

    Examples
    --------
    >>> from cfmt.experiment.statistics import summarise_runs
    >>> runs = {"fedavg": [{"f1": 0.5}, {"f1": 0.7}], "cfmt": [{"f1": 0.6}, {"f1": 0.8}]}
    >>> methods, differences = summarise_runs(runs, baseline="fedavg")
    >>> round(methods["cfmt"]["f1"].mean, 3), round(differences["cfmt"]["f1"].mean, 3)
    (0.7, 0.1)
    """
    columns = {name: {key: [run[key] for run in found] for key in found[0]} for name, found in runs.items()}
    methods = {name: {key: interval(v) for key, v in column.items()} for name, column in columns.items()}
    base = columns.get(baseline)
    if base is None:
        return methods, {}
    differences = {
        name: {key: paired(values, base[key]) for key, values in column.items()}
        for name, column in columns.items()
        if name != baseline
    }
    return methods, differences
