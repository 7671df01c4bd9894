"""Slow, obvious forms of cfmt.metrics."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.int64]


def confusion(scores: Scores, labels: Labels, threshold: float) -> list[int]:
    """True positives, false positives, false negatives, true negatives."""
    called = [float(score) >= threshold for score in scores]
    pairs = list(zip(called, labels.tolist(), strict=True))
    return [pairs.count(pair) for pair in ((True, 1), (True, 0), (False, 1), (False, 0))]


def roc_auc(scores: Scores, labels: Labels) -> float:
    """The chance that an attack outscores a normal row, over all pairs."""
    attack, normal = scores[labels == 1].tolist(), scores[labels == 0].tolist()
    wins: float = sum((a > b) + 0.5 * (a == b) for a in attack for b in normal)
    return wins / (len(attack) * len(normal))


def average_precision(scores: Scores, labels: Labels) -> float:
    """Precision at each distinct score, weighted by the recall gained there."""
    area, recall = 0.0, 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        tp, fp, fn, _ = confusion(scores, labels, threshold)
        gained, recall = tp / (tp + fn) - recall, tp / (tp + fn)
        area += gained * tp / (tp + fp)
    return area


def weights_of(attack_type: Codes, labels: Labels) -> npt.NDArray[np.float64]:
    """Weights under which attack types count the same, and attacks together what they count alike."""
    pairs = list(zip(attack_type.tolist(), labels.tolist(), strict=True))
    types = {code for code, label in pairs if label == 1}
    share = [labels.sum() / (len(types) * pairs.count(pair)) if pair[1] else 1.0 for pair in pairs]
    return np.array(share)


def roc_auc_macro_types(scores: Scores, labels: Labels, attack_type: Codes) -> float:
    """The mean of the areas of each attack type's rows with all normal rows."""
    areas = []
    for code in set(attack_type[labels == 1].tolist()):
        rows = (labels == 0) | (attack_type == code)
        areas.append(roc_auc(scores[rows], labels[rows]))
    return sum(areas) / len(areas)


def recall_macro_types(scores: Scores, labels: Labels, attack_type: Codes, threshold: float) -> float:
    recalls = []
    for code in set(attack_type[labels == 1].tolist()):
        rows = (labels == 1) & (attack_type == code)
        tp, _, fn, _ = confusion(scores[rows], labels[rows], threshold)
        recalls.append(tp / (tp + fn))
    return sum(recalls) / len(recalls)


def recall_at_fpr(scores: Scores, labels: Labels, fpr: float) -> float:
    best = 0.0
    for threshold in set(scores.tolist()):
        tp, fp, fn, tn = confusion(scores, labels, threshold)
        if fp / (fp + tn) <= fpr:
            best = max(best, tp / (tp + fn))
    return best


def threshold_at_fpr(negative: npt.NDArray[np.int64], fpr: float) -> float | None:
    """The smallest edge that keeps the rate, by trying them from below."""
    for edge in range(len(negative)):
        if negative[edge:].sum() / negative.sum() <= fpr:
            return edge / len(negative)
    return None
