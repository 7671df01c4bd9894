"""What every program of the comparison shares: the workload that it reads, the rounds that it is asked for.

A program is started once for a workload. It says that it is ready, then plays one round for each line on
its standard input, and answers each with a line of JSON: seconds, memory, and its new global model. Its
own standard output goes to standard error, so that no library can disturb the answers.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

HIDDEN = 128
BATCH_SIZE = 32
LEARNING_RATE = 0.05
PROX_MU = 0.1
N_CPUS = 2

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "POLARS_MAX_THREADS",
)


@dataclass(frozen=True, eq=False)
class Workload:
    """Clients as ragged rows over one table, and the model that all start from.

    ``X`` is float32 of shape (n_rows, n_features) and ``y`` uint8; client ``k`` owns
    ``order[offsets[k]:offsets[k + 1]]``, which is also the order in which cfmt visits its rows in the first
    round. ``model`` is flat: ``w1`` (hidden, n_features), ``b1``, ``w2`` (hidden,), ``b2``.
    """

    path: Path
    X: Floats
    y: npt.NDArray[np.uint8]
    offsets: Indices
    order: Indices
    model: Floats

    @classmethod
    def load(cls, path: Path) -> Workload:
        """Read what ``workload.py`` wrote."""
        with np.load(path) as arrays:
            return cls(path, *(arrays[name] for name in ("X", "y", "offsets", "order", "model")))

    @property
    def sizes(self) -> Indices:
        """Rows of each client."""
        return np.diff(self.offsets)

    @property
    def n_clients(self) -> int:
        """Number of clients."""
        return len(self.offsets) - 1

    @property
    def n_features(self) -> int:
        """Columns of the table."""
        return int(self.X.shape[1])

    def rows(self, client: int) -> Indices:
        """Return a client's rows in the order of the first round."""
        return self.order[self.offsets[client] : self.offsets[client + 1]]

    def ordered(self, round: int, rng: np.random.Generator) -> Indices:
        """Return all clients' rows as ``order`` has them in round 1, else newly shuffled in each client."""
        if round == 1:
            return self.order
        clients = np.repeat(np.arange(self.n_clients), self.sizes)
        return self.order[np.lexsort((rng.random(len(self.order)), clients))]


def layers(model: Floats, n_features: int) -> tuple[Floats, Floats, Floats, Floats]:
    """View a flat model, or a stack of them along the first axes, as ``w1``, ``b1``, ``w2`` and ``b2``."""
    ends = np.cumsum([HIDDEN * n_features, HIDDEN, HIDDEN])
    w1, b1, w2, b2 = np.split(model, ends, axis=-1)
    return w1.reshape(*model.shape[:-1], HIDDEN, n_features), b1, w2, b2


def flat(arrays: Iterable[npt.NDArray[Any]]) -> Floats:
    """Join ``w1``, ``b1``, ``w2`` and ``b2`` into a flat model; they may have outer axes of length 1."""
    return np.concatenate([np.asarray(array, np.float32).ravel() for array in arrays])


def encode(model: Floats) -> str:
    """Write a model as text."""
    return base64.b64encode(np.ascontiguousarray(model, "<f4").tobytes()).decode()


def decode(text: str) -> Floats:
    """Read a model back."""
    return np.frombuffer(base64.b64decode(text), "<f4").astype(np.float32)


class Session:
    """A program's side of the conversation.

    Parameters
    ----------
    packages : iterable of str
        Distributions whose versions are told.
    options : callable, optional
        Adds the program's own options to the parser.
    """

    def __init__(
        self, packages: Iterable[str], options: Callable[[argparse.ArgumentParser], Any] | None = None
    ) -> None:
        self._answers = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)
        parser = argparse.ArgumentParser()
        parser.add_argument("workload", type=Path)
        if options is not None:
            options(parser)
        self.options = parser.parse_args()
        self.workload = Workload.load(self.options.workload)
        self.notes: dict[str, Any] = {}
        self.round = 0
        self.versions = {name: version(name) for name in packages} | {"python": platform.python_version()}
        self._started = 0.0

    def wait(self) -> bool:
        """Wait until a round is asked for, and start the clock; false when there are no more."""
        if self.round == 0:
            self._answer(ready=True, versions=self.versions, peak_bytes=peak_bytes())
        if not sys.stdin.readline().strip():
            return False
        self.round += 1
        self._started = time.perf_counter()
        return True

    def report(self, model: Floats) -> None:
        """Stop the clock and answer with the round's new global model."""
        seconds = time.perf_counter() - self._started
        self._answer(
            round=self.round,
            seconds=seconds,
            peak_bytes=peak_bytes(),
            model=encode(model),
            notes=self.notes,
        )

    def _answer(self, **values: Any) -> None:
        self._answers.write(json.dumps(values) + "\n")


def limit_threads(n_threads: int) -> None:
    """Tell the libraries of processes that are started from now on how many threads to use."""
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(n_threads)))


def serve(session: Session, play: Callable[[int], Floats]) -> None:
    """Play rounds, numbered from 1, as they are asked for; ``play`` keeps and returns the global model."""
    while session.wait():
        session.report(play(session.round))


def peak_bytes() -> int:
    """Return this process's largest resident set so far, plus what its living descendants hold now.

    Pages that descendants share count once (proportional set size), so workers on shared memory are not
    held against a peer.
    """
    if not Path("/proc/self/status").exists():
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    own = _kilobytes(Path("/proc/self/status"), "VmHWM:")
    return 1024 * (own + sum(_kilobytes(Path(f"/proc/{p}/smaps_rollup"), "Pss:") for p in descendants()))


def descendants(ancestor: int | None = None) -> list[int]:
    """Return the ids of all living processes below one, by default below this one."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            parents[int(folder.name)] = _parent(folder / "stat")
    found = [ancestor or os.getpid()]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found[1:]


def _parent(stat: Path) -> int:
    try:
        return int(stat.read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def _kilobytes(listing: Path, key: str) -> int:
    try:
        for line in listing.read_text().splitlines():
            if line.startswith(key):
                return int(line.split()[1])
    except OSError:  # the process has ended meanwhile
        pass
    return 0
