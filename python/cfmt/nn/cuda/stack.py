"""A group of clients in training on a device, in buffers that stay where they are."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import torch
from torch import Tensor

from cfmt.mlp import MLP
from cfmt.nn.cuda.graphs import Launcher, Recorder
from cfmt.nn.cuda.grouping import rounded
from cfmt.nn.torch_mlp import layers_of
from cfmt.nn.torch_training import batches, descend
from cfmt.nn.values import LocalTraining

__all__ = ["Stack"]

CLIENTS_PER_PIECE = 1024
"""Clients whose updates are widened to float64 at a time."""


class Stack:
    """Models of a group of clients, with everything that a step of their training touches.

    A step works on the same addresses each time, so it can be recorded once for each shape and played again.
    Its shape shrinks as clients end, to one of a few extents. Those that have ended before are still there,
    with batches of padding alone: their gradient is 0, they are not pulled back, and so no bit of them moves.

    Parameters
    ----------
    mlp : MLP
        Shape of the models; must have one output.
    X : Tensor of shape (n_rows, n_features), float32
        Rows of the base table.
    y : Tensor of shape (n_rows,), uint8
        1 for attack, 0 for normal.
    capacity : int
        Most clients of a group.
    batch_size : int
        Most rows of a batch.
    recorder : Recorder or None
        Makes recordings on the device, if it can.
    """

    def __init__(
        self, mlp: MLP, X: Tensor, y: Tensor, capacity: int, batch_size: int, recorder: Recorder | None
    ) -> None:
        self.capacity, self.batch_size = capacity, batch_size
        self._mlp, self._X, self._y = mlp, X, y
        self._received = X.new_zeros(capacity, mlp.n_params)
        self._trained = X.new_zeros(capacity, mlp.n_params)
        self._attack_weights = X.new_zeros(capacity)
        self._losses = X.new_zeros(capacity, dtype=torch.float64)
        self._rows = torch.full((capacity * batch_size,), -1, device=X.device)
        self._launch = Launcher(recorder)
        self._n_clients = 0

    @property
    def trained(self) -> Tensor:
        """Models of the group's clients, shape (g, n_params)."""
        return self._trained[: self._n_clients]

    @property
    def losses(self) -> Tensor:
        """Sum of the data losses of each client's batches, shape (g,), float64."""
        return self._losses[: self._n_clients]

    def begin(self, models: Tensor, model_index: Tensor, attack_weights: Tensor) -> None:
        """Give the clients of a new group their models.

        Parameters
        ----------
        models : Tensor of shape (m, n_params), float32
            Models that clients may have received.
        model_index : Tensor of shape (g,), int64
            The model that each client received.
        attack_weights : Tensor of shape (g,), floating
            Weight of an attack row in each client's loss.
        """
        g = self._n_clients = len(model_index)
        torch.index_select(models, 0, model_index, out=self._received[:g])
        self._trained[:g].copy_(self._received[:g])
        self._attack_weights[:g].copy_(attack_weights)
        self._losses.zero_()
        self._rows.fill_(-1)

    def train(self, rows: Tensor, n_active: Iterable[int], local: LocalTraining) -> None:
        """Take every step of the group.

        Parameters
        ----------
        rows : Tensor of shape (n_steps, g, width), int64
            Base-table rows of each batch; -1 pads a batch's end and a client's end. Clients must stand in
            descending number of steps.
        n_active : iterable of int
            How many clients still train at each step.
        local : LocalTraining
            Learning rate and proximal term.
        """
        width = rows.shape[2]
        for batch, n in zip(rows, n_active, strict=True):
            extent = min(rounded(n), self.capacity)
            there = min(extent, self._n_clients)
            self._rows[: there * width].view(there, width).copy_(batch[:there])
            key = (extent, width, local.learning_rate, local.prox_mu)
            self._launch(key, partial(self._step, extent, width, local))

    def _step(self, n: int, width: int, local: LocalTraining) -> None:
        """Move the first ``n`` clients by the batches that lie in the buffer."""
        trained, at = self._trained[:n], self._rows[: n * width].view(n, width)
        rows, labels, weights = batches(at, self._y, self._attack_weights[:n, None], self._X.dtype)
        tile = torch.index_select(self._X, 0, rows.view(-1)).view(n, width, -1)
        pull = None
        if local.prox_mu > 0:
            trains = (at >= 0).any(1, keepdim=True).to(trained.dtype)
            pull = (trained, self._received[:n], trains * (local.learning_rate * local.prox_mu))
        self._losses[:n].add_(descend(layers_of(self._mlp, trained), tile, labels, weights, local, pull))

    def add_updates(self, sums: Tensor, shares: Tensor) -> None:
        """Add the group's updates to sums, in an order that does not change from run to run.

        Parameters
        ----------
        sums : Tensor of shape (n_clusters, n_params), float64
            Added to in place.
        shares : Tensor of shape (n_clusters, g), float64
            What each client's update is multiplied by in each sum.
        """
        for start in range(0, self._n_clients, CLIENTS_PER_PIECE):
            piece = slice(start, min(start + CLIENTS_PER_PIECE, self._n_clients))
            updates = self._trained[piece] - self._received[piece]
            sums.addmm_(shares[:, piece], updates.double())
