"""A round: equal to plain FedAvg where it should be, repeatable, and whole on odd clients."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
import torch

from cfmt.federated import (
    Clustering,
    Federation,
    FixedMu,
    LearnedMu,
    MetaSampler,
    Method,
    Settings,
    State,
    ablations,
    cfmt,
    fed_over,
    fedavg,
    fedprox,
    initial_state,
    rounds,
    run_round,
    simulate,
)
from cfmt.federated.oracle import family_mix
from cfmt.mlp import MLP
from cfmt.nn import NativeEngine, make_engine
from cfmt.policies import SacConfig
from cfmt.sampling import batch_plan
from support.federations import QUICK, odd_federation, small_federation
from support.rounds import METHODS, OneByOne, assert_same_bits


def test_cfmt_without_its_parts_is_fedavg_to_the_last_bit() -> None:
    federation = small_federation()
    bare = Method("bare", clustering=Clustering(k=1, k_max=1))
    a, b = (simulate(federation, method, QUICK, seed=3) for method in (fedavg(), bare))
    np.testing.assert_array_equal(a.state.model, b.state.model)
    np.testing.assert_array_equal(a.state.model, b.state.clusters.models[0])


def test_fedprox_without_its_term_is_fedavg_to_the_last_bit() -> None:
    runs = [simulate(small_federation(), m, QUICK, seed=3) for m in (fedavg(), fedprox(prox_mu=0))]
    assert_same_bits(*runs)


def plain_fedavg(
    federation: Federation, settings: Settings, prox_mu: float, seed: int
) -> npt.NDArray[np.float64]:
    """FedAvg or FedProx as a tutorial writes it, one client after the other, in float64."""
    mlp, local = MLP(federation.n_features, settings.hidden), settings.local
    net = torch.nn.Sequential(
        torch.nn.Linear(federation.n_features, settings.hidden),
        torch.nn.ReLU(),
        torch.nn.Linear(settings.hidden, 1),
    ).double()
    X, y = torch.tensor(federation.X).double(), torch.tensor(federation.is_attack).double()
    model = torch.tensor(mlp.initial(seed=seed)).double()
    for number in range(1, settings.rounds + 1):
        total = torch.zeros_like(model)
        for client in range(federation.n_clients):
            rows = federation.train.of(client)
            plan = batch_plan(
                np.array([0, len(rows)]),
                batch_size=local.batch_size,
                steps=local.steps,
                seed=seed,
                round=number,
                clients=np.array([client]),
            )[0]
            torch.nn.utils.vector_to_parameters(model.clone(), net.parameters())
            optimiser = torch.optim.SGD(net.parameters(), lr=local.learning_rate)
            for batch in plan:
                chosen = rows[batch[batch >= 0]]
                optimiser.zero_grad()
                weights = torch.nn.utils.parameters_to_vector(net.parameters())
                loss = torch.nn.functional.binary_cross_entropy_with_logits(net(X[chosen])[:, 0], y[chosen])
                (loss + prox_mu / 2 * ((weights - model) ** 2).sum()).backward()  # type: ignore[no-untyped-call]
                optimiser.step()
            trained = torch.nn.utils.parameters_to_vector(net.parameters()).detach()
            total += len(rows) * (trained - model)
        model = model + total / len(federation.train.values)
    result: npt.NDArray[np.float64] = model.numpy()
    return result


@pytest.mark.parametrize("prox_mu", [0.0, 0.5])
def test_rounds_equal_a_plain_torch_loop(prox_mu: float) -> None:
    federation = small_federation()
    run = simulate(federation, fedprox(prox_mu), QUICK, seed=5)
    expected = plain_fedavg(federation, QUICK, prox_mu, seed=5)
    np.testing.assert_allclose(run.state.model, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_same_seed_same_bits(method: Method) -> None:
    runs = [simulate(small_federation(), method, QUICK, seed=2) for _ in range(2)]
    assert_same_bits(*runs)
    np.testing.assert_equal(asdict(runs[0].evaluation), asdict(runs[1].evaluation))
    other = simulate(small_federation(), method, QUICK, seed=3)
    assert not np.array_equal(other.state.model, runs[0].state.model)


PROGRAM = """
import hashlib, sys
import torch
torch.set_num_threads(int(sys.argv[1]))
from support.federations import QUICK, small_federation
from support.rounds import METHODS, states
from dataclasses import replace
from cfmt.federated import simulate
for method in METHODS:
    for engine in ("torch", "native"):
        digest = hashlib.sha256()
        run = simulate(small_federation(), method, replace(QUICK, engine=engine), seed=4)
        for array in states(run):
            digest.update(array.tobytes())
        print(method.name, engine, digest.hexdigest())
