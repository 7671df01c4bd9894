"""Print one table of all timings, and keep them for docs/performance.md.

python benches/table.py PYTEST_JSON CRITERION_FOLDER OUT      (`make bench` does it)
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from cfmt.experiment.environment import describe_environment
from cfmt.files import write_atomic

NANOSECOND = 1e-9


@dataclass(frozen=True)
class Timing:
    """One side of a comparison, or a kernel by itself: median and interquartile range in seconds."""

    kernel: str
    side: str
    median: float
    iqr: float


def main(pytest_json: Path, criterion: Path, out: Path) -> None:
    """Read both suites' results, print them and keep them."""
    recorded = json.loads(pytest_json.read_text(encoding="utf-8"))["benchmarks"]
    console = Console(width=None if sys.stdout.isatty() else 160)
    described = environment(int(recorded[0]["extra_info"]["threads"]))
    console.print(in_a_line(described), highlight=False)
    table = Table("kernel", "cfmt: median (IQR)", "against", "its median (IQR)", "ratio")
    for column in (1, 3, 4):
        table.columns[column].justify = "right"
    for row in (*compared(from_pytest(recorded)), *alone(from_criterion(criterion))):
        table.add_row(*row)
    console.print(table)
    console.print("ratio: the other's median over cfmt's; measured in turns in one process.", highlight=False)
    kept = {
        "environment": described,
        "compared": in_pairs(from_pytest(recorded)),
        "alone": [asdict(timing) for timing in from_criterion(criterion)],
    }
    write_atomic(out, json.dumps(kept, indent=1) + "\n")


def from_pytest(recorded: list[dict[str, Any]]) -> Iterator[Timing]:
    """Read pytest-benchmark's list, cfmt's side first within a kernel."""
    for entry in recorded:
        stats = entry["stats"]
        yield Timing(entry["group"], entry["extra_info"]["side"], stats["median"], stats["iqr"])


def from_criterion(folder: Path) -> Iterator[Timing]:
    """Read what criterion left of its last run."""
    for estimates in sorted(folder.glob("*/new/estimates.json")):
        median = json.loads(estimates.read_text(encoding="utf-8"))["median"]["point_estimate"]
        sample = json.loads(estimates.with_name("sample.json").read_text(encoding="utf-8"))
        each = np.array(sample["times"]) / np.array(sample["iters"])
        iqr = float(np.subtract(*np.percentile(each, [75, 25])))
        title = json.loads(estimates.with_name("benchmark.json").read_text(encoding="utf-8"))["title"]
        yield Timing(title, "Rust alone", median * NANOSECOND, iqr * NANOSECOND)


def compared(timings: Iterator[Timing]) -> Iterator[tuple[str, ...]]:
    """Set each kernel beside each of its peers."""
    for kernel, sides in groupby(timings, key=lambda timing: timing.kernel):
        ours, *peers = sides
        for i, peer in enumerate(peers):
            ratio = f"{peer.median / ours.median:.1f}"
            shown = (kernel, written(ours)) if i == 0 else ("", "")
            yield (*shown, peer.side, written(peer), ratio)


def in_pairs(timings: Iterator[Timing]) -> list[dict[str, Any]]:
    """List each kernel's comparisons with the ratio of the medians, in seconds."""
    pairs: list[dict[str, Any]] = []
    for kernel, sides in groupby(timings, key=lambda timing: timing.kernel):
        ours, *peers = map(asdict, sides)
        pairs += [
            {"kernel": kernel, "ours": ours, "other": peer, "ratio": peer["median"] / ours["median"]}
            for peer in peers
        ]
    return pairs


def alone(timings: Iterator[Timing]) -> Iterator[tuple[str, ...]]:
    """Kernels that have no peer."""
    for timing in timings:
        yield (timing.kernel, written(timing), f"({timing.side})", "", "")


def written(timing: Timing) -> str:
    """Milliseconds, to three digits or so."""
    median, iqr = timing.median * 1e3, timing.iqr * 1e3
    digits = 0 if median >= 100 else 1 if median >= 10 else 2
    return f"{median:,.{digits}f} ms ({iqr:,.{digits}f})"


def environment(threads: int) -> dict[str, Any]:
    """Describe hardware class, threads, date and versions, scikit-learn's among them."""
    found = describe_environment((), command=("make", "bench"), started=datetime.now(UTC), threads=threads)
    return found | {"versions": found["versions"] | {"scikit-learn": version("scikit-learn")}}


def in_a_line(found: dict[str, Any]) -> str:
    """Write an environment in one line."""
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    return (
        f"{found['cpu']}, {found['cores']} cores, {found['threads']} threads; {found['system']}; {versions}"
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
