"""Numbers that no kernel can take: each is refused by name, and none ends the process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import cfmt
from cfmt import sampling
from cfmt.metrics import histograms
from cfmt.ragged import Ragged
from cfmt.streams import derive_seed
from support.native_federation import SIZES, Federation

OFFSETS = np.array([0, 2, 4])
LABELS = np.array([0, 1, 0, 1], np.uint8)
CLASSES = LABELS.astype(np.int64)
ERRORS = np.array([0.1, 0.9, 0.4, 0.2], np.float32)
POINTS = np.array([[0.0], [0.1], [5.0], [5.1]])
PARTS = Ragged(np.arange(4), OFFSETS)

SEEDED: dict[str, Callable[..., Any]] = {
    "partition_iid": lambda **key: cfmt.partition_iid(4, 2, **key),
    "partition_dirichlet": lambda **key: cfmt.partition_dirichlet(CLASSES, 2, 0.5, **key),
    "PartitionSpec": lambda **key: cfmt.PartitionSpec(n_clients=2).split(CLASSES, LABELS, **key),
    "impose_prevalence": lambda **key: cfmt.impose_prevalence(PARTS, LABELS, 0.5, **key),
    "split_validation": lambda **key: cfmt.split_validation(PARTS, LABELS, 0.5, **key),
    "derive_seed": lambda **key: derive_seed(purpose="cohort", **key),
}
IN_ROUNDS: dict[str, Callable[..., Any]] = {
    "derive_seed": lambda **key: derive_seed(purpose="cohort", **key),
    "kmeans": lambda **key: cfmt.kmeans(POINTS, 2, **key),
    "choose_k": lambda **key: cfmt.choose_k(POINTS, k_max=3, **key),
    "silhouette": lambda **key: cfmt.silhouette(POINTS, CLASSES, **key),
    "weighted_sample": lambda **key: sampling.weighted_sample(np.ones(4), OFFSETS, np.array([1, 1]), **key),
    "meta_sample": lambda **key: sampling.meta_sample(ERRORS, LABELS, OFFSETS, np.array([0.5, 0.5]), **key),
    "oversample": lambda **key: sampling.oversample(LABELS, OFFSETS, **key),
    "undersample": lambda **key: sampling.undersample(LABELS, OFFSETS, **key),
    "batch_plan": lambda **key: sampling.batch_plan(OFFSETS, batch_size=2, epochs=1, **key),
    "train_clients": lambda **key: Federation(SIZES).train(epochs=1, **key),
    "train_and_sum": lambda **key: Federation(SIZES).train_and_sum(epochs=1, **key),
}
OUT_OF_RANGE = [-1, 2**64, 2**200, -(2**70), 10**5000]


@pytest.mark.parametrize("value", OUT_OF_RANGE, ids=lambda value: f"{value.bit_length()} bits")
@pytest.mark.parametrize("name", sorted(SEEDED | IN_ROUNDS))
def test_seeds_outside_64_bits_are_refused_by_name(name: str, value: int) -> None:
    shown = str(value) if value.bit_length() < 1000 else "thousands of digits"
    with pytest.raises(ValueError, match=rf"^seed must be a whole number in \[0, 2\^64\), got {shown}$"):
        (SEEDED | IN_ROUNDS)[name](seed=value)


@pytest.mark.parametrize("name", IN_ROUNDS)
def test_rounds_outside_64_bits_are_refused_by_name(name: str) -> None:
    with pytest.raises(ValueError, match=r"^round must be a whole number in \[0, 2\^64\), got -1$"):
        IN_ROUNDS[name](seed=0, round=-1)


@pytest.mark.parametrize("seed", [0, 2**63, 2**64 - 1])
def test_every_seed_of_64_bits_is_taken(seed: int) -> None:
    assert cfmt.partition_iid(4, 2, seed=seed).n_clients == 2
    assert 0 <= derive_seed(seed, "cohort") < 2**63


COUNTS: list[tuple[str, Callable[[int], Any]]] = [
    ("n_clients", lambda n: cfmt.partition_iid(4, n, seed=0)),
    ("n_rows", lambda n: cfmt.partition_iid(n, 2, seed=0)),
    ("min_size", lambda n: cfmt.partition_iid(4, 2, min_size=n, seed=0)),
    (r"rows_per_client\[1\]", lambda n: cfmt.partition_iid(4, 2, rows_per_client=(1, n), seed=0)),
    ("min_size", lambda n: cfmt.impose_prevalence(PARTS, LABELS, 0.5, min_size=n, seed=0)),
    ("n_classes", lambda n: cfmt.class_counts(PARTS, CLASSES, n)),
    ("n_clusters", lambda n: cfmt.WeightedSum(n, 1)),
    ("n_params", lambda n: cfmt.WeightedSum(1, n)),
    ("k", lambda n: cfmt.kmeans(POINTS, n, seed=0)),
    ("n_init", lambda n: cfmt.kmeans(POINTS, 2, n_init=n, seed=0)),
    ("max_iter", lambda n: cfmt.kmeans(POINTS, 2, max_iter=n, seed=0)),
    ("k_max", lambda n: cfmt.choose_k(POINTS, k_max=n, seed=0)),
    ("max_points", lambda n: cfmt.silhouette(POINTS, CLASSES, max_points=n, seed=0)),
    ("bins", lambda n: sampling.error_histograms(ERRORS, OFFSETS, bins=n)),
    ("bins", lambda n: histograms.score_histogram(ERRORS, LABELS, bins=n)),
    ("batch_size", lambda n: sampling.batch_plan(OFFSETS, batch_size=n, epochs=1, seed=0)),
    ("epochs", lambda n: sampling.batch_plan(OFFSETS, batch_size=2, epochs=n, seed=0)),
    ("steps", lambda n: sampling.batch_plan(OFFSETS, batch_size=2, steps=n, seed=0)),
    ("hidden", lambda n: Federation(SIZES).train(epochs=1, hidden=n)),
    ("epochs", lambda n: Federation(SIZES).train(epochs=n)),
    ("threads", cfmt._core.set_threads),
]


@pytest.mark.parametrize("value", [2**63, 2**64, -(2**63) - 1, 2**200])
@pytest.mark.parametrize(("name", "function"), COUNTS)
def test_counts_outside_64_bits_are_refused_by_name(
    name: str, function: Callable[[int], Any], value: int
) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be .*, got {value}$"):
        function(value)


TOO_MANY: list[tuple[str, Callable[[], Any]]] = [
    ("n_clusters=1000000000 sums of 1000000000 parameters", lambda: cfmt.WeightedSum(10**9, 10**9)),
    ("n_clusters=10000000000 sums of 10000000000", lambda: cfmt.WeightedSum(10**10, 10**10)),
    (
        "n_clusters=1152921504606846976 sums",
        lambda: Federation(SIZES).train_and_sum(epochs=1, n_clusters=2**60),
    ),
]


@pytest.mark.parametrize(("message", "function"), TOO_MANY)
def test_more_than_memory_is_an_error_and_does_not_end_the_process(
    message: str, function: Callable[[], Any]
) -> None:
    with pytest.raises(ValueError, match=f"{message}.* do not fit into memory; "):
        function()


def test_bins_are_bounded_since_each_thread_has_its_own() -> None:
    with pytest.raises(ValueError, match="bins must be between 1 and 16777216, got 1152921504606846976"):
        histograms.score_histogram(ERRORS, LABELS, bins=2**60)
