"""Single kernels beside their peers': the weighted mean of updates, and a Dirichlet partition.

Each side is a program of the protocol; a round is one call, and its "model" is the kernel's answer.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import numpy as np

from peers.protocol import Floats, Session, flat, layers, serve

N_UPDATES = 10_000
N_PARTITIONS = 100_000
ALPHA = 0.5


def main() -> None:
    """Serve calls of one kernel by one side."""
    session = Session(("numpy",), lambda parser: parser.add_argument("--kernel", choices=KERNELS))
    package, prepare = KERNELS[session.options.kernel]
    session.versions[package] = version(package)
    call = prepare(session)
    serve(session, lambda _: call())


def mean_by_cfmt(session: Session) -> Callable[[], Floats]:
    """Average with ``cfmt.weighted_mean``."""
    from cfmt import weighted_mean

    updates, weights = updates_and_weights(session)
    return lambda: weighted_mean(updates, weights.astype(np.float64))


def mean_by_flower(session: Session) -> Callable[[], Floats]:
    """Average layer by layer with ``flwr.server.strategy.aggregate.aggregate``."""
    from flwr.server.strategy.aggregate import aggregate

    updates, weights = updates_and_weights(session)
    n_features = session.workload.n_features
    results = [(list(layers(u, n_features)), int(w)) for u, w in zip(updates, weights, strict=True)]
    return lambda: flat(aggregate(results))


def mean_of_messages_by_flower(session: Session) -> Callable[[], Floats]:
    """Average the contents of replies with ``flwr.serverapp``'s ``aggregate_arrayrecords``.

    A reply holds its arrays serialised, as they arrive; the time has their reading, as it has on a server.
    """
    from flwr.app import ArrayRecord, MetricRecord, RecordDict
    from flwr.serverapp.strategy.strategy_utils import aggregate_arrayrecords

    updates, weights = updates_and_weights(session)
    n_features = session.workload.n_features
    replies = [
        RecordDict(
            {
                "arrays": ArrayRecord(list(layers(u, n_features))),
                "metrics": MetricRecord({"num-examples": int(w)}),
            }
        )
        for u, w in zip(updates, weights, strict=True)
    ]
    return lambda: flat(aggregate_arrayrecords(replies, "num-examples").to_numpy_ndarrays())


def updates_and_weights(session: Session) -> tuple[Floats, Floats]:
    """Return updates of shape (n, n_params) around the workload's model, and whole row counts."""
    rng = np.random.default_rng(0)
    updates = rng.standard_normal((N_UPDATES, len(session.workload.model)), np.float32)
    return updates, rng.integers(1, 30, N_UPDATES).astype(np.float32)


def partition_by_cfmt(session: Session) -> Callable[[], Floats]:
    """Divide rows with ``cfmt.partition_dirichlet``."""
    from cfmt import partition_dirichlet

    family = families(session)

    def divide() -> Floats:
        parts = partition_dirichlet(family, N_PARTITIONS, ALPHA, min_size=0, seed=0)
        return parts.sizes.astype(np.float32)

    return divide


def partition_by_flwr_datasets(session: Session) -> Callable[[], Floats]:
    """Divide rows with Flower Datasets' ``DirichletPartitioner``; all the work is in its first access."""
    from datasets import Dataset
    from flwr_datasets.partitioner import DirichletPartitioner

    table = Dataset.from_dict({"family": families(session)})

    def divide() -> Floats:
        partitioner = DirichletPartitioner(N_PARTITIONS, "family", ALPHA, min_partition_size=0, seed=0)
        partitioner.dataset = table
        partitioner.load_partition(0)
        indices = partitioner._partition_id_to_indices  # all clients' rows; load_partition copies one's
        return np.array([len(indices[k]) for k in range(N_PARTITIONS)], np.float32)

    return divide


def families(session: Session) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the workload's attack families, the classes that are shared out."""
    with np.load(session.workload.path) as arrays:
        family: np.ndarray[tuple[int], np.dtype[np.int64]] = arrays["family"]
    return family


KERNELS: dict[str, tuple[str, Callable[[Session], Callable[[], Floats]]]] = {
    "mean-cfmt": ("cfmt", mean_by_cfmt),
    "mean-flower": ("flwr", mean_by_flower),
    "mean-flower-messages": ("flwr", mean_of_messages_by_flower),
    "partition-cfmt": ("cfmt", partition_by_cfmt),
    "partition-flwr-datasets": ("flwr-datasets", partition_by_flwr_datasets),
}


if __name__ == "__main__":
    main()
