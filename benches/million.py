"""Time rounds of a federation of a million clients, all of whom take part.

make bench-million        (CLIENTS=100000 for fewer)
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from cfmt import partition_iid
from cfmt.data import load_synthetic
from cfmt.federated import Federation, Method, initial_state, method_named, run_round
from cfmt.files import write_atomic
from cfmt.nn import MLP, LocalTraining, make_engine, set_threads
from cfmt.report import describe_environment
from peers.protocol import BATCH_SIZE, HIDDEN, LEARNING_RATE, N_CPUS, peak_bytes

N_ROWS = 125_973  # as in KDDTrain+
ROWS_PER_CLIENT = (8, 16)
SEED = 20250101
RESULTS = Path(__file__).parent / "results" / "million.json"


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1_000_000)
    parser.add_argument("--methods", default="fedavg,cfmt", help="in this order, in one process")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each method")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:N_CPUS])  # the kernels take as many threads
    set_threads(N_CPUS)
    command = ["make", "bench-million"]
    if arguments.clients != parser.get_default("clients"):
        command.append(f"CLIENTS={arguments.clients}")
    environment = describe_environment((), command=command, started=datetime.now(UTC), threads=N_CPUS)
    federation, seconds = build(arguments.clients)
    results: dict[str, Any] = {"environment": environment, "clients": arguments.clients, **seconds}
    results["training_rows"] = len(federation.train.values)
    results["start_bytes"] = peak_bytes()
    results["methods"] = [
        measure(federation, method_named(name), arguments.rounds) for name in arguments.methods.split(",")
    ]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(arguments.out, json.dumps(results, indent=1) + "\n")


def build(n_clients: int) -> tuple[Federation, dict[str, float]]:
    """Draw each client's rows with replacement from generated traffic; hold a fifth of them out."""
    table, _ = load_synthetic(N_ROWS, 0, seed=SEED)
    started = time.perf_counter()
    parts = partition_iid(N_ROWS, n_clients, rows_per_client=ROWS_PER_CLIENT, seed=SEED)
    divided = time.perf_counter()
    federation = Federation.build(table, (), parts, seed=SEED)
    seconds = {"partition_seconds": divided - started, "build_seconds": time.perf_counter() - divided}
    print(
        f"{n_clients:,} clients, {len(parts.values):,} rows: partition {seconds['partition_seconds']:.2f} s, "
        f"validation rows and preprocessing {seconds['build_seconds']:.2f} s"
    )
    return federation, seconds


def measure(federation: Federation, method: Method, rounds: int) -> dict[str, Any]:
    """Time rounds of one method with the native engine: one local epoch, every client."""
    seconds, losses = [], []
    for elapsed, mean_loss in play(federation, method, rounds):
        seconds.append(elapsed)
        losses.append(mean_loss)
        print(
            f"{method.name} round {len(seconds)}: {elapsed:.2f} s, {federation.n_clients / elapsed:,.0f} "
            f"clients/s, training loss {mean_loss:.4f}, peak {peak_bytes() / 2**30:.2f} GiB",
            flush=True,
        )
    return {"name": method.name, "seconds": seconds, "losses": losses, "peak_bytes": peak_bytes()}


def play(
    federation: Federation, method: Method, rounds: int, *, device: str = "cpu"
) -> Iterator[tuple[float, float]]:
    """Play rounds, on a processor with the native engine; yield the seconds and the mean loss of each."""
    mlp = MLP(federation.n_features, HIDDEN)
    engine = make_engine("auto", mlp, federation.X, federation.is_attack, device=device)
    local = LocalTraining(LEARNING_RATE, BATCH_SIZE, epochs=1, steps=None)
    clients = np.arange(federation.n_clients)
    state = initial_state(method, mlp, federation.n_clients, seed=SEED)
    for _ in range(rounds):
        started = time.perf_counter()
        state, report = run_round(federation, engine, method, local, state, clients, seed=SEED)
        yield time.perf_counter() - started, report.loss


if __name__ == "__main__":
    main()
