"""Scores of a round's models, refused where the models have diverged."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cfmt.nn import Engine, diverged

__all__ = ["check_scores", "score"]


def score(engine: Engine, models: npt.NDArray[np.float32], *, round: int) -> npt.NDArray[np.float32]:
    """Score every row of an engine's table by each model.

    Clients of a simulation share a table and a few models, so each model scores the table once.

    Parameters
    ----------
    engine : Engine
        Holds the rows.
    models : ndarray of shape (m, n_params), float32
        Models.
    round : int
        Round that they are scored in.

    Returns
    -------
    ndarray of shape (m, n_rows), float32
        Probability of attack.

    Raises
    ------
    DivergedError
        If a model gives a row no number, since its weights are too large.
    """
    scores = engine.scores(models)
    check_scores(scores, round=round)
    return scores


def check_scores(scores: npt.NDArray[np.float32], *, round: int) -> None:
    """Raise :class:`DivergedError` if a score is NaN."""
    if np.isnan(scores.max(initial=0)):  # the largest of numbers and NaN is NaN
        raise diverged("a score of the model", round)
