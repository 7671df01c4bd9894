"""Figures of detection: from scores, from confusion counts, and from histograms that clients can sum.

Labels are 1 for an attack and 0 for normal traffic; a row is called an attack where its score is at least the
threshold. A figure that its rows do not define, such as the area under a curve of one class, is NaN.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cfmt import _core
from cfmt.metrics.histograms import (
    check_rate,
    one_class,
    roc_area,
)
from cfmt.typing import CountArray, LabelArray, ScoreArray

__all__ = [
    "Confusion",
    "accuracy",
    "all_attack_f1",
    "average_precision",
    "confusion",
    "f1",
    "false_positive_rate",
    "macro_f1",
    "ragged_average_precision",
    "ragged_confusion",
    "recall",
    "recall_at_fpr",
    "roc_auc",
]


class Confusion(NamedTuple):
    """Counts of rows by what they are and what they were called.

    Parameters
    ----------
    tp, fp, fn, tn : int
        Attacks caught, normal rows called attacks, attacks missed, normal rows left alone.

    Examples
    --------
    >>> from cfmt.metrics import Confusion, accuracy, recall
    >>> counts = Confusion(tp=3, fp=1, fn=1, tn=5)
    >>> recall(counts), accuracy(counts)
    (0.75, 0.8)
    """

    tp: int
    fp: int
    fn: int
    tn: int


def confusion(scores: ScoreArray, labels: LabelArray, threshold: float) -> Confusion:
    """Count rows by label and decision.

    Parameters
    ----------
    scores : ndarray of shape (n_rows,), float32
        Scores, higher for an attack.
    labels : ndarray of shape (n_rows,), uint8
        1 for an attack, 0 for normal.
    threshold : float
        Scores from here on, compared in float64, are called attacks.

    Returns
    -------
    Confusion

    Raises
    ------
    ValueError
        If a score or the threshold is NaN, a label is neither 0 nor 1, or lengths differ.

    Examples
    --------
    >>> from cfmt.metrics import confusion
    >>> confusion(np.array([0.1, 0.6, 0.9, 0.4], np.float32), np.array([0, 0, 1, 1], np.uint8), threshold=0.5)
    Confusion(tp=1, fp=1, fn=1, tn=1)
    """
    counts = ragged_confusion(scores, labels, np.array([0, len(scores)]), threshold)
    return Confusion(*counts[0].tolist())


def ragged_confusion(
    scores: ScoreArray, labels: LabelArray, offsets: CountArray, threshold: float
) -> CountArray:
    """Count the rows of every client by label and decision.

    Parameters
    ----------
    scores : ndarray of shape (n_rows,), float32
        Scores of the clients' rows, client by client.
    labels : ndarray of shape (n_rows,), uint8
        1 for an attack, 0 for normal.
    offsets : ndarray of shape (n_clients + 1,), int64
        Where each client's rows start, and the end.
    threshold : float
        Scores from here on are called attacks.

    Returns
    -------
    ndarray of shape (n_clients, 4), int64
        The fields of :class:`Confusion`; counts of clients add up.

    Raises
    ------
    ValueError
        As :func:`confusion`, or if the offsets do not fit the rows.

    Examples
    --------
    >>> from cfmt.metrics import ragged_confusion
    >>> scores, labels = np.array([0.1, 0.6, 0.9, 0.4], np.float32), np.array([0, 0, 1, 1], np.uint8)
    >>> ragged_confusion(scores, labels, offsets=np.array([0, 3, 4]), threshold=0.5)
    array([[1, 1, 0, 1],
           [0, 0, 1, 0]])
    """
    return _core.ragged_confusion(scores, labels, offsets, threshold)


def f1(counts: Confusion) -> float:
    """Return the F1 score of attacks; NaN where there was no attack and none was called.

    Examples
    --------
    >>> from cfmt.metrics import Confusion, f1
    >>> f1(Confusion(tp=3, fp=1, fn=1, tn=5))
    0.75
    """
    return _ratio(2 * counts.tp, 2 * counts.tp + counts.fp + counts.fn)


def macro_f1(counts: Confusion) -> float:
    """Return the mean F1 score of the classes that occur among labels or decisions; NaN without rows.

    Examples
    --------
    >>> from cfmt.metrics import Confusion, f1, macro_f1
    >>> counts = Confusion(tp=3, fp=2, fn=0, tn=0)
    >>> f1(counts), macro_f1(counts)
    (0.75, 0.375)
    """
    swapped = Confusion(tp=counts.tn, fp=counts.fn, fn=counts.fp, tn=counts.tp)
    defined = [score for score in (f1(counts), f1(swapped)) if not np.isnan(score)]
    return _ratio(sum(defined), len(defined))


def recall(counts: Confusion) -> float:
    """Return the share of attacks that was caught; NaN without attacks.

    Examples
    --------
    >>> from cfmt.metrics import Confusion, recall
    >>> recall(Confusion(tp=3, fp=1, fn=1, tn=5)), recall(Confusion(tp=0, fp=1, fn=0, tn=5))
    (0.75, nan)
    """
    return _ratio(counts.tp, counts.tp + counts.fn)


def false_positive_rate(counts: Confusion) -> float:
    """Return the share of normal rows that was called an attack; NaN without normal rows.

    Examples
    --------
    >>> from cfmt.metrics import Confusion, false_positive_rate
    >>> false_positive_rate(Confusion(tp=3, fp=1, fn=1, tn=4))
    0.2
    """
    return _ratio(counts.fp, counts.fp + counts.tn)


def accuracy(counts: Confusion) -> float:
    """Return the share of rows that was called what it is; NaN without rows.

    Examples
    --------
    >>> from cfmt.metrics import Confusion, accuracy
    >>> accuracy(Confusion(tp=3, fp=1, fn=1, tn=5))
    0.8
    """
    return _ratio(counts.tp + counts.tn, sum(counts))


def all_attack_f1(labels: LabelArray) -> float:
    """Return the F1 score of calling every row an attack: the reference that costs nothing.

    Parameters
    ----------
    labels : ndarray of shape (n_rows,), uint8
        1 for an attack, 0 for normal.

    Returns
    -------
    float
        NaN without rows.

    Raises
    ------
    ValueError
        If a label is neither 0 nor 1.

    Examples
    --------
    >>> from cfmt.metrics import all_attack_f1
    >>> round(all_attack_f1(np.array([1, 1, 1, 0], np.uint8)), 3)
    0.857
    """
    return f1(confusion(np.ones(len(labels), np.float32), labels, 0.5))


def roc_auc(scores: ScoreArray, labels: LabelArray) -> float:
    """Return the area under the ROC curve: the chance that an attack outscores a normal row.

    Ties count half.

    Parameters
    ----------
    scores : ndarray of shape (n_rows,), float32
        Scores, higher for an attack.
    labels : ndarray of shape (n_rows,), uint8
        1 for an attack, 0 for normal.

    Returns
    -------
    float
        NaN where there is one class.

    Raises
    ------
    ValueError
        If a score is NaN, a label is neither 0 nor 1, or lengths differ.

    Examples
    --------
    >>> from cfmt.metrics import roc_auc
    >>> roc_auc(np.array([0.1, 0.4, 0.4, 0.9], np.float32), np.array([0, 0, 1, 1], np.uint8))
    0.875
    """
    return roc_area(*_core.operating_points(scores, labels))


def average_precision(scores: ScoreArray, labels: LabelArray) -> float:
    """Return the step-wise area under precision over recall, rows of equal score being called together.

    Parameters
    ----------
    scores : ndarray of shape (n_rows,), float32
        Scores, higher for an attack.
    labels : ndarray of shape (n_rows,), uint8
        1 for an attack, 0 for normal.

    Returns
    -------
    float
        NaN where there is one class.

    Raises
    ------
    ValueError
        If a score is NaN, a label is neither 0 nor 1, or lengths differ.

    Examples
    --------
    >>> from cfmt.metrics import average_precision
    >>> average_precision(np.array([0.1, 0.8, 0.4, 0.9], np.float32), np.array([0, 0, 1, 1], np.uint8))
    0.8333333333333333
    """
    return float(ragged_average_precision(scores, labels, np.array([0, len(scores)]))[0])


def ragged_average_precision(
    scores: ScoreArray, labels: LabelArray, offsets: CountArray
) -> npt.NDArray[np.float64]:
    """Return the average precision of every client.

    Parameters
    ----------
    scores : ndarray of shape (n_rows,), float32
        Scores of the clients' rows, client by client.
    labels : ndarray of shape (n_rows,), uint8
        1 for an attack, 0 for normal.
    offsets : ndarray of shape (n_clients + 1,), int64
        Where each client's rows start, and the end.

    Returns
    -------
    ndarray of shape (n_clients,), float64
        NaN for a client with one class, or without rows.

    Raises
    ------
    ValueError
        As :func:`average_precision`, or if the offsets do not fit the rows.

    Examples
    --------
    >>> from cfmt.metrics import ragged_average_precision
    >>> scores, labels = np.array([0.1, 0.9, 0.8, 0.4, 0.7], np.float32), np.array([0, 1, 0, 1, 1], np.uint8)
    >>> ragged_average_precision(scores, labels, offsets=np.array([0, 2, 4, 5]))
    array([1. , 0.5, nan])
    """
    return _core.ragged_average_precision(scores, labels, offsets)


def recall_at_fpr(scores: ScoreArray, labels: LabelArray, fpr: float) -> float:
    """Return the largest recall among the thresholds whose false-positive rate is at most ``fpr``.

    Parameters
    ----------
    scores : ndarray of shape (n_rows,), float32
        Scores, higher for an attack.
    labels : ndarray of shape (n_rows,), uint8
        1 for an attack, 0 for normal.
    fpr : float
        In [0, 1].

    Returns
    -------
    float
        NaN where there is one class.

    Raises
    ------
    ValueError
        If ``fpr`` is out of range, a score is NaN, a label is neither 0 nor 1, or lengths differ.

    Examples
    --------
    >>> from cfmt.metrics import recall_at_fpr
    >>> scores, labels = np.array([0.1, 0.8, 0.4, 0.9], np.float32), np.array([0, 0, 1, 1], np.uint8)
    >>> recall_at_fpr(scores, labels, fpr=0.0), recall_at_fpr(scores, labels, fpr=0.5)
    (0.5, 1.0)
    """
    check_rate(fpr)
    caught, false_alerts = _core.operating_points(scores, labels)
    if one_class(caught, false_alerts):
        return float("nan")
    allowed = int(np.count_nonzero(false_alerts / false_alerts[-1] <= fpr))
    return float(caught[allowed - 1] / caught[-1]) if allowed else 0.0


def _ratio(part: float, whole: float) -> float:
    """Divide; NaN where the whole is 0."""
    return part / whole if whole else float("nan")
