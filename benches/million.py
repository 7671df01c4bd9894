"""Federations of up to a million clients, each in a process that plays rounds when it is asked to.

A process of its own makes the largest resident set its own.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np

from cfmt import partition_iid
from cfmt.data import load_synthetic
from cfmt.experiment.threads import use_threads
from cfmt.federated import Federation, Method, initial_state, method_named, run_round
from cfmt.mlp import MLP
from cfmt.nn import LocalTraining, make_engine
from peers.protocol import BATCH_SIZE, HIDDEN, LEARNING_RATE, N_CPUS, peak_bytes
from peers.workload import N_ROWS, SEED

ROWS_PER_CLIENT = (8, 16)


class Case(NamedTuple):
    """What one process plays."""

    clients: int
    method: str


class Player:
    """A process with its federation, from its start to its end."""

    def __init__(self, case: Case) -> None:
        self.case = case
        spawn = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=serve, args=(case, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self.built: dict[str, Any] = self._pipe.recv()

    def play(self) -> dict[str, Any]:
        """Play one round; return its seconds, its mean training loss, and the peak memory so far."""
        self._pipe.send(True)
        played: dict[str, Any] = self._pipe.recv()
        return played

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pipe.close()
        self._process.join()


def serve(case: Case, pipe: Connection) -> None:
    """Build a federation, say so, and play a round for each request until the pipe is closed."""
    use_threads(N_CPUS)
    federation, built = build(case.clients)
    pipe.send(built)
    rounds = play(federation, method_named(case.method), sys.maxsize)
    while asked(pipe):
        seconds, loss = next(rounds)
        pipe.send({"seconds": seconds, "loss": loss, "peak_bytes": peak_bytes()})


def build(n_clients: int) -> tuple[Federation, dict[str, Any]]:
    """Draw each client's rows with replacement from generated traffic; hold a fifth of them out."""
    table, _ = load_synthetic(N_ROWS, 0, seed=SEED)
    start_bytes, started = peak_bytes(), time.perf_counter()
    parts = partition_iid(N_ROWS, n_clients, rows_per_client=ROWS_PER_CLIENT, seed=SEED)
    divided = time.perf_counter()
    federation = Federation.build(table, (), parts, seed=SEED)
    return federation, {
        "partition_seconds": divided - started,
        "build_seconds": time.perf_counter() - divided,
        "training_rows": len(federation.train.values),
        "start_bytes": start_bytes,
    }


def play(
    federation: Federation, method: Method, rounds: int, *, device: str = "cpu"
) -> Iterator[tuple[float, float]]:
    """Play rounds, on a processor with the native engine; yield the seconds and the mean loss of each."""
    mlp = MLP(federation.n_features, HIDDEN)
    engine = make_engine("auto", mlp, federation.X, federation.is_attack, device=device)
    local = LocalTraining(LEARNING_RATE, BATCH_SIZE, epochs=1, steps=None)
    clients = np.arange(federation.n_clients)
    state = initial_state(method, mlp, federation.n_clients, seed=SEED)
    for _ in range(rounds):
        started = time.perf_counter()
        state, report = run_round(federation, engine, method, local, state, clients, seed=SEED)
        yield time.perf_counter() - started, report.loss


def asked(pipe: Connection) -> bool:
    """Wait for the next request; false when there are no more."""
    try:
        return bool(pipe.recv())
    except EOFError:
        return False
