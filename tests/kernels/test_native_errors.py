from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from support.native_federation import N_ROWS, SIZES, Federation

BAD_VALUES: dict[str, list[float]] = {
    "learning_rate": [float("nan"), 0.0, -1.0, float("inf")],
    "prox_mu": [float("nan"), -0.1],
    "batch_size": [0, -3],
    "epochs": [0, -1],
    "hidden": [0, -1, 8],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD_VALUES.items() for value in values]
)
def test_bad_settings_are_named(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        Federation(SIZES).train(**({"epochs": 1} | {name: value}))


def test_epochs_and_steps_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="epochs and steps"):
        Federation(SIZES).train(epochs=1, steps=2)
    with pytest.raises(ValueError, match="epochs or steps"):
        Federation(SIZES).train()


@pytest.mark.parametrize(
    ("name", "index", "value"),
    [
        ("rows", 2, N_ROWS),
        ("rows", 0, -1),
        ("model_index", 1, 2),
        ("model_index", 1, -1),
        ("clients", 0, -1),
        ("offsets", 1, 1000),
        ("y", 3, 2),
        ("positive_weight", 2, np.nan),
        ("positive_weight", 2, 0.0),
        ("weights", 1, -1.0),
        ("weights", 1, np.inf),
        ("clusters", 4, 3),
        ("models", (1, 4), np.nan),
    ],
)
def test_bad_elements_are_named(name: str, index: Any, value: float) -> None:
    federation = Federation(SIZES)
    getattr(federation, name)[index] = value
    with pytest.raises(ValueError, match=name):
        federation.train_and_sum(epochs=1)


@pytest.mark.parametrize("name", ["y", "model_index", "clients", "positive_weight", "weights", "clusters"])
def test_lengths_must_fit(name: str) -> None:
    federation = Federation(SIZES)
    setattr(federation, name, getattr(federation, name)[:-1].copy())
    with pytest.raises(ValueError, match=rf"{name} must have"):
        federation.train_and_sum(epochs=1)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("x", np.float64), ("y", np.int64), ("rows", np.int32), ("models", np.float64), ("weights", np.float32)],
)
def test_types_must_fit(name: str, dtype: type[np.generic]) -> None:
    federation = Federation(SIZES)
    setattr(federation, name, getattr(federation, name).astype(dtype))
    with pytest.raises(TypeError, match=rf"{name} must have dtype"):
        federation.train_and_sum(epochs=1)


def test_layout_must_be_c_order() -> None:
    federation = Federation(SIZES)
    federation.x = np.asfortranarray(federation.x)
    with pytest.raises(ValueError, match="x must be aligned and in C order"):
        federation.train(epochs=1)


def test_start_must_fit() -> None:
    with pytest.raises(ValueError, match="start must have"):
        Federation(SIZES).train_and_sum(epochs=1, start=np.zeros((2, 3)))


def test_read_only_arrays_are_welcome() -> None:
    federation = Federation(SIZES)
    for name in ("x", "y", "rows", "offsets", "models", "model_index", "clients", "positive_weight"):
        getattr(federation, name).flags.writeable = False
    assert np.isfinite(federation.train(epochs=1)[0]).all()


def test_a_diverging_client_is_named() -> None:
    federation = Federation([6, 6, 6])
    federation.x[federation.rows[7]] = np.inf
    named = "|".join(str(client) for client in federation.clients)
    with pytest.raises(FloatingPointError, match=rf"update of client ({named}) is not finite: its training"):
        federation.train_and_sum(epochs=1)
