"""A central reference beside a detector: gradient-boosted trees that saw all rows in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cfmt.errors import DataError, MissingExtraError

if TYPE_CHECKING:
    from cfmt.data import Table
    from cfmt.detector import Detector

__all__ = ["reference_scores"]


def reference_scores(
    detector: Detector, train: Table, test: Table, *, seed: int = 0
) -> npt.NDArray[np.float32]:
    """Train gradient-boosted trees on a detector's features of all rows, and score test rows.

    They stand for what one place that had every row could reach; a federation keeps rows apart.

    Parameters
    ----------
    detector : Detector
        Its preprocessing makes the features.
    train : Table
        Rows to train on, of both classes.
    test : Table
        Rows to score.
    seed : int, default=0
        Seed of the trees.

    Returns
    -------
    ndarray of shape (n_test,), float32
        Attack probability of each test row.

    Raises
    ------
    MissingExtraError
        If scikit-learn is not installed.
    DataError
        If the training rows are of one class.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.detector import Detector
    >>> from cfmt.experiment.reference import reference_scores
    >>> from cfmt.mlp import MLP
    >>> from cfmt.preprocessing import fit_preprocessor
    >>> train, test = load_synthetic(400, 50, seed=0)
    >>> preprocessor = fit_preprocessor(train)
    >>> mlp = MLP(preprocessor.n_features, hidden=4)
    >>> detector = Detector(mlp, mlp.initial(seed=0), preprocessor, threshold=0.5)
    >>> reference_scores(detector, train, test).shape
    (50,)
    """
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
    except ModuleNotFoundError as error:
        raise MissingExtraError("--reference needs scikit-learn: pip install 'cfmt[reference]'") from error
    if len(np.unique(train.is_attack)) < 2:
        raise DataError("the reference needs training rows of both classes; add attacks or normal traffic")
    trees = HistGradientBoostingClassifier(random_state=seed)
    trees.fit(detector.preprocessor.transform(train), train.is_attack)
    found: npt.NDArray[np.float64] = trees.predict_proba(detector.preprocessor.transform(test))[:, 1]
    return found.astype(np.float32)
