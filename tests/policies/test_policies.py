"""The controls of the meta-sampler choose the mu that they say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from cfmt.policies import FixedMu, HandRule, Observation, RandomMu


def seen(clients: list[int], meta_states: npt.NDArray[np.float64]) -> Observation:
    return Observation(meta_states, np.zeros(len(clients), np.int64), np.array(clients), seed=0, round=1)


def states(*errors: tuple[float, float], bins: int = 5) -> npt.NDArray[np.float64]:
    """Meta-states with all training and validation errors in the bins of the given values."""
    result = np.zeros((len(errors), 2 * bins))
    for i, (train, validation) in enumerate(errors):
        result[i, min(int(train * bins), bins - 1)] = 1
        result[i, bins + min(int(validation * bins), bins - 1)] = 1
    return result


def test_fixed() -> None:
    mu, _ = FixedMu(0.25).choose(None, seen([0, 3], states((0, 0), (1, 1))))
    np.testing.assert_array_equal(mu, 0.25)


def test_random_belongs_to_the_client_and_not_to_the_cohort() -> None:
    three, _ = RandomMu().choose(None, seen([1, 4, 7], states(*[(0, 0)] * 3)))
    one, _ = RandomMu().choose(None, seen([4], states((0, 0))))
    assert len(np.unique(three)) == 3
    assert three.min() >= 0
    assert three.max() <= 1
    assert one[0] == three[1]


@pytest.mark.parametrize(
    ("errors", "expected"),
    [((0.1, 0.1), 0.5), ((0.9, 0.9), 0.9), ((0.1, 0.9), 0.1), ((0.5, 0.9), 0.1), ((0.5, 0.1), 0.9)],
)
def test_hand_rule(errors: tuple[float, float], expected: float) -> None:
    mu, _ = HandRule().choose(None, seen([0], states(errors)))
    assert mu[0] == expected
