"""A draw depends on the seed, the round, the client's id and its rows, and on nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cfmt import sampling
from cfmt.ragged import Ragged
from support.errors_and_labels import SIZES, federation

Draw = Callable[[Any, Any, Any, Any], Any]


def _draws() -> dict[str, Draw]:
    s = sampling
    return {
        "weighted": lambda e, y, o, ids: s.weighted_sample(
            e.astype(np.float64) + 0.1, o, np.diff(o) // 2, seed=3, round=4, clients=ids
        ),
        "replaced": lambda e, y, o, ids: s.weighted_sample(
            e.astype(np.float64) + 0.1, o, np.diff(o), replace=True, seed=3, round=4, clients=ids
        ),
        "under": lambda e, y, o, ids: s.meta_sample(
            e, y, o, np.full(len(ids), 0.4), seed=3, round=4, clients=ids
        ),
        "matched": lambda e, y, o, ids: s.meta_sample(
            e, y, o, np.full(len(ids), 0.4), budget="matched", seed=3, round=4, clients=ids
        ),
        "oversample": lambda e, y, o, ids: s.oversample(y, o, seed=3, round=4, clients=ids),
        "undersample": lambda e, y, o, ids: s.undersample(y, o, seed=3, round=4, clients=ids),
    }


@pytest.mark.parametrize("name", _draws())
def test_grouping_changes_nothing(name: str) -> None:
    draw = _draws()[name]
    errors, labels, offsets = federation(7, SIZES)
    together = draw(errors, labels, offsets, np.arange(len(SIZES)))
    rows = Ragged(np.arange(offsets[-1]), offsets)
    for group in (np.array([0, 1, 2]), np.array([8, 3]), np.array([7]), np.array([6, 5, 4])):
        own = rows.take(group)
        apart = draw(errors[own.values], labels[own.values], own.offsets, group)
        for position, k in enumerate(group):
            np.testing.assert_array_equal(own.values[apart.of(position)], together.of(k))


def test_threads_change_nothing() -> None:
    script = (
        "import hashlib, numpy as np, kernels.test_sampling_determinism as t\n"
        "e, y, o = t.federation(7, [*t.SIZES, 200_000])\n"
        "ids, digest = np.arange(len(o) - 1), hashlib.sha256()\n"
        "for draw in t._draws().values():\n"
        "    digest.update(draw(e, y, o, ids).values.tobytes())\n"
        "digest.update(t.sampling.error_histograms(e, o).tobytes())\n"
        "digest.update(t.sampling.batch_plan(o, batch_size=32, epochs=2, seed=1).tobytes())\n"
        "print(digest.hexdigest())\n"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "RAYON_NUM_THREADS": threads, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for threads in ("1", "2", "3")
    }
    assert len(digests) == 1


def test_seed_round_and_client_change_the_draw() -> None:
    weights, offsets, sizes = np.ones(1000), np.array([0, 1000]), np.array([100])
    draws = [
        sampling.weighted_sample(weights, offsets, sizes, seed=seed, round=t, clients=np.array([client]))
        for seed, t, client in ((1, 0, 0), (2, 0, 0), (1, 1, 0), (1, 0, 1))
    ]
    assert len({drawn.values.tobytes() for drawn in draws}) == 4
