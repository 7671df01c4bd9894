"""A threshold for one site, from that site's own benign flows and the alerts that it can look at."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from cfmt.detector.intervals import CONFIDENCE, fpr_interval, rows_needed
from cfmt.errors import ConfigError, DataError
from cfmt.strict_json import plain

if TYPE_CHECKING:
    from cfmt.data.flow_stream import FlowChunk
    from cfmt.detector.detector import Detector

__all__ = [
    "BenignScores",
    "Budget",
    "Calibration",
    "calibrate",
    "score_benign",
    "threshold_for_fpr",
]

_BENIGN = {"", "normal", "benign"}  # labels, in lower case; an empty one is none


class BenignScores(NamedTuple):
    """Scores of a site's benign flows.

    Parameters
    ----------
    scores : ndarray of shape (n_rows,), float32
        Of the flows that no label calls an attack.
    n_unknown : int
        Those of them with a word that training did not have.
    left_out : dict of str to int
        Labels other than normal, and the flows of each, which are not scored.

    Examples
    --------
    >>> from cfmt.detector import BenignScores
    >>> BenignScores(np.zeros(3, np.float32), n_unknown=0, left_out={"smurf": 2}).scores.size
    3
    """

    scores: npt.NDArray[np.float32]
    n_unknown: int
    left_out: dict[str, int]


@dataclass(frozen=True)
class Budget:
    """False alerts that a site can look at, as a share of its benign flows.

    Parameters
    ----------
    fpr : float
        The share, in (0, 1).
    alerts_per_day, flows_per_day : float or None, default=None
        What the share was made of, if anything.

    Raises
    ------
    ConfigError
        If the share is out of range.

    Examples
    --------
    >>> from cfmt.detector import Budget
    >>> budget = Budget.daily(alerts=20, flows=50_000)
    >>> budget.fpr, str(budget), str(Budget(0.01))
    (0.0004, '20 alerts a day of 50,000 flows', 'fpr:0.01')
    """

    fpr: float
    alerts_per_day: float | None = None
    flows_per_day: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.fpr < 1:
            raise ConfigError(
                f"the share of benign flows that may alert must lie in (0, 1), got {self.fpr:g}; try 0.01"
            )

    @classmethod
    def daily(cls, alerts: float, flows: float) -> Budget:
        """Allow a number of alerts a day among a number of flows a day; both must be above 0."""
        return cls(alerts / flows, alerts, flows)

    def __str__(self) -> str:
        if self.alerts_per_day is None or self.flows_per_day is None:
            return f"fpr:{self.fpr:g}"
        return f"{self.alerts_per_day:g} alerts a day of {self.flows_per_day:,.0f} flows"

    def most(self, n_rows: int) -> int:
        """Return how many of so many benign rows may alert, numbers taken as their decimal digits say."""
        share = Fraction(str(self.fpr))
        if self.alerts_per_day is not None and self.flows_per_day is not None:
            share = Fraction(str(self.alerts_per_day)) / Fraction(str(self.flows_per_day))
        return int(share * n_rows)


@dataclass(frozen=True)
class Calibration:
    """What a calibration found.

    Parameters
    ----------
    budget : Budget
        What was allowed.
    n_rows : int
        Benign rows that were scored.
    n_left_out : int
        Rows that were not, because of their labels.
    old_threshold, threshold : float
        Before and after.
    n_before, n_alerts : int
        How many of the rows alerted before, and do now.
    low, high : float
        95 % interval of the false-positive rate at the new threshold.

    Examples
    --------
    >>> from cfmt.detector import Budget, Calibration
    >>> found = Calibration(Budget(0.01), 1000, 0, 0.5, 0.75, 52, 10, 0.0048, 0.0183)
    >>> found.to_dict()["rule"], found.to_dict()["alerts"]
    ('fpr:0.01', 10)
    """

    budget: Budget
    n_rows: int
    n_left_out: int
    old_threshold: float
    threshold: float
    n_before: int
    n_alerts: int
    low: float
    high: float

    def to_dict(self) -> dict[str, object]:
        """Return what the new detector's metadata keep, as JSON can hold it."""
        kept: dict[str, object] = plain(
            {
                "rule": str(self.budget),
                "fpr": self.budget.fpr,
                "rows": self.n_rows,
                "left_out": self.n_left_out,
                "old_threshold": self.old_threshold,
                "alerts_before": self.n_before,
                "alerts": self.n_alerts,
                "confidence": CONFIDENCE,
                "fpr_interval": [self.low, self.high],
            }
        )
        return kept


