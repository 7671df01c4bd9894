"""Partitions: each row once, least sizes, the right distributions, the same bits again."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import cfmt
from cfmt.partition import PartitionSpec, class_counts, partition_dirichlet, partition_iid, partition_quantity
from cfmt.ragged import Ragged
from reference import partition as reference

SEEDS = st.integers(0, 2**64 - 1)
ALPHAS = st.floats(-2, 3).map(lambda exponent: 10**exponent)


def labels_of(n_rows: int, n_classes: int, seed: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Labels with classes of very unequal sizes."""
    rng = np.random.default_rng(seed)
    return rng.choice(n_classes, n_rows, p=rng.dirichlet(np.full(n_classes, 0.5))).astype(np.int64)


def assert_covers(parts: Ragged[np.int64], n_rows: int) -> None:
    assert parts.values.dtype == parts.offsets.dtype == np.int64
    np.testing.assert_array_equal(np.sort(parts.values), np.arange(n_rows))


@settings(deadline=None)
@given(
    n_clients=st.integers(1, 10_000),
    min_size=st.integers(0, 3),
    spare=st.integers(0, 5000),
    n_classes=st.integers(1, 8),
    alpha=ALPHAS,
    size_alpha=st.none() | ALPHAS,
    seed=SEEDS,
)
def test_dirichlet_covers_each_row_once_and_honours_min_size(
    n_clients: int,
    min_size: int,
    spare: int,
    n_classes: int,
    alpha: float,
    size_alpha: float | None,
    seed: int,
) -> None:
    n_rows = n_clients * max(min_size, 1) + spare
    labels = labels_of(n_rows, n_classes, seed)
    parts = partition_dirichlet(labels, n_clients, alpha, size_alpha=size_alpha, min_size=min_size, seed=seed)
    assert parts.n_clients == n_clients
    assert_covers(parts, n_rows)
    assert parts.sizes.min() >= min_size
    first_of_client = np.zeros(n_rows + 1, bool)
    first_of_client[parts.offsets] = True
    assert np.all((np.diff(parts.values) > 0) | first_of_client[1:-1]), "rows of a client must increase"


@settings(deadline=None, max_examples=30)
@given(n_rows=st.integers(1, 5000), n_clients=st.integers(1, 500), size_alpha=st.none() | ALPHAS, seed=SEEDS)
def test_iid_covers_each_row_once(n_rows: int, n_clients: int, size_alpha: float | None, seed: int) -> None:
    n_clients = min(n_clients, n_rows)
    parts = partition_iid(n_rows, n_clients, size_alpha=size_alpha, seed=seed)
    assert_covers(parts, n_rows)
    assert parts.sizes.min() >= 1
    if size_alpha is None:
        assert np.ptp(parts.sizes) <= 1


@settings(deadline=None, max_examples=50)
@given(
    n_rows=st.integers(1, 200),
    n_clients=st.integers(1, 10_000),
    alpha=ALPHAS,
    low=st.integers(1, 5),
    width=st.integers(0, 5),
    seed=SEEDS,
)
def test_with_replacement_sizes_and_rows_are_in_range(
    n_rows: int, n_clients: int, alpha: float, low: int, width: int, seed: int
) -> None:
    labels = labels_of(n_rows, 3, seed)
    parts = partition_dirichlet(labels, n_clients, alpha, rows_per_client=(low, low + width), seed=seed)
    assert parts.n_clients == n_clients
    assert parts.sizes.min() >= low
    assert parts.sizes.max() <= low + width
    assert parts.values.min() >= 0
    assert parts.values.max() < n_rows


@settings(deadline=None, max_examples=30)
@given(n_clients=st.integers(1, 300), spare=st.integers(0, 2000), alpha=ALPHAS, seed=SEEDS)
def test_repair_takes_from_the_largest(n_clients: int, spare: int, alpha: float, seed: int) -> None:
    labels = labels_of(3 * n_clients + spare, 2, seed)
    before = partition_dirichlet(labels, n_clients, alpha, min_size=0, seed=seed)
    after = partition_dirichlet(labels, n_clients, alpha, min_size=3, seed=seed)
    np.testing.assert_array_equal(after.sizes, reference.repaired_sizes(before.sizes, 3))
    shrunk = np.flatnonzero(after.sizes < before.sizes).tolist()
    assert all(set(after.of(client)) <= set(before.of(client)) for client in shrunk)


