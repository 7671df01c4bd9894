"""Seeded inputs of the benchmarks, as large as a round on NSL-KDD or beyond it; no data files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from cfmt import partition_iid
from cfmt.mlp import MLP
from cfmt.nn import LocalTraining
from cfmt.ragged import Ragged
from cfmt.sampling import batch_plan

SEED = 7
N_FEATURES = 121  # of NSL-KDD after preprocessing
FAMILY_ROWS = (67_343, 45_927, 11_656, 995, 52)  # of KDDTrain+: normal, dos, probe, r2l, u2r
N_ROWS = sum(FAMILY_ROWS)

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@cache
def updates(n_clients: int = 10_000) -> tuple[Floats, Doubles]:
    """Updates of as many parameters as the detector has, and the clients' weights."""
    rng = np.random.default_rng(SEED)
    n_params = MLP(N_FEATURES).n_params
    return rng.standard_normal((n_clients, n_params), np.float32), rng.integers(1, 100, n_clients).astype(
        np.float64
    )


@cache
def families() -> Indices:
    """Attack families of KDDTrain+'s number of rows, each with its share."""
    labels = np.repeat(np.arange(len(FAMILY_ROWS)), FAMILY_ROWS)
    return np.random.default_rng(SEED).permutation(labels)


@cache
def points(n_points: int = 1_000_000, k: int = 8) -> Doubles:
    """Points of two coordinates around ``k`` centres that overlap a little."""
    rng = np.random.default_rng(SEED)
    centres = rng.uniform(-4, 4, (k, 2))
    return centres[rng.integers(0, k, n_points)] + rng.normal(0, 0.6, (n_points, 2))


@cache
def errors(n_rows: int = 10_000_000) -> Floats:
    """Errors that crowd near 0, as those of a trained detector do."""
    return np.random.default_rng(SEED).beta(0.6, 2.0, n_rows).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Round:
    """One round of local training: FedProx, one epoch, KDDTrain+'s size divided evenly over clients."""

    mlp: MLP
    local: LocalTraining
    X: Floats
    y: npt.NDArray[np.uint8]
    rows: Ragged[np.int64]
    model: Floats

    @property
    def clients(self) -> Indices:
        """Ids of the clients."""
        return np.arange(self.rows.n_clients)

    @property
    def weights(self) -> Doubles:
        """Rows of each client."""
        return self.rows.sizes.astype(np.float64)

    def visited(self) -> Ragged[np.int64]:
        """Each client's rows in the order in which cfmt visits them."""
        size = self.local.batch_size
        plan = batch_plan(self.rows.offsets, batch_size=size, epochs=self.local.epochs, seed=SEED)
        return self.rows.with_values(self.rows.values[plan[plan >= 0]])


@cache
def training(n_clients: int) -> Round:
    """Make the round W(``n_clients``): labels follow a random direction of the features."""
    rng = np.random.default_rng(SEED)
    mlp = MLP(N_FEATURES)
    X = rng.standard_normal((N_ROWS, N_FEATURES), np.float32)
    return Round(
        mlp=mlp,
        local=LocalTraining(epochs=1, steps=None, prox_mu=0.1),
        X=X,
        y=(X @ rng.standard_normal(N_FEATURES, np.float32) > 0).astype(np.uint8),
        rows=partition_iid(N_ROWS, n_clients, seed=SEED),
        model=rng.uniform(-0.09, 0.09, mlp.n_params).astype(np.float32),
    )
