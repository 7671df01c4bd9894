from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfmt import _core
from reference import native as reference
from support.native_federation import N_ROWS, ROUND, SEED, SIZES, Federation


@pytest.mark.parametrize("prox_mu", [0.0, 0.3])
@pytest.mark.parametrize("length", [{"epochs": 1}, {"epochs": 3}, {"steps": 1}, {"steps": 7}])
@pytest.mark.parametrize(("n_features", "hidden"), [(6, 9), (1, 1), (13, 32), (14, 75)])
def test_equals_the_oracle(n_features: int, hidden: int, length: dict[str, int], prox_mu: float) -> None:
    federation = Federation(SIZES, n_features, hidden)
    deltas, losses = federation.train(prox_mu=prox_mu, **length)
    expected_deltas, expected_losses = federation.expected(prox_mu=prox_mu, **length)
    assert deltas.dtype == np.float32
    np.testing.assert_allclose(deltas, expected_deltas, rtol=1e-4, atol=2e-6)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-5)


@given(
    sizes=st.lists(st.integers(0, 30), max_size=6),
    batch_size=st.integers(1, 20),
    length=st.sampled_from([{"epochs": 1}, {"epochs": 2}, {"steps": 1}, {"steps": 5}]),
    n_features=st.integers(1, 30),
    hidden=st.integers(1, 70),
)
@settings(max_examples=60, deadline=None)
def test_equals_the_oracle_for_any_shape(
    sizes: list[int], batch_size: int, length: dict[str, int], n_features: int, hidden: int
) -> None:
    federation = Federation(sizes, n_features, hidden)
    deltas, losses = federation.train(batch_size=batch_size, prox_mu=0.1, **length)
    expected_deltas, expected_losses = federation.expected(batch_size=batch_size, prox_mu=0.1, **length)
    np.testing.assert_allclose(deltas, expected_deltas, rtol=1e-3, atol=5e-6)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-5)


def test_oracle_gradient_is_the_slope_of_its_loss() -> None:
    federation = Federation([12])
    params, x, y = federation.models[0].astype(np.float64), federation.x.astype(np.float64), federation.y
    slope = reference.gradient(params, x, y, 2.5)
    for i in range(len(params)):
        step = 1e-6 * np.eye(len(params))[i]
        rise = reference.loss(params + step, x, y, 2.5) - reference.loss(params - step, x, y, 2.5)
        assert rise / 2e-6 == pytest.approx(slope[i], abs=1e-7)


def test_one_step_is_the_gradient_itself() -> None:
    federation = Federation([20])
    deltas, _ = federation.train(batch_size=20, epochs=1, prox_mu=5.0)
    x = federation.x[federation.rows].astype(np.float64)
    params = federation.models[federation.model_index[0]].astype(np.float64)
    y = federation.y[federation.rows]
    slope = reference.gradient(params, x, y, float(federation.positive_weight[0]))
    np.testing.assert_allclose(deltas[0], -0.1 * slope, rtol=1e-4, atol=1e-7)


def test_large_logits_have_a_finite_loss() -> None:
    federation = Federation([10, 30])
    federation.models *= 3e3
    deltas, losses = federation.train(epochs=1, learning_rate=1e-6)
    expected = federation.expected(epochs=1, learning_rate=1e-6)[1]
    assert np.isfinite(deltas).all()
    np.testing.assert_allclose(losses, expected, rtol=1e-4)


def test_a_client_without_rows_has_no_update_and_no_loss() -> None:
    deltas, losses = Federation([0, 4]).train(steps=3)
    assert not deltas[0].any()
    assert np.isnan(losses[0])
    assert np.isfinite(losses[1])


def test_no_clients() -> None:
    federation = Federation([])
    assert federation.train(epochs=1)[0].shape == (0, federation.n_params)
    sums, losses = federation.train_and_sum(epochs=1)
    assert sums.shape == (3, federation.n_params)
    assert not sums.any()
    assert losses.shape == (0,)


@pytest.mark.parametrize("batch_size", [3, 8, 64])
@pytest.mark.parametrize("length", [{"epochs": 1}, {"epochs": 2}, {"steps": 1}, {"steps": 4}])
def test_sums_are_those_of_the_updates_bit_for_bit(length: dict[str, int], batch_size: int) -> None:
    federation = Federation(SIZES * 3)
    deltas, losses = federation.train(batch_size=batch_size, prox_mu=0.1, **length)
    sums, same_losses = federation.train_and_sum(batch_size=batch_size, prox_mu=0.1, **length)
    expected = np.zeros_like(sums)
    for k, delta in enumerate(deltas):
        expected[federation.clusters[k]] += federation.weights[k] * delta.astype(np.float64)
    np.testing.assert_array_equal(sums, expected)
    np.testing.assert_array_equal(losses, same_losses)


def test_sums_go_on_from_a_start() -> None:
    federation = Federation(SIZES)
    once, _ = federation.train_and_sum(epochs=1)
    start = np.ones_like(once)
    again, _ = federation.train_and_sum(epochs=1, start=start)
    np.testing.assert_allclose(again, once + 1, rtol=1e-12)
    assert (start == 1).all()


SCRIPT = """
import hashlib
from support.native_federation import SIZES, Federation
federation = Federation(SIZES * 20, 14, 40)
results = (*federation.train(epochs=2), *federation.train_and_sum(epochs=1))
print(hashlib.sha256(b"".join(result.tobytes() for result in results)).hexdigest())
"""


def test_the_number_of_threads_does_not_matter() -> None:
    def digest(threads: int) -> str:
        path = os.pathsep.join(sys.path)
        environment = os.environ | {"RAYON_NUM_THREADS": str(threads), "PYTHONPATH": path}
        command = [sys.executable, "-c", SCRIPT]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    assert digest(1) == digest(2) == digest(3)


def test_batches_are_keyed_by_client_and_round() -> None:
    federation = Federation([30])
    base, _ = federation.train(epochs=1)
    np.testing.assert_array_equal(base, federation.train(epochs=1)[0])
    assert (base != federation.train(epochs=1, round=ROUND + 1)[0]).any()
    assert (base != federation.train(epochs=1, seed=SEED + 1)[0]).any()
    federation.clients = federation.clients + 1
    assert (base != federation.train(epochs=1)[0]).any()


def test_model_scores_equal_the_oracle() -> None:
    federation = Federation([], 13, 40, n_models=3)
    scores = _core.model_scores(federation.x, federation.models, hidden=40)
    x = federation.x.astype(np.float64)
    expected = [reference.probabilities(model.astype(np.float64), x) for model in federation.models]
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, np.array(expected), rtol=1e-4)
    assert _core.model_scores(federation.x[:0], federation.models, hidden=40).shape == (3, 0)
    assert _core.model_scores(federation.x, federation.models[:0], hidden=40).shape == (0, N_ROWS)


def test_client_scores_are_those_of_each_clients_model() -> None:
    federation = Federation(SIZES, 13, 40, n_models=len(SIZES))
    rows, offsets = federation.rows, federation.offsets
    scores = _core.client_scores(federation.x, rows, offsets, federation.models, hidden=40)
    every = _core.model_scores(federation.x, federation.models, hidden=40)
    clients = np.repeat(np.arange(len(SIZES)), SIZES)
    np.testing.assert_array_equal(scores, every[clients, rows])