@pytest.mark.parametrize("alpha", [0.1, 0.5, 1.0, 10.0])
def test_shares_are_distributed_as_numpy_draws_them(alpha: float) -> None:
    """Counts of client 1 of 4 over 2000 classes of 500 rows; Kolmogorov-Smirnov at level 0.001."""
    n_classes, n_rows, n_clients = 2000, 500, 4
    labels = np.repeat(np.arange(n_classes), n_rows)
    parts = partition_dirichlet(labels, n_clients, alpha, min_size=0, seed=3)
    ours = class_counts(parts, labels, n_classes)[1]
    rng = np.random.default_rng(3)
    theirs = [reference.dirichlet_counts(rng, n_rows, n_clients, alpha)[1] for _ in range(n_classes)]
    assert stats.ks_2samp(ours, theirs).pvalue > 0.001
    # the marginal of a Dirichlet is a beta; its mean within 5 standard errors
    beta = stats.beta(alpha, alpha * (n_clients - 1))
    assert abs(ours.mean() / n_rows - beta.mean()) < 5 * beta.std() / np.sqrt(n_classes)


def test_mix_with_replacement_is_distributed_as_numpy_draws_it() -> None:
    """Share of the rare class on 3000 clients of 50 rows; Kolmogorov-Smirnov at level 0.001."""
    class_sizes = np.array([100, 900])
    labels = np.repeat([0, 1], class_sizes)
    for alpha in (0.3, 5.0):
        parts = partition_dirichlet(labels, 3000, alpha, rows_per_client=(50, 50), seed=5)
        theirs = reference.resampled_counts(np.random.default_rng(5), class_sizes, alpha, parts.sizes)
        assert stats.ks_2samp(class_counts(parts, labels, 2)[:, 0], theirs[:, 0]).pvalue > 0.001


def test_mix_with_replacement_is_right_in_expectation() -> None:
    """Equal classes by symmetry at a small alpha, the table's mix at a large one; 5 standard errors."""
    equal = np.repeat([0, 1, 2], 30)
    parts = partition_dirichlet(equal, 20_000, 0.2, rows_per_client=(4, 8), seed=1)
    shares = class_counts(parts, equal, 3) / parts.sizes[:, np.newaxis]
    assert np.all(np.abs(shares.mean(axis=0) - 1 / 3) < 5 * shares.std(axis=0) / np.sqrt(20_000))
    unequal = np.repeat([0, 1], [10, 90])
    counts = np.bincount(
        unequal[partition_dirichlet(unequal, 20_000, 1e6, rows_per_client=(4, 8), seed=1).values]
    )
    assert abs(counts[0] / counts.sum() - 0.1) < 5 * np.sqrt(0.09 / counts.sum())
    rows = partition_iid(10, 20_000, rows_per_client=(4, 8), seed=1).values
    assert stats.chisquare(np.bincount(rows, minlength=10)).pvalue > 0.001


def test_alpha_moves_between_one_client_per_class_and_iid() -> None:
    labels = np.repeat(np.arange(20), 1000)
    skewed = class_counts(partition_dirichlet(labels, 10, 0.01, min_size=0, seed=2), labels, 20)
    assert np.median(skewed.max(axis=0)) > 990
    even = class_counts(partition_dirichlet(labels, 10, 1e6, seed=2), labels, 20)
    assert np.abs(even - 100).max() <= 2


def test_sizes_are_skewed_by_size_alpha() -> None:
    sizes = partition_quantity(100_000, 50, 0.3, seed=4).sizes
    assert cfmt.gini(sizes) > 0.4
    labels = np.repeat([0, 1], 50_000)
    parts = partition_dirichlet(labels, 50, 1e6, size_alpha=0.3, seed=4)
    # even classes: the sizes are those of the size weights alone, drawn from the same stream
    assert np.abs(parts.sizes - sizes).max() < 200


