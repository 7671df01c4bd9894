"""What tests of rounds compare."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cfmt.federated import (
    Run,
    cfmt,
    class_weighted,
    fed_over,
    fed_under,
    fedavg,
    fedprox,
)
from cfmt.nn import NativeEngine

METHODS = [fedavg(), fedprox(), fed_over(), fed_under(), class_weighted(), cfmt()]


def states(run: Run) -> list[npt.NDArray[np.generic]]:
    """All arrays of the last state."""
    state = run.state
    arrays: list[npt.NDArray[np.generic]] = [state.model, state.clusters.models, state.clusters.centroids]
    if state.policy is not None:
        arrays += [state.policy.last_states, state.policy.last_mu, state.policy.last_rewards]
        arrays += [array for agent in state.policy.agents for array in agent.arrays.values()]
    return arrays


def assert_same_bits(a: Run, b: Run) -> None:
    for x, y in zip(states(a), states(b), strict=True):
        np.testing.assert_array_equal(x, y)


class OneByOne:
    """The native engine without its short cut."""

    def __init__(self, engine: NativeEngine) -> None:
        self.mlp, self.scores, self.train = engine.mlp, engine.scores, engine.train
        self.client_scores = engine.client_scores
