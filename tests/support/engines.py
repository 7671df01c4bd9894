"""Engine calls spelt out: tests vary one argument at a time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from cfmt.nn import Engine, Group, GroupResult, LocalTraining, Summed, SummingEngine, Weighting, sum_groups
from cfmt.ragged import Ragged

Ids = npt.NDArray[np.int64]


def train(
    engine: Engine,
    models: npt.NDArray[Any],
    model_index: Ids,
    rows: Ragged[np.int64],
    local: LocalTraining,
    **key: Any,
) -> Iterator[GroupResult]:
    """Train the clients of a group; ``key`` holds seed, round and clients."""
    return engine.train(Group(models, model_index, rows, **key), local)


def add_up(
    engine: Engine,
    models: npt.NDArray[Any],
    model_index: Ids,
    rows: Ragged[np.int64],
    local: LocalTraining,
    *,
    weights: Any,
    clusters: Any,
    n_clusters: int,
    start: Any = None,
    scored_rows: Ragged[np.int64] | None = None,
    in_training: bool = True,
    **key: Any,
) -> Summed:
    """Train and sum: in training, for an engine that can, or as the updates come."""
    group = Group(models, model_index, rows, **key)
    weighting = Weighting(weights, clusters, n_clusters, start)
    if in_training and isinstance(engine, SummingEngine):
        return engine.train_and_sum(group, local, weighting, scored_rows=scored_rows)
    return sum_groups(engine, group, local, weighting, scored_rows=scored_rows)


as_they_come = partial(add_up, in_training=False)
