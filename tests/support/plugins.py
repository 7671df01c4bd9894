"""A sampler, a policy and an aggregator as a user would add them, in a few lines each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cfmt.federated import Aggregate, ClientWeighting, MetaSampler, Method, Stateless, Unsteered
from cfmt.federated.cohort import ClientGroup
from cfmt.policies import Observation
from cfmt.ragged import Ragged

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FirstRows(Unsteered):
    """Train on each client's first rows."""

    most: int = 20

    def n_rows(self, n_attack: npt.NDArray[np.int64], n_normal: npt.NDArray[np.int64]) -> Any:
        return np.minimum(n_attack + n_normal, self.most)

    def draw(self, group: ClientGroup, scores: npt.NDArray[np.float32], mu: Floats) -> Ragged[np.int64]:
        rows = group.train.rows
        place = np.arange(len(rows.values)) - rows.offsets[:-1][rows.clients]
        return Ragged.from_sizes(rows.values[place < self.most], np.minimum(rows.sizes, self.most))


@dataclass(frozen=True)
class EasyWhenWrong(Stateless):
    """Draw easy rows where many rows are far off."""

    def choose(self, known: None, seen: Observation) -> tuple[Floats, None]:
        return 1 - seen.meta_states[:, seen.meta_states.shape[1] // 2 - 1], None


@dataclass(frozen=True)
class Median(ClientWeighting):
    """The coordinate-wise median of the updates of each cluster; clusters count by their clients' weights."""

    fused = False

    def begin(self, n_clusters: int, n_params: int) -> list[tuple[Any, Any]]:
        return [(np.zeros((0, n_params), np.float32), np.zeros(0, np.int64))]

    def add(self, gathered: Any, updates: npt.NDArray[np.float32], weights: Floats, clusters: Any) -> Any:
        return [*gathered, (updates[weights > 0], clusters[weights > 0])]

    def finish(self, gathered: Any, totals: Floats, cluster_weights: Floats) -> Aggregate:
        updates, clusters = (np.concatenate(column) for column in zip(*gathered, strict=True))
        medians = np.zeros((len(totals), updates.shape[1]), np.float32)
        for cluster in np.unique(clusters):
            medians[cluster] = np.median(updates[clusters == cluster], axis=0)
        shares = cluster_weights / max(cluster_weights.sum(), 1e-300)
        return Aggregate((shares @ medians).astype(np.float32), medians)


FIRST_ROWS = Method("first-rows", sampler=FirstRows())
EASY_WHEN_WRONG = Method("easy-when-wrong", sampler=MetaSampler(policy=EasyWhenWrong()))
MEDIAN = Method("median", aggregator=Median())
