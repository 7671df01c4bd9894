"""A new sampler, policy and aggregator: registered by one line, and no file of the package touched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cfmt.federated import METHODS, Clustering, Method, fedavg, simulate
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
