"""The batches of local training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfmt.sampling import batch_plan

client_sizes = st.lists(st.integers(0, 20), min_size=0, max_size=6)


def offsets_of(sizes: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


@given(client_sizes, st.integers(1, 9), st.integers(1, 4), st.integers(0, 99))
def test_every_epoch_is_a_permutation(sizes: list[int], batch_size: int, epochs: int, seed: int) -> None:
    offsets = offsets_of(sizes)
    plan = batch_plan(offsets, batch_size=batch_size, epochs=epochs, seed=seed)
    per_epoch = [-(-n // batch_size) for n in sizes]
    assert plan.shape == (len(sizes), max(per_epoch, default=0) * epochs, batch_size)
    for k, (n, batches) in enumerate(zip(sizes, per_epoch, strict=True)):
        for epoch in range(epochs):
            block = plan[k, epoch * batches : (epoch + 1) * batches].ravel()
            assert sorted(block[:n]) == list(range(offsets[k], offsets[k + 1]))
            assert (block[n:] == -1).all()
        assert (plan[k, batches * epochs :] == -1).all()


@given(client_sizes, st.integers(1, 9), st.integers(1, 12))
def test_steps_are_exact_and_begin_like_epochs(sizes: list[int], batch_size: int, steps: int) -> None:
    offsets = offsets_of(sizes)
    plan = batch_plan(offsets, batch_size=batch_size, steps=steps, seed=3)
    by_epochs = batch_plan(offsets, batch_size=batch_size, epochs=steps, seed=3)
    assert plan.shape[1] == (steps if any(sizes) else 0)
    for k, n in enumerate(sizes):
        trained = (plan[k] >= 0).any(axis=1)
        assert trained.sum() == (steps if n else 0)
        np.testing.assert_array_equal(plan[k][trained], by_epochs[k, : trained.sum()])


def test_epochs_rounds_and_clients_are_shuffled_apart() -> None:
    offsets = np.array([0, 50])
    epochs = batch_plan(offsets, batch_size=50, epochs=2, seed=1)[0]
    others = [
        batch_plan(offsets, batch_size=50, epochs=1, seed=seed, round=t, clients=np.array([client]))[0, 0]
        for seed, t, client in ((1, 0, 0), (2, 0, 0), (1, 1, 0), (1, 0, 1))
    ]
    np.testing.assert_array_equal(epochs[0], others[0])
    assert len({row.tobytes() for row in [epochs[1], *others]}) == 5


def test_grouping_changes_nothing() -> None:
    sizes = [7, 0, 30, 12]
    plan = batch_plan(offsets_of(sizes), batch_size=4, steps=10, seed=5, round=2)
    apart = batch_plan(
        offsets_of(sizes[2:]), batch_size=4, steps=10, seed=5, round=2, clients=np.array([2, 3])
    )
    np.testing.assert_array_equal(np.where(apart < 0, -1, apart + 7), plan[2:])


def test_places_of_a_shuffle_are_uniform() -> None:
    plan = batch_plan(np.array([0, 5]), batch_size=5, epochs=20_000, seed=4)[0]
    counts = np.stack([np.bincount(plan[:, place], minlength=5) for place in range(5)])
    # Binomial(20000, 1/5) has standard deviation 57; six of them.
    assert np.abs(counts - 4000).max() < 340


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0, "epochs": 1}, "batch_size must be at least 1, got 0"),
        ({"batch_size": 4, "epochs": 0}, "epochs must be at least 1, got 0"),
        ({"batch_size": 4, "steps": -2}, "steps must be at least 1, got -2"),
        ({"batch_size": 4}, "epochs or steps must be given, got neither"),
        ({"batch_size": 4, "epochs": 1, "steps": 1}, "epochs and steps exclude each other"),
        ({"batch_size": 4, "steps": 2**62}, "batch plan must fit in memory"),
        ({"batch_size": 4, "steps": 1, "clients": np.array([1, 2])}, "clients must have 1 elements"),
        ({"batch_size": 4, "steps": 1, "clients": np.array([-1])}, r"clients\[0\] must be a client's id"),
    ],
)
def test_bad_input_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        batch_plan(np.array([0, 9]), seed=1, **arguments)
