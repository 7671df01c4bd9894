"""Settings and state of the soft actor-critic, as values; no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from cfmt.mlp import MLP

__all__ = ["SacConfig", "SacState"]


@dataclass(frozen=True)
class SacConfig:
    """Shape and training of the policy.

    Parameters
    ----------
    n_state : int, default=10
        Length of a meta-state: twice the number of bins.
    hidden : int, default=50
        Hidden units of the actor and of each critic.
    learning_rate : float, default=1e-3
        Step of every optimiser.
    discount : float, default=0.99
        Worth of the next state.
    polyak : float, default=0.01
        Share by which the target critics follow the critics at each update.
    batch_size : int, default=64
        Transitions of an update.
    warmup : int, default=500
        Transitions before the first update; until then, explored actions are uniform.
    temperature : float, optional
        Fixed weight of the entropy; tuned automatically if not given.
    initial_temperature : float, default=0.1
        Where automatic tuning starts.
    target_entropy : float, default=-1.0
        Entropy of the action that tuning aims for; 0 is that of the uniform action.

    Raises
    ------
    ValueError
        If a value is out of its range.

    Examples
    --------
    >>> from cfmt.policies import SacConfig
    >>> config = SacConfig(n_state=10, hidden=50)
    >>> config.actor.n_params, config.critic.n_params
    (652, 651)
    """

    n_state: int = 10
    hidden: int = 50
    learning_rate: float = 1e-3
    discount: float = 0.99
    polyak: float = 0.01
    batch_size: int = 64
    warmup: int = 500
    temperature: float | None = None
    initial_temperature: float = 0.1
    target_entropy: float = -1.0

    def __post_init__(self) -> None:
        for name in ("n_state", "hidden", "batch_size", "warmup"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("learning_rate", "initial_temperature"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be a positive number, got {getattr(self, name)}")
        for name in ("discount", "polyak"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in [0, 1], got {getattr(self, name)}")
        if self.temperature is not None and not 0 <= self.temperature < math.inf:
            raise ValueError(f"temperature must be a number of at least 0, got {self.temperature}")

    @property
    def actor(self) -> MLP:
        """Shape of the actor: meta-state to mean and log standard deviation."""
        return MLP(self.n_state, self.hidden, n_outputs=2)

    @property
    def critic(self) -> MLP:
        """Shape of a critic: meta-state and action to value."""
        return MLP(self.n_state + 1, self.hidden)


@dataclass(frozen=True)
class SacState:
    """A policy and everything that its learning needs to continue, as named arrays.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        ``actor`` (p_actor,), ``critics`` and ``targets`` (2, p_critic), ``log_temperature`` (1,), for each of
        ``actor``, ``critics`` and ``log_temperature`` its Adam moments ``<name>.first`` and ``<name>.second``
        of the same shape, all float64; and ``n_updates`` (), int64. Treat them as read-only.

    Examples
    --------
    >>> from cfmt.policies import SacState
    >>> SacState({"n_updates": np.array(40)}).n_updates
    40
    """

    arrays: Mapping[str, npt.NDArray[Any]]

    @property
    def n_updates(self) -> int:
        """Number of updates so far."""
        return int(self.arrays["n_updates"])