def test_a_seed_gives_one_partition_and_another_seed_another() -> None:
    labels = labels_of(5000, 5, 0)
    for rows_per_client in (None, (2, 6)):
        first, again, other = (
            partition_dirichlet(labels, 100, 0.5, rows_per_client=rows_per_client, seed=seed)
            for seed in (1, 1, 2)
        )
        np.testing.assert_array_equal(first.values, again.values)
        np.testing.assert_array_equal(first.offsets, again.offsets)
        assert not np.array_equal(first.offsets, other.offsets)


THREADS_SCRIPT = """
import hashlib, numpy as np, cfmt
labels = np.arange(60_000) % 7 % 3
is_attack = (labels > 0).astype(np.uint8)
digest = hashlib.sha256()
for options in ({"min_size": 2}, {"rows_per_client": (2, 5)}, {"size_alpha": 0.5}):
    parts = cfmt.partition_dirichlet(labels, 20_000, 0.3, seed=9, **options)
    parts = cfmt.impose_prevalence(parts, is_attack, (0.01, 0.5), seed=9)
    for side in cfmt.split_validation(parts, is_attack, 0.2, seed=9):
        digest.update(side.values.tobytes() + side.offsets.tobytes())
print(digest.hexdigest())
"""


def test_the_number_of_threads_does_not_count() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", THREADS_SCRIPT],
            env={**os.environ, "RAYON_NUM_THREADS": n_threads, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for n_threads in ("1", "2", "5")
    }
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_clients": 11}, "n_clients=11 .* need at least 11 rows, and there are 10; .*rows_per_client"),
        ({"n_clients": 3, "min_size": 4}, "min_size=4 need at least 12 rows, and there are 10"),
        ({"n_clients": 0}, r"n_clients must be in \[1, 2\^32\)"),
        ({"n_clients": -2}, "n_clients must be a count, not negative, got -2"),
        ({"min_size": -1}, "min_size must be a count, not negative, got -1"),
        ({"alpha": 0.0}, "alpha must be a number above 0.*got 0"),
        ({"alpha": -1.0}, "alpha must be a number above 0.*got -1"),
        ({"alpha": float("nan")}, "alpha must be a number above 0.*got NaN"),
        ({"alpha": float("inf")}, "alpha must be a number above 0.*got inf"),
        ({"size_alpha": 0.0}, "size_alpha must be a number above 0.*got 0"),
        ({"rows_per_client": (5, 3)}, r"rows_per_client must be \(low, high\).*got \(5, 3\)"),
        ({"rows_per_client": (3, 5), "min_size": 4}, r"min_size <= low <= high.*got \(3, 5\)"),
        ({"rows_per_client": (1, 2**31)}, r"high < 2\^31.*got \(1, 2147483648\)"),
        ({"rows_per_client": (-1, 5)}, r"rows_per_client\[0\] must be a count.*got -1"),
        ({"rows_per_client": (3, 5), "size_alpha": 1.0}, "size_alpha and rows_per_client both"),
        ({"labels": np.array([0, -1, 2])}, r"labels\[1\] must be in \[0, 65536\).*got -1"),
        ({"labels": np.array([0, 1 << 16])}, r"labels\[1\] must be in \[0, 65536\).*got 65536"),
        ({"labels": np.arange(20)[::2]}, r"labels must be .*np\.ascontiguousarray\(labels\)"),
        ({"labels": np.zeros((5, 2), np.int64)}, r"labels must have 1 dimension"),
        ({"labels": np.zeros(0, np.int64)}, "there are 0"),
        ({"labels": np.zeros(0, np.int64), "rows_per_client": (1, 2)}, "number of rows must be at least 1"),
    ],
)
def test_bad_values_are_refused_by_name(arguments: dict[str, object], message: str) -> None:
    arguments = {"labels": np.zeros(10, np.int64), "n_clients": 2, "alpha": 0.5, "seed": 0} | arguments
    with pytest.raises(ValueError, match=message):
        partition_dirichlet(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("labels", [np.zeros(4), np.zeros(4, np.int32), np.zeros(4, ">i8"), [0, 0, 1]])
def test_bad_types_are_refused_by_name(labels: object) -> None:
    with pytest.raises(TypeError, match=r"labels must .*int64"):
        partition_dirichlet(labels, 2, 0.5, seed=0)  # type: ignore[arg-type]


def test_read_only_labels_are_welcome() -> None:
    labels = np.zeros(10, np.int64)
    labels.flags.writeable = False
    assert_covers(partition_dirichlet(labels, 2, 0.5, seed=0), 10)


def test_iid_refuses_what_cannot_be() -> None:
    with pytest.raises(ValueError, match="n_rows must be a count, not negative, got -1"):
        partition_iid(-1, 2, seed=0)
    with pytest.raises(ValueError, match="n_rows must be below"):
        partition_iid(2**40, 2, seed=0)
    with pytest.raises(ValueError, match="rows_per_client"):
        partition_iid(5, 6, seed=0)
    with pytest.raises(ValueError, match="do not fit into memory; lower n_clients or rows_per_client"):
        partition_iid(5, 10_000_000, rows_per_client=(2**31 - 1, 2**31 - 1), seed=0)
    with pytest.raises(ValueError, match="size_alpha must be a number above 0"):
        partition_quantity(5, 2, -0.5, seed=0)


FAMILY = labels_of(2000, 5, 8)
IS_ATTACK = (FAMILY > 0).astype(np.uint8)


def test_spec_does_what_the_functions_do() -> None:
    spec = PartitionSpec(n_clients=20, alpha=0.3, min_size=2)
    expected = {
        spec: partition_dirichlet(FAMILY, 20, 0.3, min_size=2, seed=1),
        dataclasses.replace(spec, on="label"): partition_dirichlet(
            IS_ATTACK.astype(np.int64), 20, 0.3, min_size=2, seed=1
        ),
        dataclasses.replace(spec, scheme="iid", size_alpha=0.5): partition_iid(
            2000, 20, size_alpha=0.5, min_size=2, seed=1
        ),
        dataclasses.replace(spec, prevalence=(0.01, 0.1)): cfmt.impose_prevalence(
            partition_dirichlet(FAMILY, 20, 0.3, min_size=2, seed=1),
            IS_ATTACK,
            (0.01, 0.1),
            min_size=2,
            seed=1,
        ),
    }
    for spec, parts in expected.items():
        got = spec.split(FAMILY, IS_ATTACK, seed=1)
        np.testing.assert_array_equal(got.values, parts.values)
        np.testing.assert_array_equal(got.offsets, parts.offsets)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ({"scheme": "dirichelet"}, "scheme must be one of dirichlet, iid, column, got 'dirichelet'"),
        ({"on": "row"}, "on must be one of family, label, got 'row'"),
        ({"n_clients": 0}, r"n_clients must be in \[1, 2\^32\)"),
        ({"alpha": 0.0}, "alpha must be a number above 0"),
        ({"size_alpha": -1.0}, "size_alpha must be a number above 0"),
        ({"prevalence": 1.0}, "prevalence must be .*got 1"),
        ({"prevalence": (0.2, 0.1)}, r"prevalence must be .*got \(0.2, 0.1\)"),
        ({"min_size": -1}, "min_size must be a count"),
        ({"rows_per_client": (0, 4)}, "min_size <= low"),
    ],
)
def test_spec_refuses_bad_fields_when_made(field: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PartitionSpec(**{"n_clients": 5, **field})  # type: ignore[arg-type]


def test_spec_refuses_tables_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="family and is_attack must have one entry for each row"):
        PartitionSpec(n_clients=5).split(FAMILY, IS_ATTACK[:-1], seed=0)


@pytest.mark.parametrize("n_rows", [0, 1, 5])
def test_without_a_least_size_there_may_be_more_clients_than_rows(n_rows: int) -> None:
    parts = cfmt.partition_dirichlet(np.zeros(n_rows, np.int64), 10, 0.5, min_size=0, seed=1)
    assert parts.n_clients == 10
    assert sorted(parts.values.tolist()) == list(range(n_rows))
