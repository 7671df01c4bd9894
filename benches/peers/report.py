"""Turn the results of ``compare.py`` and ``million.py`` into docs/performance.md and its plot."""

from __future__ import annotations

import json
import shlex
import statistics
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cfmt.files import write_atomic
from peers.environments import ROOT
from peers.plot import draw

RESULTS = ROOT / "benches" / "results"
DOCS = ROOT / "docs"
KINDS = {"iid": "sizes alike", "dir": "sizes from Dirichlet(0.5)"}
MIB, GIB = 2**20, 2**30

Entry = dict[str, Any]

WIDTH = 120


def main() -> None:
    """Write the page and the plot from the results that are there."""
    peers, million = (read(RESULTS / f"{name}.json") for name in ("peers", "million"))
    if peers is None:
        raise SystemExit(f"no results in {RESULTS}; run: make bench-peers")
    parts = [heading(peers, million), *machine(peers), *tables(peers)]
    parts += [*kernels(peers["kernels"]), *of_million(million), *remarks(peers)]
    write_atomic(DOCS / "performance.md", "\n\n".join(map(wrapped, parts)) + "\n")
    draw(peers["workloads"], DOCS)
    print(f"wrote {(DOCS / 'performance.md').relative_to(ROOT)} and its plot")


def wrapped(part: str) -> str:
    """Break a paragraph of one line; leave tables, lists and what is broken already."""
    part = part.strip()
    return part if "\n" in part or part.startswith(("#", "|")) else textwrap.fill(part, WIDTH)


def read(path: Path) -> Entry | None:
    """Read results, if there are any."""
    if not path.exists():
        return None
    results: Entry = json.loads(path.read_text())
    return results


def heading(peers: Entry, million: Entry | None) -> str:
    """Say what is measured, and how."""
    first = peers["workloads"][0]
    runs = [command(results) for results in (peers, million) if results]
    return (
        (Path(__file__).parent / "method.md")
        .read_text()
        .format(
            commands=" and ".join(runs),
            rows=first["rows"],
            features=first["features"],
            processors=peers["environment"]["machine"]["processors_used"],
        )
    )


def command(results: Entry) -> str:
    """Write the command of some results, as code."""
    return f"`{shlex.join(results['environment']['command'])}`"


def machine(peers: Entry) -> list[str]:
    """Describe the machine's class and its floor."""
    environment, rates = peers["environment"], peers["floor"]
    more = environment["machine"]
    vectors = {True: "with AVX-512", False: "without AVX-512", None: "of unknown vector width"}[
        more["avx512"]
    ]
    flop, rate = peers["workloads"][0]["flop"], max(rates.values())
    measured = ", ".join(f"{name} {value / 1e9:,.0f} GFLOP/s" for name, value in rates.items())
    return [
        "## Machine and floor",
        f"{environment['cores']} cores {vectors}, of which {more['processors_used']} are used; "
        f"{more['memory_bytes'] / GIB:.0f} GiB; {environment['started'][:10]}; load at the start "
        f"{more['load_at_start']:.1f}; the run took {peers.get('seconds', 0) / 60:.0f} minutes.",
        f"The products of a round are {flop / 1e9:.2f} GFLOP: forward, and the gradient of the weights. The "
        f"best rate of a matrix product on the same processors, looked for before each workload and at the "
        f"end, was {measured}; at the higher rate the products alone take **{flop / rate:.3f} s**, the "
        "*floor* of the tables.",
    ]


def tables(peers: Entry) -> list[str]:
    """Write one table for each workload."""
    rate = max(peers["floor"].values())
    parts = ["## Seconds of a round"]
    for load in peers["workloads"]:
        header = "| | median s | min s | clients/s | to cfmt | to floor | MiB | start | off | rounds |"
        rows = [header, "|---" + "|---:" * 9 + "|"]
        timed = [entry for entry in load["peers"] if "seconds" in entry]
        timed.sort(key=lambda entry: statistics.median(entry["seconds"]))
        rows += [row(entry, load["clients"], load["flop"] / rate) for entry in timed]
        parts += [f"**{load['clients']:,} clients, {KINDS[load['kind']]}**", "\n".join(rows)]
        parts += skipped(load["peers"])
    return parts