"""


def test_whole_runs_have_the_same_bits_at_any_number_of_threads() -> None:
    def digests(threads: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", PROGRAM, threads],
            cwd=Path(__file__).parents[1],
            env={**os.environ, "RAYON_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    one, two = digests("1"), digests("2")
    assert one == two
    assert len(one.splitlines()) == 2 * len(METHODS)


@pytest.mark.parametrize("method", [fedavg(), fedprox(), fed_over()], ids=lambda m: m.name)
@pytest.mark.parametrize("group_size", [1, 7, 64])
def test_group_size_changes_no_more_than_rounding(method: Method, group_size: int) -> None:
    runs = [
        simulate(small_federation(), method, replace(QUICK, group_size=size), seed=2)
        for size in (32, group_size)
    ]
    np.testing.assert_allclose(runs[0].state.model, runs[1].state.model, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_the_native_engine_differs_by_rounding_only(method: Method) -> None:
    runs = [
        simulate(small_federation(), method, replace(QUICK, engine=e), seed=2) for e in ("torch", "native")
    ]
    np.testing.assert_allclose(runs[0].state.model, runs[1].state.model, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("method", [fedprox(), Method("c", clustering=Clustering(k=3))], ids=lambda m: m.name)
def test_summing_in_the_engine_changes_no_bit(method: Method) -> None:
    federation = small_federation()
    engine = NativeEngine(MLP(federation.n_features, QUICK.hidden), federation.X, federation.is_attack)
    state, cohort = start(federation, method), np.arange(federation.n_clients)
    after = [
        run_round(federation, e, method, QUICK.local, state, cohort, seed=0)[0]
        for e in (engine, OneByOne(engine))
    ]
    np.testing.assert_array_equal(after[0].model, after[1].model)
    np.testing.assert_array_equal(after[0].clusters.models, after[1].clusters.models)


def test_a_cohort_without_rows_changes_nothing() -> None:
    federation = odd_federation()
    engine = make_engine("auto", MLP(federation.n_features, QUICK.hidden), federation.X, federation.is_attack)
    state = start(federation, fedavg())
    after, report = run_round(federation, engine, fedavg(), QUICK.local, state, np.array([6]), seed=0)
    np.testing.assert_array_equal(after.model, state.model)
    assert np.isnan(report.loss)


def start(federation: Federation, method: Method, seed: int = 0) -> State:
    return initial_state(method, MLP(federation.n_features, QUICK.hidden), federation.n_clients, seed=seed)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_the_old_state_stays_valid(method: Method) -> None:
    federation = small_federation()
    engine = make_engine(
        "torch", MLP(federation.n_features, QUICK.hidden), federation.X, federation.is_attack
    )
    state, cohort = start(federation, method), np.arange(federation.n_clients)
    first, report = run_round(federation, engine, method, QUICK.local, state, cohort, seed=0)
    again, same = run_round(federation, engine, method, QUICK.local, state, cohort, seed=0)
    assert (state.round, first.round, again.round) == (0, 1, 1)
    np.testing.assert_array_equal(first.model, again.model)
    assert report.loss == same.loss
    assert np.isfinite(report.loss)


def test_every_client_belongs_to_exactly_one_cluster() -> None:
    run = simulate(small_federation(), cfmt(), QUICK, seed=1)
    assert all(sum(report.cluster_sizes) == 12 for report in run.reports)
    membership = run.state.clusters.membership
    assert membership.min() >= 0
    assert membership.max() < len(run.state.clusters.models)
    np.testing.assert_array_equal(np.bincount(membership, minlength=5), run.reports[-1].cluster_sizes)


def test_cluster_models_part_and_the_global_one_is_their_mean() -> None:
    federation = small_federation()
    method = Method("clusters", clustering=Clustering(k=3))
    run = simulate(federation, method, replace(QUICK, rounds=1), seed=1)
    begin = start(federation, method, seed=1).model
    rows = np.bincount(run.state.clusters.membership, weights=federation.train.sizes, minlength=5)
    mean = ((run.state.clusters.models - begin) * (rows / rows.sum())[:, None]).sum(axis=0)
    np.testing.assert_allclose(run.state.model - begin, mean, atol=1e-6)
    assert len(np.unique(run.state.clusters.models, axis=0)) == np.count_nonzero(rows) + (rows == 0).any()


def test_equal_weighting_counts_clusters_and_not_rows() -> None:
    federation, one = small_federation(), replace(QUICK, rounds=1)
    method = Method("clusters", clustering=Clustering(k=3, weighting="equal"))
    run, begin = simulate(federation, method, one, seed=1), start(federation, method, seed=1).model
    alive = np.unique(run.state.clusters.membership)
    mean = (run.state.clusters.models[alive] - begin).mean(axis=0)
    np.testing.assert_allclose(run.state.model - begin, mean, atol=1e-6)


def test_a_mixture_sends_clients_their_cluster_model() -> None:
    method = Method("own", clustering=Clustering(k=2, mixture=1.0))
    shared = Method("shared", clustering=Clustering(k=2))
    runs = [simulate(small_federation(), m, QUICK, seed=1) for m in (method, shared)]
    assert not np.array_equal(runs[0].state.model, runs[1].state.model)


def test_random_clusters_keep_the_sizes() -> None:
    one = replace(QUICK, rounds=1)
    sizes = [
        simulate(small_federation(), Method("c", clustering=Clustering(k=3, assignment=a)), one, seed=1)
        .reports[0]
        .cluster_sizes
        for a in ("auxiliary", "random")
    ]
    assert sizes[0] == sizes[1]


def test_the_oracle_clusters_by_the_families_of_training_rows() -> None:
    federation = odd_federation()
    clients = np.array([1, 4, 6])
    mixes = family_mix(federation, clients)
    for mix, client in zip(mixes, clients.tolist(), strict=True):
        families = federation.family[federation.train.of(client)]
        expected = [(families == code).mean() if len(families) else 0.0 for code in range(len(mix))]
        np.testing.assert_allclose(mix, expected)
    assert mixes[1].tolist() == [1.0, *[0.0] * (len(federation.families) - 1)]
    assert not mixes[2].any()


def of_two_families(federation: Federation, families: tuple[int, int]) -> Federation:
    """The same rows and labels, but each client's attacks are said to be of one of two families in turn."""
    family = np.where(federation.is_attack == 1, -1, 0)
    for client in range(federation.n_clients):
        rows = federation.train.of(client)
        family[rows[federation.is_attack[rows] == 1]] = families[client % 2]
    return replace(federation, family=family)


