"""Write a workload file: generated traffic, divided over clients, with a model to start from.

python -m peers.workload iid 1000 OUT.npz      (in benches/)
"""

from __future__ import annotations

import argparse
import json
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from cfmt import partition_iid, partition_quantity
from cfmt.data import Table, load_synthetic
from cfmt.federated import Federation, fedprox, initial_state
from cfmt.mlp import MLP
from cfmt.preprocessing import Preprocessor
from cfmt.ragged import Ragged
from cfmt.sampling import batch_plan
from peers.protocol import BATCH_SIZE, HIDDEN, PROX_MU, Workload

Kind: TypeAlias = Literal["iid", "dir"]

N_ROWS = 125_973  # as in KDDTrain+
N_FEATURES = 121  # as NSL-KDD has after preprocessing
SIZE_ALPHA = 0.5
SEED = 20250101
METHOD = fedprox(PROX_MU)


def main() -> None:
    """Write one workload."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("iid", "dir"))
    parser.add_argument("clients", type=int)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    write(arguments.kind, arguments.clients, arguments.out)


def write(kind: Kind, n_clients: int, out: Path) -> None:
    """Divide the rows over clients: sizes alike (``iid``), or drawn from a Dirichlet law (``dir``)."""
    if kind == "iid":
        parts = partition_iid(N_ROWS, n_clients, seed=SEED)
    else:
        parts = partition_quantity(N_ROWS, n_clients, SIZE_ALPHA, seed=SEED)
    federation = Federation.build(traffic(), (), parts, validation_share=0.0, seed=SEED)
    X = np.zeros((N_ROWS, N_FEATURES), np.float32)  # a seed may leave a rare category out: zeros stand for it
    X[:, : federation.n_features] = federation.X
    plan = batch_plan(federation.train.offsets, batch_size=BATCH_SIZE, epochs=1, seed=SEED, round=1)
    np.savez(
        out,
        X=X,
        y=federation.is_attack,
        offsets=federation.train.offsets,
        rows=federation.train.values,
        order=federation.train.values[plan[plan >= 0]],
        model=initial_state(METHOD, MLP(N_FEATURES, HIDDEN), n_clients, seed=SEED).model,
        family=federation.family,
        families=np.array(federation.families),
        preprocessor=np.array(json.dumps(federation.preprocessor.to_dict())),
    )


@cache
def traffic() -> Table:
    """Generate the rows, with the schema of NSL-KDD."""
    return load_synthetic(N_ROWS, 0, seed=SEED)[0]


def federation_of(workload: Workload) -> Federation:
    """Read the workload's federation for cfmt, without test sets or validation rows."""
    with np.load(workload.path) as arrays:
        parts = Ragged(arrays["rows"], workload.offsets)
        return Federation(
            X=workload.X,
            is_attack=workload.y,
            family=arrays["family"],
            families=tuple(arrays["families"].tolist()),
            train=parts,
            validation=Ragged.from_sizes(parts.values[:0], np.zeros_like(parts.sizes)),
            tests=(),
            preprocessor=Preprocessor.from_dict(json.loads(str(arrays["preprocessor"]))),
            name="generated",
            synthetic=True,
        )


if __name__ == "__main__":
    main()
