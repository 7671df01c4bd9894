"""The comparison with peers: what must hold before its seconds mean anything."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

import million
import table
from cfmt.federated import initial_state, run_round
from cfmt.mlp import MLP
from cfmt.nn import LocalTraining, make_engine
from peers import (
    compare,
    numpy_loop,
    protocol,
    registry,
    report_gpu,
    report_kernels,
    report_rounds,
    report_scale,
    results,
    workload,
)
from peers.checks import check, difference
from peers.environments import UnavailableError, interpreter
from peers.groups import Group, best_size, groups
from peers.pool import Crew
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
    ours, slow = entry("ours-native", "cfmt"), entry("slow", "slow", [2.0], ours_seconds=[0.1])
    absent = {"name": "absent", "label": "absent", "skipped": "does not install: no wheel"}
    slow |= {"difference": 1e-6, "first_round_counts": True}
    peers = {"floor": {"numpy": 1e11}, "workloads": [load(ours, slow, absent)]}
    text = "\n".join(report_rounds.tables(peers))
    assert "| **cfmt** | 0.200 | 0.100 | 50 | 1.0 x | 20 x | 2 | 1 |  | 3 |" in text
    assert "| slow | 2.000 | 2.000 | 5 | 20 x | 200 x | 2 | 1 | 1e-06 | 1\\* |" in text
    assert "absent: does not install: no wheel" in text
    assert "not repeated" in text


def test_the_usual_workloads_and_those_that_are_asked_for() -> None:
    usual = compare.sizes_of(Namespace(clients="", dirichlet="", quick=False))
    assert usual == [("iid", 100), ("iid", 1000), ("iid", 10_000), ("dir", 1000), ("dir", 10_000)]
    assert compare.sizes_of(Namespace(clients="", dirichlet="30", quick=True)) == [("dir", 30)]


def test_no_two_rows_have_one_name() -> None:
    labels = [peer.label for peer in (registry.OURS, *registry.PEERS)]
    assert len(set(labels)) == len(labels)


def test_each_workload_tries_group_sizes_up_to_its_clients(small: Workload) -> None:
    tried: set[int] = set()

    def train(group: Group) -> Floats:
        tried.add(len(group.sizes))
        return group.weights

    assert best_size(small, small.order, train) in tried
    assert tried == {2, 8, 17}


def test_a_loop_computes_the_same_in_one_process_and_in_two(small: Workload) -> None:
    with Crew(small, numpy_loop.train, 1) as alone, Crew(small, numpy_loop.train, 2) as pair:
        np.testing.assert_allclose(alone.play(1), pair.play(1), atol=1e-6)


def test_a_run_of_a_part_replaces_what_it_measured() -> None:
    first = results.merged(None, run("monday", load(entry("ours-native", "cfmt"), peer("a"), peer("b"))))
    second = run("tuesday", load(entry("ours-native", "cfmt", [9.0]), peer("b", [5.0])))
    again = results.merged(first, second)
    (joined,) = again["workloads"]
    assert [(each["name"], each["run"]) for each in joined["peers"]] == [
        ("ours-native", "tuesday"),
        ("a", "monday"),
        ("b", "tuesday"),
    ]
    assert joined["peers"][0]["seconds"] == [0.1, 0.2, 0.5]  # beside a on Monday, beside b on Tuesday
    assert joined["peers"][2]["seconds"] == [5.0]
    assert again["floor"] == {"numpy": 2.0, "torch": 1.0}
    assert [each["environment"]["started"] for each in again["runs"]] == ["monday", "tuesday"]
    monday, tuesday = report_rounds.runs(again)
    assert "monday: load at the start 0.5, 2 minutes: a (10 clients, sizes alike)" in monday
    assert tuesday.endswith("2 minutes: all that no other run is named for")


def test_further_workloads_stand_beside_the_kept_ones_in_order() -> None:
    first = results.merged(None, run("monday", load(entry("ours-native", "cfmt"), peer("a"), clients=100)))
    again = results.merged(first, run("tuesday", load(entry("ours-native", "cfmt"), peer("a"))))
    assert [each["clients"] for each in again["workloads"]] == [10, 100]


def test_results_of_another_class_of_machine_or_of_a_whole_run_are_replaced(tmp_path: Path) -> None:
    path, machine = tmp_path / "peers.json", {"cpu": "a", "cores": 4, "threads": 2, "started": "monday"}
    assert results.kept(path, machine, whole=False) is None
    results.write(path, {"runs": [{"environment": machine, "seconds": 1.0}]})
    assert results.kept(path, machine, whole=False) == results.read(path)
    assert results.kept(path, machine, whole=True) is None
    assert results.kept(path, machine | {"cores": 8}, whole=False) is None


def test_kernels_of_both_sources_stand_in_one_table() -> None:
    medians = {"cfmt": 0.002, "other": 0.03}
    sides = [table.Timing("k-means", side, median, 0.0) for side, median in medians.items()]
    timings = {"environment": environment("monday"), "compared": table.in_pairs(iter(sides))}
    duel: results.Entry = {
        "label": "mean",
        "what": "of 3",
        "peer": "flwr",
        "remark": "by layer",
        "versions": {"flwr": "1"},
    }
    duel |= {"seconds": [0.1], "peer_seconds": [0.9]}
    text = "\n".join(report_kernels.kernels(timings, [duel, duel | {"peer": "gone", "skipped": "no wheel"}]))
    assert "| k-means | other | 2.00 | 30.0 | 15 x |" in text
    assert "| `mean`: of 3 | `flwr` (flwr 1; by layer) | 100 | 900 | 9.0 x |" in text
    assert "gone: no wheel" in text
    assert report_kernels.kernels(None, []) == []


def test_scale_is_told_in_time_a_client() -> None:
    rounds = {"method": "cfmt", "seconds": [0.2, 0.1, 0.3], "peak_bytes": 2**21, "start_bytes": 2**20}
    kept = {
        "runs": [{"environment": environment("monday"), "seconds": 60.0}],
        "rounds": [rounds | {"clients": 10_000, "training_rows": 9}],
        "partitions": [{"clients": 10_000, "seconds": {step: [0.5] for step in report_scale.STEPS}}],
    }
    text = "\n".join(report_scale.scale(kept))
    assert "| 10,000 | cfmt | 0.200 | 0.100 | 20.0 | 50,000 | 2 | 1 | 3 |" in text
    assert "| 10,000 | 0.500 | 0.500 | 0.500 | 0.500 |" in text
    assert report_scale.scale(None) == []


def test_a_federation_plays_in_a_process_of_its_own() -> None:
    with million.Player(million.Case(30, "fedavg")) as player:
        assert player.built["training_rows"] > 30 * 5
        assert player.play()["loss"] > player.play()["loss"]


def test_the_gpu_page_says_when_there_is_no_figure() -> None:
    assert "No figure" in report_gpu.gpu(None)[1]
    row = {"name": "W(10)", "clients": 10, "seconds": [0.5, 0.4, 0.6], "floor_seconds": 0.1}
    rates = {"device": "D", "flop_per_second": 5e13, "bytes_per_second": 2e12}
    text = "\n".join(report_gpu.gpu({"environment": environment("monday"), "rounds": [row], **rates}))
    assert "D, 50.0 TFLOP/s in float32 products, 2,000 GB/s in copies" in text
    assert "| W(10) | 0.500 | 0.400 | 20 | 0.100 | 5.0 x | 3 |" in text


def entry(name: str, label: str, seconds: list[float] | None = None, **more: object) -> results.Entry:
    """Return what is kept of one side's rounds."""
    sizes = {"peak_bytes": 2**21, "start_bytes": 2**20}
    return {"name": name, "label": label, "seconds": seconds or [0.1, 0.2, 0.3], **sizes, **more}


def peer(name: str, seconds: list[float] | None = None) -> results.Entry:
    return entry(name, name, seconds, ours_seconds=[0.5] if seconds else [0.1, 0.2])


def load(*entries: results.Entry, clients: int = 10) -> results.Entry:
    return {"clients": clients, "kind": "iid", "flop": 1e9, "peers": list(entries)}


def environment(started: str) -> results.Entry:
    machine = {"load_at_start": 0.5}
    described = {"command": ["make", "bench-x"], "cores": 4, "threads": 2, "versions": {"cfmt": "1"}}
    return {"started": started, "machine": machine, **described}


def run(started: str, *loads: results.Entry) -> results.Entry:
    floor = {"numpy": 1.0, "torch": 1.0} if started == "monday" else {"numpy": 2.0}
    more = {"seconds": 120.0, "kernels": []}
    return {"environment": environment(started), "floor": floor, "workloads": list(loads), **more}
