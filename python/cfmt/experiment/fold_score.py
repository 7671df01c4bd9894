"""What a run is worth on the rows of a fold: the figures by which settings are chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cfmt.federated.simulation import Run

__all__ = ["CRITERION", "MICRO", "FoldScore", "score_of"]

CRITERION = ("roc_auc_macro_types", "f1_macro_types")
"""Figures of a score: which attack types will come, and how often each, is unknown, so all count the same."""

MICRO = ("roc_auc", "f1_at_threshold")
"""The same two figures where every row counts the same, as results are reported."""


@dataclass(frozen=True)
class FoldScore:
    """One run, scored on the rows of a fold.

    Parameters
    ----------
    fold, seed : int
        Which fold, and the seed of the run.
    roc_auc, f1_at_threshold : float or None
        As a micro average over the rows of the fold; None where they are not defined.
    roc_auc_macro_types, f1_macro_types : float or None
        The same as a macro average over attack types.

    Examples
    --------
    >>> from cfmt.experiment.fold_score import FoldScore, score_of
    >>> score = FoldScore(0, 7, roc_auc=0.9, f1_at_threshold=0.7, roc_auc_macro_types=0.8, f1_macro_types=0.6)
    >>> round(score_of([score]), 6)
    0.7
    """

    fold: int
    seed: int
    roc_auc: float | None
    f1_at_threshold: float | None
    roc_auc_macro_types: float | None
    f1_macro_types: float | None

    @classmethod
    def of(cls, fold: int, run: Run) -> FoldScore:
        """Take the figures of a run whose main test set is the rows of a fold."""
        metrics = run.metrics()
        return cls(fold, run.seed, **{name: _or_none(metrics[name]) for name in (*MICRO, *CRITERION)})


def score_of(runs: Sequence[FoldScore], figures: Sequence[str] = CRITERION) -> float | None:
    """Return the mean of (ROC-AUC + F1 at the threshold) / 2.

    Parameters
    ----------
    runs : sequence of FoldScore
        All folds and seeds of a trial.
    figures : sequence of str, default=CRITERION
        The two figures; ``MICRO`` are those in which rows, not attack types, count the same.

    Returns
    -------
    float or None
        None where a run has no figure, or there is no run.

    Examples
    --------
    >>> from cfmt.experiment.fold_score import MICRO, FoldScore, score_of
    >>> score = FoldScore(0, 7, 0.9, 0.7, roc_auc_macro_types=None, f1_macro_types=0.6)
    >>> score_of([score]), round(score_of([score], MICRO), 6)
    (None, 0.8)
    """
    values = [getattr(run, name) for run in runs for name in figures]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) > 0 else None


def _or_none(value: float) -> float | None:
    """Return a finite number as it is, and None for NaN, which JSON cannot hold."""
    return value if math.isfinite(value) else None
