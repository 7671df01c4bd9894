"""A loop over clients, dealt over as many processes as there are processors."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from peers.protocol import N_CPUS, Floats, Indices, Workload, limit_threads

Train: TypeAlias = Callable[[Workload, Floats, Indices], Floats]

_here: list[Workload] = []  # the workload of a process of the pool


class Crew:
    """Processes that each hold the workload and train a share of the clients.

    Parameters
    ----------
    workload : Workload
        What to train on.
    train : callable
        (workload, received model, rows in their order) -> trained model; must be importable.
    """

    def __init__(self, workload: Workload, train: Train) -> None:
        self._workload = workload
        self._train = train
        self._model = workload.model
        self._rng = np.random.default_rng(0)
        by_size = np.argsort(-workload.sizes, kind="stable")
        self._shares = [by_size[i::N_CPUS] for i in range(N_CPUS)]
        limit_threads(1)  # of each process: together they use every processor once
        self._pool = ProcessPoolExecutor(
            N_CPUS, multiprocessing.get_context("spawn"), initializer=_enter, initargs=(workload.path,)
        )

    def play(self, round: int) -> Floats:
        """Play a round: every client trains, the mean of their models is weighted by rows."""
        order = self._workload.ordered(round, self._rng)
        job = partial(_sum_of_share, self._train, self._model, order)
        sums = np.sum(list(self._pool.map(job, self._shares)), axis=0)
        self._model = (sums / len(order)).astype(np.float32)
        return self._model

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()


def _enter(path: Path) -> None:
    _here.append(Workload.load(path))


def _sum_of_share(train: Train, model: Floats, order: Indices, clients: Indices) -> npt.NDArray[np.float64]:
    workload = _here[0]
    total: Any = np.zeros(len(model))
    for client in clients.tolist():
        rows = order[workload.offsets[client] : workload.offsets[client + 1]]
        total += len(rows) * train(workload, model, rows)
    return np.asarray(total)
