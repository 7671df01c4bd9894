"""Client and server as a deployment calls them: a site knows its own rows and what it received."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from cfmt.federated import (
    Federation,
    MetaSampler,
    Method,
    cfmt,
    client,
    fed_over,
    fedprox,
    initial_state,
    run_round,
    server,
)
from cfmt.federated.client import ClientReports, Instruction
from cfmt.federated.cohort import ClientGroup, Cohort, LabelledRows
from cfmt.federated.scoring import score
from cfmt.federated.server import Replies
from cfmt.mlp import MLP
from cfmt.nn import NativeEngine
from cfmt.policies import HandRule
from cfmt.ragged import Ragged
from support.federations import QUICK, odd_federation, small_federation

STEERED = replace(cfmt(), name="steered", sampler=MetaSampler(policy=HandRule()))


class Site:
    """One client with a table and an engine of its own."""

    def __init__(self, federation: Federation, k: int) -> None:
        own = [federation.train.of(k), federation.validation.of(k)]
        rows = np.concatenate(own)
        self.id, self.y = k, federation.is_attack[rows]
        table = federation.X[rows] if len(rows) else federation.X[:1]
        labels = self.y if len(rows) else federation.is_attack[:1]
        self.engine = NativeEngine(MLP(federation.n_features, QUICK.hidden), table, labels)
        self.sizes = [len(part) for part in own]

    def received(self, cohort: Cohort) -> tuple[ClientGroup, npt.NDArray[np.float32], Cohort]:
        """What it got of the cohort: one model, and the key of the round."""
        (at,) = np.flatnonzero(cohort.clients == self.id)
        mine = Cohort(
            clients=cohort.clients[[at]],
            models=cohort.models[[cohort.model_index[at]]],
            model_index=np.zeros(1, np.int64),
            seed=cohort.seed,
            round=cohort.round,
        )
        n_train, n_validation = self.sizes
        rows = (np.arange(n_train), n_train + np.arange(n_validation))
        own = [LabelledRows(Ragged.from_sizes(part, np.array([len(part)])), self.y[part]) for part in rows]
        group = ClientGroup(
            positions=np.array([at]),
            clients=mine.clients,
            train=own[0],
            validation=own[1],
            model_index=mine.model_index,
            seed=mine.seed,
            round=mine.round,
        )
        return group, score(self.engine, mine.models, round=mine.round), mine


def play(federation: Federation, method: Method, rounds: int) -> list[npt.NDArray[np.float32]]:
    """Rounds over sites: what goes up is each site's report, and its update with weight 1."""
    sites = [Site(federation, k) for k in range(federation.n_clients)]
    mlp = sites[0].engine.mlp
    state, models = initial_state(method, mlp, federation.n_clients, seed=4), []
    for _ in range(rounds):
        cohort = server.send(method, state, np.arange(federation.n_clients), seed=4)
        got = [site.received(cohort) for site in sites]
        found = [client.evaluate(method, group, scores) for group, scores, _ in got]
        columns: Any = zip(*((one.sizes, one.vectors, one.meta_states) for one in found), strict=True)
        steering = server.steer(method, state, cohort, ClientReports(*map(np.concatenate, columns)))
        told, gathered = steering.instruction, method.aggregator.begin(method.n_clusters, mlp.n_params)
        losses, n_rows = np.full(len(sites), np.nan), 0
        for k, (site, (group, scores, mine)) in enumerate(zip(sites, got, strict=True)):
            alone = Instruction(
                told.mu[[k]] if len(told.mu) else told.mu, np.ones(1), np.zeros(1, np.int64), 1
            )
            start = method.aggregator.begin(1, mlp.n_params)
            trained = client.train(
                site.engine, method, QUICK.local, group, mine.models, alone, start, scores=scores
            )
            update = trained.gathered.astype(np.float32)
            weight, cluster = told.weights[[k]], told.clusters[[k]]
            gathered = method.aggregator.add(gathered, update, weight, cluster)
            losses[k], n_rows = trained.losses[0], n_rows + trained.n_rows
        state, _ = server.update(
            method, state, cohort, steering, Replies(gathered, losses, np.empty(0), n_rows)
        )
        models.append(state.model)
    return models


@pytest.mark.parametrize("method", [fedprox(), fed_over(), STEERED], ids=lambda m: m.name)
@pytest.mark.parametrize("make", [small_federation, odd_federation])
def test_sites_reach_the_models_of_the_simulator(method: Method, make: Any) -> None:
    federation = make()
    engine = NativeEngine(MLP(federation.n_features, QUICK.hidden), federation.X, federation.is_attack)
    state, clients = initial_state(method, engine.mlp, federation.n_clients, seed=4), None
    clients = np.arange(federation.n_clients)
    for model in play(federation, method, 3):
        state, _ = run_round(federation, engine, method, QUICK.local, state, clients, seed=4)
        np.testing.assert_allclose(model, state.model, rtol=0, atol=1e-7)
