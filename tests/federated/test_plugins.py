"""A new sampler, policy and aggregator: registered by one line, and no file of the package touched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cfmt.federated import (
    METHODS,
    Clustering,
    FixedMu,
    MetaSampler,
    Method,
    client,
    fedavg,
    initial_state,
    server,
    simulate,
)
from cfmt.federated.cohort import groups
from cfmt.mlp import MLP
from support.federations import QUICK, odd_federation, small_federation
from support.plugins import EASY_WHEN_WRONG, FIRST_ROWS, MEDIAN, Median

ALL = [FIRST_ROWS, EASY_WHEN_WRONG, MEDIAN]
NATIVE = replace(QUICK, engine="native")


@pytest.mark.parametrize("method", ALL, ids=lambda m: m.name)
@pytest.mark.parametrize("engine", ["native", "torch"])
def test_it_trains_on_either_engine(method: Method, engine: str) -> None:
    run = simulate(small_federation(), method, replace(QUICK, engine=engine), seed=0)
    plain = simulate(small_federation(), fedavg(), replace(QUICK, engine=engine), seed=0)
    assert not np.array_equal(run.state.model, plain.state.model)
    assert run.metrics()["roc_auc"] > 0.5


@pytest.mark.parametrize("method", [*ALL, replace(MEDIAN, clustering=Clustering(k=2))], ids=lambda m: m.name)
def test_odd_clients_are_taken(method: Method) -> None:
    run = simulate(odd_federation(), method, NATIVE, seed=0)
    assert np.isfinite(run.state.model).all()


def test_bytes_are_those_of_the_parts() -> None:
    federation = small_federation()
    n_params = MLP(federation.n_features, QUICK.hidden).n_params
    up, down = {}, {}
    for method in ALL:
        report = simulate(federation, method, NATIVE, seed=0).reports[0]
        up[method.name], down[method.name] = report.bytes_up, report.bytes_down
    per_client = 4 * federation.n_clients
    assert up["first-rows"] == up["median"] == per_client * (n_params + 1)
    assert up["easy-when-wrong"] == per_client * (n_params + 1 + 10 + 1)  # its meta-state and its own gain
    assert down["first-rows"] == down["median"] == per_client * n_params
    assert down["easy-when-wrong"] == per_client * (n_params + 1)  # mu


def test_the_median_is_numpys() -> None:
    updates = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    gathered = Median().add(Median().begin(1, 3), updates, np.ones(5), np.zeros(5, np.int64))
    found = Median().finish(gathered, np.array([5.0]), np.array([5.0]))
    np.testing.assert_allclose(found.model, np.median(updates, axis=0), rtol=1e-6)


def test_one_line_registers_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from cfmt.config import build_config

    monkeypatch.setitem(METHODS, "median", lambda: MEDIAN)
    (method,) = build_config({"methods": {"names": ["median"], "weighting": "equal"}}).method_values()
    assert method == replace(MEDIAN, aggregator=Median("equal"))


def test_the_majoritys_errors_make_the_state() -> None:
    federation = odd_federation()
    method = Method("m", sampler=MetaSampler(policy=FixedMu(), state_of="majority"))
    state = initial_state(method, MLP(federation.n_features, 4), federation.n_clients, seed=0)
    cohort = server.send(method, state, np.arange(federation.n_clients), seed=0)
    scores = np.random.default_rng(0).random((1, len(federation.X)), dtype=np.float32)
    (group,) = groups(federation, cohort)
    found = client.evaluate(method, group, scores).meta_states
    for k in range(federation.n_clients):
        rows = federation.train.of(k)
        labels = federation.is_attack[rows]
        rows = rows[labels == (labels.sum() > len(labels) / 2)]
        errors = np.abs(federation.is_attack[rows] - scores[0, rows])
        counts = np.histogram(errors, bins=5, range=(0, 1))[0]
        expected = counts / counts.sum() if len(rows) else np.full(5, 0.2)
        np.testing.assert_allclose(found[k, :5], expected)


@pytest.mark.parametrize("values", [{"minority_mu": 2.0}, {"sigma": 0.0}, {"bins": 0}])
def test_numbers_out_of_range_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(values))} must "):
        MetaSampler(**values)
