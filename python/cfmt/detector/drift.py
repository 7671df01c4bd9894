"""Whether traffic is still like that of training: spread of features and scores, and unknown words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cfmt.data import Table
from cfmt.detector.detector import Detector
from cfmt.errors import DataError

__all__ = ["Drift", "Reference", "Stability", "measure_drift", "population_stability"]

SCORE = "score"
_BINS = 10
_MOST_WORDS = 50
_MOST_ROWS = 100_000
_LEAST_SHARE = 1e-4  # of a bin: an empty one would make the index infinite
_CHANCE = 3.0  # times what chance alone gives: less than that is not told from it


@dataclass(frozen=True)
class Reference:
    """How normal training rows are spread.

    Parameters
    ----------
    numeric : dict of str to (tuple of float, tuple of int)
        For each numeric feature, and for the score, the inner edges of its bins, and the rows in each bin.
    words : dict of str to dict of str to int
        Rows of each word of each categorical feature; rare words together under an empty name.
    n_rows, n_alerts : int
        Rows, and those that are alerts.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.detector import Detector, Reference
    >>> from cfmt.mlp import MLP
    >>> from cfmt.preprocessing import fit_preprocessor
    >>> train, _ = load_synthetic(500, 1, seed=0)
    >>> preprocessor = fit_preprocessor(train)
    >>> mlp = MLP(preprocessor.n_features, hidden=4)
    >>> reference = Reference.of(Detector(mlp, mlp.initial(seed=0), preprocessor, threshold=0.5), train)
    >>> reference.n_rows == int((train.is_attack == 0).sum())
    True
    """

    numeric: dict[str, tuple[tuple[float, ...], tuple[int, ...]]]
    words: dict[str, dict[str, int]]
    n_rows: int
    n_alerts: int

    @classmethod
    def of(cls, detector: Detector, train: Table) -> Reference:
        """Count the normal rows of a training table, 100,000 of them at most.

        Parameters
        ----------
        detector : Detector
            Scores them.
        train : Table
            Training rows.

        Returns
        -------
        Reference
        """
        rows = np.flatnonzero(train.is_attack == 0)
        table = train.take(rows[:: max(1, -(-len(rows) // _MOST_ROWS))])
        scored = detector.score(table)
        columns = dict(zip(table.schema.numeric, table.numeric.T, strict=True))
        columns[SCORE] = scored.scores.astype(np.float64)
        numeric = {}
        for name, values in columns.items():
            tenths = np.arange(1, _BINS) / _BINS
            edges = np.unique(np.quantile(values, tenths)) if len(values) else np.zeros(0)
            numeric[name] = (tuple(map(float, edges)), tuple(_binned(values, edges).tolist()))
        return cls(numeric, _words(table, None), table.n_rows, int(scored.alerts.sum()))

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as what JSON can hold."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> Reference:
        """Take back what :meth:`to_dict` returned.

        Parameters
        ----------
        values : mapping
            As :meth:`to_dict` made it, perhaps by way of JSON.

        Returns
        -------
        Reference

        Raises
        ------
        DataError
            If it is not whole.
        """
        try:
            numeric = {
                str(name): (tuple(map(float, edges)), tuple(map(int, counts)))
                for name, (edges, counts) in values["numeric"].items()
            }
            words = {
                str(name): {str(w): int(n) for w, n in own.items()} for name, own in values["words"].items()
            }
            found = cls(numeric, words, int(values["n_rows"]), int(values["n_alerts"]))
            if (
                any(len(counts) != len(edges) + 1 for edges, counts in numeric.values())
                or SCORE not in numeric
            ):
                raise ValueError("bins and edges do not fit")
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"the detector's reference is not whole ({error}); train it again") from error
        return found


@dataclass(frozen=True)
class Stability:
    """How far the spread of a feature has moved.

    Parameters
    ----------
    feature : str
        Its name; ``score`` for the scores.
    psi : float
        Population stability index: 0 for the same spread; above 0.25 a large shift, as is usual to say.
    chance : float
        What chance alone would give on average with so many rows.

    Examples
    --------
    >>> from cfmt.detector import Stability
    >>> Stability("duration", psi=0.3, chance=0.01).psi > 0.25
    True
    """

    feature: str
    psi: float
    chance: float


@dataclass(frozen=True)
class Drift:
    """How traffic differs from normal training rows.

    Parameters
    ----------
    n_rows, n_alerts, n_unknown, n_dropped : int
        Rows scored, alerts, rows with a word unknown to training, and rows that could not be scored.
    reference_rows, reference_alerts : int
        The same of the normal training rows.
    features : tuple of Stability
        The least stable first; the scores are among them.

    Examples
    --------
    >>> from cfmt.detector import Drift, Stability
    >>> features = (Stability("duration", 0.4, 0.2), Stability("score", 0.3, 0.01))
    >>> drift = Drift(100, 5, 0, 0, 1000, 50, features)
    >>> [one.feature for one in drift.past(0.25)]
    ['score']
    """

    n_rows: int
    n_alerts: int
    n_unknown: int
    n_dropped: int
    reference_rows: int
    reference_alerts: int
    features: tuple[Stability, ...]

    def past(self, limit: float) -> tuple[Stability, ...]:
        """Return the features whose index is past a limit, and past what chance gives."""
        return tuple(one for one in self.features if one.psi > max(limit, _CHANCE * one.chance))

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain values."""
        return asdict(self)


