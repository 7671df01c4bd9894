"""What a detector says of rows: scores and alerts, and what each column contributed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Explained", "Scored"]


class Scored(NamedTuple):
    """What a detector says of some rows.

    Parameters
    ----------
    scores : ndarray of shape (n_rows,), float32
        Attack probability of each row.
    alerts : ndarray of shape (n_rows,), bool
        Whether it reaches the threshold.
    n_unknown : int
        Rows with a word that training did not have, or too rarely to learn of it.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.detector import Detector
    >>> from cfmt.mlp import MLP
    >>> from cfmt.preprocessing import fit_preprocessor
    >>> train, test = load_synthetic(200, 20, seed=0)
    >>> preprocessor = fit_preprocessor(train)
    >>> mlp = MLP(preprocessor.n_features, hidden=4)
    >>> scored = Detector(mlp, mlp.initial(seed=0), preprocessor, threshold=0.0).score(test)
    >>> scored.scores.shape, scored.alerts.sum().item(), scored.n_unknown
    ((20,), 20, 1)
    """

    scores: npt.NDArray[np.float32]
    alerts: npt.NDArray[np.bool_]
    n_unknown: int


class Explained(NamedTuple):
    """How much each column contributed to the logits of some rows.

    Parameters
    ----------
    columns : tuple of str
        Numeric features that the model uses, then categorical ones.
    parts : ndarray of shape (n_rows, n_columns), float64
        Part of each column in the row's logit; a row's parts and the baseline add up to its logit.
    baseline : float
        Logit of the row that all are compared with.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.detector import Detector
    >>> from cfmt.mlp import MLP
    >>> from cfmt.preprocessing import fit_preprocessor
    >>> train, test = load_synthetic(200, 20, seed=0)
    >>> preprocessor = fit_preprocessor(train, scaling="quantile")
    >>> mlp = MLP(preprocessor.n_features, hidden=4)
    >>> detector = Detector(mlp, mlp.initial(seed=0), preprocessor, threshold=0.5)
    >>> explained = detector.explain(test)
    >>> sums = explained.baseline + explained.parts.sum(axis=1)
    >>> bool(np.allclose(sums, detector.decision_function(test), atol=1e-5))
    True
    >>> explained.top(2).shape
    (20, 2)
    """

    columns: tuple[str, ...]
    parts: npt.NDArray[np.float64]
    baseline: float

    def top(self, k: int) -> npt.NDArray[np.int64]:
        """Return the columns that raised each row's logit most, foremost first; shape (n_rows, at most k)."""
        return np.argsort(-self.parts, axis=1, kind="stable")[:, :k]
