"""A cohort is gone through part by part: what is done in parts is what is done at once."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from cfmt.federated import (
    Clustering,
    Federation,
    LearnedMu,
    MetaSampler,
    Method,
    NoSampler,
    OverSampler,
    Run,
    UnderSampler,
    cfmt,
    class_weighted,
    cohort,
    fed_over,
    fed_under,
    fedavg,
    fedprox,
    initial_state,
    run_round,
    server,
    simulate,
)
from cfmt.mlp import MLP
from cfmt.nn import LocalTraining, NativeEngine
from cfmt.policies import SacConfig
from cfmt.policies import sac_policy as policy
from support.federations import QUICK, odd_federation, small_federation
from support.rounds import OneByOne, assert_same_bits

POLICY = LearnedMu(SacConfig(warmup=4), min_transitions=4, n_updates=2, capacity=30)
LEARNED = Method(
    "learned", sampler=MetaSampler(policy=POLICY), prox_mu=0.1, clustering=Clustering(mixture=0.5)
)
METHODS = [fedavg(), fedprox(), fed_over(), fed_under(), class_weighted(), cfmt(), LEARNED]
EPOCHS = LocalTraining(epochs=1, steps=None, batch_size=16)


def run(federation: Federation, method: Method, **settings: Any) -> Run:
    return simulate(federation, method, replace(QUICK, **{"engine": "native", **settings}), seed=3)


@pytest.mark.parametrize("local", [QUICK.local, EPOCHS], ids=["steps", "epochs"])
@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_parts_change_no_bit(method: Method, local: LocalTraining, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = run(small_federation(), method, local=local)
    for most in (1, 300):
        monkeypatch.setattr(cohort, "ROWS_AT_ONCE", most)
        in_parts = run(small_federation(), method, local=local)
        assert_same_bits(at_once, in_parts)
        for a, b in zip(at_once.reports, in_parts.reports, strict=True):
            np.testing.assert_equal(asdict(replace(a, seconds=0)), asdict(replace(b, seconds=0)))


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_parts_of_odd_clients_change_no_bit(method: Method, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = run(odd_federation(), method, local=EPOCHS, cohort=0.8)
    monkeypatch.setattr(cohort, "ROWS_AT_ONCE", 60)
    assert_same_bits(at_once, run(odd_federation(), method, local=EPOCHS, cohort=0.8))


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_parts_change_torch_by_rounding_only(method: Method, monkeypatch: pytest.MonkeyPatch) -> None:
    one = replace(QUICK, rounds=1)
    at_once = simulate(small_federation(), method, one, seed=3)
    monkeypatch.setattr(cohort, "ROWS_AT_ONCE", 300)
    in_parts = simulate(small_federation(), method, one, seed=3)
    np.testing.assert_allclose(in_parts.state.model, at_once.state.model, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("local", [QUICK.local, EPOCHS, replace(EPOCHS, batch_size=4096)])
def test_rewards_of_the_kernel_are_those_of_written_out_updates(local: LocalTraining) -> None:
    federation = odd_federation()
    engine = NativeEngine(MLP(federation.n_features, QUICK.hidden), federation.X, federation.is_attack)
    state = initial_state(LEARNED, engine.mlp, federation.n_clients, seed=0)
    after = [
        run_round(federation, e, LEARNED, local, state, np.arange(federation.n_clients), seed=0)[0]
        for e in (engine, OneByOne(engine))
    ]
    rewards = [s.policy.last_rewards for s in after if s.policy is not None]
    assert np.count_nonzero(rewards[0]) >= 2
    np.testing.assert_array_equal(rewards[0], rewards[1])
    np.testing.assert_array_equal(after[0].clusters.models, after[1].clusters.models)


@pytest.mark.parametrize(
    "sampler", [NoSampler(), OverSampler(), UnderSampler(), MetaSampler(), MetaSampler(budget="under")]
)
def test_sizes_of_draws_are_foretold(sampler: Any) -> None:
    federation = odd_federation()
    method = Method("m", sampler=sampler)
    state = initial_state(method, MLP(federation.n_features, 4), federation.n_clients, seed=0)
    whole = server.send(method, state, np.arange(federation.n_clients), seed=0)
    scores = np.linspace(0, 1, len(federation.X), dtype=np.float32)[np.newaxis]
    for group in cohort.groups(federation, whole):
        drawn = sampler.draw(group, scores, np.full(federation.n_clients, 0.5))
        foretold = sampler.n_rows(group.train.n_attack, group.train.n_normal)
        np.testing.assert_array_equal(foretold, drawn.sizes)


def test_finished_clients_are_told_of_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(cohort, "ROWS_AT_ONCE", 1)
    settings = replace(QUICK, rounds=2, engine="native")
    simulate(
        small_federation(), fedavg(), settings, seed=0, on_clients=lambda done, n: told.append((done, n))
    )
    assert told == [(k, 12) for k in range(1, 13)] * 2


def test_an_interrupt_between_parts_ends_the_round(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(done: int, total: int) -> None:
        if done > 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(cohort, "ROWS_AT_ONCE", 1)
    with pytest.raises(KeyboardInterrupt):
        simulate(small_federation(), cfmt(), QUICK, seed=0, on_clients=interrupt)


def test_a_replay_smaller_than_a_cohort_learns_from_all_of_it() -> None:
    method = replace(LEARNED, sampler=MetaSampler(policy=replace(POLICY, capacity=6)), clustering=None)
    runs = [run(small_federation(), method, rounds=2) for _ in range(2)]
    assert_same_bits(*runs)
    policies = runs[0].state.policy
    assert policies is not None
    kept = policies.replays[0].next_states
    now = policies.last_states.astype(np.float64)
    assert len(kept) == 6
    clients = [int(np.abs(now - state).sum(axis=1).argmin()) for state in kept]
    assert min(clients) < 6  # a queue would keep the highest ids


def test_many_actions_are_those_of_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    config, states = SacConfig(), np.random.default_rng(0).random((50, 10))
    state = policy.initial_policy(config, seed=0)
    state = replace(state, arrays={**state.arrays, "n_updates": np.array(1)})

    def act() -> npt.NDArray[np.float64]:
        return policy.act(state, states, config, seed=0, round=1, explore=True)

    at_once = act()
    monkeypatch.setattr(policy, "STATES_AT_ONCE", 7)
    np.testing.assert_allclose(act(), at_once, rtol=1e-12)


MEMORY = """
import resource, sys
import numpy as np
from cfmt.data import load_synthetic
from cfmt.federated import Federation, cfmt, initial_state, run_round
from cfmt.mlp import MLP
from cfmt.nn import LocalTraining, make_engine
from cfmt.partition import PartitionSpec

