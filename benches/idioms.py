"""The Python that one would write or call instead of cfmt, each as fast as numpy and torch let it be."""

from __future__ import annotations

from functools import reduce

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from cfmt.nn.torch_threads import one_thread
from inputs import Doubles, Floats, Indices, Round

Layers = list[npt.NDArray[np.float32]]


def split_layers(updates: Floats, shapes: list[tuple[int, ...]]) -> list[Layers]:
    """Cut each client's update into an array per layer, as frameworks send them."""
    ends = np.cumsum([np.prod(shape) for shape in shapes])[:-1]
    pieces = (np.split(update, ends) for update in updates)
    return [[p.reshape(shape) for p, shape in zip(piece, shapes, strict=True)] for piece in pieces]


def mean_of_layers(clients: list[Layers], n_rows: list[int]) -> Layers:
    """Weighted mean, layer by layer: the formula of FedAvg servers that hold lists of layers."""
    weighted = [[layer * n for layer in layers] for layers, n in zip(clients, n_rows, strict=True)]
    total = sum(n_rows)
    return [reduce(np.add, layer_updates) / total for layer_updates in zip(*weighted, strict=True)]


def split_by_dirichlet(
    labels: Indices, n_clients: int, alpha: float, rng: np.random.Generator
) -> tuple[Indices, Indices]:
    """Cut each class at the cumulative shares, without a loop over clients; some stay empty."""
    owners = np.empty(len(labels), np.int64)
    for label in range(labels.max() + 1):
        rows = rng.permutation(np.flatnonzero(labels == label))
        cuts = (np.cumsum(rng.dirichlet(np.full(n_clients, alpha))) * len(rows)).astype(np.int64)
        cuts[-1] = len(rows)
        owners[rows] = np.repeat(np.arange(n_clients), np.diff(cuts, prepend=0))
    return np.argsort(owners, kind="stable"), _offsets(np.bincount(owners, minlength=n_clients))


def draw_by_dirichlet(
    labels: Indices, n_clients: int, alpha: float, sizes: tuple[int, int], rng: np.random.Generator
) -> tuple[Indices, Indices]:
    """Draw each client's rows with replacement, the class first, without a loop over clients."""
    n_rows = np.bincount(labels)
    by_class = np.argsort(labels, kind="stable")
    shares = np.stack([rng.dirichlet(np.full(n_clients, alpha)) * n for n in n_rows], axis=1)
    ends = np.cumsum(shares, axis=1)
    counts = rng.integers(*sizes, n_clients, endpoint=True)
    owners = np.repeat(np.arange(n_clients), counts)
    target = rng.random(len(owners)) * ends[owners, -1]
    drawn = (ends[owners] <= target[:, None]).sum(1)
    rows = by_class[(np.cumsum(n_rows) - n_rows)[drawn] + rng.integers(0, n_rows[drawn])]
    return rows[np.lexsort((rows, owners))], _offsets(counts)


def draw_by_keys(
    errors: Floats, mu: float, sigma: float, size: int, rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    """Gaussian weights, exponential keys, and the smallest of them (Efraimidis and Spirakis)."""
    weights = np.exp(-((errors - mu) ** 2) / (2 * sigma**2))
    keys = rng.standard_exponential(len(errors)) / weights
    return np.argpartition(keys, size)[:size]


def draw_by_choice(
    errors: Floats, mu: float, sigma: float, size: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Gaussian weights, and numpy's own draw without replacement."""
    weights = np.exp(-((errors.astype(np.float64) - mu) ** 2) / (2 * sigma**2))
    return rng.choice(len(errors), size, replace=False, p=weights / weights.sum(), shuffle=False)


def train_in_a_loop(work: Round, visited: npt.NDArray[np.int64]) -> Doubles:
    """Sum of weighted updates, one client after the other: a module, autograd and an optimiser.

    ``visited`` holds each client's rows in the order of its batches, shape (n_rows,). On one thread, since
    batches of 32 rows are slower on two.
    """
    with one_thread():
        return _train_in_a_loop(work, visited)


def _train_in_a_loop(work: Round, visited: npt.NDArray[np.int64]) -> Doubles:
    X, y = torch.from_numpy(work.X), torch.from_numpy(work.y).float()
    net = nn.Sequential(
        nn.Linear(work.mlp.n_features, work.mlp.hidden), nn.ReLU(), nn.Linear(work.mlp.hidden, 1)
    )
    received, total = torch.from_numpy(work.model), torch.zeros(work.mlp.n_params, dtype=torch.float64)
    optimiser = torch.optim.SGD(net.parameters(), lr=work.local.learning_rate)
    for start, end in zip(work.rows.offsets[:-1], work.rows.offsets[1:], strict=True):
        nn.utils.vector_to_parameters(received.clone(), net.parameters())
        frozen = [parameter.detach().clone() for parameter in net.parameters()]
        rows = torch.from_numpy(visited[start:end])
        for batch in torch.split(rows, work.local.batch_size):
            loss = nn.functional.binary_cross_entropy_with_logits(net(X[batch]).squeeze(1), y[batch])
            pairs = zip(net.parameters(), frozen, strict=True)
            pull = sum(((now - before) ** 2).sum() for now, before in pairs)
            optimiser.zero_grad()
            (loss + work.local.prox_mu / 2 * pull).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        with torch.no_grad():
            update = nn.utils.parameters_to_vector(net.parameters()) - received
            total += float(end - start) * update
    return total.numpy()


def _offsets(sizes: Indices) -> Indices:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
