"""Flower: a ServerApp with FedProx, a ClientApp on torch, the Ray backend with one processor an actor."""

from __future__ import annotations

import time

from flwr.app import ArrayRecord, ConfigRecord, Context
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedProx
from flwr.simulation import run_simulation

from peers.flower_client import client_app
from peers.protocol import N_CPUS, PROX_MU, Session
from peers.torch_net import Net


def main() -> None:
    """Serve rounds from within Flower's server."""
    session = Session(("flwr", "ray", "torch"))
    n_clients = session.workload.n_clients
    run_simulation(
        server_app(session),
        client_app(session.workload.path),
        num_supernodes=n_clients,
        backend_config={
            "init_args": {"num_cpus": N_CPUS, "num_gpus": 0},
            "client_resources": {"num_cpus": 1.0, "num_gpus": 0.0},
        },
    )


def server_app(session: Session) -> ServerApp:
    """Make the server: one ``strategy.start`` of one round for each round that is asked for."""
    app = ServerApp()

    @app.main()
    def play(grid: Grid, context: Context) -> None:
        n_clients = session.workload.n_clients
        while len(list(grid.get_node_ids())) < n_clients:  # before the clock starts
            time.sleep(0.1)
        net = Net(session.workload.n_features)
        net.load_flat(session.workload.model)
        start = ArrayRecord(net.state_dict())
        warm_up(grid, start, n_clients)
        strategy = FedProx(
            fraction_train=1.0,
            fraction_evaluate=0.0,
            min_train_nodes=n_clients,
            min_available_nodes=n_clients,
            proximal_mu=PROX_MU,
        )
        while session.wait():
            config = ConfigRecord({"first": session.round == 1})
            start = ArrayRecord(net.state_dict())
            result = strategy.start(grid, start, num_rounds=1, train_config=config)
            net.load_state_dict(result.arrays.to_torch_state_dict())
            session.report(net.to_flat())

    return app


def warm_up(grid: Grid, start: ArrayRecord, n_clients: int) -> None:
    """Let a few clients train, so that Ray's workers have started and read the rows; forget the result."""
    few = FedProx(
        fraction_train=1 / n_clients,
        fraction_evaluate=0.0,
        min_train_nodes=2 * N_CPUS,
        min_available_nodes=n_clients,
        proximal_mu=PROX_MU,
    )
    few.start(grid, start, num_rounds=1, train_config=ConfigRecord({"first": True}))


if __name__ == "__main__":
    main()
