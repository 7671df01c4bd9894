"""Two detectors on the same rows: the difference of their ROC-AUC, with an interval."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

__all__ = ["PairedAuc", "paired_roc_auc"]

FEWEST = 5
"""Rows of each class from which an interval is worth giving."""


@dataclass(frozen=True)
class PairedAuc:
    """ROC-AUC of two detectors on the same rows.

    Parameters
    ----------
    one, other : float
        ROC-AUC of each; NaN for rows of one class.
    difference : float
        The first less the second.
    low, high : float
        Bounds of its interval; NaN with fewer than ``FEWEST`` rows of a class.

    Examples
    --------
    >>> from cfmt.metrics import PairedAuc
    >>> PairedAuc(0.9, 0.8, 0.1, 0.02, 0.18).low > 0
    True
    """

    one: float
    other: float
    difference: float
    low: float
    high: float


def paired_roc_auc(
    one: npt.NDArray[np.float32],
    other: npt.NDArray[np.float32],
    labels: npt.NDArray[np.uint8],
    *,
    level: float = 0.95,
) -> PairedAuc:
    """Compare two detectors on the same rows by DeLong's interval of the difference of their ROC-AUC.

    Parameters
    ----------
    one, other : ndarray of shape (n_rows,), float32
        Scores of the rows by each.
    labels : ndarray of shape (n_rows,), uint8
        1 for an attack, 0 for normal traffic.
    level : float, default=0.95
        Coverage of the interval, which is asymptotic.

    Returns
    -------
    PairedAuc

    Raises
    ------
    ValueError
        If lengths differ.

    References
    ----------
    DeLong, DeLong, Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating
    characteristic curves: a nonparametric approach", Biometrics 44(3), 1988.

    Examples
    --------
    >>> from cfmt.metrics import paired_roc_auc
    >>> labels = np.array([0] * 6 + [1] * 6, np.uint8)
    >>> right = np.linspace(0, 1, 12, dtype=np.float32)
    >>> found = paired_roc_auc(right, right[::-1], labels)
    >>> found.one, found.other, found.low, found.high
    (1.0, 0.0, 1.0, 1.0)
    """
    if not len(one) == len(other) == len(labels):
        lengths = f"{len(one)}, {len(other)} and {len(labels)}"
        raise ValueError(f"one, other and labels must have one entry for each row, got {lengths}")
    nan = float("nan")
    attack = labels == 1
    n_attacks, n_normal = int(attack.sum()), int((~attack).sum())
    if min(n_attacks, n_normal) == 0:
        return PairedAuc(nan, nan, nan, nan, nan)
    (above, below), (above_other, below_other) = (_placements(scores, attack) for scores in (one, other))
    auc, auc_other = float(above.mean()), float(above_other.mean())
    difference = auc - auc_other
    if min(n_attacks, n_normal) < FEWEST:
        return PairedAuc(auc, auc_other, difference, nan, nan)
    variance = (above - above_other).var(ddof=1) / n_attacks + (below - below_other).var(ddof=1) / n_normal
    half = NormalDist().inv_cdf(0.5 + level / 2) * float(variance) ** 0.5
    return PairedAuc(auc, auc_other, difference, difference - half, difference + half)


def _placements(
    scores: npt.NDArray[np.float32], attack: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return each attack's share of normal rows below it, and each normal row's share of attacks above it."""
    return _share_below(scores[attack], scores[~attack]), 1 - _share_below(scores[~attack], scores[attack])


def _share_below(scores: npt.NDArray[np.float32], others: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the share of other scores that lie below each score; equal ones count half."""
    others = np.sort(others)
    n_below = np.searchsorted(others, scores, "left") + np.searchsorted(others, scores, "right")
    share: npt.NDArray[np.float64] = n_below / (2 * len(others))
    return share
