"""Cohorts, comparisons, and the main job in small on the real files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfmt.data import load_nsl_kdd
from cfmt.federated import Federation, Settings, compare, draw_cohort, fed_under, fedavg, method_named
from cfmt.partition import PartitionSpec
from support.federations import QUICK, small_federation


@given(st.integers(1, 2000), st.floats(1e-6, 1), st.integers(0, 2**32))
def test_a_cohort_is_drawn_without_replacement(n_clients: int, share: float, seed: int) -> None:
    cohort = draw_cohort(n_clients, share, seed=seed, round=1)
    assert abs(len(cohort) - share * n_clients) <= 0.5 or len(cohort) == 1
    assert (np.diff(cohort) > 0).all()
    assert cohort.min() >= 0
    assert cohort.max() < n_clients
    np.testing.assert_array_equal(cohort, draw_cohort(n_clients, share, seed=seed, round=1))


def test_cohorts_differ_between_rounds_and_reach_everyone() -> None:
    cohorts = [draw_cohort(50, 0.2, seed=0, round=t) for t in range(60)]
    assert len({tuple(c) for c in cohorts}) > 50
    assert len(np.unique(np.concatenate(cohorts))) == 50


def test_compare_gives_methods_the_same_parts_and_start() -> None:
    seen: list[tuple[str, int, int]] = []
    found = list(
        compare(
            lambda seed: small_federation(seed=seed),
            [fedavg(), fed_under()],
            replace(QUICK, rounds=2, cohort=0.5),
            seeds=[0, 1],
            on_round=lambda method, seed, report, point: seen.append((method.name, seed, report.round)),
        )
    )
    assert [(run.method.name, run.seed) for run in found] == [
        ("fedavg", 0),
        ("fed-under", 0),
        ("fedavg", 1),
        ("fed-under", 1),
    ]
    assert len(seen) == 8
    assert all(report.n_clients == 6 for run in found for report in run.reports)
    assert found[0].metrics().keys() == found[1].metrics().keys()


@pytest.mark.parametrize("name", ["fedavg", "fed-over", "cfmt"])
def test_real_traffic_is_learned(nsl_kdd_folder: Path, name: str) -> None:
    train, test = load_nsl_kdd(nsl_kdd_folder)
    spec = PartitionSpec(n_clients=30, alpha=0.3, prevalence=0.05, min_size=10)
    federation = Federation.build(train, (test,), spec.split(train.family, train.is_attack, seed=0), seed=0)
    (run,) = compare(lambda _: federation, [method_named(name)], Settings(rounds=12), seeds=[0])
    found = run.metrics()
    assert found["roc_auc"] > 0.85
    assert found["f1_all_attack"] == pytest.approx(0.7255, abs=1e-4)
    assert run.reports[-1].loss < 0.5 * run.reports[0].loss
