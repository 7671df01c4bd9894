"""Figures of detection: from scores, from confusion counts, and from histograms that clients can sum.

An array of another dtype is a ``TypeError`` that says what makes it right.
"""

from cfmt.metrics.attack_types import f1_macro_types, recall_macro_types, roc_auc_macro_types
from cfmt.metrics.histograms import (
    average_precision_from_histograms,
    expected_alerts_per_million,
    roc_auc_from_histograms,
    score_histogram,
    threshold_at_fpr,
    threshold_for_cost,
    threshold_for_f1,
)
from cfmt.metrics.paired import PairedAuc, paired_roc_auc
from cfmt.metrics.scores import (
    Confusion,
    accuracy,
    all_attack_f1,
    average_precision,
    confusion,
    f1,
    false_positive_rate,
    macro_f1,
    ragged_average_precision,
    ragged_confusion,
    recall,
    recall_at_fpr,
    roc_auc,
)
from cfmt.metrics.thresholds import AtFpr, BestF1, LeastCost, ThresholdRule, threshold_rule, threshold_rules

__all__ = [
    "AtFpr",
    "BestF1",
    "Confusion",
    "LeastCost",
    "PairedAuc",
    "ThresholdRule",
    "accuracy",
    "all_attack_f1",
    "average_precision",
    "average_precision_from_histograms",
    "confusion",
    "expected_alerts_per_million",
    "f1",
    "f1_macro_types",
    "false_positive_rate",
    "macro_f1",
    "paired_roc_auc",
    "ragged_average_precision",
    "ragged_confusion",
    "recall",
    "recall_at_fpr",
    "recall_macro_types",
    "roc_auc",
    "roc_auc_from_histograms",
    "roc_auc_macro_types",
    "score_histogram",
    "threshold_at_fpr",
    "threshold_for_cost",
    "threshold_for_f1",
    "threshold_rule",
    "threshold_rules",
]
