"""The comparison with peers: what must hold before its seconds mean anything."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cfmt.federated import initial_state, run_round
from cfmt.nn import MLP, LocalTraining, make_engine
from peers import numpy_loop, protocol, registry, report, workload
from peers.checks import check, difference
from peers.environments import UnavailableError, interpreter
from peers.groups import groups
from peers.protocol import BATCH_SIZE, HIDDEN, LEARNING_RATE, Floats, Workload


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workload:
    """Return 17 clients of unlike sizes over 600 rows."""
    monkeypatch.setattr(workload, "N_ROWS", 600)
    workload.traffic.cache_clear()
    workload.write("dir", 17, tmp_path / "small.npz")
    workload.traffic.cache_clear()
    return Workload.load(tmp_path / "small.npz")


def first_round(small: Workload) -> Floats:
    """Play one round with the native engine."""
    federation = workload.federation_of(small)
    mlp = MLP(federation.n_features, HIDDEN)
    engine = make_engine("native", mlp, federation.X, federation.is_attack)
    local = LocalTraining(LEARNING_RATE, BATCH_SIZE, epochs=1, steps=None)
    state = initial_state(workload.METHOD, mlp, federation.n_clients, seed=workload.SEED)
    clients = np.arange(federation.n_clients)
    state, _ = run_round(federation, engine, workload.METHOD, local, state, clients, seed=workload.SEED)
    return state.model


def loop(small: Workload) -> Floats:
    """Play one round with the loop in numpy."""
    models = [numpy_loop.train(small, small.model, small.rows(k)) for k in range(small.n_clients)]
    mean: Floats = np.average(models, axis=0, weights=small.sizes).astype(np.float32)
    return mean


def test_the_loop_in_numpy_is_our_round(small: Workload) -> None:
    assert difference(small, loop(small), first_round(small)) < 1e-4


def test_a_peer_that_computes_something_else_is_refused(small: Workload) -> None:
    reference, peer = first_round(small), registry.PEERS[0]
    check(peer, small, reference, reference)
    with pytest.raises(UnavailableError, match="differs from ours"):
        check(peer, small, reference + 0.1 * (reference - small.model), reference)
    with pytest.raises(UnavailableError, match="loss goes from"):
        check(peer, small, small.model, reference)


def test_later_rounds_shuffle_within_clients(small: Workload) -> None:
    shuffled = small.ordered(2, np.random.default_rng(0))
    assert small.ordered(1, np.random.default_rng(0)) is small.order
    assert not np.array_equal(shuffled, small.order)
    for start, end in zip(small.offsets[:-1], small.offsets[1:], strict=True):
        assert sorted(shuffled[start:end]) == sorted(small.order[start:end])


def test_groups_hold_every_row_once(small: Workload) -> None:
    parts = list(groups(small, small.order, 8))
    rows = np.concatenate([group.rows[group.weights > 0] for group in parts])
    assert sorted(rows) == sorted(small.order)
    batches = np.concatenate([group.weights.sum(2).ravel() for group in parts])
    np.testing.assert_allclose(batches[batches > 0], 1, rtol=1e-6)


def test_a_model_survives_the_wire(small: Workload) -> None:
    np.testing.assert_array_equal(protocol.decode(protocol.encode(small.model)), small.model)
    np.testing.assert_array_equal(protocol.flat(protocol.layers(small.model, small.n_features)), small.model)


def test_a_peer_for_a_later_python_says_so() -> None:
    with pytest.raises(UnavailableError, match=r"needs Python >= 4\.0"):
        interpreter(registry.Peer("later", "later", "later", python=(4, 0)))


def test_the_report_names_who_was_skipped_and_why() -> None:
    load = {
        "clients": 10,
        "kind": "iid",
        "flop": 1e9,
        "peers": [
            {"label": "cfmt", "seconds": [0.1, 0.2, 0.3], "peak_bytes": 2**21, "start_bytes": 2**20},
            {
                "label": "slow",
                "seconds": [2.0],
                "ours_seconds": [0.1],
                "peak_bytes": 2**22,
                "start_bytes": 2**20,
                "difference": 1e-6,
                "first_round_counts": True,
            },
            {"label": "absent", "skipped": "does not install: no wheel"},
        ],
    }
    text = "\n".join(report.tables({"floor": {"numpy": 1e11}, "workloads": [load]}))
    assert "| **cfmt** | 0.200 | 0.100 | 50 | 1.0 x | 20 x | 2 | 1 |  | 3 |" in text
    assert "| slow | 2.000 | 2.000 | 5 | 20 x | 200 x | 4 | 1 | 1e-06 | 1\\* |" in text
    assert "absent does not install: no wheel" in text
    assert "not repeated" in text