def row(entry: Entry, n_clients: int, floor: float) -> str:
    """Write one line of a table."""
    median = statistics.median(entry["seconds"])
    ours = "ours_seconds" not in entry
    ratio = 1.0 if ours else median / statistics.median(entry["ours_seconds"])
    cells = [
        f"**{entry['label']}**" if ours else entry["label"],
        f"{median:.3f}",
        f"{min(entry['seconds']):.3f}",
        f"{n_clients / median:,.0f}",
        f"{rounded(ratio)} x",
        f"{rounded(median / floor)} x",
        f"{entry['peak_bytes'] / MIB:,.0f}",
        f"{entry['start_bytes'] / MIB:,.0f}",
        "" if ours else f"{entry['difference']:.0e}",
        str(len(entry["seconds"])) + (r"\*" if entry.get("first_round_counts") else ""),
    ]
    return f"| {' | '.join(cells)} |"


def skipped(entries: Iterable[Entry]) -> list[str]:
    """Say which peers were not timed, and why, and what a star means."""
    entries = list(entries)
    notes = [f"{entry['label']} {entry['skipped']}" for entry in entries if "skipped" in entry]
    parts = ["Not timed: " + "; ".join(notes) + "."] if notes else []
    if any(entry.get("first_round_counts") for entry in entries):
        parts.append(
            "\\* Its first round, after its workers had started, took so long that it was not repeated."
        )
    return parts


def kernels(entries: list[Entry]) -> list[str]:
    """Write the table of single kernels."""
    rows = ["| | median s | peer | median s | ratio |", "|---|---:|---|---:|---:|"]
    for entry in entries:
        if "skipped" in entry:
            rows.append(f"| {entry['label']} | | {entry['peer']} | {entry['skipped']} | |")
            continue
        ours, theirs = (statistics.median(entry[name]) for name in ("seconds", "peer_seconds"))
        rows.append(
            f"| `{entry['label']}` | {ours:.4f} | `{entry['peer']}` {of_versions(entry['versions'])} "
            f"| {theirs:.3f} | {rounded(theirs / ours)} x |"
        )
    text = (
        "The weighted mean of 10,000 updates of the MLP (Flower's takes it layer by layer), and the division "
        "of the rows by family over 100,000 clients with Dirichlet(0.5), by turns as above. The means agree "
        "to 1e-5; of the partitions, which are random, each gives every row once."
    )
    return ["## Single kernels", text, "\n".join(rows)]


def of_million(million: Entry | None) -> list[str]:
    """Write the table of the million clients, where it was measured."""
    if million is None:
        return []
    rows = ["| | median s | min s | rounds | clients/s | peak GiB |", "|---|---:|---:|---:|---:|---:|"]
    for method in million["methods"]:
        seconds, peak = method["seconds"], method["peak_bytes"] / GIB
        median = statistics.median(seconds)
        speed = million["clients"] / median
        cells = f"{median:.2f} | {min(seconds):.2f} | {len(seconds)} | {speed:,.0f} | {peak:.2f}"
        rows.append(f"| {method['name']} | {cells} |")
    environment = million["environment"]
    date = environment["started"][:10]
    text = (
        f"{million['clients']:,} clients of 8 to 16 rows, drawn with replacement from the same table, a "
        f"fifth of them held out: {million['training_rows']:,} training rows. All take part for one epoch, "
        f"native engine, {environment['threads']} threads ({command(million)}, {date}). The "
        f" partition takes {million['partition_seconds']:.2f} s, validation rows and preprocessing "
        f"{million['build_seconds']:.2f} s. The methods run one after the other in one process, so the peak "
        "is the largest so far."
    )
    return [f"## {million['clients']:,} clients", text, "\n".join(rows)]


def remarks(peers: Entry) -> list[str]:
    """List versions and what to know about each side."""
    found: dict[str, str] = {}
    for load in peers["workloads"]:
        for entry in load["peers"]:
            if "versions" in entry:
                about = "; ".join(filter(None, [of_versions(entry["versions"]), entry["remark"]]))
                found.setdefault(entry["label"], f"- {entry['label']}: {about}.")
    python = peers["environment"]["versions"]["python"]
    return ["## Versions and remarks", "\n".join(found.values()), f"All on Python {python}."]


def of_versions(versions: dict[str, str]) -> str:
    """Write versions but Python's, which is one for all."""
    return ", ".join(f"{name} {version}" for name, version in versions.items() if name != "python")


def rounded(ratio: float) -> str:
    """Write a ratio with two digits that count, and no exponent."""
    return f"{ratio:.1f}" if ratio < 10 else f"{ratio:,.0f}"


if __name__ == "__main__":
    main()