def score_benign(detector: Detector, flows: Iterable[FlowChunk]) -> BenignScores:
    """Score the flows of a site that no label calls an attack.

    Parameters
    ----------
    detector : Detector
        Scores them.
    flows : iterable of FlowChunk
        Such as :func:`cfmt.data.flow_stream.stream_like` gives. Flows without labels count as
        benign; of labelled ones those called ``normal`` or ``benign``.

    Returns
    -------
    BenignScores

    Raises
    ------
    DataError
        If no flow is benign.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.data.flow_stream import FlowChunk
    >>> from cfmt.detector import Detector, score_benign
    >>> from cfmt.mlp import MLP
    >>> from cfmt.preprocessing import fit_preprocessor
    >>> train, test = load_synthetic(200, 3, seed=0)
    >>> preprocessor = fit_preprocessor(train)
    >>> mlp = MLP(preprocessor.n_features, hidden=4)
    >>> detector = Detector(mlp, mlp.initial(seed=0), preprocessor, threshold=0.5)
    >>> found = score_benign(detector, [FlowChunk(test, np.arange(3), {}, ("normal", "smurf", "normal"))])
    >>> found.scores.shape, found.left_out
    ((2,), {'smurf': 1})
    """
    scores, n_unknown, left_out = [np.zeros(0, np.float32)], 0, Counter[str]()
    for chunk in flows:
        table = chunk.table
        if chunk.labels is not None:
            benign = np.array([label.strip().lower() in _BENIGN for label in chunk.labels], np.bool_)
            left_out.update(chunk.labels[row] for row in np.flatnonzero(~benign).tolist())
            table = table.take(np.flatnonzero(benign))
        scored = detector.score(table)
        scores.append(scored.scores)
        n_unknown += scored.n_unknown
    found = BenignScores(np.concatenate(scores), n_unknown, dict(left_out.most_common()))
    if len(found.scores) == 0:
        raise DataError(
            f"there is no benign flow: all {left_out.total():,} have another label than normal or benign; "
            "give the site's own benign flows"
        )
    return found


def calibrate(detector: Detector, benign: BenignScores, budget: Budget) -> tuple[Detector, Calibration]:
    """Set the threshold of a detector so that benign flows keep within a budget of alerts.

    Parameters
    ----------
    detector : Detector
        As it was trained, or calibrated before.
    benign : BenignScores
        Its scores of the site's flows.
    budget : Budget
        How many of them may alert.

    Returns
    -------
    detector : Detector
        With the new threshold, and in its metadata what was done.
    found : Calibration

    Raises
    ------
    DataError
        If there are too few flows to tell so low a rate.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.data.flow_stream import FlowChunk
    >>> from cfmt.detector import Budget, Detector, calibrate, score_benign
    >>> from cfmt.mlp import MLP
    >>> from cfmt.preprocessing import fit_preprocessor
    >>> train, test = load_synthetic(200, 1000, seed=0)
    >>> preprocessor = fit_preprocessor(train)
    >>> mlp = MLP(preprocessor.n_features, hidden=4)
    >>> detector = Detector(mlp, mlp.initial(seed=0), preprocessor, threshold=0.5)
    >>> benign = score_benign(detector, [FlowChunk(test, np.arange(1000), {})])
    >>> site, found = calibrate(detector, benign, Budget(0.05))
    >>> found.n_alerts, site.predict(test).sum().item(), site.metadata["calibration"]["rows"]
    (50, 50, 1000)
    """
    scores, needed = benign.scores, rows_needed(budget.fpr)
    if len(scores) < needed:
        raise DataError(
            f"{len(scores):,} benign flows are too few for a share of {budget.fpr:.2g} to alert: to tell so "
            f"low a rate takes {needed:,} (about 3 / rate); give more flows, or allow {_least(len(scores))}"
        )
    threshold = threshold_for_fpr(scores, budget)
    n_alerts = int((scores >= threshold).sum())
    low, high = fpr_interval(n_alerts, len(scores))
    found = Calibration(
        budget,
        n_rows=len(scores),
        n_left_out=sum(benign.left_out.values()),
        old_threshold=detector.threshold,
        threshold=threshold,
        n_before=int((scores >= detector.threshold).sum()),
        n_alerts=n_alerts,
        low=low,
        high=high,
    )
    metadata = detector.metadata | {"calibration": found.to_dict()}
    return replace(detector, threshold=threshold, metadata=metadata), found


def threshold_for_fpr(scores: npt.NDArray[np.float32], budget: Budget) -> float:
    """Return a threshold that no more of some benign scores reach than a budget allows.

    It lies half-way between the lowest score that alerts and the highest that does not, so that another
    runtime, whose last digits differ, decides alike. Equal scores alert together or not at all.

    Parameters
    ----------
    scores : ndarray of shape (n_rows,), float32
        Of benign rows, in [0, 1]; at least one.
    budget : Budget
        How many may alert.

    Returns
    -------
    float
        A number that float32 holds; infinite where too many score 1 for any alert.

    Raises
    ------
    ValueError
        If there are no scores.

    Examples
    --------
    >>> from cfmt.detector import Budget, threshold_for_fpr
    >>> scores = np.array([0.25, 0.5, 0.5, 0.75], np.float32)
    >>> threshold_for_fpr(scores, Budget(0.25)), threshold_for_fpr(scores, Budget(0.5))
    (0.625, 0.625)
    """
    if len(scores) == 0:
        raise ValueError("scores must hold at least one number, got none")
    most = budget.most(len(scores))  # below the number of scores, for the share is below 1
    quiet = np.partition(scores, len(scores) - most - 1)[len(scores) - most - 1]
    above = scores[scores > quiet]
    if len(above) == 0:
        threshold = np.nextafter(quiet, np.float32(2))
        return float(threshold) if threshold <= 1 else float("inf")
    lowest = above.min()
    middle = np.float32((float(quiet) + float(lowest)) / 2)
    return float(middle if middle > quiet else lowest)


def _least(n_rows: int) -> str:
    """Say the lowest rate that so many rows can tell, rounded up to two digits that count."""
    rate = 1 - (1 - CONFIDENCE) ** (1 / n_rows)
    place = 10.0 ** (1 - math.floor(math.log10(rate)))
    return f"{math.ceil(rate * place) / place:.2g} or more"
