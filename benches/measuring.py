"""How ways of computing the same thing are timed: in turns, on the same number of threads."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

import torch
from pytest_benchmark.fixture import BenchmarkFixture
from threadpoolctl import threadpool_limits

from cfmt import _core

THREADS = int(os.environ.get("CFMT_THREADS", "2"))

# In seconds; the workers of OpenBLAS and OpenMP spin for a while, and would disturb the next side.
PAUSE = 0.1


def limit_threads() -> None:
    """Give the kernels, torch and the libraries that are loaded by now ``THREADS`` threads each."""
    torch.set_num_threads(THREADS)
    threadpool_limits(THREADS)
    _core.set_threads(THREADS)


def time_in_turns(
    benchmark: BenchmarkFixture, sides: Mapping[str, Callable[[], object]], side: str, *, rounds: int
) -> None:
    """Time one side; before each of its turns, and outside the measurement, all others have theirs.

    So whatever else the machine does at the time falls on all sides alike.
    """
    others = [run for name, run in sides.items() if name != side]

    def let_others_run() -> None:
        for run in others:
            run()
        time.sleep(PAUSE)

    benchmark.extra_info["side"] = side
    benchmark.extra_info["threads"] = THREADS
    benchmark.pedantic(  # type: ignore[no-untyped-call] # pytest-benchmark has types for little
        sides[side], setup=let_others_run, rounds=rounds
    )
