"""The policy of the meta-sampler: its shape, its state, and acting by it.

An action is the sigmoid of a Gaussian draw, in [0, 1]; an evaluated policy takes the sigmoid of the mean.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from cfmt.mlp import MLP
from cfmt.nn.torch_mlp import draw, forward, layers_of
from cfmt.nn.torch_threads import one_thread
from cfmt.streams import derive_seed, generator

__all__ = ["SacConfig", "SacState", "act", "gaussian", "initial_policy"]

TRAINED = ("actor", "critics", "log_temperature")
LOG_STD_RANGE = (-20.0, 2.0)
STATES_AT_ONCE = 1 << 15  # 13 MB of hidden units


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
    """A policy and everything that its learning goes on with, as named arrays.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        ``actor`` (p_actor,), ``critics`` and ``targets`` (2, p_critic), ``log_temperature`` (1,), for each of
        ``actor``, ``critics`` and ``log_temperature`` its Adam moments ``<name>.first`` and ``<name>.second``
        of the same shape, all float64; and ``n_updates`` (), int64. Treat them as read-only.
    """

    arrays: Mapping[str, npt.NDArray[Any]]

    @property
    def n_updates(self) -> int:
        """Number of updates so far."""
        return int(self.arrays["n_updates"])


def initial_policy(config: SacConfig, *, seed: int, policy: int = 0) -> SacState:
    """Draw an untrained policy.

    Parameters
    ----------
    config : SacConfig
        Shape of the networks.
    seed : int
        Seed of the whole run.
    policy : int, default=0
        Which policy, where there are several.

    Returns
    -------
    SacState
    """
    # Item 0 of this purpose is the detector's own initialisation.
    draws = torch.Generator().manual_seed(derive_seed(seed, "initialisation", item=policy + 1))
    actor = draw(config.actor, draws, torch.float64).numpy()
    critics = np.stack([draw(config.critic, draws, torch.float64).numpy() for _ in range(2)])
    arrays: dict[str, npt.NDArray[Any]] = {
        "actor": actor,
        "critics": critics,
        "targets": critics.copy(),
        "log_temperature": np.array([math.log(config.initial_temperature)]),
        "n_updates": np.array(0, np.int64),
    }
    moments = {f"{name}.{of}": np.zeros_like(arrays[name]) for name in TRAINED for of in ("first", "second")}
    return SacState(arrays | moments)


def act(
    state: SacState,
    states: npt.NDArray[np.float64],
    config: SacConfig,
    *,
    seed: int,
    round: int,
    explore: bool,
    clients: npt.NDArray[np.int64] | None = None,
) -> npt.NDArray[np.float64]:
    """Choose the action of each client.

    Parameters
    ----------
    state : SacState
        The policy.
    states : ndarray of shape (n, n_state), float64
        Meta-states of the clients.
    config : SacConfig
        Shape of the networks.
    seed : int
        Seed of the whole run.
    round : int
        Round of training.
    explore : bool
        Whether to draw the action, uniformly before the first update; otherwise it is the mean's.
    clients : ndarray of shape (n,), int64, optional
        Ids of the clients, which key their draws; 0..n-1 if not given.

    Returns
    -------
    ndarray of shape (n,), float64
        Actions in [0, 1].

    Raises
    ------
    ValueError
        If the shape of the meta-states does not fit.
    """
    if states.ndim != 2 or states.shape[1] != config.n_state:
        raise ValueError(f"states must have shape (n, {config.n_state}), got {states.shape}")
    ids = np.arange(len(states)) if clients is None else clients
    rng = generator(seed, "exploration", round=round)
    # One sequence, of which each client takes the place of its id: no matter who else is asked for.
    if explore and state.n_updates == 0:
        uniform: npt.NDArray[np.float64] = rng.random(ids.max(initial=-1) + 1)[ids]
        return uniform
    noise = rng.standard_normal(ids.max(initial=-1) + 1)[ids] if explore else np.zeros(len(ids))
    actor, actions = torch.from_numpy(state.arrays["actor"]), np.empty(len(ids))
    with one_thread(), torch.no_grad():
        for first in range(0, len(ids), STATES_AT_ONCE):
            piece = slice(first, first + STATES_AT_ONCE)
            mean, log_std = gaussian(actor, torch.tensor(states[piece]), config)
            mean = mean + log_std.exp() * torch.from_numpy(noise[piece])
            actions[piece] = torch.sigmoid(mean).numpy()
    return actions


def gaussian(actor: Tensor, states: Tensor, config: SacConfig) -> tuple[Tensor, Tensor]:
    """Return mean and log standard deviation before squashing, each (n,)."""
    _, outputs = forward(layers_of(config.actor, actor.unsqueeze(0)), states.unsqueeze(0))
    mean, log_std = outputs[0].unbind(1)
    return mean, log_std.clamp(*LOG_STD_RANGE)
