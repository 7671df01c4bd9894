"""Names, digits and direction of metrics, for tables and plots alike."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from cfmt.experiment.statistics import Interval

__all__ = ["METRICS", "Label", "all_attack", "attack_kinds", "format_interval", "format_number", "label_of"]


@dataclass(frozen=True)
class Label:
    """How a metric is shown.

    Parameters
    ----------
    title : str
        Name; a line break where a narrow column may break it.
    digits : int, default=3
        Digits after the point.
    better : {"high", "low", "neither"}, default="high"
        Which values are good.
    """

    title: str
    digits: int = 3
    better: Literal["high", "low", "neither"] = "high"


_LABELS = {
    "roc_auc": Label("ROC-AUC"),
    "roc_auc_macro_types": Label("ROC-AUC,\nmacro types"),
    "pr_auc": Label("PR-AUC"),
    "f1": Label("F1\nat 0.5"),
    "macro_f1": Label("macro-F1\nat 0.5"),
    "f1_at_threshold": Label("F1 at\nthreshold"),
    "f1_macro_types": Label("F1 at thr.,\nmacro types"),
    "macro_f1_at_threshold": Label("macro-F1 at\nthreshold"),
    "fpr_at_threshold": Label("FPR at\nthreshold", better="low"),
    "recall_at_fpr_1": Label("recall at\n1 % FPR"),
    "recall_at_fpr_5": Label("recall at\n5 % FPR"),
    "recall_known": Label("known\nattacks"),
    "recall_novel": Label("novel\nattacks"),
    "recall_macro_types": Label("recall,\nmacro types"),
    "worst_client_f1": Label("worst\nclient F1"),
    "p10_client_f1": Label("10th pct.\nclient F1"),
    "in_distribution_roc_auc": Label("in-distr.\nROC-AUC"),
    "threshold": Label("threshold", better="neither"),
    "alerts_per_million": Label("alerts per\nmillion", 0, better="low"),
    "megabytes": Label("traffic\n[MB]", 1, better="low"),
    "seconds": Label("time\n[s]", 1, better="low"),
}

METRICS = tuple(_LABELS)
"""Metrics that every run has; those of single families come on top."""


def label_of(metric: str) -> Label:
    """Say how a metric is shown.

    Parameters
    ----------
    metric : str
        Key of :meth:`cfmt.federated.simulation.Run.metrics`.

    Returns
    -------
    Label
        ``recall_<family>`` is called by the family, ``<metric>@<rule>`` by metric and threshold rule; any
        unknown metric by its key.
    """
    if metric in _LABELS:
        return _LABELS[metric]
    figure, _, rule = metric.partition("@")
    if rule:
        title = {"f1": "F1"}.get(figure, "alerts / M")
        return replace(_LABELS[figure], title=f"{title} by\n{rule}")
    return Label(metric.removeprefix("recall_").replace("_", " "))


def attack_kinds(metrics: Iterable[str]) -> list[str]:
    """Pick the recalls of known attacks, novel ones and each family out of the names of metrics."""
    apart = ["recall_known", "recall_novel"]
    others = {*apart, "recall_macro_types", "recall_at_fpr_1", "recall_at_fpr_5"}
    families = [m for m in metrics if m.startswith("recall_") and m not in others]
    return apart + families


def format_number(value: float, digits: int, *, signed: bool = False) -> str:
    """Write a number with fixed digits; a dash for NaN."""
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "-∞" if value < 0 else "∞"
    return f"{value:{'+' if signed else ''},.{digits}f}"


def format_interval(found: Interval, digits: int, *, signed: bool = False) -> str:
    """Write a mean and, where there is an interval, half its width, without the 0 before its point."""
    mean = format_number(found.mean, digits, signed=signed)
    half = found.high - found.mean
    if not math.isfinite(half):
        return mean
    width = format_number(half, digits)
    return f"{mean}±{width.removeprefix('0') if digits else width}"


def all_attack(f1: float) -> dict[str, float]:
    """Work out the trivial detector that calls every row an attack, from its F1.

    Parameters
    ----------
    f1 : float
        Its F1, 2 p / (1 + p) at a share p of attacks.

    Returns
    -------
    dict of str to float
        Its metrics: all rows have the same score, so the ROC-AUC is 1/2 and the PR-AUC is p; attack types
        counting the same changes none of them.
    """
    ones = ("recall_known", "recall_novel", "recall_macro_types", "fpr_at_threshold")
    flat = dict.fromkeys(ones, 1.0) | {"alerts_per_million": 1e6}
    at_any = dict.fromkeys(("f1", "f1_at_threshold", "f1_macro_types"), f1)
    macro = dict.fromkeys(("macro_f1", "macro_f1_at_threshold"), f1 / 2)
    return {"roc_auc": 0.5, "roc_auc_macro_types": 0.5, "pr_auc": f1 / (2 - f1)} | at_any | macro | flat
