"""A loop over clients: in this process, or the clients dealt over several."""

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
    n_processes : int
        Processes of one thread each; with 1, no other than this one.
    """

    def __init__(self, workload: Workload, train: Train, n_processes: int = N_CPUS) -> None:
        self._workload = workload
        self._train = train
        self._model = workload.model
        self._rng = np.random.default_rng(0)
        by_size = np.argsort(-workload.sizes, kind="stable")
        self._shares = [by_size[i::n_processes] for i in range(n_processes)]
        limit_threads(1)  # of each process: together they use every processor once
        self._pool = pool_of(n_processes, workload.path) if n_processes > 1 else None

    def play(self, round: int) -> Floats:
        """Play a round: every client trains, the mean of their models is weighted by rows."""
        order = self._workload.ordered(round, self._rng)
        if self._pool is None:
            total = _sum_of_share(self._workload, self._train, self._model, order, self._shares[0])
        else:
            job = partial(_sum_in_pool, self._train, self._model, order)
            total = np.sum(list(self._pool.map(job, self._shares)), axis=0)
        self._model = (total / len(order)).astype(np.float32)
        return self._model

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown()


def pool_of(n_processes: int, path: Path) -> ProcessPoolExecutor:
    """Make processes that read the workload as they start."""
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(n_processes, spawn, initializer=_enter, initargs=(path,))


def _enter(path: Path) -> None:
    _here.append(Workload.load(path))


def _sum_in_pool(train: Train, model: Floats, order: Indices, clients: Indices) -> npt.NDArray[np.float64]:
    return _sum_of_share(_here[0], train, model, order, clients)


def _sum_of_share(
    workload: Workload, train: Train, model: Floats, order: Indices, clients: Indices
) -> npt.NDArray[np.float64]:
    total: Any = np.zeros(len(model))
    for client in clients.tolist():
        rows = order[workload.offsets[client] : workload.offsets[client + 1]]
        total += len(rows) * train(workload, model, rows)
    return np.asarray(total)
