"""The policy of the meta-sampler: its shape, its state, and acting by it.

An action is the sigmoid of a Gaussian draw, in [0, 1]; an evaluated policy takes the sigmoid of the mean.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from cfmt.nn.torch_mlp import draw, forward, layers_of
from cfmt.nn.torch_threads import one_thread
from cfmt.policies.sac_values import SacConfig, SacState
from cfmt.streams import derive_seed, generator

__all__ = ["act", "gaussian", "initial_policy"]

TRAINED = ("actor", "critics", "log_temperature")
LOG_STD_RANGE = (-20.0, 2.0)
STATES_AT_ONCE = 1 << 15  # 13 MB of hidden units


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
