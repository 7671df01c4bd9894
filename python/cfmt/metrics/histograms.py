"""Figures from histograms of scores, which clients can count by themselves and a server can sum."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cfmt import _core
from cfmt.typing import CountArray

__all__ = [
    "average_precision_from_histograms",
    "expected_alerts_per_million",
    "roc_auc_from_histograms",
    "score_histogram",
    "threshold_at_fpr",
    "threshold_for_cost",
    "threshold_for_f1",
]


def score_histogram(
    scores: npt.NDArray[np.float32], labels: npt.NDArray[np.uint8], *, bins: int = 1000
) -> tuple[CountArray, CountArray]:
    """Count the scores of attacks and of normal rows in bins of equal width over [0, 1].

    Parameters
    ----------
    scores : ndarray of shape (n_rows,), float32
        Probabilities.
    labels : ndarray of shape (n_rows,), uint8
        1 for an attack, 0 for normal.
    bins : int, default=1000
        Number of bins. Bin ``i`` holds scores in [i / bins, (i + 1) / bins); the last one is closed.

    Returns
    -------
    positive, negative : ndarray of shape (bins,), int64
        Histograms of attacks and of normal rows; those of clients add up.

    Raises
    ------
    ValueError
        If a score is outside [0, 1] or NaN, a label is neither 0 nor 1, or ``bins`` is below 1.

    Examples
    --------
    >>> from cfmt.metrics import score_histogram
    >>> scores, labels = np.array([0.1, 0.6, 0.9], np.float32), np.array([0, 0, 1], np.uint8)
    >>> score_histogram(scores, labels, bins=2)
    (array([0, 1]), array([1, 1]))
    """
    return _core.score_histogram(scores, labels, bins)


def roc_auc_from_histograms(positive: CountArray, negative: CountArray) -> float:
    """Return the area under the ROC curve of binned scores, each bin a tie (:func:`cfmt.metrics.roc_auc`).

    Parameters
    ----------
    positive, negative : ndarray of shape (bins,), int64
        Histograms of attacks and of normal rows, as :func:`score_histogram` gives them.

    Returns
    -------
    float
        NaN where there is one class.

    Raises
    ------
    ValueError
        If a count is negative, or shapes differ.

    Examples
    --------
    >>> from cfmt.metrics import roc_auc_from_histograms
    >>> roc_auc_from_histograms(positive=np.array([0, 1, 3]), negative=np.array([4, 0, 0]))
    1.0
    >>> roc_auc_from_histograms(positive=np.array([0, 2, 0]), negative=np.array([2, 2, 0]))
    0.75
    """
    return roc_area(*_falling(positive, negative))


def average_precision_from_histograms(positive: CountArray, negative: CountArray) -> float:
    """Return the average precision of binned scores, each bin a tie.

    The binned form of :func:`cfmt.metrics.average_precision`.

    Parameters
    ----------
    positive, negative : ndarray of shape (bins,), int64
        Histograms of attacks and of normal rows, as :func:`score_histogram` gives them.

    Returns
    -------
    float
        NaN where there is one class.

    Raises
    ------
    ValueError
        If a count is negative, or shapes differ.

    Examples
    --------
    >>> from cfmt.metrics import average_precision_from_histograms
    >>> average_precision_from_histograms(positive=np.array([0, 2, 2]), negative=np.array([2, 2, 0]))
    0.8333333333333333
    """
    caught, false_alerts = _falling(positive, negative)
    if one_class(caught, false_alerts):
        return float("nan")
    precision = caught / np.maximum(caught + false_alerts, 1)
    return float(np.sum(np.diff(caught, prepend=0) * precision) / caught[-1])


def threshold_at_fpr(positive: CountArray, negative: CountArray, fpr: float) -> float:
    """Return the smallest edge of a bin from which on at most a share ``fpr`` of the normal rows scores.

    Parameters
    ----------
    positive, negative : ndarray of shape (bins,), int64
        Histograms of attacks and of normal rows, as :func:`score_histogram` gives them. The normal rows alone
        decide; both are taken so that the pair can be passed on.
    fpr : float
        In [0, 1].

    Returns
    -------
    float
        ``i / bins``; the number after 1, so that no probability reaches it, where even the last bin holds too
        many; NaN without normal rows.

    Raises
    ------
    ValueError
        If ``fpr`` is out of range, a count is negative, or shapes differ.

    Examples
    --------
    >>> from cfmt.metrics import threshold_at_fpr
    >>> positive, negative = np.array([0, 1, 1, 2]), np.array([90, 6, 3, 1])
    >>> threshold_at_fpr(positive, negative, 0.05), threshold_at_fpr(positive, negative, 0.01)
    (0.5, 0.75)
    """
    check_rate(fpr)
    _, false_alerts = _falling(positive, negative)
    if false_alerts[-1] == 0:
        return float("nan")
    return _edge(len(negative), int(np.count_nonzero(false_alerts / false_alerts[-1] <= fpr)))


def threshold_for_f1(positive: CountArray, negative: CountArray) -> float:
    """Return the edge of a bin from which on calling rows attacks has the highest F1.

    Parameters
    ----------
    positive, negative : ndarray of shape (bins,), int64
        Histograms of attacks and of normal rows, as :func:`score_histogram` gives them.

    Returns
    -------
    float
        The highest such edge, so that there are fewest alerts; NaN without attacks.

    Raises
    ------
    ValueError
        If a count is negative, or shapes differ.

    Examples
    --------
    >>> from cfmt.metrics import threshold_for_f1
    >>> threshold_for_f1(positive=np.array([0, 1, 9, 9]), negative=np.array([90, 6, 1, 0]))
    0.5
    """
    caught, false_alerts = _falling(positive, negative)
    n_attacks = int(caught[-1])
    if n_attacks == 0:
        return float("nan")
    f1 = 2 * caught / (caught + false_alerts + n_attacks)  # 2 tp + fp + fn: missed ones are the rest
    return _edge(len(positive), int(np.argmax(f1)) + 1)


def threshold_for_cost(positive: CountArray, negative: CountArray, *, fn: float, fp: float) -> float:
    """Return the edge of a bin from which on calling rows attacks costs least.

    Parameters
    ----------
    positive, negative : ndarray of shape (bins,), int64
        Histograms of attacks and of normal rows, as :func:`score_histogram` gives them.
    fn, fp : float
        Cost of a missed attack and of a false alert.

    Returns
    -------
    float
        The highest such edge, or the number after 1 where no alert at all costs least; NaN without rows.

    Raises
    ------
    ValueError
        If a cost is negative or not finite, a count is negative, or shapes differ.

    Examples
    --------
    >>> from cfmt.metrics import threshold_for_cost
    >>> positive, negative = np.array([0, 1, 9, 9]), np.array([90, 6, 1, 0])
    >>> threshold_for_cost(positive, negative, fn=1, fp=1)
    0.5
    >>> threshold_for_cost(positive, negative, fn=10, fp=1)
    0.25
    """
    for name, cost in (("fn", fn), ("fp", fp)):
        if not 0 <= cost < np.inf:
            raise ValueError(f"{name} must be a finite number >= 0, got {cost}")
    caught, false_alerts = (np.append(0, counts) for counts in _falling(positive, negative))
    if caught[-1] + false_alerts[-1] == 0:
        return float("nan")
    return _edge(len(positive), int(np.argmin(fn * (caught[-1] - caught) + fp * false_alerts)))


def expected_alerts_per_million(negative: CountArray, threshold: float) -> float:
    """Return how many of a million normal rows would be called attacks.

    Parameters
    ----------
    negative : ndarray of shape (bins,), int64
        Histogram of normal rows, as :func:`score_histogram` gives it.
    threshold : float
        Scores from here on are called attacks. Exact at an edge of a bin, such as :func:`threshold_at_fpr`
        gives; within a bin, all of the bin counts.

    Returns
    -------
    float
        NaN without normal rows.

    Raises
    ------
    ValueError
        If a count is negative, or the threshold is NaN.

    Examples
    --------
    >>> from cfmt.metrics import expected_alerts_per_million
    >>> expected_alerts_per_million(np.array([900, 60, 30, 10]), threshold=0.5)
    40000.0
    """
    _check_histogram("negative", negative)
    if np.isnan(threshold):
        raise ValueError("threshold must be a number, got nan")
    bins = len(negative)
    # The last bin is closed: a threshold of 1 still leaves what scores 1.
    ends = np.append(np.arange(1, bins) / bins, np.nextafter(1, 2))
    total = int(negative.sum())
    return 1e6 * int(negative[ends > threshold].sum()) / total if total else float("nan")


def roc_area(caught: CountArray, false_alerts: CountArray) -> float:
    """Return the area under operating points, from the highest score down; the origin is understood."""
    if one_class(caught, false_alerts):
        return float("nan")
    width = np.diff(false_alerts, prepend=0)
    height = caught - 0.5 * np.diff(caught, prepend=0)
    return float(np.sum(width * height) / (float(caught[-1]) * float(false_alerts[-1])))


def one_class(caught: CountArray, false_alerts: CountArray) -> bool:
    """Tell whether operating points lack attacks or normal rows."""
    return bool(len(caught) == 0 or caught[-1] == 0 or false_alerts[-1] == 0)


def check_rate(fpr: float) -> None:
    """Refuse a false-positive rate outside [0, 1]."""
    if not 0 <= fpr <= 1:
        raise ValueError(f"fpr must be in [0, 1], got {fpr}")


def _edge(bins: int, n_called: int) -> float:
    """Return the edge below the ``n_called`` highest bins; the number after 1 where there are none."""
    return (bins - n_called) / bins if n_called else float(np.nextafter(1, 2))


def _falling(positive: CountArray, negative: CountArray) -> tuple[CountArray, CountArray]:
    """Count the rows at or above each edge of the bins, from the highest edge down."""
    _check_histogram("positive", positive)
    _check_histogram("negative", negative)
    if len(positive) != len(negative):
        raise ValueError(f"negative must have {len(positive)} bins, as positive has, got {len(negative)}")
    return np.cumsum(positive[::-1]), np.cumsum(negative[::-1])


def _check_histogram(name: str, counts: CountArray) -> None:
    """Raise unless counts are int64, one for each of at least one bin, and not negative."""
    if not isinstance(counts, np.ndarray) or counts.dtype != np.int64:
        got = counts.dtype if isinstance(counts, np.ndarray) else type(counts).__name__
        raise TypeError(f"{name} must be an int64 array, got {got}; use np.asarray({name}, np.int64)")
    if counts.ndim != 1 or len(counts) == 0:
        raise ValueError(f"{name} must have one dimension and at least one bin, got shape {counts.shape}")
    if counts.min() < 0:
        raise ValueError(f"{name} must hold no negative count, got {counts.min()}")
