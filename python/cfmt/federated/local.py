"""Models that clients train alone, to hold the shared model against."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from cfmt.federated.federation import Federation
from cfmt.federated.scoring import check_scores
from cfmt.federated.simulation import Settings
from cfmt.nn import Engine, Group, LocalTraining

__all__ = ["alone", "local_scores"]


def alone(settings: Settings) -> LocalTraining:
    """Return the training of a client that never hears of the others: all its rounds at a stretch.

    Parameters
    ----------
    settings : Settings
        Of the shared model; with a cohort below 1, a client trains in that share of the rounds.

    Returns
    -------
    LocalTraining
        With the shared model's rate and batches, and the classes balanced by weight, because there is no
        sampler.

    Examples
    --------
    >>> from cfmt.federated import Settings
    >>> from cfmt.federated.local import alone
    >>> alone(Settings(rounds=50, cohort=0.2)).steps
    200
    """
    local, n_rounds = settings.local, max(1, round(settings.rounds * settings.cohort))
    return replace(
        local,
        epochs=None if local.epochs is None else local.epochs * n_rounds,
        steps=None if local.steps is None else local.steps * n_rounds,
        prox_mu=0.0,
        positive_weight="balanced",
    )


def local_scores(
    federation: Federation, engine: Engine, local: LocalTraining, *, seed: int
) -> npt.NDArray[np.float32]:
    """Train each client's own model on its training rows, and let it score its validation rows.

    All start from the weights from which a shared model starts with this seed.

    Parameters
    ----------
    federation : Federation
        The clients.
    engine : Engine
        Holds the federation's rows, and trains.
    local : LocalTraining
        What each client does, such as :func:`alone`.
    seed : int
        Seed of the run.

    Returns
    -------
    ndarray of shape (len(federation.validation.values),), float32
        Probability of attack of each validation row by the model of its own client.

    Raises
    ------
    DivergedError
        If a model diverges.

    Examples
    --------
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.federated import Federation
    >>> from cfmt.federated.local import local_scores
    >>> from cfmt.mlp import MLP
    >>> from cfmt.nn import LocalTraining, make_engine
    >>> from cfmt.partition import partition_iid
    >>> train, _ = load_synthetic(300, 0, seed=0)
    >>> federation = Federation.build(train, (), partition_iid(300, 3, seed=0), seed=0)
    >>> engine = make_engine("native", MLP(federation.n_features, 4), federation.X, federation.is_attack)
    >>> local_scores(federation, engine, LocalTraining(steps=50), seed=0).shape
    (60,)
    """
    start = engine.mlp.initial(seed=seed)[np.newaxis]
    n_clients, validation = federation.n_clients, federation.validation
    group = Group(
        models=start,
        model_index=np.zeros(n_clients, np.int64),
        rows=federation.train,
        clients=np.arange(n_clients),
        seed=seed,
        round=1,
    )
    scores = np.zeros(len(validation.values), np.float32)
    offsets = validation.offsets
    for result in engine.train(group, local):
        own = validation.take(result.positions)
        found = engine.client_scores(start + result.deltas, own)
        check_scores(found, round=1)
        for place, client in enumerate(result.positions):
            scores[offsets[client] : offsets[client + 1]] = found[own.offsets[place] : own.offsets[place + 1]]
    return scores
