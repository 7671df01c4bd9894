"""The model and a client's batches as torch users write them; shared by the peers on torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.data import DataLoader, TensorDataset

from peers.protocol import BATCH_SIZE, HIDDEN, PROX_MU, Floats, Workload, flat, layers


class Net(nn.Module):
    """The detector: 121-128-1 with rectified units, one logit."""

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(n_features, HIDDEN)
        self.output = nn.Linear(HIDDEN, 1)

    def forward(self, X: Tensor) -> Tensor:
        """Return logits of shape (n_rows,)."""
        logits: Tensor = self.output(torch.relu(self.hidden(X))).squeeze(1)
        return logits

    @torch.no_grad()
    def load_flat(self, model: Floats) -> None:
        """Take the parameters from a flat model."""
        parts = layers(model, self.hidden.in_features)
        for parameter, part in zip(self.parameters(), parts, strict=True):
            parameter.copy_(torch.from_numpy(part.copy()).view_as(parameter))

    def to_flat(self) -> Floats:
        """Return the parameters as a flat model."""
        return flat(parameter.detach().numpy() for parameter in self.parameters())


class Clients:
    """The workload's clients as tensors."""

    def __init__(self, workload: Workload) -> None:
        self._workload = workload
        self._X = torch.from_numpy(workload.X)
        self._y = torch.from_numpy(workload.y.astype(np.float32))

    def data(self, client: int) -> tuple[Tensor, Tensor]:
        """Return a client's rows and labels in the order of the first round."""
        rows = torch.from_numpy(self._workload.rows(client))
        return self._X[rows], self._y[rows]

    def dataset(self, client: int) -> TensorDataset:
        """Return a client's rows as a data set."""
        return TensorDataset(*self.data(client))

    def datasets(self) -> list[TensorDataset]:
        """Return all clients' data sets."""
        return [self.dataset(client) for client in range(self._workload.n_clients)]


def loader(dataset: TensorDataset, *, first: bool) -> DataLoader[tuple[Tensor, ...]]:
    """Return batches of one epoch: shuffled, or in the first round as they stand."""
    return DataLoader(dataset, batch_size=BATCH_SIZE, shuffle=not first)


def train_one_epoch(
    net: Net, batches: Iterable[tuple[Tensor, ...]], optimizer: torch.optim.Optimizer
) -> None:
    """Train a client's model on its batches with the proximal term in the loss."""
    received = [parameter.detach().clone() for parameter in net.parameters()]
    for X, y in batches:
        optimizer.zero_grad()
        loss = binary_cross_entropy_with_logits(net(X), y) + PROX_MU / 2 * squared_distance(net, received)
        loss.backward()  # type: ignore[no-untyped-call] # torch leaves it without types
        optimizer.step()


def squared_distance(net: nn.Module, received: list[Tensor]) -> Tensor:
    """Return the squared distance between a model and the one that was received."""
    pairs = zip(net.parameters(), received, strict=True)
    return torch.stack([(parameter - start).square().sum() for parameter, start in pairs]).sum()


def slices(n_rows: int) -> Iterator[slice]:
    """Cut rows into batches."""
    return (slice(start, start + BATCH_SIZE) for start in range(0, n_rows, BATCH_SIZE))