@pytest.mark.parametrize("k", [2, None])
def test_only_the_oracle_sees_families(k: int | None) -> None:
    one = replace(QUICK, rounds=1)
    told, other = (of_two_families(small_federation(), families) for families in ((1, 2), (2, 1)))

    def labels(federation: Federation, assignment: Literal["auxiliary", "random", "oracle"]) -> list[int]:
        method = Method("c", clustering=Clustering(k=k, assignment=assignment))
        found: list[int] = simulate(federation, method, one, seed=1).state.clusters.membership.tolist()
        return found

    by_family = labels(told, "oracle")
    if k == 2:
        assert by_family in ([0, 1] * 6, [1, 0] * 6)
    assert by_family != labels(told, "auxiliary")
    assert labels(told, "auxiliary") == labels(other, "auxiliary") == labels(small_federation(), "auxiliary")
    assert labels(told, "random") == labels(other, "random")
    assert_same_bits(*(simulate(federation, cfmt(), one, seed=1) for federation in (told, other)))


def test_clusters_of_the_oracle_last_and_change_what_a_mixture_sends() -> None:
    federation, settings = small_federation(), replace(QUICK, cohort=0.5)
    variants = [method for name, method in ablations(cfmt()).items() if "receive-mixture" in name]
    assert len(variants) == 3
    runs = [simulate(federation, method, settings, seed=1) for method in variants]
    assert len({run.state.model.tobytes() for run in runs}) == 3
    clustering = Clustering(k=2, every=2, assignment="oracle")
    run = simulate(federation, Method("c", clustering=clustering), settings, seed=1)
    assert run.state.clusters.centroids.shape == (2, len(federation.families))
    assert all(sum(report.cluster_sizes) == 6 for report in run.reports)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.name)