def population_stability(expected: npt.ArrayLike, found: npt.ArrayLike) -> float:
    """Return the population stability index of two histograms over the same bins.

    It is the sum over bins of (p - q) log(p / q); a share below 0.0001 counts as that.

    Parameters
    ----------
    expected, found : array_like of shape (n_bins,)
        Counts, each with a positive sum.

    Returns
    -------
    float
        At least 0; 0 for equal shares.

    Examples
    --------
    >>> from cfmt.detector import population_stability
    >>> population_stability([10, 30], [1, 3]), round(population_stability([10, 30], [30, 10]), 3)
    (0.0, 1.099)
    """
    p, q = (np.asarray(counts, np.float64) for counts in (expected, found))
    p, q = np.maximum(p / p.sum(), _LEAST_SHARE), np.maximum(q / q.sum(), _LEAST_SHARE)
    return float(((p - q) * np.log(p / q)).sum())


def measure_drift(detector: Detector, reference: Reference, tables: Iterable[tuple[Table, int]]) -> Drift:
    """Compare traffic with the normal rows of training.

    Parameters
    ----------
    detector : Detector
        Scores the rows.
    reference : Reference
        Of its training.
    tables : iterable of (Table, int)
        Rows, and how many beside them could not be scored.

    Returns
    -------
    Drift

    Raises
    ------
    DataError
        If there is no row.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.detector import Detector, Reference, measure_drift
    >>> from cfmt.mlp import MLP
    >>> from cfmt.preprocessing import fit_preprocessor
    >>> train, _ = load_synthetic(2000, 1, seed=0)
    >>> preprocessor = fit_preprocessor(train)
    >>> mlp = MLP(preprocessor.n_features, hidden=4)
    >>> detector = Detector(mlp, mlp.initial(seed=0), preprocessor, threshold=0.5)
    >>> normal = train.take(np.flatnonzero(train.is_attack == 0))
    >>> drift = measure_drift(detector, Reference.of(detector, train), [(normal, 0)])
    >>> max(one.psi for one in drift.features), drift.past(0.1)
    (0.0, ())
    """
    counts = {name: np.zeros(len(bins), np.int64) for name, (_, bins) in reference.numeric.items()}
    words: dict[str, dict[str, int]] = {name: dict.fromkeys(own, 0) for name, own in reference.words.items()}
    totals = np.zeros(4, np.int64)
    for table, n_dropped in tables:
        scored = detector.score(table)
        totals += (table.n_rows, int(scored.alerts.sum()), scored.n_unknown, n_dropped)
        columns = dict(zip(table.schema.numeric, table.numeric.T, strict=True))
        for name, values in (columns | {SCORE: scored.scores.astype(np.float64)}).items():
            counts[name] += _binned(values, reference.numeric[name][0])
        for name, own in _words(table, reference.words).items():
            for word, count in own.items():
                words[name][word] = words[name].get(word, 0) + count
    if totals[0] == 0:
        raise DataError("there is no row to compare; give flows like those of training")
    found = [_stability(name, bins, counts[name]) for name, (_, bins) in reference.numeric.items()]
    found += [_stability_of_words(name, own, words[name]) for name, own in reference.words.items()]
    ordered = tuple(sorted(found, key=lambda one: (-one.psi, one.feature)))
    n_rows, n_alerts, n_unknown, n_dropped = totals.tolist()
    return Drift(n_rows, n_alerts, n_unknown, n_dropped, reference.n_rows, reference.n_alerts, ordered)


def _binned(values: npt.NDArray[np.float64], edges: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Count values between edges; one on an edge counts above it."""
    inner = np.asarray(edges, np.float64)
    return np.bincount(np.searchsorted(inner, values, side="right"), minlength=len(inner) + 1).astype(
        np.int64
    )


def _words(table: Table, like: Mapping[str, Mapping[str, int]] | None) -> dict[str, dict[str, int]]:
    """Count words by feature: the frequent ones, or those of a reference; the others under an empty name."""
    found = {}
    for place, name in enumerate(table.schema.categorical):
        vocabulary = table.vocabularies[place]
        rows = np.bincount(table.categorical[:, place], minlength=len(vocabulary)).tolist()
        counts = {word: count for word, count in zip(vocabulary, rows, strict=True) if count}
        frequent = sorted(counts, key=lambda word: (-counts[word], word))[:_MOST_WORDS]
        kept = [word for word in frequent if word] if like is None else [w for w in like[name] if w]
        own = {word: counts.get(word, 0) for word in kept}
        found[name] = own | {"": sum(counts.values()) - sum(own.values())}
    return found


def _stability(name: str, expected: Iterable[int], found: npt.NDArray[np.int64]) -> Stability:
    """Compare two histograms."""
    p = np.array(list(expected), np.float64)
    if p.sum() == 0 or found.sum() == 0:
        return Stability(name, 0.0, 0.0)
    bins = int(((p + found) > 0).sum())
    return Stability(name, population_stability(p, found), (bins - 1) * (1 / p.sum() + 1 / found.sum()))


def _stability_of_words(name: str, expected: Mapping[str, int], found: Mapping[str, int]) -> Stability:
    """Compare two counts of words."""
    words = list(expected)
    return _stability(
        name, [expected[word] for word in words], np.array([found.get(w, 0) for w in words], np.int64)
    )
