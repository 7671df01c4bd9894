"""The controls of the meta-sampler choose the mu that they say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from cfmt.federated import FixedMu, HandRule, MetaSampler, Method, RandomMu, initial_state
from cfmt.federated.cohort import Cohort, receive
from cfmt.federated.policies import choose_mu
from cfmt.mlp import MLP
from support.federations import QUICK, small_federation


def cohort_of(clients: list[int]) -> Cohort:
    federation = small_federation()
    method = Method("m", sampler=MetaSampler(policy=RandomMu()))
    state = initial_state(method, MLP(federation.n_features, QUICK.hidden), federation.n_clients, seed=0)
    return receive(federation, method, state, np.array(clients), seed=0)


def states(*errors: tuple[float, float], bins: int = 5) -> npt.NDArray[np.float64]:
    """Meta-states with all training and validation errors in the bins of the given values."""
    result = np.zeros((len(errors), 2 * bins))
    for i, (train, validation) in enumerate(errors):
        result[i, min(int(train * bins), bins - 1)] = 1
        result[i, bins + min(int(validation * bins), bins - 1)] = 1
    return result


def test_fixed() -> None:
    mu = choose_mu(FixedMu(0.25), None, cohort_of([0, 3]), states((0, 0), (1, 1)), np.zeros(2, np.int64))
    np.testing.assert_array_equal(mu, 0.25)


def test_random_belongs_to_the_client_and_not_to_the_cohort() -> None:
    labels = np.zeros(3, np.int64)
    three = choose_mu(RandomMu(), None, cohort_of([1, 4, 7]), states(*[(0, 0)] * 3), labels)
    one = choose_mu(RandomMu(), None, cohort_of([4]), states((0, 0)), labels[:1])
    assert len(np.unique(three)) == 3
    assert three.min() >= 0
    assert three.max() <= 1
    assert one[0] == three[1]


@pytest.mark.parametrize(
    ("errors", "expected"),
    [((0.1, 0.1), 0.5), ((0.9, 0.9), 0.9), ((0.1, 0.9), 0.1), ((0.5, 0.9), 0.1), ((0.5, 0.1), 0.9)],
)
def test_hand_rule(errors: tuple[float, float], expected: float) -> None:
    mu = choose_mu(HandRule(), None, cohort_of([0]), states(errors), np.zeros(1, np.int64))
    assert mu[0] == expected
