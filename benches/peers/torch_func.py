"""torch.func: the clients of a group in one ``vmap(grad(loss))``, step after step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call, grad, stack_module_state, vmap
from torch.nn.functional import binary_cross_entropy_with_logits

from peers.groups import Group, best_size, groups
from peers.protocol import LEARNING_RATE, N_CPUS, PROX_MU, Floats, Session, serve
from peers.torch_net import Net


def main() -> None:
    """Serve rounds."""
    session = Session(("torch", "numpy"))
    torch.set_num_threads(N_CPUS)
    workload = session.workload
    X, y = torch.from_numpy(workload.X), torch.from_numpy(workload.y).float()
    net, rng = Net(workload.n_features), np.random.default_rng(0)
    net.load_flat(workload.model)
    size = 0

    def train(group: Group) -> Tensor:
        return train_group(net, X, y, group)

    def play(round: int) -> Floats:
        nonlocal size
        order = workload.ordered(round, rng)
        if not size:
            size = best_size(workload, order, train)
            session.notes["clients in a group"] = size
        total = torch.stack([train(group) for group in groups(workload, order, size)]).sum(0)
        net.load_flat((total / len(order)).numpy())
        return net.to_flat()

    serve(session, play)


def train_group(net: Net, X: Tensor, y: Tensor, group: Group) -> Tensor:
    """Train a group's clients together; return their models' sum, weighted by rows, flat."""

    def loss(parameters: dict[str, Tensor], X: Tensor, y: Tensor, weights: Tensor) -> Tensor:
        logits = functional_call(net, parameters, (X,))
        return binary_cross_entropy_with_logits(logits, y, weights, reduction="sum")

    stacked, _ = stack_module_state([net] * len(group.sizes))
    models = {name: value.detach() for name, value in stacked.items()}
    received = {name: value[:1].clone() for name, value in models.items()}
    gradients = vmap(grad(loss))
    for rows, weights in steps(group):
        at = gradients(models, X[rows], y[rows], weights)
        active = (weights.amax(1) > 0).float()
        for name, value in models.items():
            step = at[name] + PROX_MU * (value - received[name])
            value.sub_(step * active.view(-1, *[1] * (value.ndim - 1)), alpha=LEARNING_RATE)
    shares = torch.from_numpy(group.sizes).float()
    return torch.cat([torch.tensordot(shares, value, 1).ravel() for value in models.values()])


def steps(group: Group) -> Iterator[tuple[Tensor, Tensor]]:
    """Go through a group's batches: rows of shape (g, 32), and their weights in the mean, 0 for padding."""
    for step in range(group.rows.shape[1]):
        yield torch.from_numpy(group.rows[:, step]), torch.from_numpy(group.weights[:, step])


if __name__ == "__main__":
    main()
