"""How the pages of the report write numbers, versions and commands."""

from __future__ import annotations

import math
import shlex
import statistics
import textwrap
from collections.abc import Iterable

from peers.results import Entry

WIDTH = 120
MIB = 2**20
KINDS = {"iid": "sizes alike", "dir": "sizes from Dirichlet(0.5)"}


def wrapped(part: str) -> str:
    """Break a paragraph of one line; leave tables, lists and what is broken already."""
    part = part.strip()
    return part if "\n" in part or part.startswith(("#", "|", "-")) else textwrap.fill(part, WIDTH)


def command(environment: Entry) -> str:
    """Write the command of a run, as code."""
    return f"`{shlex.join(environment['command'])}`"


def date(environment: Entry) -> str:
    """Write the day of a run."""
    return str(environment["started"][:10])


def dated(runs: Iterable[Entry]) -> str:
    """Write commands and days of some runs."""
    return "; ".join(f"{command(run['environment'])}, {date(run['environment'])}" for run in runs)


def workload(load: Entry) -> str:
    """Name a workload."""
    return f"{load['clients']:,} clients, {KINDS[load['kind']]}"


def of_versions(versions: Entry) -> str:
    """Write versions but Python's, which is one for all."""
    return ", ".join(f"{name} {version}" for name, version in versions.items() if name != "python")


def rounded(ratio: float) -> str:
    """Write a ratio with two digits that count, and no exponent."""
    return f"{ratio:.1f}" if ratio < 10 else f"{ratio:,.0f}"


def digits(value: float) -> str:
    """Write a value above 0 with three digits that count, and no exponent."""
    decimals = max(0, 2 - math.floor(math.log10(value)))
    return f"{value:,.{decimals}f}"


def median(values: Iterable[float]) -> float:
    """Return the median."""
    return float(statistics.median(values))
