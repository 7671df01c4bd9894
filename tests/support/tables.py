"""Small tables, and partitions of their rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cfmt.data import (
    Schema,
    Table,
)
from cfmt.ragged import Ragged

SCHEMA = Schema(numeric=("rate", "bytes", "fixed"), categorical=("service", "flag"), log1p=("bytes",))


WORDS = (("dns", "ftp", "http", "ssh"), ("ok", "reset"))


def table_of(numeric: npt.NDArray[np.float64], categorical: npt.NDArray[np.int64], **changes: Any) -> Table:
    n = len(numeric)
    values: dict[str, Any] = {
        "schema": SCHEMA,
        "numeric": numeric,
        "categorical": categorical,
        "vocabularies": WORDS,
        "attack_type": np.zeros(n, np.int64),
        "attack_types": ("normal",),
        "family": np.zeros(n, np.int64),
        "families": ("normal",),
        "is_attack": np.zeros(n, np.uint8),
        "name": "toy",
    }
    return Table(**values | changes)


def toy(n_rows: int, seed: int = 0) -> Table:
    rng = np.random.default_rng(seed)
    numeric = np.stack(
        [rng.integers(-100, 101, n_rows) / 8, np.floor(rng.lognormal(4, 3, n_rows)), np.full(n_rows, 0.1)],
        axis=1,
    )
    return table_of(numeric, rng.integers(0, [4, 2], (n_rows, 2)))


def partition(n_rows: int, n_clients: int, seed: int) -> Ragged[np.int64]:
    """Any partition; with more clients than rows many of them have none or one."""
    rng = np.random.default_rng(seed)
    owner = np.sort(rng.integers(0, n_clients, n_rows))
    sizes = np.bincount(owner, minlength=n_clients).astype(np.int64)
    return Ragged.from_sizes(rng.permutation(n_rows).astype(np.int64), sizes)
