from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cfmt.mlp import MLP
from cfmt.nn import LocalTraining, NativeEngine, Summed
from cfmt.nn.torch_engine import TorchEngine
from cfmt.ragged import Ragged
from support.engines import add_up, as_they_come, train

SIZES = np.array([20, 0, 1, 70, 33, 12, 12, 64])
RNG = np.random.default_rng(5)
MODEL = MLP(11, hidden=20)
X = RNG.standard_normal((300, 11), np.float32)
Y = (RNG.random(300) < 0.3).astype(np.uint8)
MODELS = RNG.uniform(-0.4, 0.4, (2, MODEL.n_params)).astype(np.float32)
ROWS = Ragged.from_sizes(RNG.integers(0, 300, SIZES.sum()), SIZES)
COHORT: dict[str, Any] = {"seed": 3, "round": 1, "clients": np.arange(8) * 7}
WHICH = np.array([0, 1, 1, 0, 1, 0, 1, 0])


def gather(engine: NativeEngine | TorchEngine, local: LocalTraining) -> tuple[Any, Any]:
    deltas, losses = np.empty((8, MODEL.n_params), np.float32), np.empty(8)
    for group in train(engine, MODELS, WHICH, ROWS, local, **COHORT):
        deltas[group.positions], losses[group.positions] = group.deltas, group.losses
    return deltas, losses


@pytest.mark.parametrize(
    "local",
    [
        LocalTraining(prox_mu=0.1, positive_weight="balanced"),
        LocalTraining(epochs=2, steps=None, positive_weight=3.0),
        LocalTraining(epochs=1, steps=None, batch_size=100),
        LocalTraining(steps=1),
    ],
)
def test_equals_torch(local: LocalTraining) -> None:
    native, torch = NativeEngine(MODEL, X, Y), TorchEngine(MODEL, X, Y)
    for got, expected in zip(gather(native, local), gather(torch, local), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=2e-6)
    np.testing.assert_allclose(native.scores(MODELS), torch.scores(MODELS), rtol=1e-5)
    own = MODELS[WHICH]
    np.testing.assert_allclose(native.client_scores(own, ROWS), torch.client_scores(own, ROWS), rtol=1e-5)


@pytest.mark.parametrize("group_size", [1, 3, 64])
def test_sums_add_the_groups_in_their_order(group_size: int) -> None:
    engine, local = NativeEngine(MODEL, X, Y, group_size=group_size), LocalTraining(epochs=1, steps=None)
    weights, clusters = SIZES / 7, np.arange(8) % 3
    sums, losses, _ = add_up(
        engine, MODELS, WHICH, ROWS, local, weights=weights, clusters=clusters, n_clusters=3, **COHORT
    )
    expected = np.zeros_like(sums)
    for group in train(engine, MODELS, WHICH, ROWS, local, **COHORT):
        for position, delta in zip(group.positions, group.deltas, strict=True):
            expected[clusters[position]] += weights[position] * delta.astype(np.float64)
    np.testing.assert_array_equal(sums, expected)
    np.testing.assert_array_equal(losses, gather(engine, local)[1])


@pytest.mark.parametrize(
    "local",
    [LocalTraining(prox_mu=0.1), LocalTraining(steps=1), LocalTraining(epochs=1, steps=None, batch_size=20)],
)
def test_scored_rows_are_scored_by_the_trained_models(local: LocalTraining) -> None:
    engine, sizes = NativeEngine(MODEL, X, Y), np.array([3, 2, 0, 300, 1, 1, 0, 5])
    scored_rows = Ragged.from_sizes(np.random.default_rng(1).integers(0, 300, sizes.sum()), sizes)
    sums: dict[str, Any] = {"weights": SIZES / 7, "clusters": np.arange(8) % 3, "n_clusters": 3}
    summed = add_up(engine, MODELS, WHICH, ROWS, local, scored_rows=scored_rows, **sums, **COHORT)
    trained = MODELS[WHICH] + gather(engine, local)[0]
    np.testing.assert_array_equal(summed.scores, engine.client_scores(trained, scored_rows))
    plain = add_up(engine, MODELS, WHICH, ROWS, local, **sums, **COHORT)
    np.testing.assert_array_equal(summed.sums, plain.sums)
    np.testing.assert_array_equal(summed.losses, plain.losses)
    assert len(plain.scores) == 0


def test_groups_are_summed_as_the_engine_sums() -> None:
    sizes = np.array([3, 2, 0, 30, 1, 1, 0, 5])
    scored_rows = Ragged.from_sizes(np.random.default_rng(1).integers(0, 300, sizes.sum()), sizes)
    arguments = MODELS, WHICH, ROWS, LocalTraining(epochs=1, steps=None)
    sums: dict[str, Any] = {"weights": SIZES / 7, "clusters": np.arange(8) % 3, "n_clusters": 3}
    options = {**sums, **COHORT, "start": np.full((3, MODEL.n_params), 0.5), "scored_rows": scored_rows}
    native, torch = NativeEngine(MODEL, X, Y, group_size=3), TorchEngine(MODEL, X, Y)
    expected = add_up(native, *arguments, **options)
    by_native, by_torch = (as_they_come(engine, *arguments, **options) for engine in (native, torch))
    for name in Summed._fields:
        np.testing.assert_array_equal(getattr(by_native, name), getattr(expected, name))
        np.testing.assert_allclose(getattr(by_torch, name), getattr(expected, name), rtol=1e-4, atol=1e-5)


def test_groups_come_in_descending_number_of_steps() -> None:
    engine = NativeEngine(MODEL, X, Y, group_size=3)
    groups = train(engine, MODELS, WHICH, ROWS, LocalTraining(epochs=1, steps=None), **COHORT)
    assert np.concatenate([group.positions for group in groups]).tolist() == [3, 4, 7, 0, 2, 5, 6, 1]


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="group_size"):
        NativeEngine(MODEL, X, Y, group_size=0)
    with pytest.raises(ValueError, match="one output"):
        NativeEngine(MLP(11, n_outputs=2), X, Y)
    with pytest.raises(ValueError, match="X must be finite"):
        NativeEngine(MODEL, np.full_like(X, np.inf), Y)
    engine = NativeEngine(MODEL, X, Y)
    with pytest.raises(ValueError, match="models must have shape"):
        engine.scores(MODELS[:, 1:])
    with pytest.raises(ValueError, match="rows"):
        engine.client_scores(MODELS, Ragged.from_sizes(np.array([0, 300]), np.array([1, 1])))
    with pytest.raises(ValueError, match="models must have 8 elements"):
        engine.client_scores(MODELS, ROWS)
