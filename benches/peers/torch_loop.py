"""The loop in torch: the idiom of tutorials (``loader``), and one tuned by hand (``tuned``)."""

from __future__ import annotations

import argparse
from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from peers.pool import Crew
from peers.protocol import LEARNING_RATE, PROX_MU, Floats, Indices, Session, Workload, flat, serve
from peers.torch_net import Clients, Net, loader, slices, train_one_epoch


def main() -> None:
    """Serve rounds."""
    session = Session(("torch", "numpy"), add_options)
    if session.options.idiom == "loader":
        serve_loader(session)
    else:
        with Crew(session.workload, train_tuned, session.options.processes) as crew:
            serve(session, crew.play)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the program's own options."""
    parser.add_argument("--idiom", choices=("loader", "tuned"))
    parser.add_argument("--processes", type=int, default=1, help="of the tuned loop")


def serve_loader(session: Session) -> None:
    """One process: DataLoader, autograd, an optimizer and a state_dict for each client."""
    torch.set_num_threads(1)  # batches of 32 gain nothing from a second one
    torch.manual_seed(0)
    datasets = Clients(session.workload).datasets()
    server, net = Net(session.workload.n_features), Net(session.workload.n_features)
    server.load_flat(session.workload.model)

    def play(round: int) -> Floats:
        start = server.state_dict()
        mean = {name: torch.zeros_like(value) for name, value in start.items()}
        for dataset in datasets:
            net.load_state_dict(start)
            optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)
            train_one_epoch(net, loader(dataset, first=round == 1), optimizer)
            share = len(dataset) / len(session.workload.X)
            for name, value in net.state_dict().items():
                mean[name] += share * value
        server.load_state_dict(mean)
        return server.to_flat()

    serve(session, play)


def train_tuned(workload: Workload, received: Floats, rows: Indices) -> Floats:
    """Train one client on slices of one gathered tensor; the proximal term joins the gradient in place."""
    X, y, net = _resident(workload)
    net.load_flat(received)
    parameters: list[Tensor] = list(net.parameters())
    start = [parameter.detach().clone() for parameter in parameters]
    at = torch.from_numpy(rows)
    X, y = X[at], y[at]
    for batch in slices(len(rows)):
        loss = binary_cross_entropy_with_logits(net(X[batch]), y[batch])
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            torch._foreach_lerp_(parameters, start, LEARNING_RATE * PROX_MU)
            torch._foreach_add_(parameters, gradients, alpha=-LEARNING_RATE)
    return flat(parameter.detach().numpy() for parameter in parameters)


@cache
def _resident(workload: Workload) -> tuple[Tensor, Tensor, Net]:
    torch.set_num_threads(1)  # of each of the processes
    return torch.from_numpy(workload.X), torch.from_numpy(workload.y).float(), Net(workload.n_features)


if __name__ == "__main__":
    main()
