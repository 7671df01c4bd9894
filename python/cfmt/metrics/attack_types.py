"""Figures in which every attack type counts the same, however many rows it has.

They equal the ordinary figures under weights: a normal row weighs 1, a row of an attack type in inverse
proportion to the rows of that type, and the attacks weigh together what they would alike.
"""

from __future__ import annotations

import numpy as np

from cfmt import _core
from cfmt.typing import CodeArray, LabelArray, ScoreArray

__all__ = ["f1_macro_types", "recall_macro_types", "roc_auc_macro_types"]


def roc_auc_macro_types(scores: ScoreArray, labels: LabelArray, attack_type: CodeArray) -> float:
    """Return the mean over attack types of the area under the ROC curve of a type against all normal rows.

    Ties count half.

    Parameters
    ----------
    scores : ndarray of shape (n_rows,), float32
        Scores, higher for an attack.
    labels : ndarray of shape (n_rows,), uint8
        1 for an attack, 0 for normal.
    attack_type : ndarray of shape (n_rows,), int64
        A code for each attack type; those of normal rows are not looked at.

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
    >>> from cfmt.metrics import roc_auc, roc_auc_macro_types
    >>> scores, labels = np.array([0.2, 0.4, 0.9, 0.9, 0.1], np.float32), np.array([0, 0, 1, 1, 1], np.uint8)
    >>> roc_auc_macro_types(scores, labels, np.array([0, 0, 1, 1, 2]))
    0.5
    >>> round(roc_auc(scores, labels), 3)
    0.667
    """
    _check_types(attack_type, labels)
    _count(scores, labels, 0.5)  # for its checks
    attack, normal = labels == 1, np.sort(scores[labels == 0])
    if len(normal) == 0 or not attack.any():
        return float("nan")
    own = scores[attack]
    lower, upper = np.searchsorted(normal, own, "left"), np.searchsorted(normal, own, "right")
    outscored = (lower + upper) / (2 * len(normal))  # the share of the normal rows below each attack
    _, place, n_rows = np.unique(attack_type[attack], return_inverse=True, return_counts=True)
    return float(np.mean(np.bincount(place, outscored) / n_rows))


def recall_macro_types(
    scores: ScoreArray, labels: LabelArray, attack_type: CodeArray, threshold: float
) -> float:
    """Return the mean over attack types of the share of a type's rows that was caught.

    Parameters
    ----------
    scores : ndarray of shape (n_rows,), float32
        Scores, higher for an attack.
    labels : ndarray of shape (n_rows,), uint8
        1 for an attack, 0 for normal.
    attack_type : ndarray of shape (n_rows,), int64
        A code for each attack type; those of normal rows are not looked at.
    threshold : float
        Scores from here on are called attacks.

    Returns
    -------
    float
        NaN without attacks.

    Raises
    ------
    ValueError
        If a score or the threshold is NaN, a label is neither 0 nor 1, or lengths differ.

    Examples
    --------
    >>> from cfmt.metrics import recall_macro_types
    >>> scores, labels = np.array([0.2, 0.9, 0.9, 0.9, 0.1], np.float32), np.array([0, 1, 1, 1, 1], np.uint8)
    >>> recall_macro_types(scores, labels, np.array([0, 1, 1, 1, 2]), threshold=0.5)
    0.5
    """
    _check_types(attack_type, labels)
    _count(scores, labels, threshold)  # for its checks
    attack = np.flatnonzero(labels == 1)
    if len(attack) == 0:
        return float("nan")
    rows = attack[np.argsort(attack_type[attack], kind="stable")]
    _, n_rows = np.unique(attack_type[rows], return_counts=True)
    offsets = np.append(0, np.cumsum(n_rows))
    caught = _core.ragged_confusion(scores[rows], labels[rows], offsets, threshold)[:, 0]
    return float(np.mean(caught / n_rows))


def f1_macro_types(scores: ScoreArray, labels: LabelArray, attack_type: CodeArray, threshold: float) -> float:
    """Return the F1 score of attacks where every attack type weighs the same.

    The weights of the attacks add up to their number, so that a false alert counts as it does in
    :func:`cfmt.metrics.f1`.

    Parameters
    ----------
    scores : ndarray of shape (n_rows,), float32
        Scores, higher for an attack.
    labels : ndarray of shape (n_rows,), uint8
        1 for an attack, 0 for normal.
    attack_type : ndarray of shape (n_rows,), int64
        A code for each attack type; those of normal rows are not looked at.
    threshold : float
        Scores from here on are called attacks.

    Returns
    -------
    float
        NaN where there is one class.

    Raises
    ------
    ValueError
        If a score or the threshold is NaN, a label is neither 0 nor 1, or lengths differ.

    Examples
    --------
    >>> from cfmt.metrics import confusion, f1, f1_macro_types
    >>> scores, labels = np.array([0.2, 0.9, 0.9, 0.9, 0.1], np.float32), np.array([0, 1, 1, 1, 1], np.uint8)
    >>> round(f1_macro_types(scores, labels, np.array([0, 1, 1, 1, 2]), threshold=0.5), 3)
    0.667
    >>> round(f1(confusion(scores, labels, 0.5)), 3)
    0.857
    """
    recall = recall_macro_types(scores, labels, attack_type, threshold)
    tp, fp, fn, tn = _count(scores, labels, threshold)
    n_attacks = tp + fn
    if n_attacks == 0 or fp + tn == 0:
        return float("nan")
    caught = recall * n_attacks
    return 2 * caught / (caught + n_attacks + fp)  # 2 tp + fp + fn: missed ones are the rest


def _count(scores: ScoreArray, labels: LabelArray, threshold: float) -> list[int]:
    """Count true positives, false positives, false negatives and true negatives."""
    offsets = np.array([0, len(scores)])
    counts: list[int] = _core.ragged_confusion(scores, labels, offsets, threshold)[0].tolist()
    return counts


def _check_types(attack_type: CodeArray, labels: LabelArray) -> None:
    """Raise unless the attack types are int64, one for each label."""
    if not isinstance(attack_type, np.ndarray) or attack_type.dtype != np.int64:
        got = attack_type.dtype if isinstance(attack_type, np.ndarray) else type(attack_type).__name__
        raise TypeError(
            f"attack_type must be an int64 array, got {got}; use np.asarray(attack_type, np.int64)"
        )
    if attack_type.shape != labels.shape:
        raise ValueError(
            f"attack_type must have {len(labels)} elements, as labels has, got {len(attack_type)}"
        )
