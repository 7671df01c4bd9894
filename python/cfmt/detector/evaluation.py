"""What a detector is worth on labelled rows: its figures, by attack type and by where the rows come from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cfmt.data import Table
from cfmt.detector.clients import ClientFigures, client_figures, worst_tenth
from cfmt.detector.detector import Detector
from cfmt.metrics import (
    average_precision,
    confusion,
    f1,
    false_positive_rate,
    recall,
    recall_at_fpr,
    roc_auc,
)
from cfmt.partition import partition_by_client

__all__ = ["DetectorFigures", "TypeFigures", "evaluate_detector"]

_FPR = 0.05


@dataclass(frozen=True)
class TypeFigures:
    """How a detector does on one attack type.

    Parameters
    ----------
    name : str
        Name of the type.
    n_rows, n_caught : int
        Its rows, and those that are alerts.

    Examples
    --------
    >>> from cfmt.detector import TypeFigures
    >>> TypeFigures("neptune", n_rows=8, n_caught=6).recall
    0.75
    """

    name: str
    n_rows: int
    n_caught: int

    @property
    def recall(self) -> float:
        """Share of its rows that are alerts."""
        return self.n_caught / self.n_rows


@dataclass(frozen=True)
class DetectorFigures:
    """What a detector is worth on labelled rows.

    Parameters
    ----------
    n_rows, n_attacks, n_alerts, n_unknown : int
        Rows, attacks among them, alerts, and rows with a word that training did not have.
    roc_auc, average_precision, recall_at_fpr : float
        Of the scores, whatever the threshold; ``recall_at_fpr`` where 5 % of the normal rows are alerts. NaN
        for rows of one class.
    threshold : float
        The detector's own.
    f1, recall, precision, fpr : float
        At that threshold; NaN where they are not defined.
    types : tuple of TypeFigures
        By attack type, the frequent ones first.
    clients : tuple of ClientFigures, default=()
        By client, sorted by name, where every table says whose its rows are.

    Examples
    --------
    >>> from cfmt.detector import DetectorFigures, TypeFigures
    >>> types = (TypeFigures("neptune", 1, 1),)
    >>> figures = DetectorFigures(4, 1, 2, 0, 0.9, 0.8, 1.0, 0.5, 0.67, 1.0, 0.5, 0.33, types)
    >>> figures.to_dict()["types"]
    [{'name': 'neptune', 'n_rows': 1, 'n_caught': 1, 'recall': 1.0}]
    """

    n_rows: int
    n_attacks: int
    n_alerts: int
    n_unknown: int
    roc_auc: float
    average_precision: float
    recall_at_fpr: float
    threshold: float
    f1: float
    recall: float
    precision: float
    fpr: float
    types: tuple[TypeFigures, ...]
    clients: tuple[ClientFigures, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain values, each type with its recall."""
        types = [asdict(one) | {"recall": one.recall} for one in self.types]
        found = asdict(self) | {"types": types}
        if not self.clients:
            del found["clients"]
            return found
        return found | {"worst_tenth": worst_tenth(self.clients)}


def evaluate_detector(detector: Detector, tables: Iterable[Table]) -> DetectorFigures:
    """Score labelled rows, and compare the alerts with the labels.

    Parameters
    ----------
    detector : Detector
        The detector.
    tables : iterable of Table
        Labelled rows with its schema; attack types are compared by name.

    Returns
    -------
    DetectorFigures

    Raises
    ------
    ValueError
        If a table has another schema, or there is no row at all.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.detector import Detector, evaluate_detector
    >>> from cfmt.mlp import MLP
    >>> from cfmt.preprocessing import fit_preprocessor
    >>> train, test = load_synthetic(500, 40, seed=0)
    >>> preprocessor = fit_preprocessor(train)
    >>> mlp = MLP(preprocessor.n_features, hidden=8)
    >>> found = evaluate_detector(Detector(mlp, mlp.initial(seed=0), preprocessor, threshold=0.0), [test])
    >>> found.n_rows, found.recall, found.fpr
    (40, 1.0, 1.0)
    """
    scores: list[npt.NDArray[np.float32]] = []
    labels: list[npt.NDArray[np.uint8]] = []
    counts: dict[str, npt.NDArray[np.int64]] = {}
    owners: list[str] = []
    n_unknown = 0
    for table in tables:
        scored = detector.score(table)
        n_unknown += scored.n_unknown
        scores.append(scored.scores)
        labels.append(table.is_attack)
        _count_types(counts, table, scored.alerts)
        if table.client is not None:
            owners += [table.client_names[code] for code in table.client.tolist()]
    if not scores or not sum(map(len, scores)):
        raise ValueError("tables must have at least one row in all, got none")
    values, truth = np.concatenate(scores), np.concatenate(labels)
    called = confusion(values, truth, detector.threshold)
    n_alerts = called.tp + called.fp
    types = [TypeFigures(name, int(rows), int(caught)) for name, (rows, caught) in counts.items()]
    return DetectorFigures(
        n_rows=len(values),
        n_attacks=int(truth.sum()),
        n_alerts=n_alerts,
        n_unknown=n_unknown,
        roc_auc=roc_auc(values, truth),
        average_precision=average_precision(values, truth),
        recall_at_fpr=recall_at_fpr(values, truth, _FPR),
        threshold=detector.threshold,
        f1=f1(called),
        recall=recall(called),
        precision=called.tp / n_alerts if n_alerts else float("nan"),
        fpr=false_positive_rate(called),
        types=tuple(sorted(types, key=lambda one: (-one.n_rows, one.name))),
        clients=_clients(values, truth, owners, detector.threshold) if len(owners) == len(values) else (),
    )


def _clients(
    scores: npt.NDArray[np.float32],
    is_attack: npt.NDArray[np.uint8],
    owners: list[str],
    threshold: float,
) -> tuple[ClientFigures, ...]:
    """Evaluate the rows of each client, which is known by its name in every table."""
    names = sorted(set(owners))
    places = {name: place for place, name in enumerate(names)}
    client = np.fromiter((places[owner] for owner in owners), np.int64, len(owners))
    return client_figures(scores, is_attack, partition_by_client(client, len(names)), names, threshold)


def _count_types(
    counts: dict[str, npt.NDArray[np.int64]], table: Table, alerts: npt.NDArray[np.bool_]
) -> None:
    """Add each attack type's rows and alerts to its counts."""
    attacks = table.is_attack == 1
    n_types = len(table.attack_types)
    rows = np.bincount(table.attack_type[attacks], minlength=n_types)
    caught = np.bincount(table.attack_type[attacks & alerts], minlength=n_types)
    for code in np.flatnonzero(rows):
        name = table.attack_types[code]
        counts[name] = counts.get(name, np.zeros(2, np.int64)) + np.array([rows[code], caught[code]])
