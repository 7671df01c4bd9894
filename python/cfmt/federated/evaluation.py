"""Federated evaluation: thresholds from the clients' histograms, figures from the server's test sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cfmt import metrics
from cfmt.federated.federation import Federation, TestSet
from cfmt.federated.scoring import score
from cfmt.federated.state import State
from cfmt.metrics import AtFpr, ThresholdRule
from cfmt.nn import Engine
from cfmt.ragged import Ragged

__all__ = ["CurvePoint", "Decision", "Evaluation", "curve_point", "evaluate"]

_BINS = 512  # of the logit on [-16, 16]: steps of 1/16, fine near 0 and 1 where scores crowd


@dataclass(frozen=True)
class CurvePoint:
    """The global model on the main test set after one round; nothing is chosen by it.

    Parameters
    ----------
    loss : float
        Mean binary cross-entropy.
    roc_auc : float
        Area under the ROC curve.
    f1 : float
        F1 of the attack class at 0.5.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.federated import Federation, Settings, fedavg, simulate
    >>> from cfmt.partition import partition_iid
    >>> train, test = load_synthetic(300, 50, seed=0)
    >>> federation = Federation.build(train, (test,), partition_iid(300, 3, seed=0), seed=0)
    >>> run = simulate(federation, fedavg(), Settings(rounds=2, hidden=4), seed=0)
    >>> len(run.curve), run.curve[0].loss > run.curve[1].loss
    (2, True)
    """

    loss: float
    roc_auc: float
    f1: float


@dataclass(frozen=True)
class Decision:
    """A threshold, and what follows from it.

    Parameters
    ----------
    rule : str
        Which rule chose it, as :func:`cfmt.metrics.threshold_rule` reads it.
    threshold : float
        Score from which a row counts as an attack, chosen on the clients' validation rows.
    alerts_per_million : float
        False alerts expected among a million benign flows, by the same rows.
    tests : dict of str to dict of str to float
        For each test set ``f1``, ``macro_f1``, ``recall``, ``recall_novel`` and ``fpr``.

    Examples
    --------
    >>> from cfmt.federated import Decision
    >>> figures = {"f1": 0.7, "macro_f1": 0.8, "recall": 0.6, "recall_novel": 0.2, "fpr": 0.04}
    >>> decision = Decision("fpr:0.05", threshold=0.31, alerts_per_million=42_000.0, tests={"main": figures})
    >>> decision.tests["main"]["fpr"] < 0.05
    True
    """

    rule: str
    threshold: float
    alerts_per_million: float
    tests: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Evaluation:
    """Every figure of a finished run.

    Parameters
    ----------
    decisions : tuple of Decision
        One for each rule that was asked for, the main one first.
    tests : dict of str to dict of str to float
        For each test set, its metrics; those named ``macro_types`` are macro averages over attack types.
    validation : dict of str to float
        In-distribution figures: the clients' validation rows, summed as histograms and counts.
    clients : dict of str to float
        Spread of F1 over clients with an attack among their validation rows.
    clusters : tuple of dict of str to float
        For each cluster with members, its model beside the global one on their validation rows.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.federated import Federation, Settings, fedavg, simulate
    >>> from cfmt.partition import partition_iid
    >>> train, test = load_synthetic(300, 50, seed=0)
    >>> federation = Federation.build(train, (test,), partition_iid(300, 3, seed=0), seed=0)
    >>> evaluation = simulate(federation, fedavg(), Settings(rounds=1, hidden=4), seed=0).evaluation
    >>> 0 < evaluation.threshold < 1, evaluation.alerts_per_million <= 50_000
    (True, True)
    """

    decisions: tuple[Decision, ...]
    tests: dict[str, dict[str, float]]
    validation: dict[str, float]
    clients: dict[str, float]
    clusters: tuple[dict[str, float], ...]

    @property
    def threshold(self) -> float:
        """Threshold of the main rule."""
        return self.decisions[0].threshold

    @property
    def alerts_per_million(self) -> float:
        """False alerts expected among a million benign flows by the main rule."""
        return self.decisions[0].alerts_per_million


def curve_point(test: TestSet, scores: npt.NDArray[np.float32]) -> CurvePoint:
    """Evaluate scores of a test set.

    Parameters
    ----------
    test : TestSet
        The rows.
    scores : ndarray of shape (n_rows,), float32
        Attack probabilities.

    Returns
    -------
    CurvePoint
    """
    likely = np.clip(scores.astype(np.float64), 1e-7, 1 - 1e-7)
    loss = -np.mean(np.log(np.where(test.is_attack == 1, likely, 1 - likely)))
    f1 = metrics.f1(metrics.confusion(scores, test.is_attack, 0.5))
    return CurvePoint(float(loss), metrics.roc_auc(scores, test.is_attack), f1)


def evaluate(
    federation: Federation,
    engine: Engine,
    state: State,
    test_scores: Sequence[npt.NDArray[np.float32]],
    *,
    rules: Sequence[ThresholdRule] = (AtFpr(0.05),),
) -> Evaluation:
    """Evaluate the global model, and the cluster models beside it.

    Parameters
    ----------
    federation : Federation
        Clients, whose validation rows set the threshold, and test sets.
    engine : Engine
        Scores models of the federation's shape.
    state : State
        After the last round.
    test_scores : sequence of ndarray of shape (n_rows,), float32
        The global model's scores of each test set.
    rules : sequence of AtFpr, BestF1 or LeastCost, default=(AtFpr(0.05),)
        How thresholds are chosen on the clients' validation rows; the first is the main one.

    Returns
    -------
    Evaluation

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.federated import Federation, evaluate, fedavg, initial_state
    >>> from cfmt.mlp import MLP
    >>> from cfmt.nn import make_engine
    >>> from cfmt.partition import partition_iid
    >>> train, test = load_synthetic(300, 50, seed=0)
    >>> federation = Federation.build(train, (test,), partition_iid(300, 3, seed=0), seed=0)
    >>> mlp = MLP(federation.n_features, hidden=4)
    >>> engine = make_engine("native", mlp, federation.X, federation.is_attack)
    >>> state, scores = initial_state(fedavg(), mlp, 3, seed=0), np.full(50, 0.5, np.float32)
    >>> evaluate(federation, engine, state, [scores]).tests["synthetic"]["roc_auc"]  # constant scores
    0.5
    """
    (scores,) = score(engine, state.model[np.newaxis], round=state.round)
    validation = federation.validation
    labels = federation.is_attack[validation.values]
    positive, negative = _histogram(scores[validation.values], labels)
    scored_tests = list(zip(federation.tests, test_scores, strict=True))
    decisions = tuple(_decide(rule, positive, negative, scored_tests) for rule in rules)
    threshold = decisions[0].threshold
    return Evaluation(
        decisions=decisions,
        tests={
            test.name: _test_metrics(test, test_score, threshold, federation.families)
            for test, test_score in scored_tests
        },
        validation={
            "roc_auc": metrics.roc_auc_from_histograms(positive, negative),
            "pr_auc": metrics.average_precision_from_histograms(positive, negative),
            "f1_at_threshold": metrics.f1(metrics.confusion(scores[validation.values], labels, threshold))
            if labels.any()
            else float("nan"),
            "n_rows": float(len(labels)),
        },
        clients=_client_spread(validation, scores, federation.is_attack, threshold),
        clusters=_clusters(federation, engine, state, scores),
    )


def _decide(
    rule: ThresholdRule,
    positive: npt.NDArray[np.int64],
    negative: npt.NDArray[np.int64],
    scored_tests: Sequence[tuple[TestSet, npt.NDArray[np.float32]]],
) -> Decision:
    """Choose a threshold on the clients' summed histograms, and look what it does on the test sets."""
    position = rule.choose(positive, negative)
    threshold = _probability(position)
    alerts = float("nan") if np.isnan(position) else metrics.expected_alerts_per_million(negative, position)
    return Decision(
        str(rule), threshold, alerts, {test.name: _at(threshold, test, s) for test, s in scored_tests}
    )


