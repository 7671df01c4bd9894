"""Small federations for the tests of the layers that need one."""

from __future__ import annotations

from functools import cache

import numpy as np

from cfmt.data import load_synthetic
from cfmt.federated import Federation, Settings
from cfmt.nn import LocalTraining
from cfmt.partition import PartitionSpec

QUICK = Settings(rounds=3, local=LocalTraining(steps=4, batch_size=16), hidden=16, engine="torch")


@cache
def small_federation(n_clients: int = 12, seed: int = 0) -> Federation:
    """Clients over 3,000 generated rows, imbalanced and non-IID."""
    train, test = load_synthetic(3000, 1000, seed=seed)
    spec = PartitionSpec(n_clients=n_clients, alpha=0.5, prevalence=0.2, min_size=10)
    parts = spec.split(train.family, train.is_attack, seed=seed)
    return Federation.build(train, (test,), parts, seed=seed)


def odd_federation() -> Federation:
    """Seven clients, among them one of one class, one of a single row, and an empty one."""
    from cfmt.ragged import Ragged

    train, test = load_synthetic(3000, 1000, seed=1)
    normal, attack = np.flatnonzero(train.is_attack == 0), np.flatnonzero(train.is_attack == 1)
    mixed = np.concatenate([normal[:800], attack[:40]])
    np.random.default_rng(0).shuffle(mixed)
    pieces = [*np.array_split(mixed, 4), normal[800:850], normal[850:851], normal[:0]]
    sizes = np.array([len(piece) for piece in pieces])
    return Federation.build(train, (test,), Ragged.from_sizes(np.concatenate(pieces), sizes), seed=1)
