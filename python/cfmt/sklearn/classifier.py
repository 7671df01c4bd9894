"""``CFMTClassifier``: federated training behind ``fit`` and ``predict``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from cfmt.detector import Detector, Reference
from cfmt.federated import Federation, Settings, evaluate, initial_state, method_named, rounds
from cfmt.metrics import AtFpr
from cfmt.mlp import MLP
from cfmt.nn import LocalTraining, make_engine
from cfmt.partition import partition_by_client
from cfmt.sklearn.frames import Features, has_words

__all__ = ["CFMTClassifier"]


class CFMTClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A detector trained by a federation of clients, as a binary classifier.

    Each group of rows is a client that keeps them: clients train on their own rows, and updates are averaged.
    With one client, this is plain local training.

    Parameters
    ----------
    method : str, default="fed-over"
        ``fedavg``, ``fedprox``, ``fed-over``, ``fed-under``, ``class-weighted`` or ``cfmt``.
    rounds : int, default=50
        Rounds of training.
    hidden : int, default=128
        Hidden units of the MLP.
    learning_rate : float, default=0.05
        Of local training.
    batch_size : int, default=32
        Rows of a batch.
    steps : int, default=20
        Batches that each client takes in a round.
    scaling : {"quantile", "zscore"}, default="quantile"
        What numeric features become; fitted from summaries that clients send.
    validation_share : float, default=0.2
        Share of each client's rows that it keeps for the threshold of ``detector_``.
    fpr : float, default=0.05
        False-positive rate that the threshold of ``detector_`` aims at.
    normal : object, default=None
        The class that is normal traffic; None takes the first one in sorted order.
    random_state : int, RandomState or None, default=None
        Seed of first weights and draws.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        Both classes, sorted.
    n_features_in_ : int
        Columns of ``X`` in ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where ``X`` was a data frame.
    n_clients_ : int
        Clients that trained.
    detector_ : Detector
        What ``save`` writes is a file that ``cfmt score`` reads. Its threshold is that of ``fpr``, while
        ``predict`` takes 0.5.

    See Also
    --------
    GaussianMetaSampler : Balanced rows for any classifier.

    Examples
    --------
    >>> from cfmt.sklearn import CFMTClassifier
    >>> rng = np.random.default_rng(0)
    >>> X, site = rng.normal(size=(300, 4)), rng.integers(3, size=300)
    >>> y = np.where(X[:, 0] > 1, "attack", "normal")
    >>> classifier = CFMTClassifier(normal="normal", rounds=20, random_state=0)
    >>> classifier.fit(X, y, groups=site).n_clients_
    3
    >>> bool(classifier.score(X, y) > 0.9)
    True
    """

    def __init__(
        self,
        method: str = "fed-over",
        *,
        rounds: int = 50,
        hidden: int = 128,
        learning_rate: float = 0.05,
        batch_size: int = 32,
        steps: int = 20,
        scaling: Literal["quantile", "zscore"] = "quantile",
        validation_share: float = 0.2,
        fpr: float = 0.05,
        normal: Any = None,
        random_state: Any = None,
    ) -> None:
        self.method = method
        self.rounds = rounds
        self.hidden = hidden
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.steps = steps
        self.scaling = scaling
        self.validation_share = validation_share
        self.fpr = fpr
        self.normal = normal
        self.random_state = random_state

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:
        """Train the federation.

        Parameters
        ----------
        X : array-like or data frame of shape (n_rows, n_features)
            Numbers; in a data frame of pandas or polars, columns of words as well.
        y : array-like of shape (n_rows,)
            Two classes.
        groups : array-like of shape (n_rows,), optional
            The client of each row: a site, a device, a network. Without it, one client has all rows.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there are not two classes, ``normal`` is none of them, or lengths differ.
        """
        X, y = self._validated(X, y)
        is_attack = self._codes(y)
        self._features = Features.of(X, getattr(self, "feature_names_in_", None))
        table = self._features.table(X, is_attack)
        client = np.zeros(len(y), np.int64)
        if groups is not None:
            check_consistent_length(y, groups)
            client = np.unique(column_or_1d(groups), return_inverse=True)[1].astype(np.int64)
        self.n_clients_ = int(client.max()) + 1
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        parts = partition_by_client(client, self.n_clients_)
        federation = Federation.build(
            table, (), parts, validation_share=self.validation_share, scaling=self.scaling, seed=seed
        )
        detector = self._trained(federation, seed)
        reference = Reference.of(detector, table).to_dict()
        self.detector_ = replace(detector, metadata={"method": self.method, "reference": reference})
        return self

    def decision_function(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the log-odds of the second class.

        Parameters
        ----------
        X : array-like or data frame of shape (n_rows, n_features)

        Returns
        -------
        ndarray of shape (n_rows,), float64
        """
        check_is_fitted(self)
        table = self._features.table(self._checked(X, reset=False))
        logits = self.detector_.decision_function(table).astype(np.float64)
        return logits if self._attack == 1 else -logits

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like or data frame of shape (n_rows, n_features)

        Returns
        -------
        ndarray of shape (n_rows, 2), float64
            In the order of ``classes_``.
        """
        second = expit(self.decision_function(X))
        return np.column_stack([1 - second, second])

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the likelier class of each row.

        Parameters
        ----------
        X : array-like or data frame of shape (n_rows, n_features)

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        second = (self.decision_function(X) > 0).astype(np.int64)
        found: npt.NDArray[Any] = self.classes_[second]
        return found

    def __sklearn_tags__(self) -> Any:
        """Say that two classes are all."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def _checked(self, X: Any, *, reset: bool) -> Any:
        """Check rows: as numbers, unless a data frame has words."""
        if has_words(X) or (not reset and self._features.columns.words):
            validate_data(self, X, reset=reset, skip_check_array=True)
            return X
        return validate_data(self, X, reset=reset, dtype=np.float64)

    def _validated(self, X: Any, y: Any) -> tuple[Any, npt.NDArray[Any]]:
        """Check rows and labels."""
        if has_words(X):
            y = column_or_1d(y, warn=True)
            check_consistent_length(X, y)
            return self._checked(X, reset=True), y
        X, y = validate_data(self, X, y, dtype=np.float64)
        return X, y

    def _codes(self, y: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        """Return 1 for attacks; refuse what are not two classes."""
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y", raise_unknown=True)
        self.classes_ = np.unique(y)
        if kind != "binary":
            raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
        if len(self.classes_) < 2:
            raise ValueError(f"y must have two classes, got 1 class: {self.classes_[0]!r}; give rows of both")
        if self.normal is not None and self.normal not in self.classes_.tolist():
            raise ValueError(
                f"normal must be one of the classes {self.classes_.tolist()}, got {self.normal!r}"
            )
        self._attack = 0 if self.normal is not None and self.normal == self.classes_[1] else 1
        is_attack: npt.NDArray[np.uint8] = (y == self.classes_[self._attack]).astype(np.uint8)
        return is_attack

    def _trained(self, federation: Federation, seed: int) -> Detector:
        """Train, and choose the detector's threshold on the clients' validation rows."""
        local = LocalTraining(learning_rate=self.learning_rate, batch_size=self.batch_size, steps=self.steps)
        rule = AtFpr(self.fpr)
        settings = Settings(rounds=self.rounds, hidden=self.hidden, local=local, thresholds=(rule,))
        method, mlp = method_named(self.method), MLP(federation.n_features, self.hidden)
        engine = make_engine("native", mlp, federation.X, federation.is_attack)
        state = initial_state(method, mlp, federation.n_clients, seed=seed)
        for after, _ in rounds(federation, engine, method, settings, state, seed=seed):
            state = after
        threshold = evaluate(federation, engine, state, [], rules=settings.thresholds).threshold
        return Detector(mlp, state.model, federation.preprocessor, threshold, columns=self._features.columns)
