"""A round of local training, summed: the native engine against torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import idioms
import inputs
from cfmt.nn import Group, NativeEngine, Weighting
from cfmt.nn.torch_engine import TorchEngine
from inputs import SEED, Doubles, Round
from measuring import limit_threads, time_in_turns

pytestmark = pytest.mark.benchmark

OURS = "cfmt, native engine"
STACKED = "cfmt, torch engine"
LOOP = "torch loop over clients, one thread"
GROUP = "local training: 125,973 rows on {} clients, FedProx, one epoch"


@pytest.fixture(scope="module", autouse=True)
def _threads() -> None:
    limit_threads()


@pytest.mark.benchmark(group=GROUP.format(100))
@pytest.mark.parametrize("side", [OURS, STACKED, LOOP])
def test_hundred_clients(benchmark: BenchmarkFixture, side: str) -> None:
    compare(benchmark, inputs.training(100), side)


@pytest.mark.benchmark(group=GROUP.format("1,000"))
@pytest.mark.parametrize("side", [OURS, STACKED, LOOP])
def test_thousand_clients(benchmark: BenchmarkFixture, side: str) -> None:
    compare(benchmark, inputs.training(1000), side)


def compare(benchmark: BenchmarkFixture, work: Round, side: str) -> None:
    native, torch = NativeEngine(work.mlp, work.X, work.y), TorchEngine(work.mlp, work.X, work.y)
    visited = work.visited()
    sides: dict[str, Callable[[], Any]] = {
        OURS: lambda: sum_natively(native, work),
        STACKED: lambda: sum_of_groups(torch, work),
        LOOP: lambda: idioms.train_in_a_loop(work, visited.values),
    }
    mean = sides[side]() / work.weights.sum()
    np.testing.assert_allclose(mean, sides[OURS]() / work.weights.sum(), atol=1e-5)
    time_in_turns(benchmark, sides, side, rounds=3)


def group_of(work: Round) -> Group:
    index = np.zeros(work.rows.n_clients, np.int64)
    return Group(work.model[None], index, work.rows, work.clients, SEED, round=0)


def sum_natively(engine: NativeEngine, work: Round) -> Doubles:
    clusters = np.zeros(work.rows.n_clients, np.int64)
    sums, *_ = engine.train_and_sum(group_of(work), work.local, Weighting(work.weights, clusters, 1))
    return sums.ravel()


def sum_of_groups(engine: TorchEngine, work: Round) -> Doubles:
    total = np.zeros(work.mlp.n_params)
    for group in engine.train(group_of(work), work.local):
        total += work.weights[group.positions] @ group.deltas
    return total
