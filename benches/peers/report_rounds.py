"""The tables of rounds beside the peers, on which machine, and what to know about each side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from peers.report_text import MIB, command, date, median, of_versions, rounded, workload
from peers.results import Entry
from studies.markdown import markdown_table

COLUMNS = ("", "median s", "min s", "clients/s", "to cfmt", "to floor", "MiB", "start", "off", "rounds")


def machine(peers: Entry) -> list[str]:
    """Describe the machine's class, the runs and the floor."""
    environment, rates = peers["runs"][-1]["environment"], peers["floor"]
    more = environment["machine"]
    vectors = {True: "with AVX-512", False: "without AVX-512", None: "of unknown vector width"}
    parts = [
        "## Machine and floor",
        f"{environment['cores']} cores {vectors[more['avx512']]}, of which {more['processors_used']} are "
        f"used; {more['memory_bytes'] / 2**30:.0f} GiB.",
        "\n".join(f"- {line}" for line in runs(peers)),
    ]
    flop, rate = peers["workloads"][0]["flop"], max(rates.values())
    measured = ", ".join(f"{name} {rate / 1e9:.0f} GFLOP/s" for name, rate in rates.items())
    parts.append(
        f"The products of a round are {flop / 1e9:.2f} GFLOP: forward, and the gradient of the weights. The "
        f"best rate of a matrix product on the same processors, looked for before each workload and at the "
        f"end, was {measured}; at the higher rate the products alone take **{flop / rate:.3f} s**, the "
        "*floor* of the tables."
    )
    return parts


def runs(peers: Entry) -> list[str]:
    """Describe each run; where there are several, say what is from which."""
    found: dict[str, list[str]] = {run["environment"]["started"]: [] for run in peers["runs"]}
    for load in peers["workloads"]:
        measured = {peer["run"] for peer in load["peers"]}
        if len(measured) == 1:
            found[measured.pop()].append(f"all of {workload(load)}")
            continue
        for peer in load["peers"]:
            found[peer["run"]].append(f"{peer['label']} ({workload(load)})")
    for kernel in peers["kernels"]:
        found[kernel["run"]].append(f"{kernel['label']} beside {kernel['peer']}")
    largest = max(found, key=lambda start: len(found[start]))
    lines = []
    for run in peers["runs"]:
        environment = run["environment"]
        line = (
            f"{command(environment)}, {date(environment)}: load at the start "
            f"{environment['machine']['load_at_start']:.1f}, {run['seconds'] / 60:.0f} minutes"
        )
        start = environment["started"]
        from_it = "all that no other run is named for" if start == largest else "; ".join(found[start])
        lines.append(f"{line}: {from_it}" if len(found) > 1 else line)
    return lines


def tables(peers: Entry) -> list[str]:
    """Write one table for each workload."""
    rate = max(peers["floor"].values())
    parts = ["## Seconds of a round"]
    for load in peers["workloads"]:
        timed = [entry for entry in load["peers"] if "seconds" in entry]
        timed.sort(key=lambda entry: median(entry["seconds"]))
        rows = [row(entry, load["clients"], load["flop"] / rate) for entry in timed]
        parts += [f"**{workload(load)}**", markdown_table(COLUMNS, rows), *skipped(load["peers"])]
    return parts


def row(entry: Entry, n_clients: int, floor: float) -> list[str]:
    """Write one line of a table."""
    middle = median(entry["seconds"])
    ours = "ours_seconds" not in entry
    ratio = 1.0 if ours else middle / median(entry["ours_seconds"])
    return [
        f"**{entry['label']}**" if ours else entry["label"],
        f"{middle:.3f}",
        f"{min(entry['seconds']):.3f}",
        f"{n_clients / middle:,.0f}",
        f"{rounded(ratio)} x",
        f"{rounded(middle / floor)} x",
        f"{entry['peak_bytes'] / MIB:,.0f}",
        f"{entry['start_bytes'] / MIB:,.0f}",
        "" if ours else f"{entry['difference']:.0e}",
        str(len(entry["seconds"])) + (r"\*" if entry.get("first_round_counts") else ""),
    ]


def skipped(entries: Iterable[Entry]) -> list[str]:
    """Say which peers were not timed, and why, and what a star means."""
    entries = list(entries)
    notes = [f"{entry['label']}: {entry['skipped']}" for entry in entries if "skipped" in entry]
    parts = ["Not timed: " + "; ".join(notes) + "."] if notes else []
    if any(entry.get("first_round_counts") for entry in entries):
        parts.append("\\* One round, the first: it took so long that it was not repeated.")
    return parts


def remarks(peers: Entry) -> list[str]:
    """List versions and what to know about each side."""
    found: dict[str, list[Entry]] = {}
    for load in peers["workloads"]:
        for entry in load["peers"]:
            if "versions" in entry:
                found.setdefault(entry["label"], []).append(entry)
    lines = [f"- {label}: {'; '.join(filter(None, about(entries)))}." for label, entries in found.items()]
    python = peers["runs"][-1]["environment"]["versions"]["python"]
    return ["## Versions and remarks", "\n".join(lines), f"All on Python {python}."]


def about(entries: list[Entry]) -> list[str]:
    """Describe one side from its entries, one for each workload, in the tables' order."""
    notes: dict[str, list[Any]] = {}
    for entry in entries:
        for name, value in entry.get("notes", {}).items():
            notes.setdefault(name, []).append(value)
    found = [f"{name}, by table: {', '.join(map(str, values))}" for name, values in notes.items()]
    return [of_versions(entries[0]["versions"]), entries[0]["remark"], *found]
