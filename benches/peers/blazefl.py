"""BlazeFL: its thread-pool trainer and server, with the proximal term in the loss; needs Python 3.14."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any

import torch
from blazefl.contrib import FedAvgBaseServerHandler, FedAvgThreadPoolClientTrainer, FedAvgUplinkPackage
from blazefl.core import deserialize_model, serialize_model
from torch import Generator, Tensor
from torch.utils.data import DataLoader, TensorDataset

from peers.protocol import BATCH_SIZE, LEARNING_RATE, N_CPUS, Session, Workload
from peers.torch_net import Clients, Net, loader, train_one_epoch


class Models:
    """Makes models, as BlazeFL's selectors do."""

    def __init__(self, n_features: int) -> None:
        self._n_features = n_features

    def select_model(self, name: str) -> Net:
        """Return a new model; there is one kind."""
        return Net(self._n_features)


class Parts:
    """The workload as BlazeFL's partitioned data sets are."""

    def __init__(self, workload: Workload) -> None:
        self._datasets = Clients(workload).datasets()
        self.first = True

    def get_dataset(self, type_: str, cid: int | None) -> TensorDataset:
        """Return a client's rows."""
        assert cid is not None
        return self._datasets[cid]

    def get_dataloader(
        self, type_: str, cid: int | None, batch_size: int | None, generator: Generator | None
    ) -> DataLoader[tuple[Tensor, ...]]:
        """Return a client's batches, of the one size of the comparison."""
        assert batch_size == BATCH_SIZE
        return loader(self.get_dataset(type_, cid), first=self.first)


class ProxTrainer(FedAvgThreadPoolClientTrainer):
    """BlazeFL's trainer with the loss of the comparison."""

    def progress_fn(self, it: list[Future[FedAvgUplinkPackage]]) -> Iterable[Future[FedAvgUplinkPackage]]:
        """Draw no progress bar."""
        return it

    def train(
        self,
        model: Net,
        model_parameters: Tensor,
        train_loader: DataLoader[tuple[Tensor, ...]],
        device: str,
        epochs: int,
        lr: float,
        stop_event: threading.Event,
        cid: int,
    ) -> FedAvgUplinkPackage:
        """Train one client for one epoch."""
        deserialize_model(model, model_parameters)
        train_one_epoch(model, train_loader, torch.optim.SGD(model.parameters(), lr=lr))
        return FedAvgUplinkPackage(cid, serialize_model(model), len(self.dataset.get_dataset("train", cid)))


def main() -> None:
    """Serve rounds, written as BlazeFL's own examples are."""
    session = Session(("blazefl", "torch"))
    workload = session.workload
    torch.set_num_threads(1)  # of each of the pool's threads
    common: dict[str, Any] = {
        "model_selector": Models(workload.n_features),
        "model_name": "mlp",
        "dataset": (parts := Parts(workload)),
        "num_clients": workload.n_clients,
        "device": "cpu",
        "batch_size": BATCH_SIZE,
        "seed": 0,
    }
    server = FedAvgBaseServerHandler(**common, global_round=1_000_000, sample_ratio=1.0)
    server.model.load_flat(workload.model)
    trainer = ProxTrainer(**common, epochs=1, lr=LEARNING_RATE, num_parallels=N_CPUS)
    while session.wait():
        trainer.local_process(server.downlink_package(), server.sample_clients())
        for package in trainer.uplink_package():
            server.load(package)
        parts.first = False
        session.report(server.model.to_flat())


if __name__ == "__main__":
    main()
