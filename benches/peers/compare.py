"""Time cfmt beside its peers on one workload: ours, peer, ours, peer, ... on the same two processors.

python -P -m peers.compare --quick       (with benches/ on PYTHONPATH; `make bench-peers` does all of it)
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, get_args

from cfmt.experiment.environment import describe_environment
from peers import workload
from peers.checks import check, check_kernels, difference, loss
from peers.environments import ENVIRONMENTS, ROOT, UnavailableError
from peers.floor import round_flop
from peers.player import Played, Player, ask_once
from peers.protocol import N_CPUS, Floats, Workload
from peers.registry import MEAN, MEAN_OF_MESSAGES, OURS, PARTITION, Peer, chosen
from peers.results import RESULTS, Entry, kept, merged, rounds_beside, write

QUICK_RESULTS = ROOT / "runs" / "peers-quick.json"
WORKLOADS = {"iid": "100,1000,10000", "dir": "1000,10000"}
QUICK_WORKLOADS = {"iid": "100,1000", "dir": ""}


class Effort(NamedTuple):
    """How long to measure each peer on a workload.

    Rounds go on until the seconds are used up, but there are at least and at most so many; a peer is given
    up when a round takes longer than ``round_seconds``.
    """

    at_least: int
    at_most: int
    seconds: float
    round_seconds: float


FULL = Effort(at_least=3, at_most=9, seconds=10.0, round_seconds=300.0)
QUICK = Effort(at_least=2, at_most=3, seconds=4.0, round_seconds=90.0)
LONG = 45.0  # seconds after which a first round is not repeated: it then counts itself


def main() -> None:
    """Measure, print and write everything."""
    arguments = parse()
    processors = sorted(os.sched_getaffinity(0))[:N_CPUS]
    os.sched_setaffinity(0, processors)
    environment, whole = describe(arguments), not make_variables(arguments)
    out = arguments.out or (QUICK_RESULTS if arguments.quick else RESULTS / "peers.json")
    before = kept(out, environment, whole=whole)
    now = measure_all(arguments, environment, lambda so_far: write(out, merged(before, so_far)))
    rates = ", ".join(f"{name} {rate / 1e9:.0f} GFLOP/s" for name, rate in now["floor"].items())
    print(f"\nmatrix product: {rates}\n\nwrote {out} after {now['seconds'] / 60:.1f} minutes")


def describe(arguments: argparse.Namespace) -> dict[str, Any]:
    """Describe the run that starts now."""
    command = ["make", "bench-peers", *make_variables(arguments)]
    described = describe_environment((), command=command, started=datetime.now(UTC), threads=N_CPUS)
    return described | {"machine": machine()}


def measure_all(
    arguments: argparse.Namespace, environment: Entry, save: Callable[[Entry], None]
) -> dict[str, Any]:
    """Measure the workloads, saving after each, then the kernels."""
    effort, started = QUICK if arguments.quick else FULL, time.monotonic()
    now: Entry = {"environment": environment, "floor": {}, "workloads": [], "kernels": []}

    def save_so_far() -> None:
        now["seconds"] = time.monotonic() - started
        save(now)

    with tempfile.TemporaryDirectory() as folder:
        for kind, n_clients in sizes_of(arguments):
            path = Path(folder) / f"{kind}-{n_clients}.npz"
            workload.write(kind, n_clients, path)
            raise_rates(now["floor"])
            now["workloads"].append(measure(kind, n_clients, path, chosen(arguments.peers), effort))
            save_so_far()
        if arguments.peers == "all":
            pairs = (MEAN, MEAN_OF_MESSAGES, PARTITION)
            now["kernels"] = [duel_of_kernels(path, *pair, effort) for pair in pairs]
    raise_rates(now["floor"])
    save_so_far()
    return now


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default="all", help="names separated by commas, or all")
    parser.add_argument("--clients", default="", help="numbers of clients with sizes alike")
    parser.add_argument("--dirichlet", default="", help="numbers of clients with Dirichlet sizes")
    parser.add_argument("--quick", action="store_true", help="a look of some minutes, kept in runs/")
    parser.add_argument("--out", type=Path, help="file of the results")
    return parser.parse_args()


def make_variables(arguments: argparse.Namespace) -> list[str]:
    """Write the command line as variables of make, so that the report can say how to repeat it."""
    given = {
        "PEERS": arguments.peers.removeprefix("all"),
        "CLIENTS": arguments.clients,
        "DIRICHLET": arguments.dirichlet,
        "QUICK": "1" if arguments.quick else "",
    }
    return [f"{name}={value}" for name, value in given.items() if value]


def sizes_of(arguments: argparse.Namespace) -> list[tuple[workload.Kind, int]]:
    """List the workloads, smallest first."""
    given = {"iid": arguments.clients, "dir": arguments.dirichlet}
    if not any(given.values()):
        given = QUICK_WORKLOADS if arguments.quick else WORKLOADS
    kinds: tuple[workload.Kind, ...] = get_args(workload.Kind)
    return [(kind, int(number)) for kind in kinds for number in given[kind].split(",") if number]


def measure(kind: str, n_clients: int, path: Path, peers: tuple[Peer, ...], effort: Effort) -> dict[str, Any]:
    """Measure one workload: ours stays alive, each peer in turn plays beside it."""
    print(f"\n{kind}, {n_clients:,} clients", flush=True)
    print(f"  {'':42}{'seconds a round':>22}{'clients/s':>12}{'ours is':>10}{'MiB':>8}", flush=True)
    data = Workload.load(path)
    entries = []
    with start(OURS, path, effort) as ours:
        reference = ours.play()
        for peer in peers:
            entry: dict[str, Any] = {"name": peer.name, "label": peer.label, "remark": peer.remark}
            try:
                entry |= duel(ours, peer, path, effort, data, reference.model)
            except UnavailableError as error:
                entry |= {"skipped": str(error)}
            entries.append(entry)
            print_entry(entry, n_clients)
        last = ours.play()
        ours_entry = {
            "name": OURS.name,
            "label": OURS.label,
            "remark": OURS.remark,
            "versions": ours.versions,
            "seconds": rounds_beside(entries) or [last.seconds],
            "start_bytes": ours.start_bytes,
            "peak_bytes": last.peak_bytes,
            "loss": [loss(data, data.model), loss(data, reference.model)],
        }
    print_entry(ours_entry, n_clients)
    n_rows, n_features = data.X.shape
    return {
        "kind": kind,
        "clients": n_clients,
        "rows": n_rows,
        "features": n_features,
        "flop": round_flop(n_rows, n_features),
        "peers": [ours_entry, *entries],
    }


def duel(
    ours: Player, peer: Peer, path: Path, effort: Effort, data: Workload, reference: Floats
) -> dict[str, Any]:
    """Play ours and a peer by turns; check that the peer computes the same."""
    with start(peer, path, effort) as player:
        our_seconds = [ours.play().seconds for _ in range(effort.at_least)]
        first = player.play()
        check(peer, data, first.model, reference)
        if first.seconds < LONG:
            rounds, our_seconds = by_turns(ours, player, effort)
        else:
            rounds = [first]
            our_seconds += [ours.play().seconds for _ in range(effort.at_least)]
        return {
            "versions": player.versions,
            "seconds": [played.seconds for played in rounds],
            "ours_seconds": our_seconds,
            "first_round_counts": first.seconds >= LONG,
            "start_bytes": player.start_bytes,
            "peak_bytes": max(played.peak_bytes for played in rounds),
            "loss": [loss(data, data.model), loss(data, first.model)],
            "difference": difference(data, first.model, reference),
            "notes": rounds[-1].notes,
        }


def by_turns(ours: Player, other: Player, effort: Effort) -> tuple[list[Played], list[float]]:
    """Play ours, the other, ours, the other, until the rounds or the seconds are used up."""
    rounds: list[Played] = []
    our_seconds: list[float] = []
    while len(rounds) < effort.at_least or (
        len(rounds) < effort.at_most and sum(played.seconds for played in rounds) < effort.seconds
    ):
        our_seconds.append(ours.play().seconds)
        rounds.append(other.play())
    return rounds, our_seconds


def duel_of_kernels(path: Path, ours: Peer, theirs: Peer, effort: Effort) -> dict[str, Any]:
    """Play our kernel and a peer's by turns."""
    entry: dict[str, Any] = {"label": ours.label, "peer": theirs.label}
    entry |= {"what": ours.remark, "remark": theirs.remark}
    try:
        with start(ours, path, effort) as our_side, start(theirs, path, effort) as their_side:
            check_kernels(ours, our_side.play().model, their_side.play().model)
            rounds, our_seconds = by_turns(our_side, their_side, effort)
            entry |= {
                "seconds": our_seconds,
                "peer_seconds": [played.seconds for played in rounds],
                "versions": their_side.versions,
            }
            median, theirs_median = map(statistics.median, (our_seconds, entry["peer_seconds"]))
            print(f"\n{ours.label}: {median:.3g} s; {theirs.label}: {theirs_median:.3g} s")
    except UnavailableError as error:
        entry |= {"skipped": str(error)}
        print(f"\n{theirs.label}: skipped, {error}")
    return entry


