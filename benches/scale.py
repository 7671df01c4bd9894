"""Time rounds of federations of up to a million clients, all of whom take part, and their partition on disk.

make bench-million        (CLIENTS=10000,100000 for some of the sizes)
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import stored_partition
from cfmt.experiment.environment import describe_environment
from million import Case, Player
from peers.protocol import N_CPUS
from peers.results import RESULTS, Entry, joined, kept, runs_in_use, write

USUAL = "10000,100000,1000000"


def main() -> None:
    """Measure, print and write."""
    arguments = parse()
    whole = arguments.clients == USUAL
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:N_CPUS])  # the kernels take as many threads
    command = ["make", "bench-million", *([] if whole else [f"CLIENTS={arguments.clients}"])]
    environment = describe_environment((), command=command, started=datetime.now(UTC), threads=N_CPUS)
    environment["load_at_start"] = os.getloadavg()[0]
    before = kept(arguments.out, environment, whole=whole)
    sizes, started = [int(size) for size in arguments.clients.split(",")], time.monotonic()
    cases = [Case(size, name) for size in sizes for name in arguments.methods.split(",")]
    partitions = [partition_of(size, arguments.rounds) for size in sizes]
    entries = play(cases, arguments.rounds)
    run: Entry = {"environment": environment, "seconds": time.monotonic() - started}
    write(arguments.out, merged(before, run, entries, partitions))
    print(f"wrote {arguments.out} after {run['seconds'] / 60:.1f} minutes")


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", default=USUAL, help="numbers of clients, separated by commas")
    parser.add_argument("--methods", default="fedavg,cfmt", help="names separated by commas")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count, after one that does not")
    parser.add_argument("--out", type=Path, default=RESULTS / "million.json")
    return parser.parse_args()


def partition_of(n_clients: int, repeats: int) -> Entry:
    """Time the partition's way to disk and back."""
    seconds = stored_partition.measure(n_clients, repeats)
    shown = ", ".join(f"{step} {statistics.median(each):.3f} s" for step, each in seconds.items())
    print(f"partition of {n_clients:>9,} clients: {shown}", flush=True)
    return {"clients": n_clients, "seconds": seconds}


def play(cases: list[Case], rounds: int) -> list[Entry]:
    """Play all cases by turns, one round of each after the other; the first round of each does not count."""
    with ExitStack() as stack:
        players = [stack.enter_context(Player(case)) for case in cases]
        turns: list[list[dict[str, Any]]] = []
        for turn in range(1 + rounds):
            turns.append([player.play() for player in players])
            print(f"turn {turn}, s:", *(f"{played['seconds']:.3f}" for played in turns[-1]), flush=True)
    entries = []
    for player, *played in zip(players, *turns[1:], strict=True):
        entry = player.case._asdict() | player.built
        entry |= {name: [each[name] for each in played] for name in ("seconds", "loss")}
        entries.append(entry | {"peak_bytes": played[-1]["peak_bytes"]})
        print_entry(entries[-1])
    return entries


def print_entry(entry: Entry) -> None:
    """Print one row of the table."""
    median = statistics.median(entry["seconds"])
    print(
        f"{entry['clients']:>9,} clients, {entry['method']}: {median:.3f} s, "
        f"{1e6 * median / entry['clients']:.2f} us a client, peak {entry['peak_bytes'] / 2**20:,.0f} MiB"
    )


def merged(old: Entry | None, run: Entry, rounds: list[Entry], partitions: list[Entry]) -> Entry:
    """Put the measurements of a run into those that are kept."""
    old = old or {"runs": [], "rounds": [], "partitions": []}
    stamp = {"run": run["environment"]["started"]}
    rounds = joined(old["rounds"], (entry | stamp for entry in rounds), "clients", "method")
    partitions = joined(old["partitions"], (entry | stamp for entry in partitions), "clients")
    return {
        "runs": runs_in_use(old["runs"], run, [*rounds, *partitions]),
        "rounds": sorted(rounds, key=lambda entry: entry["clients"]),
        "partitions": sorted(partitions, key=lambda entry: entry["clients"]),
    }


if __name__ == "__main__":
    main()
