"""Time rounds on a CUDA device, beside the least time that they can take there.

make bench-gpu        (CLIENTS=100000 for fewer in the large federation)
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

import inputs
import million
from cfmt.experiment.environment import describe_environment
from cfmt.federated import method_named
from cfmt.files import write_atomic
from cfmt.mlp import MLP
from cfmt.nn import Group, LocalTraining, NativeEngine, Summed, Weighting
from cfmt.nn.cuda.engine import DeviceEngine
from cfmt.nn.cuda.precision import full_precision
from peers.floor import least_seconds, round_flop
from peers.protocol import BATCH_SIZE, HIDDEN, LEARNING_RATE

SIDES = (4096, 8192)
COPY_BYTES = 1 << 30
CLIENTS = 10_000
ROUNDS = 10
RESULTS = Path(__file__).parent / "results" / "gpu.json"


class Rates(NamedTuple):
    """What the device reaches: its float32 matrix product, and its memory, read and written."""

    flop_per_second: float
    bytes_per_second: float


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1_000_000, help="in the large federation")
    parser.add_argument("--methods", default="fedavg,cfmt", help="on the large federation")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each method")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit(f"make bench-gpu needs a CUDA device, and torch {torch.__version__} sees none")
    clients = [] if arguments.clients == parser.get_default("clients") else [f"CLIENTS={arguments.clients}"]
    command = ["make", "bench-gpu", *clients]
    environment = describe_environment((), command=command, started=datetime.now(UTC))
    rates = measure_rates("cuda")
    print(f"{torch.cuda.get_device_name()}: {rates.flop_per_second / 1e12:.1f} TFLOP/s in float32 products, "
          f"{rates.bytes_per_second / 1e9:.0f} GB/s in copies")  # fmt: skip
    rounds = [
        small_federation(rates, "cuda", CLIENTS),
        *large_federation(rates, arguments.clients, arguments.methods.split(","), arguments.rounds),
    ]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    results = {
        "environment": environment,
        "device": torch.cuda.get_device_name(),
        **rates._asdict(),
        "rounds": rounds,
    }
    write_atomic(arguments.out, json.dumps(results, indent=1) + "\n")


@full_precision()
def measure_rates(device: str, *, sides: tuple[int, ...] = SIDES, copy_bytes: int = COPY_BYTES) -> Rates:
    """Time products of square matrices, and a copy from one place of the device's memory to another."""
    flop_per_second = 0.0
    for side in sides:
        a, b, c = (torch.rand(side, side, device=device) for _ in range(3))

        def product(a: torch.Tensor = a, b: torch.Tensor = b, c: torch.Tensor = c) -> None:
            torch.matmul(a, b, out=c)
            _wait(device)

        flop_per_second = max(flop_per_second, 2 * side**3 / least_seconds(product))
    source = torch.zeros(copy_bytes, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)

    def copy() -> None:
        target.copy_(source)
        _wait(device)

    return Rates(flop_per_second, 2 * copy_bytes / least_seconds(copy))


def floor_seconds(rates: Rates, mlp: MLP, n_clients: int, n_steps: int, n_rows: int) -> float:
    """Return the least time of a round in which each client's model lies in memory.

    The larger of two: the multiplications at the rate of the matrix product; or, at the rate of a copy, the
    models being written once, read for the forward pass of each step, read and written for its update, and
    read for the sum. ``n_steps`` and ``n_rows`` are those of all clients together.
    """
    passes = 2 * n_clients + 3 * n_steps
    return max(
        round_flop(n_rows, mlp.n_features) / rates.flop_per_second,
        4 * mlp.n_params * passes / rates.bytes_per_second,
    )


def small_federation(rates: Rates, device: str, n_clients: int, *, rounds: int = ROUNDS) -> dict[str, Any]:
    """Time the engine alone on W(n_clients): FedProx, one epoch."""
    work = inputs.training(n_clients)
    engine = DeviceEngine(work.mlp, work.X, work.y, device=device)
    check(play(engine, work), play(NativeEngine(work.mlp, work.X, work.y), work), work)
    play(engine, work)  # the graphs are captured by now
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        play(engine, work)
        seconds.append(time.perf_counter() - started)
    n_steps = int(work.local.n_steps(work.rows.sizes).sum())
    floor = floor_seconds(rates, work.mlp, n_clients, n_steps, len(work.rows.values))
    return describe(f"W({n_clients:,})", n_clients, seconds, floor)


def play(engine: DeviceEngine | NativeEngine, work: inputs.Round) -> Summed:
    """Train all clients of one round; the sums are on the host when it returns."""
    n_clients = work.rows.n_clients
    only = np.zeros(n_clients, np.int64)  # one model, one cluster
    group = Group(work.model[np.newaxis], only, work.rows, work.clients, inputs.SEED, round=0)
    return engine.train_and_sum(group, work.local, Weighting(work.weights, only, n_clusters=1))


def check(got: Summed, expected: Summed, work: inputs.Round) -> None:
    """Raise unless the device computes what the processor does; its time would mean nothing."""
    total = work.weights.sum()
    np.testing.assert_allclose(got.sums / total, expected.sums / total, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(got.losses, expected.losses, rtol=1e-4)


def large_federation(
    rates: Rates, n_clients: int, methods: list[str], rounds: int, device: str = "cuda"
) -> Iterator[dict[str, Any]]:
    """Time whole rounds of the federation of ``make bench-million``, the host's part of them too.

    The floor is that of one epoch over the rows as they are; a sampler's draws may be fewer or more.
    """
    federation, _ = million.build(n_clients)
    sizes, mlp = federation.train.sizes, MLP(federation.n_features, HIDDEN)
    n_steps = int(LocalTraining(LEARNING_RATE, BATCH_SIZE, epochs=1, steps=None).n_steps(sizes).sum())
    floor = floor_seconds(rates, mlp, n_clients, n_steps, int(sizes.sum()))
    for name in methods:
        played = million.play(federation, method_named(name), rounds, device=device)
        yield describe(f"{name}, {n_clients:,} clients", n_clients, [seconds for seconds, _ in played], floor)


def describe(name: str, n_clients: int, seconds: list[float], floor: float) -> dict[str, Any]:
    """Print a line, and return what is written."""
    least = min(seconds)
    print(f"{name}: {least:.4f} s, {n_clients / least:,.0f} clients/s, floor {floor:.4f} s "
          f"({floor / least:.0%} of the time)", flush=True)  # fmt: skip
    return {
        "name": name,
        "clients": n_clients,
        "seconds": seconds,
        "clients_per_second": n_clients / least,
        "floor_seconds": floor,
        "floor_share": floor / least,
    }


def _wait(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    main()
