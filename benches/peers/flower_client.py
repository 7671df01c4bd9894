"""Flower's side of a client; a module of its own so that Ray's workers can import it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import torch
from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

from peers.protocol import LEARNING_RATE, Workload
from peers.torch_net import Clients, Net, loader, train_one_epoch


def client_app(path: Path) -> ClientApp:
    """Make the client: its rows are read in its worker, once."""
    app = ClientApp()

    @app.train()
    def train(message: Message, context: Context) -> Message:
        clients, net = resident(path)
        dataset = clients.dataset(int(context.node_config["partition-id"]))
        net.load_state_dict(message.content["arrays"].to_torch_state_dict())
        optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE)
        train_one_epoch(net, loader(dataset, first=bool(message.content["config"]["first"])), optimizer)
        content: dict[str, Any] = {
            "arrays": ArrayRecord(net.state_dict()),
            "metrics": MetricRecord({"num-examples": len(dataset)}),
        }
        return Message(content=RecordDict(content), reply_to=message)

    return app


@cache
def resident(path: Path) -> tuple[Clients, Net]:
    """Keep the workload in this worker process."""
    torch.set_num_threads(1)
    workload = Workload.load(path)
    return Clients(workload), Net(workload.n_features)