def _at(threshold: float, test: TestSet, scores: npt.NDArray[np.float32]) -> dict[str, float]:
    """Return the figures of a test set that depend on the threshold."""
    counts = metrics.confusion(scores, test.is_attack, threshold)
    novel = (test.is_attack == 1) & ~test.is_known
    return {
        "f1": metrics.f1(counts),
        "macro_f1": metrics.macro_f1(counts),
        "recall": metrics.recall(counts),
        "recall_novel": metrics.recall(metrics.confusion(scores[novel], test.is_attack[novel], threshold)),
        "fpr": metrics.false_positive_rate(counts),
    }


def _position(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Map probabilities to [0, 1] by their logit, so that equal bins resolve both ends."""
    likely = np.clip(scores.astype(np.float64), 1e-9, 1 - 1e-9)
    return np.clip((np.log(likely) - np.log1p(-likely)) / 32 + 0.5, 0, 1).astype(np.float32)


def _probability(position: float) -> float:
    """Undo :func:`_position`; a position above 1 (nothing is an attack) stays above every probability."""
    return float(1 / (1 + np.exp(-32 * (position - 0.5)))) if position <= 1 else float("inf")


def _histogram(
    scores: npt.NDArray[np.float32], labels: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Count attacks and normal rows in bins of the logit; two arrays of shape (_BINS,)."""
    return metrics.score_histogram(_position(scores), labels, bins=_BINS)


def _test_metrics(
    test: TestSet, scores: npt.NDArray[np.float32], threshold: float, families: tuple[str, ...]
) -> dict[str, float]:
    """Return every figure of a test set by name: at the threshold, at 0.5, or over all thresholds."""
    labels, attack = test.is_attack, test.is_attack == 1
    half, chosen = metrics.confusion(scores, labels, 0.5), metrics.confusion(scores, labels, threshold)

    def recall(rows: npt.NDArray[np.bool_]) -> float:
        """Return the recall on some of the rows, at the threshold."""
        return metrics.recall(metrics.confusion(scores[rows], labels[rows], threshold))

    result = {
        "roc_auc": metrics.roc_auc(scores, labels),
        "roc_auc_macro_types": metrics.roc_auc_macro_types(scores, labels, test.attack_type),
        "pr_auc": metrics.average_precision(scores, labels),
        "f1": metrics.f1(half),
        "macro_f1": metrics.macro_f1(half),
        "f1_at_threshold": metrics.f1(chosen),
        "f1_macro_types": metrics.f1_macro_types(scores, labels, test.attack_type, threshold),
        "macro_f1_at_threshold": metrics.macro_f1(chosen),
        "fpr_at_threshold": metrics.false_positive_rate(chosen),
        "recall_at_fpr_1": metrics.recall_at_fpr(scores, labels, 0.01),
        "recall_at_fpr_5": metrics.recall_at_fpr(scores, labels, 0.05),
        "recall_known": recall(attack & test.is_known),
        "recall_novel": recall(attack & ~test.is_known),
        "recall_macro_types": metrics.recall_macro_types(scores, labels, test.attack_type, threshold),
        "f1_all_attack": metrics.all_attack_f1(labels),
    }
    by_family = {f"recall_{name}": recall(test.family == code) for code, name in enumerate(families) if code}
    return result | by_family


def _client_spread(
    rows: Ragged[np.int64],
    scores: npt.NDArray[np.float32],
    is_attack: npt.NDArray[np.uint8],
    threshold: float,
) -> dict[str, float]:
    """Return the worst F1 and the 10th percentile over clients that have an attack to find."""
    counts = metrics.ragged_confusion(scores[rows.values], is_attack[rows.values], rows.offsets, threshold)
    tp, fp, fn = counts[:, 0], counts[:, 1], counts[:, 2]
    has_attack = tp + fn > 0
    f1 = (2 * tp / np.maximum(2 * tp + fp + fn, 1))[has_attack]
    found = len(f1) > 0
    return {
        "n_evaluated": float(len(f1)),
        "worst_f1": float(f1.min()) if found else float("nan"),
        "p10_f1": float(np.quantile(f1, 0.1)) if found else float("nan"),
    }


def _clusters(
    federation: Federation, engine: Engine, state: State, global_scores: npt.NDArray[np.float32]
) -> tuple[dict[str, float], ...]:
    """Compare each cluster's model with the global one; empty where there is one cluster model only."""
    membership = state.clusters.membership
    if len(state.clusters.models) == 1:
        return ()
    scores = score(engine, state.clusters.models, round=state.round)
    found = []
    for slot in np.unique(membership[membership >= 0]):
        members = np.flatnonzero(membership == slot)
        rows = federation.validation.take(members).values
        labels = federation.is_attack[rows]
        own, shared = _histogram(scores[slot][rows], labels), _histogram(global_scores[rows], labels)
        found.append(
            {
                "cluster": float(slot),
                "n_clients": float(len(members)),
                "n_rows": float(len(rows)),
                "roc_auc_cluster": metrics.roc_auc_from_histograms(*own),
                "roc_auc_global": metrics.roc_auc_from_histograms(*shared),
            }
        )
    return tuple(found)
