"""Each kernel against the Python that one would write or install in its place.

Every test is one side of a comparison: it checks its own result, then is timed in turns with the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pytest_benchmark.fixture import BenchmarkFixture
from sklearn.cluster import KMeans

import cfmt
import idioms
import inputs
from cfmt.ragged import Ragged
from cfmt.sampling import error_histograms, gaussian_weights, weighted_sample
from inputs import SEED
from measuring import limit_threads, time_in_turns

pytestmark = pytest.mark.benchmark

Sides = dict[str, Callable[[], Any]]
Indices = npt.NDArray[np.int64]

OURS = "cfmt"
MU, SIGMA = 0.3, 0.2


@pytest.fixture(scope="module", autouse=True)
def _threads() -> None:
    limit_threads()


def rng() -> np.random.Generator:
    return np.random.default_rng(SEED)


@pytest.mark.benchmark(group="weighted mean: 10,000 updates of 15,745 parameters")
@pytest.mark.parametrize("side", [OURS, "BLAS gemv, float32 sums", "list-of-layers idiom"])
def test_weighted_mean(benchmark: BenchmarkFixture, side: str) -> None:
    updates, weights = inputs.updates()
    shares = (weights / weights.sum()).astype(np.float32)
    layers = idioms.split_layers(updates, [(128, inputs.N_FEATURES), (128,), (1, 128), (1,)])
    sides: Sides = {
        OURS: lambda: cfmt.weighted_mean(updates, weights),
        "BLAS gemv, float32 sums": lambda: shares @ updates,
        "list-of-layers idiom": lambda: idioms.mean_of_layers(layers, weights.astype(int).tolist()),
    }
    mean = np.concatenate([np.ravel(part) for part in sides[side]()])
    np.testing.assert_allclose(mean[::50], weights @ updates[:, ::50] / weights.sum(), atol=1e-6)
    time_in_turns(benchmark, sides, side, rounds=7)


@pytest.mark.benchmark(group="Dirichlet(0.5): 125,973 rows to 100,000 clients")
@pytest.mark.parametrize("side", [OURS, "numpy, without repair"])
def test_partition(benchmark: BenchmarkFixture, side: str) -> None:
    labels, n_clients = inputs.families(), 100_000
    sides: Sides = {
        OURS: lambda: cfmt.partition_dirichlet(labels, n_clients, 0.5, min_size=1, seed=SEED),
        "numpy, without repair": lambda: idioms.split_by_dirichlet(labels, n_clients, 0.5, rng()),
    }
    parts = Ragged(*sides[side]())
    np.testing.assert_array_equal(np.sort(parts.values), np.arange(len(labels)))
    assert parts.n_clients == n_clients
    assert side != OURS or parts.sizes.min() == 1
    time_in_turns(benchmark, sides, side, rounds=15)


@pytest.mark.benchmark(group="Dirichlet(0.5), with replacement: 5-15 rows to 1,000,000 clients")
@pytest.mark.parametrize("side", [OURS, "numpy"])
def test_partition_with_replacement(benchmark: BenchmarkFixture, side: str) -> None:
    labels, n_clients, sizes = inputs.families(), 1_000_000, (5, 15)
    sides: Sides = {
        OURS: lambda: cfmt.partition_dirichlet(labels, n_clients, 0.5, rows_per_client=sizes, seed=SEED),
        "numpy": lambda: idioms.draw_by_dirichlet(labels, n_clients, 0.5, sizes, rng()),
    }
    parts = Ragged(*sides[side]())
    assert (parts.sizes.min(), parts.sizes.max()) == sizes
    assert (np.diff(parts.values)[np.diff(parts.clients) == 0] >= 0).all()
    time_in_turns(benchmark, sides, side, rounds=3)


@pytest.mark.benchmark(group="k-means: 1,000,000 x 2, k = 8, 10 restarts")
@pytest.mark.parametrize("side", [OURS, "scikit-learn, Lloyd"])
def test_kmeans(benchmark: BenchmarkFixture, side: str) -> None:
    points, k = inputs.points(), 8
    peer = KMeans(k, n_init=10, algorithm="lloyd", random_state=SEED)
    sides: Sides = {
        OURS: lambda: cfmt.kmeans(points, k, n_init=10, seed=SEED).inertia,
        "scikit-learn, Lloyd": lambda: peer.fit(points).inertia_,
    }
    assert sides[side]() == pytest.approx(sides[OURS](), rel=0.01)
    time_in_turns(benchmark, sides, side, rounds=3)


@pytest.mark.benchmark(group="Gaussian draw of 10 %: one client of 10,000,000 rows")
@pytest.mark.parametrize("side", [OURS, "numpy keys and argpartition", "Generator.choice"])
def test_draw(benchmark: BenchmarkFixture, side: str) -> None:
    errors = inputs.errors()
    size = len(errors) // 10
    sides: Sides = {
        OURS: lambda: draw(errors, n_clients=1),
        "numpy keys and argpartition": lambda: idioms.draw_by_keys(errors, MU, SIGMA, size, rng()),
        "Generator.choice": lambda: idioms.draw_by_choice(errors, MU, SIGMA, size, rng()),
    }
    check_draw(errors, sides[side]())
    time_in_turns(benchmark, sides, side, rounds=5)


@pytest.mark.benchmark(group="Gaussian draw of 10 %: 10,000 clients of 1,000 rows")
@pytest.mark.parametrize("side", [OURS, "numpy loop over clients"])
def test_ragged_draw(benchmark: BenchmarkFixture, side: str) -> None:
    errors, n_clients = inputs.errors(), 10_000
    rows = len(errors) // n_clients

    def loop() -> Indices:
        generator, pieces = rng(), errors.reshape(n_clients, rows)
        drawn = [idioms.draw_by_keys(piece, MU, SIGMA, rows // 10, generator) for piece in pieces]
        return (np.stack(drawn) + rows * np.arange(n_clients)[:, None]).ravel()

    sides: Sides = {OURS: lambda: draw(errors, n_clients), "numpy loop over clients": loop}
    check_draw(errors, sides[side]())
    time_in_turns(benchmark, sides, side, rounds=5)


@pytest.mark.benchmark(group="error histograms: 10,000,000 rows, 10 bins")
@pytest.mark.parametrize("side", [OURS, "np.histogram"])
def test_error_histograms(benchmark: BenchmarkFixture, side: str) -> None:
    errors, bins = inputs.errors(), 10
    offsets = np.array([0, len(errors)])
    sides: Sides = {
        OURS: lambda: error_histograms(errors, offsets, bins=bins)[0],
        "np.histogram": lambda: np.histogram(errors, bins, (0, 1))[0] / len(errors),
    }
    expected = np.bincount((errors.astype(np.float64) * bins).astype(int).clip(max=bins - 1)) / len(errors)
    np.testing.assert_allclose(sides[side](), expected, atol=1e-5)  # np.histogram rounds its edges to float32
    time_in_turns(benchmark, sides, side, rounds=15)


def draw(errors: inputs.Floats, n_clients: int) -> Indices:
    """A tenth of each client's rows, in two calls, as the weights' other uses have it."""
    offsets = np.linspace(0, len(errors), n_clients + 1).astype(np.int64)
    weights = gaussian_weights(errors, offsets, np.full(n_clients, MU), sigma=SIGMA)
    return weighted_sample(weights, offsets, np.diff(offsets) // 10, seed=SEED).values


def check_draw(errors: inputs.Floats, rows: npt.NDArray[np.integer[Any]]) -> None:
    assert len(np.unique(rows)) == len(rows) == len(errors) // 10
    # The share of rows with errors near the centre rises, to what a second seed of another way gives.
    other = idioms.draw_by_keys(errors, MU, SIGMA, len(rows), np.random.default_rng(SEED + 1))
    near = [np.mean(np.abs(errors[drawn] - MU) < SIGMA) for drawn in (rows, other)]
    assert near[0] == pytest.approx(near[1], abs=0.005)
