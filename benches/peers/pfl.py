"""pfl-research: its FedProx algorithm on its simulated backend, users weighted by data points.

pfl keeps the batches of a user from one round to the next, so its rows are never shuffled again.
"""

from __future__ import annotations

from typing import Any

import torch
from pfl.aggregate.simulate import SimulatedBackend
from pfl.aggregate.weighting import WeightByDatapoints
from pfl.algorithm.fedprox import FedProx, FedProxParams
from pfl.callback.base import TrainingProcessCallback
from pfl.data.dataset import Dataset
from pfl.data.federated_dataset import FederatedDataset
from pfl.data.sampling import MinimizeReuseUserSampler
from pfl.hyperparam import NNTrainHyperParams
from pfl.metrics import Metrics
from pfl.model.pytorch import PyTorchModel
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from peers.protocol import BATCH_SIZE, LEARNING_RATE, PROX_MU, Session
from peers.torch_net import Clients, Net


class PflNet(Net):
    """The detector with the methods that pfl asks for."""

    def loss(self, X: Tensor, y: Tensor) -> Tensor:
        """Return the mean loss of a batch."""
        return binary_cross_entropy_with_logits(self(X), y)

    def metrics(self, X: Tensor, y: Tensor) -> dict[str, Any]:
        """Measure nothing: the comparison evaluates no model."""
        return {}


class Rounds(TrainingProcessCallback):
    """Answers for each of pfl's iterations, and lets it go on when the next is asked for."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def after_central_iteration(
        self, aggregate_metrics: Metrics, model: PyTorchModel, *, central_iteration: int
    ) -> tuple[bool, Metrics]:
        """Report the iteration; stop when no other is wanted."""
        self._session.report(model.pytorch_model.to_flat())
        return not self._session.wait(), Metrics()


def main() -> None:
    """Serve rounds from within pfl's loop."""
    session = Session(("pfl", "torch"))
    workload = session.workload
    torch.set_num_threads(1)  # batches of 32 gain nothing from a second one
    net, clients = PflNet(workload.n_features), Clients(workload)
    net.load_flat(workload.model)
    model = PyTorchModel(net, torch.optim.SGD, torch.optim.SGD(net.parameters(), lr=1.0))
    users = [Dataset(raw_data=clients.data(k), user_id=str(k)) for k in range(workload.n_clients)]
    data = FederatedDataset(users.__getitem__, MinimizeReuseUserSampler(range(len(users))))
    algorithm = FedProxParams(
        central_num_iterations=1_000_000,
        evaluation_frequency=1_000_000,
        train_cohort_size=len(users),
        val_cohort_size=None,
        mu=PROX_MU,
    )
    training = NNTrainHyperParams(
        local_batch_size=BATCH_SIZE, local_num_epochs=1, local_learning_rate=LEARNING_RATE
    )
    backend = SimulatedBackend(training_data=data, val_data=None, postprocessors=[WeightByDatapoints()])
    if session.wait():
        FedProx().run(
            algorithm, backend, model, training, callbacks=[Rounds(session)], send_metrics_to_platform=False
        )


if __name__ == "__main__":
    main()
