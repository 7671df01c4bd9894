"""Slow, obvious local training: torch's own modules, optimiser and losses, one client at a time."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from cfmt.mlp import MLP
from cfmt.nn.values import LocalTraining

__all__ = ["module", "train_client"]


def module(mlp: MLP, model: Tensor) -> nn.Sequential:
    """The same model as a plain torch module."""
    plain = nn.Sequential(
        nn.Linear(mlp.n_features, mlp.hidden), nn.ReLU(), nn.Linear(mlp.hidden, mlp.n_outputs)
    ).to(model.dtype)
    nn.utils.vector_to_parameters(model.clone(), plain.parameters())
    return plain


def train_client(
    mlp: MLP,
    X: Tensor,
    y: Tensor,
    batches: Tensor,
    received: Tensor,
    config: LocalTraining,
    positive_weight: float,
) -> tuple[Tensor, float]:
    """One client's update and mean data loss, with the objective as the FedProx paper writes it."""
    model = module(mlp, received)
    optimiser = torch.optim.SGD(model.parameters(), lr=config.learning_rate)
    criterion = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(positive_weight, dtype=X.dtype))
    losses = []
    for batch in batches:
        rows = batch[batch >= 0]
        if len(rows) == 0:
            break
        data_loss = criterion(model(X[rows]).squeeze(1), y[rows].to(X.dtype))
        moved = nn.utils.parameters_to_vector(model.parameters()) - received
        loss = data_loss + config.prox_mu / 2 * moved.square().sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(data_loss.item())
    delta = nn.utils.parameters_to_vector(model.parameters()).detach() - received
    return delta, float(np.mean(losses)) if losses else float("nan")