def peak():
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit

n_clients = int(sys.argv[1])
train, test = load_synthetic(20_000, 1000, seed=0)
spec = PartitionSpec(n_clients=n_clients, rows_per_client=(8, 16))
parts = spec.split(train.family, train.is_attack, seed=0)
federation = Federation.build(train, (test,), parts, seed=0)
del parts
mlp = MLP(federation.n_features, 128)
engine = make_engine("native", mlp, federation.X, federation.is_attack)
state = initial_state(cfmt(), mlp, n_clients, seed=0)
local = LocalTraining(epochs=1, steps=None)
before, clients = peak(), np.arange(n_clients)
for _ in range(2):
    state, report = run_round(federation, engine, cfmt(), local, state, clients, seed=0)
assert report.n_clients == n_clients
print(before, peak())
"""


def test_memory_grows_by_some_numbers_a_client() -> None:
    """Two rounds of CFMT with 200,000 clients, whose updates would take 13 GB."""

    def grown(n_clients: int) -> float:
        command = [sys.executable, "-c", MEMORY, str(n_clients)]
        done = subprocess.run(
            command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True
        )
        before, after = map(float, done.stdout.split())
        return after - before

    few, many = grown(2000), grown(200_000)
    bytes_per_client = (many - few) * 2**20 / 198_000
    assert many < 400  # MiB
    assert bytes_per_client < 1500  # meta-states, vectors and replays; an update alone has 63,000
