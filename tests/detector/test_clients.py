"""Figures of each client agree with those of its rows alone, and lack what its rows cannot tell."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cfmt.detector import ClientFigures, client_figures, worst_tenth
from cfmt.metrics import confusion, f1, roc_auc
from cfmt.partition import partition_by_client
from cfmt.ragged import Ragged


def test_each_client_has_the_figures_of_its_own_rows() -> None:
    rng = np.random.default_rng(0)
    scores, is_attack = rng.random(500).astype(np.float32), rng.integers(0, 2, 500).astype(np.uint8)
    client = rng.integers(0, 7, 500)
    names = [f"site {k}" for k in range(7)]
    found = client_figures(scores, is_attack, partition_by_client(client, 7), names, 0.6)
    assert [one.name for one in found] == names
    for k, one in enumerate(found):
        own = client == k
        counts = confusion(scores[own], is_attack[own], 0.6)
        assert (one.n_rows, one.n_attacks) == (own.sum(), is_attack[own].sum())
        assert one.f1 == f1(counts)
        assert one.roc_auc == roc_auc(scores[own], is_attack[own])
        assert one.recall == pytest.approx(counts.tp / (counts.tp + counts.fn))


def test_a_missing_class_leaves_figures_out() -> None:
    scores, is_attack = np.array([0.9, 0.1, 0.7], np.float32), np.array([1, 0, 0], np.uint8)
    rows = Ragged.from_list([[0], [1, 2], []])
    attack, normal, empty = client_figures(scores, is_attack, rows, ("a", "n", "e"), 0.5)
    assert attack.recall == 1.0
    assert math.isnan(attack.fpr)
    assert math.isnan(attack.f1)
    assert normal.fpr == 0.5
    assert math.isnan(normal.recall)
    assert all(math.isnan(value) for value in (empty.recall, empty.fpr, empty.roc_auc, empty.f1))


def test_worst_tenth_counts_each_figure_by_itself() -> None:
    nan = float("nan")
    clients = [ClientFigures(str(k), 9, 4, k / 20, k / 20, nan if k < 9 else k / 20, 0.5) for k in range(20)]
    found = worst_tenth(clients)
    assert found["recall"] == pytest.approx(np.mean([0, 1 / 20]))
    assert found["fpr"] == pytest.approx(np.mean([18 / 20, 19 / 20]))
    assert found["roc_auc"] == pytest.approx(np.mean([9 / 20, 10 / 20]))
    assert math.isnan(worst_tenth([ClientFigures("a", 1, 1, 1.0, nan, nan, nan)])["fpr"])
