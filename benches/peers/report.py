"""Turn the results of all benchmarks into docs/performance.md and its plot."""

from __future__ import annotations

from pathlib import Path

from cfmt.files import write_atomic
from peers.compare import FULL, LONG
from peers.environments import ROOT
from peers.groups import SIZES
from peers.plot import draw
from peers.report_gpu import gpu
from peers.report_kernels import kernels
from peers.report_rounds import machine, remarks, tables
from peers.report_scale import scale
from peers.report_scorer import scorer
from peers.report_text import wrapped
from peers.results import RESULTS, Entry, read

DOCS = ROOT / "docs"


def main() -> None:
    """Write the page and the plot from the results that are there."""
    peers, timings, million, on_gpu, scored = (
        read(RESULTS / f"{name}.json") for name in ("peers", "kernels", "million", "gpu", "scorer")
    )
    if peers is None:
        raise SystemExit(f"no results in {RESULTS}; run: make bench-peers")
    parts = [heading(peers), *machine(peers), *tables(peers), *kernels(timings, peers["kernels"])]
    parts += [*scale(million), *scorer(scored), *gpu(on_gpu), *remarks(peers)]
    write_atomic(DOCS / "performance.md", "\n\n".join(map(wrapped, parts)) + "\n")
    draw(peers["workloads"], DOCS)
    print(f"wrote {(DOCS / 'performance.md').relative_to(ROOT)} and its plot")


def heading(peers: Entry) -> str:
    """Say what is measured, and how."""
    first, method = peers["workloads"][0], Path(__file__).with_name("method.md")
    return method.read_text().format(
        rows=first["rows"],
        features=first["features"],
        sizes=", ".join(map(str, SIZES)),
        long=LONG,
        **FULL._asdict(),
        processors=peers["runs"][-1]["environment"]["machine"]["processors_used"],
    )


if __name__ == "__main__":
    main()
