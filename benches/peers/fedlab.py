"""FedLab: its serial trainer with the proximal term, its synchronous server with a weighted mean."""

from __future__ import annotations

import torch
from fedlab.contrib.algorithm.fedprox import FedProxSerialClientTrainer, FedProxServerHandler
from fedlab.utils import Aggregators, SerializationTool
from torch import Tensor, nn
from torch.utils.data import DataLoader

from peers.protocol import BATCH_SIZE, LEARNING_RATE, PROX_MU, Session, Workload
from peers.torch_net import Clients, Net, loader


class Parts:
    """The workload as FedLab's data sets are: something with ``get_dataloader``."""

    def __init__(self, workload: Workload) -> None:
        self._datasets = Clients(workload).datasets()
        self.first = True

    def size(self, client: int) -> int:
        """Return the rows of a client."""
        return len(self._datasets[client])

    def get_dataloader(self, client: int, batch_size: int) -> DataLoader[tuple[Tensor, ...]]:
        """Return a client's batches, of the one size of the comparison."""
        assert batch_size == BATCH_SIZE
        return loader(self._datasets[client], first=self.first)


class WeightedServer(FedProxServerHandler):
    """The server of FedLab, which by itself takes the plain mean, weighting clients by rows."""

    def global_update(self, buffer: list[list[Tensor]]) -> None:
        """Take the mean of the clients' models."""
        models, sizes = zip(*buffer, strict=True)
        mean = Aggregators.fedavg_aggregate(list(models), torch.cat(sizes))
        SerializationTool.deserialize_model(self._model, mean)


def main() -> None:
    """Serve rounds, written as FedLab's own standalone pipeline is."""
    session = Session(("fedlab", "torch"))
    workload = session.workload
    torch.set_num_threads(1)  # batches of 32 gain nothing from a second one
    net, parts = Net(workload.n_features), Parts(workload)
    net.load_flat(workload.model)
    server = WeightedServer(net, global_round=1_000_000, sample_ratio=1.0)
    server.num_clients = workload.n_clients
    trainer = FedProxSerialClientTrainer(net, workload.n_clients)
    trainer.setup_dataset(parts)
    trainer.setup_optim(epochs=1, batch_size=BATCH_SIZE, lr=LEARNING_RATE, mu=PROX_MU)
    trainer.criterion = nn.BCEWithLogitsLoss()
    while session.wait():
        clients = server.sample_clients()
        trainer.local_process(server.downlink_package, clients)
        for client, package in zip(clients, trainer.uplink_package, strict=True):
            server.load([*package, torch.tensor([parts.size(client)])])
        parts.first = False
        net.load_state_dict(server.model.state_dict())
        session.report(net.to_flat())


if __name__ == "__main__":
    main()
