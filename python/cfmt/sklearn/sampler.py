"""``GaussianMetaSampler``: balanced rows for any classifier, by Gaussian weights over ranks of errors."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt
from imblearn.under_sampling.base import BaseUnderSampler
from scipy.stats import rankdata
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils._param_validation import HasMethods, Interval

from cfmt.sampling import weighted_sample

__all__ = ["GaussianMetaSampler"]


class GaussianMetaSampler(BaseUnderSampler):  # type: ignore[misc]  # imbalanced-learn has no types
    """Draw rows of the large classes by how hard they are, until the classes are balanced.

    A row's error is one minus the probability that an estimator gives its own class, without having seen it.
    Rows are ranked by it within their class, from 0 (easiest) to 1 (hardest), and drawn without replacement
    by ``floor + (1 - floor) * exp(-(rank - mu)^2 / (2 sigma^2))``. The floor keeps every row in play: weights
    without one abandon rows for good.

    Parameters
    ----------
    mu : float, default=1.0
        Rank that is favoured, in [0, 1]: 1 are the hardest rows, 0 the easiest.
    sigma : float, default=0.5
        Width, above 0; a large one draws uniformly.
    floor : float, default=0.1
        Least weight, in (0, 1]; 1 draws uniformly.
    estimator : classifier, default=None
        Gives the probabilities by cross-validation; None takes a logistic regression.
    cv : int, default=3
        Folds; fewer where a class has fewer rows.
    sampling_strategy : float, str, dict or callable, default="auto"
        How many rows to draw, as in imbalanced-learn.
    random_state : int, RandomState or None, default=None
        Seed of the draw.

    Attributes
    ----------
    sampling_strategy_ : dict
        Rows to draw of each class that is sampled.
    sample_indices_ : ndarray of shape (n_drawn,), int64
        Rows that were drawn.

    See Also
    --------
    cfmt.sampling.meta_sample : The draw of every client of a federation in one call.

    References
    ----------
    Z. Liu et al., "MESA: Boost Ensemble Imbalanced Learning with MEta-SAmpler", NeurIPS 2020,
    arXiv:2010.08830.

    Examples
    --------
    >>> from cfmt.sklearn import GaussianMetaSampler
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(200, 3)), np.repeat([0, 1], [180, 20])
    >>> X_drawn, y_drawn = GaussianMetaSampler(random_state=0).fit_resample(X, y)
    >>> np.bincount(y_drawn)
    array([20, 20])
    """

    _parameter_constraints = {  # noqa: RUF012  # imbalanced-learn's form
        **BaseUnderSampler._parameter_constraints,
        "mu": [Interval(Real, 0, 1, closed="both")],
        "sigma": [Interval(Real, 0, None, closed="neither")],
        "floor": [Interval(Real, 0, 1, closed="right")],
        "estimator": [HasMethods(["fit", "predict_proba"]), None],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        mu: float = 1.0,
        sigma: float = 0.5,
        floor: float = 0.1,
        estimator: Any = None,
        cv: int = 3,
        sampling_strategy: Any = "auto",
        random_state: Any = None,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.mu = mu
        self.sigma = sigma
        self.floor = floor
        self.estimator = estimator
        self.cv = cv
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        """Say that the rows that were drawn are kept."""
        tags = super().__sklearn_tags__()
        tags.sampler_tags.sample_indices = True
        return tags

    def _fit_resample(self, X: Any, y: npt.NDArray[Any]) -> tuple[Any, Any]:
        """Draw rows of each class that is to be smaller."""
        random = check_random_state(self.random_state)
        errors = self._errors(X, y)
        drawn = []
        for label in np.unique(y):
            rows = np.flatnonzero(y == label)
            size = self.sampling_strategy_.get(label)
            drawn.append(rows if size is None else rows[self._draw(errors[rows], size, random)])
        self.sample_indices_ = np.concatenate(drawn).astype(np.int64)
        return _safe_indexing(X, self.sample_indices_), _safe_indexing(y, self.sample_indices_)

    def _errors(self, X: Any, y: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return one minus the probability of each row's own class, by an estimator that has not seen it."""
        _, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
        folds = min(self.cv, int(counts.min()))
        if folds < 2:
            return np.zeros(len(y))  # a class of one row cannot be left out: all rows count alike
        estimator = LogisticRegression(max_iter=1000) if self.estimator is None else clone(self.estimator)
        probabilities = cross_val_predict(estimator, X, y, cv=folds, method="predict_proba")
        return 1.0 - np.asarray(probabilities)[np.arange(len(y)), codes.reshape(-1)]

    def _draw(self, errors: npt.NDArray[np.float64], size: int, random: Any) -> npt.NDArray[np.int64]:
        """Draw positions by the ranks of their errors."""
        rank = (rankdata(errors) - 1) / max(1, len(errors) - 1)
        weights = self.floor + (1 - self.floor) * np.exp(-((rank - self.mu) ** 2) / (2 * self.sigma**2))
        offsets, sizes = np.array([0, len(errors)]), np.array([size])
        seed = int(random.randint(np.iinfo(np.int32).max))
        return weighted_sample(weights, offsets, sizes, seed=seed).values
