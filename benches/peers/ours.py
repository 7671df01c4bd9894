"""cfmt itself: ``run_round`` with the native or the torch engine."""

from __future__ import annotations

import argparse

import numpy as np

from cfmt.experiment.threads import use_threads
from cfmt.federated import initial_state, run_round
from cfmt.mlp import MLP
from cfmt.nn import LocalTraining, make_engine
from peers.protocol import BATCH_SIZE, HIDDEN, LEARNING_RATE, N_CPUS, Floats, Session, serve
from peers.workload import METHOD, SEED, federation_of


def main() -> None:
    """Serve rounds."""
    session = Session(("cfmt", "torch", "numpy"), add_options)
    use_threads(session.options.threads)
    federation = federation_of(session.workload)
    mlp = MLP(federation.n_features, HIDDEN)
    engine = make_engine(session.options.engine, mlp, federation.X, federation.is_attack)
    local = LocalTraining(LEARNING_RATE, BATCH_SIZE, epochs=1, steps=None)
    clients = np.arange(federation.n_clients)
    state = initial_state(METHOD, mlp, federation.n_clients, seed=SEED)

    def play(_: int) -> Floats:
        nonlocal state
        state, _report = run_round(federation, engine, METHOD, local, state, clients, seed=SEED)
        return state.model

    serve(session, play)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the program's own options."""
    parser.add_argument("--engine", default="native")
    parser.add_argument("--threads", type=int, default=N_CPUS)


if __name__ == "__main__":
    main()