def start(peer: Peer, path: Path, effort: Effort) -> Player:
    """Start a peer's program; its messages go to a file beside the environments."""
    logs = ENVIRONMENTS / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    return Player(peer, path, logs / f"{peer.name}-{path.stem}.log", round_seconds=effort.round_seconds)


def raise_rates(rates: dict[str, float]) -> None:
    """Measure the rate of a matrix product, FLOP/s, by library; keep the best of all times that we looked.

    A machine that is busy at one time shows its rate at another.
    """
    for name, rate in ask_once("floor").items():
        rates[name] = max(rate, rates.get(name, 0.0))


def machine() -> dict[str, Any]:
    """Describe the class of machine further: what its processor can, and its memory."""
    listing = Path("/proc/cpuinfo")
    flags = listing.read_text().split() if listing.exists() else []
    return {
        "avx512": "avx512f" in flags if flags else None,
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "processors_used": N_CPUS,
        "load_at_start": os.getloadavg()[0],
    }


def print_entry(entry: dict[str, Any], n_clients: int) -> None:
    """Print one row of the table."""
    if "skipped" in entry:
        print(f"  {entry['label']:42}skipped: {entry['skipped']}", flush=True)
        return
    median, least = statistics.median(entry["seconds"]), min(entry["seconds"])
    ratio = median / statistics.median(entry["ours_seconds"]) if "ours_seconds" in entry else 1.0
    print(
        f"  {entry['label']:42}{f'{median:.3f} (min {least:.3f})':>22}{n_clients / median:>12,.0f}"
        f"{f'{ratio:,.1f} x':>10}{entry['peak_bytes'] / 2**20:>8,.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
