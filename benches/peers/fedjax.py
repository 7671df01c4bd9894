"""FedJAX: its FedProx algorithm over client data sets, with its jit backend."""

from __future__ import annotations

import fedjax
import jax
import jax.numpy as jnp
import numpy as np
from fedjax.algorithms.fed_prox import fed_prox

from peers.protocol import BATCH_SIZE, LEARNING_RATE, PROX_MU, Floats, Session, flat, layers, serve

Batch = dict[str, jax.Array]


def main() -> None:
    """Serve rounds."""
    session = Session(("fedjax", "jax", "jaxlib", "numpy"))
    workload = session.workload
    datasets = [
        fedjax.ClientDataset({"x": workload.X[rows], "y": workload.y[rows].astype(np.float32)})
        for rows in map(workload.rows, range(workload.n_clients))
    ]
    keys = list(jax.random.split(jax.random.PRNGKey(0), workload.n_clients))
    clients = [(k, dataset, keys[k]) for k, dataset in enumerate(datasets)]
    start = tuple(map(jnp.asarray, layers(workload.model, workload.n_features)))
    first, later = algorithm(shuffled=False), algorithm(shuffled=True)
    state = first.init(start)

    def play(round: int) -> Floats:
        nonlocal state
        state, _ = (first if round == 1 else later).apply(state, clients)
        return flat(state.params)

    serve(session, play)


def algorithm(*, shuffled: bool) -> fedjax.FederatedAlgorithm:
    """Make FedProx, with plain descent on clients and the plain mean on the server."""
    batches = fedjax.ShuffleRepeatBatchHParams(BATCH_SIZE, num_epochs=1, skip_shuffle=not shuffled)
    client, server = fedjax.optimizers.sgd(LEARNING_RATE), fedjax.optimizers.sgd(1.0)
    return fed_prox(loss_of_examples, client, server, batches, PROX_MU)


def loss_of_examples(model: tuple[jax.Array, ...], batch: Batch, key: jax.Array) -> jax.Array:
    """Return the loss of each row of a batch."""
    w1, b1, w2, b2 = model
    logits = jax.nn.relu(batch["x"] @ w1.T + b1) @ w2 + b2
    return jax.nn.softplus(logits) - batch["y"] * logits


if __name__ == "__main__":
    main()
