"""Time a partition of many clients from its making to `cfmt partition`: build, save, map, show."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from cfmt import load_partition, save_partition
from cfmt.data import Table, load_synthetic
from cfmt.partition import PartitionSpec
from million import ROWS_PER_CLIENT
from peers.workload import N_ROWS, SEED

T = TypeVar("T")

ROWS = ("--train-rows", str(N_ROWS), "--test-rows", "1", "--generator-seed", str(SEED))


def measure(n_clients: int, repeats: int) -> dict[str, list[float]]:
    """Return the seconds of each step, which take turns ``repeats`` times."""
    table = load_synthetic(N_ROWS, 1, seed=SEED)[0]
    spec = PartitionSpec(
        n_clients=n_clients, scheme="iid", min_size=min(ROWS_PER_CLIENT), rows_per_client=ROWS_PER_CLIENT
    )
    turns = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as parent:
            turns.append(once(spec, table, Path(parent) / "partition"))
    return {step: [turn[step] for turn in turns] for step in turns[0]}


def once(spec: PartitionSpec, table: Table, folder: Path) -> dict[str, float]:
    """Take each step once; the last is a whole command, with the interpreter and the rows it generates."""
    family, is_attack = table.family, table.is_attack
    parts, build = timed(lambda: spec.split(family, is_attack, seed=SEED))
    _, save = timed(
        lambda: save_partition(folder, parts, spec=spec, seed=SEED, family=family, is_attack=is_attack)
    )
    _, load = timed(lambda: load_partition(folder).parts(family, is_attack))
    _, shown = timed(lambda: show(folder))
    return {"build": build, "save": save, "load": load, "show": shown}


def timed(step: Callable[[], T]) -> tuple[T, float]:
    """Return what a step returns, and its seconds."""
    started = time.perf_counter()
    result = step()
    return result, time.perf_counter() - started


def show(folder: Path) -> None:
    """Run ``cfmt partition`` on a partition that was kept."""
    command = [sys.executable, "-P", "-m", "cfmt", "partition", "--partition-from", str(folder), *ROWS]
    subprocess.run(command, check=True, capture_output=True)
