"""Files of results: what a further run replaces in them, and what it leaves.

A file holds the runs that it is from, newest last, and entries that each name their run by its start. A run
of everything replaces the file. A run of a part replaces what it measured, and what other classes of
machine have measured: their seconds do not go together.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cfmt.files import write_atomic
from peers.environments import ROOT

RESULTS = ROOT / "benches" / "results"

Entry = dict[str, Any]


def read(path: Path) -> Entry | None:
    """Read results, if there are any."""
    if not path.exists():
        return None
    results: Entry = json.loads(path.read_text())
    return results


def write(path: Path, results: Entry) -> None:
    """Write results, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, json.dumps(results, indent=1) + "\n")


def kept(path: Path, environment: Entry, *, whole: bool) -> Entry | None:
    """Read the results that a run starting now goes into, if any; say what becomes of what is there."""
    old = read(path)
    if old is None:
        return None
    if whole:
        print(f"replaces all of {path.name}")
        return None
    if machine_class(old["runs"][-1]["environment"]) != machine_class(environment):
        print(f"replaces all of {path.name}, which is from another class of machine")
        return None
    print(f"replaces in {path.name} what is measured now, keeps the rest")
    return old


def machine_class(environment: Entry) -> tuple[Any, ...]:
    """Return what must be alike for seconds to stand in one table."""
    return tuple(environment[name] for name in ("cpu", "cores", "threads"))


def joined(old: Iterable[Entry], new: Iterable[Entry], *keys: str) -> list[Entry]:
    """Put new entries in the place of old ones with the same keys, further ones at the end."""
    entries = {tuple(entry[key] for key in keys): entry for entry in old}
    return list((entries | {tuple(entry[key] for key in keys): entry for entry in new}).values())


def runs_in_use(old: Iterable[Entry], new: Entry, entries: Iterable[Entry]) -> list[Entry]:
    """List the runs that some entry is from, and the new one at the end."""
    named = {entry["run"] for entry in entries}
    start = new["environment"]["started"]
    others = [run for run in old if run["environment"]["started"] in named - {start}]
    return [*others, new]


def merged(old: Entry | None, now: Entry) -> Entry:
    """Put the measurements of a run of the comparison into those that are kept."""
    run = {"environment": now["environment"], "seconds": now["seconds"]}
    stamped = {"run": run["environment"]["started"]}
    loads = [load | {"peers": [peer | stamped for peer in load["peers"]]} for load in now["workloads"]]
    kernels = [kernel | stamped for kernel in now["kernels"]]
    if old is None:
        old = {"runs": [], "floor": {}, "workloads": [], "kernels": []}
    loads = [with_kept_peers(load, old["workloads"]) for load in loads]
    loads = sorted(joined(old["workloads"], loads, "kind", "clients"), key=place)
    kernels = joined(old["kernels"], kernels, "label", "peer")
    rates = dict(now["floor"])
    for name, rate in old["floor"].items():
        rates[name] = max(rate, rates.get(name, 0.0))
    entries = [*(peer for load in loads for peer in load["peers"]), *kernels]
    return {
        "runs": runs_in_use(old["runs"], run, entries),
        "floor": rates,
        "workloads": loads,
        "kernels": kernels,
    }


def with_kept_peers(load: Entry, others: Iterable[Entry]) -> Entry:
    """Add to a workload the peers that only an earlier run has measured on it; ours played beside all."""
    same = [other for other in others if place(other) == place(load)]
    ours, *peers = joined((peer for other in same for peer in other["peers"]), load["peers"], "name")
    ours = ours | {"seconds": rounds_beside(peers) or ours["seconds"]}
    return load | {"peers": [ours, *peers]}


def place(load: Entry) -> tuple[int, int]:
    """Return what names a workload, in the order of the tables."""
    return ("iid", "dir").index(load["kind"]), load["clients"]


def rounds_beside(peers: Iterable[Entry]) -> list[float]:
    """List the seconds of all rounds of ours that alternated with a peer's."""
    return [seconds for peer in peers for seconds in peer.get("ours_seconds", [])]
