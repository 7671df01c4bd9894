"""Local training of many clients at once: stacked models, gradients written out."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from cfmt.mlp import MLP
from cfmt.nn.torch_mlp import Layers, forward, layers_of
from cfmt.nn.values import LocalTraining

__all__ = ["train_stacked"]


@torch.no_grad()
def train_stacked(
    mlp: MLP,
    X: Tensor,
    y: Tensor,
    plan: Tensor,
    models: Tensor,
    model_index: Tensor,
    config: LocalTraining,
    *,
    positive_weight: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Train one model per client, all clients of a group in the same matrix products.

    Works on the device and in the floating type of ``X``. The step at which each client ends is
    the plan's matter; ``epochs``, ``steps`` and ``batch_size`` of the configuration are not read.

    Parameters
    ----------
    mlp : MLP
        Shape of the models; must have one output.
    X : Tensor of shape (n_rows, n_features), floating
        Rows of the base table, all finite.
    y : Tensor of shape (n_rows,), uint8
        1 for attack, 0 for normal.
    plan : Tensor of shape (g, n_steps, batch_size), int64
        Base-table rows of each client's batches; -1 pads a batch's end and a client's end.
        Clients must stand in descending number of steps.
    models : Tensor of shape (m, n_params), floating
        Models that clients may have received.
    model_index : Tensor of shape (g,), int64
        The model that each client received.
    config : LocalTraining
        Learning rate, proximal term and loss.
    positive_weight : Tensor of shape (g,), floating, optional
        Weight of an attack row on each client; must be given where the configuration says
        ``"balanced"``, else the configuration's number is taken.

    Returns
    -------
    deltas : Tensor of shape (g, n_params), floating
        Trained model minus received model; 0 for a client without rows.
    losses : Tensor of shape (g,), float64
        Mean over the client's batches of the data loss before each step; NaN without rows.

    Raises
    ------
    ValueError
        If clients do not stand in descending number of steps, or shapes or types do not fit.
    """
    active, n_steps = _active_clients(plan)
    weight_of_attack = _attack_weights(config, positive_weight, plan, X)
    _check_training(mlp, X, models)
    received = models[model_index]
    trained = received.clone()
    layers = layers_of(mlp, trained)
    rows, labels, weights = batches(plan, y, weight_of_attack[:, None, None], X.dtype)
    n_clients, _, width = plan.shape
    batch = X.new_empty(n_clients, width, mlp.n_features)
    hidden = X.new_empty(n_clients, width, mlp.hidden)
    losses = X.new_zeros(n_clients, dtype=torch.float64)
    for step, g in enumerate(active):
        torch.index_select(X, 0, rows[:g, step].reshape(-1), out=batch[:g].view(-1, mlp.n_features))
        pull = None
        if config.prox_mu > 0:
            pull = (trained[:g], received[:g], config.learning_rate * config.prox_mu)
        losses[:g] += descend(
            layers.first(g), batch[:g], labels[:g, step], weights[:g, step], config, pull, hidden=hidden[:g]
        )
    return trained.sub_(received), losses / n_steps


def descend(
    layers: Layers,
    X: Tensor,
    labels: Tensor,
    weights: Tensor,
    config: LocalTraining,
    pull: tuple[Tensor, Tensor, float | Tensor] | None,
    *,
    hidden: Tensor | None = None,
) -> Tensor:
    """Move each model by one batch, in place; return the data losses before it, shape (g,), float64.

    ``pull`` holds the models, those received, and the share of the way back that the proximal term goes:
    one for all, or of shape (g, 1). Nothing is read on the host, so that a graph can be captured of it.
    """
    hidden, logits = forward(layers, X, hidden=hidden)
    logits = logits.squeeze(2)
    losses = (weights * logsigmoid((2 * labels - 1) * logits)).sum(1, dtype=torch.float64).neg_()
    at_logits = torch.sigmoid(logits).sub_(labels).mul_(weights).unsqueeze(2)
    at_w2 = torch.bmm(at_logits.mT, hidden)
    at_hidden = hidden.sign_().mul_(layers.w2).mul_(at_logits)  # in the place of `hidden`
    if pull is not None:  # at the parameters before the step, as the data gradient is
        trained, received, share = pull
        trained.lerp_(received, share)
    rate = config.learning_rate
    layers.w1.baddbmm_(at_hidden.mT, X, alpha=-rate)
    layers.b1.sub_(at_hidden.sum(1), alpha=rate)
    layers.w2.sub_(at_w2, alpha=rate)
    layers.b2.sub_(at_logits.sum(1), alpha=rate)
    return losses


def _active_clients(plan: Tensor) -> tuple[list[int], Tensor]:
    """Return how many clients still train at each step, and each client's number of steps."""
    if plan.ndim != 3 or plan.dtype != torch.int64:
        raise ValueError(
            f"plan must be int64 of shape (g, n_steps, batch_size), got {plan.dtype} of {tuple(plan.shape)}"
        )
    n_steps = (plan >= 0).any(2).sum(1)
    if bool((n_steps.diff() > 0).any()):
        raise ValueError(
            "plan must hold its clients in descending number of steps; sort them before grouping"
        )
    steps = torch.arange(plan.shape[1], device=plan.device)
    return (n_steps.unsqueeze(1) > steps).sum(0).tolist(), n_steps


def _attack_weights(config: LocalTraining, given: Tensor | None, plan: Tensor, X: Tensor) -> Tensor:
    """Return each client's weight of an attack row, shape (n_clients,)."""
    if given is not None:
        return given.to(X.dtype)
    if isinstance(config.positive_weight, str):
        raise ValueError(
            'positive_weight="balanced" needs the clients\' own weights: pass '
            "positive_weight=config.positive_weights(is_attack, rows)"
        )
    return X.new_full((plan.shape[0],), config.positive_weight)


def _check_training(mlp: MLP, X: Tensor, models: Tensor) -> None:
    """Raise unless the models have one output, and X has their features and their dtype."""
    if mlp.n_outputs != 1:
        raise ValueError(f"the detector has one output, got an MLP with n_outputs={mlp.n_outputs}")
    if X.ndim != 2 or X.shape[1] != mlp.n_features:
        raise ValueError(f"X must have shape (n_rows, {mlp.n_features}), got {tuple(X.shape)}")
    if X.dtype != models.dtype:
        raise ValueError(f"X and models must have the same type, got {X.dtype} and {models.dtype}")


def batches(
    plan: Tensor, y: Tensor, weight_of_attack: Tensor, dtype: torch.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    """Return rows, labels and weights in the loss, each of the plan's shape (g, ..., batch_size).

    A padded place stands for row 0 with weight 0; the others weigh so that a batch's loss is a mean.
    ``weight_of_attack`` has as many axes as the plan.
    """
    real = plan >= 0
    rows = plan.clamp_min(0)
    labels = y[rows].to(dtype)
    weights = torch.where(labels > 0, weight_of_attack, 1)
    weights = weights * real / real.sum(-1, keepdim=True).clamp_min(1)
    return rows, labels, weights
