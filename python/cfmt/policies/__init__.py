"""What steers the meta-sampler: a policy chooses each client's mu from its meta-state.

Apart from ``federated/``, because a policy knows neither rows nor models: it sees histograms and gains alone.
Importing this package imports no torch; the learned policy does when it is used.
"""

from cfmt.policies.actor_critic import LearnedMu, PolicyState
from cfmt.policies.fixed import FixedMu, HandRule, RandomMu
from cfmt.policies.policy import Observation, Policy, Stateless
from cfmt.policies.replay import Replay
from cfmt.policies.sac_values import SacConfig, SacState

__all__ = [
    "FixedMu",
    "HandRule",
    "LearnedMu",
    "Observation",
    "Policy",
    "PolicyState",
    "RandomMu",
    "Replay",
    "SacConfig",
    "SacState",
    "Stateless",
]