def test_odd_clients_are_handled_and_counted(method: Method) -> None:
    federation = odd_federation()
    assert federation.notes() == {"empty": 1, "one_class": 2, "no_validation": 2}
    run = simulate(federation, method, QUICK, seed=0)
    assert np.isfinite(run.state.model).all()
    assert np.isfinite(run.evaluation.threshold)
    assert all(np.isfinite(report.loss) for report in run.reports)


def test_a_cohort_with_fewer_distinct_vectors_than_clusters() -> None:
    federation = small_federation()
    method = Method("many", clustering=Clustering(k=5))
    engine = make_engine(
        "torch", MLP(federation.n_features, QUICK.hidden), federation.X, federation.is_attack
    )
    state, report = run_round(
        federation, engine, method, QUICK.local, start(federation, method), np.array([4, 7]), seed=0
    )
    assert sum(report.cluster_sizes) == 2
    assert np.flatnonzero(state.clusters.membership >= 0).tolist() == [4, 7]


def test_only_real_transitions_are_learned_from() -> None:
    federation = small_federation()
    policy = LearnedMu(SacConfig(warmup=4), min_transitions=4, n_updates=2)
    method = Method("learned", sampler=MetaSampler(policy=policy), clustering=Clustering(k=2))
    settings = replace(QUICK, rounds=5, cohort=0.5)
    engine = make_engine(
        "torch", MLP(federation.n_features, QUICK.hidden), federation.X, federation.is_attack
    )
    seen, expected = np.zeros(federation.n_clients, bool), 0
    state = start(federation, method)
    for after, _ in rounds(federation, engine, method, settings, state, seed=0):
        assert after.policy is not None
        took_part = np.flatnonzero(after.clusters.membership >= 0)
        assert np.isnan(np.delete(after.policy.last_mu, took_part)).all()
        expected = len(after.policy.replays[0])
        assert sum(len(replay) for replay in after.policy.replays[1:]) == expected
        seen[took_part] = True
        state = after
    assert expected == 5 * 6 - seen.sum()
    assert state.policy is not None
    assert state.policy.agents[0].n_updates > 0


@pytest.mark.parametrize("budget", ["under", "matched"])
def test_the_meta_sampler_balances(budget: str) -> None:
    federation = small_federation()
    sampler = MetaSampler(policy=FixedMu(0.2), budget="under" if budget == "under" else "matched")
    run = simulate(federation, Method("m", sampler=sampler), replace(QUICK, rounds=1), seed=0)
    attack, normal = federation.class_counts()
    mixed = (attack > 0) & (normal > 0)
    many = np.minimum if budget == "under" else np.maximum
    expected = 2 * many(attack, normal)[mixed].sum() + federation.train.sizes[~mixed].sum()
    assert run.reports[0].n_rows == expected
    assert run.reports[0].mu == pytest.approx(0.2)


def test_bytes_are_counted_from_what_travels() -> None:
    federation = small_federation()
    reports = [
        simulate(federation, m, replace(QUICK, rounds=1), seed=0).reports[0] for m in (fedavg(), cfmt())
    ]
    n_params = MLP(federation.n_features, QUICK.hidden).n_params
    assert reports[0].bytes_down == 12 * 4 * n_params
    assert reports[0].bytes_up == 12 * 4 * (n_params + 1)
    assert reports[1].bytes_down == 12 * 4 * (n_params + 1 + 3 * n_params)  # mu, and three updates to judge
    assert reports[1].bytes_up == 12 * 4 * (n_params + 1 + 2 + 10 + 3)
