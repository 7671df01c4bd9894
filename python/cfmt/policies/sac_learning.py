"""Soft actor-critic, by which the meta-sampler's policy learns from its replay.

References
----------
Haarnoja et al., "Soft Actor-Critic", 2018, arXiv 1801.01290; Haarnoja et al., "Soft Actor-Critic
Algorithms and Applications", 2018, arXiv 1812.05905.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from cfmt.nn.torch_mlp import forward, layers_of
from cfmt.nn.torch_threads import one_thread
from cfmt.policies.replay import Replay
from cfmt.policies.sac_policy import gaussian
from cfmt.policies.sac_values import SacConfig, SacState
from cfmt.streams import generator

__all__ = ["learn"]


def learn(
    state: SacState,
    replay: Replay,
    config: SacConfig,
    *,
    seed: int,
    round: int,
    n_updates: int,
    policy: int = 0,
) -> SacState:
    """Update a policy on batches of the replay.

    Parameters
    ----------
    state : SacState
        The policy, which stays as it is.
    replay : Replay
        Transitions to learn from; with fewer than ``warmup``, nothing is learned.
    config : SacConfig
        Networks and training.
    seed : int
        Seed of the whole run.
    round : int
        Round of training.
    n_updates : int
        Updates of every network, each on a batch of its own.
    policy : int, default=0
        Which policy, where there are several; keys the draws.

    Returns
    -------
    SacState

    Raises
    ------
    ValueError
        If the replay's meta-states have another length than the policy's.
    """
    if replay.states.shape[1] != config.n_state:
        raise ValueError(
            f"replay holds meta-states of length {replay.states.shape[1]}, the policy takes {config.n_state}"
        )
    if len(replay) < config.warmup:
        return state
    rng = generator(seed, "policy-learning", round=round, item=policy)
    tensors = {name: torch.tensor(array) for name, array in state.arrays.items()}
    with one_thread():
        for _ in range(n_updates):
            batch = replay.draw(config.batch_size, rng)
            noise = torch.from_numpy(rng.standard_normal((2, config.batch_size)))
            _update(tensors, batch, noise, config)
    return SacState({name: tensor.numpy() for name, tensor in tensors.items()})


def _update(tensors: dict[str, Tensor], batch: Replay, noise: Tensor, config: SacConfig) -> None:
    """Update critics, actor, temperature and target critics in place; ``noise`` is (2, batch_size)."""
    tensors["n_updates"] += 1
    temperature = _temperature(tensors, config)
    _update_critics(tensors, batch, noise[0], temperature, config)
    log_prob = _update_actor(tensors, torch.from_numpy(batch.states), noise[1], temperature, config)
    if config.temperature is None:
        # Gradient of -log_temperature * (mean log probability + target entropy).
        _adam_step(tensors, "log_temperature", -(log_prob + config.target_entropy), config.learning_rate)
    tensors["targets"].lerp_(tensors["critics"], config.polyak)


def _temperature(tensors: Mapping[str, Tensor], config: SacConfig) -> float:
    """Return the weight of the entropy: the fixed one, or the one that is learned."""
    if config.temperature is None:
        return math.exp(tensors["log_temperature"].item())
    return config.temperature


def _update_critics(
    tensors: Mapping[str, Tensor], batch: Replay, noise: Tensor, temperature: float, config: SacConfig
) -> None:
    """Take one step of both critics towards the wanted values, in place in ``tensors``."""
    wanted = _wanted_values(tensors, batch, noise, temperature, config)
    critics = tensors["critics"].detach().requires_grad_()
    values = _values(critics, torch.from_numpy(batch.states), torch.from_numpy(batch.actions), config)
    # A sum of losses over parameters of their own: each critic has its own gradient and its own moments.
    loss = (values - wanted).square().mean(1).sum()
    _adam_step(tensors, "critics", torch.autograd.grad(loss, critics)[0], config.learning_rate)


def _update_actor(
    tensors: Mapping[str, Tensor], states: Tensor, noise: Tensor, temperature: float, config: SacConfig
) -> Tensor:
    """Update the actor; return the mean log probability of its actions before that, shape ()."""
    actor = tensors["actor"].detach().requires_grad_()
    actions, log_prob = _draw_actions(actor, states, noise, config)
    loss = (temperature * log_prob - _values(tensors["critics"], states, actions, config).amin(0)).mean()
    _adam_step(tensors, "actor", torch.autograd.grad(loss, actor)[0], config.learning_rate)
    return log_prob.detach().mean()


def _wanted_values(
    tensors: Mapping[str, Tensor],
    batch: Replay,
    noise: Tensor,
    temperature: float,
    config: SacConfig,
) -> Tensor:
    """Return r + discount (1 - done) (min target value - temperature log probability), shape (n,)."""
    with torch.no_grad():
        next_states = torch.from_numpy(batch.next_states)
        actions, log_prob = _draw_actions(tensors["actor"], next_states, noise, config)
        values = _values(tensors["targets"], next_states, actions, config).amin(0)
        goes_on = 1.0 - torch.from_numpy(batch.done).to(torch.float64)
        return torch.from_numpy(batch.rewards) + config.discount * goes_on * (values - temperature * log_prob)


def _draw_actions(actor: Tensor, states: Tensor, noise: Tensor, config: SacConfig) -> tuple[Tensor, Tensor]:
    """Draw actions from standard normal ``noise``; return them and their log densities, each (n,).

    The density of a = sigmoid(u) is that of u divided by da/du = a (1 - a).
    """
    mean, log_std = gaussian(actor, states, config)
    before = mean + log_std.exp() * noise
    log_normal = -0.5 * noise.square() - log_std - 0.5 * math.log(2 * math.pi)
    return torch.sigmoid(before), log_normal - logsigmoid(before) - logsigmoid(-before)


def _values(critics: Tensor, states: Tensor, actions: Tensor, config: SacConfig) -> Tensor:
    """Return each critic's values, shape (2, n)."""
    inputs = torch.cat([states, actions.unsqueeze(1)], 1).expand(2, -1, -1)
    return forward(layers_of(config.critic, critics), inputs)[1].squeeze(2)


def _adam_step(tensors: Mapping[str, Tensor], name: str, gradient: Tensor, learning_rate: float) -> None:
    """Take a step of Adam (Kingma and Ba, arXiv 1412.6980) with torch's default constants, in place."""
    first, second = tensors[f"{name}.first"], tensors[f"{name}.second"]
    step = int(tensors["n_updates"])
    first.lerp_(gradient, 1 - 0.9)
    second.lerp_(gradient.square(), 1 - 0.999)
    scale = (second / (1 - 0.999**step)).sqrt_().add_(1e-8)
    tensors[name].addcdiv_(first, scale, value=-learning_rate / (1 - 0.9**step))
