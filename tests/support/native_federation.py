"""A small federation for the native kernels, with the oracle's results."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cfmt import _core, sampling
from reference import native as reference

N_ROWS = 160
SEED, ROUND = 11, 3
SIZES = [5, 0, 1, 8, 23, 9, 16, 40]


class Federation:
    """A table, models and clients of the given sizes."""

    def __init__(self, sizes: list[int], n_features: int = 6, hidden: int = 9, n_models: int = 2) -> None:
        rng = np.random.default_rng(len(sizes) + 100 * n_features + hidden)
        self.n_features, self.hidden = n_features, hidden
        self.n_params = (n_features + 2) * hidden + 1
        self.x = rng.standard_normal((N_ROWS, n_features), np.float32)
        self.y = (rng.random(N_ROWS) < 0.4).astype(np.uint8)
        self.models = rng.uniform(-0.5, 0.5, (n_models, self.n_params)).astype(np.float32)
        self.offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self.rows = rng.integers(0, N_ROWS, self.offsets[-1])
        self.model_index = rng.integers(0, n_models, len(sizes))
        self.clients = rng.permutation(1000)[: len(sizes)]
        self.positive_weight = rng.uniform(0.5, 3, len(sizes))
        self.weights = rng.uniform(0, 2, len(sizes))
        self.clusters = rng.integers(0, 3, len(sizes))

    def arguments(self, **training: Any) -> dict[str, Any]:
        names = ("x", "y", "rows", "offsets", "models", "model_index", "clients", "hidden", "positive_weight")
        fixed = {"seed": SEED, "round": ROUND, "learning_rate": 0.1, "batch_size": 8}
        return {name: getattr(self, name) for name in names} | fixed | training

    def train(self, **training: Any) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
        return _core.train_clients(**self.arguments(**training))

    def train_and_sum(self, **training: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        sums = {"weights": self.weights, "clusters": self.clusters, "n_clusters": 3}
        return _core.train_and_sum(**self.arguments(**(sums | training)))[:2]

    def expected(
        self,
        *,
        learning_rate: float = 0.1,
        batch_size: int = 8,
        prox_mu: float = 0.0,
        epochs: int | None = None,
        steps: int | None = None,
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        plan = sampling.batch_plan(
            self.offsets,
            batch_size=batch_size,
            epochs=epochs,
            steps=steps,
            seed=SEED,
            round=ROUND,
            clients=self.clients,
        )
        deltas, losses = [], []
        for k, batches in enumerate(plan):
            rows = [self.rows[batch[batch >= 0]] for batch in batches if batch[0] >= 0]
            how = reference.Training(learning_rate, prox_mu, self.positive_weight[k])
            received = self.models[self.model_index[k]].astype(np.float64)
            delta, loss = reference.train(received, self.x.astype(np.float64), self.y, rows, how)
            deltas.append(delta)
            losses.append(loss)
        return np.array(deltas).reshape(-1, self.n_params), np.array(losses)
