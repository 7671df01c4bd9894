"""Where and by what a run was made: versions, hardware class, commit, data."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from cfmt import __version__
from cfmt.data import Source

__all__ = ["describe_environment"]

_PACKAGE = Path(__file__).resolve().parents[1]


def describe_environment(
    sources: Iterable[Source], *, command: Sequence[str], started: datetime, threads: int | None = None
) -> dict[str, Any]:
    """Describe the machine class, the software and the data of a run.

    Neither the machine's name nor the user's is recorded.

    Parameters
    ----------
    sources : iterable of Source
        Files or generators that the rows come from.
    command : sequence of str
        The command line.
    started : datetime
        When the run began, with a time zone.
    threads : int or None, default=None
        Threads that the kernels use; None is as many as the process may.

    Returns
    -------
    dict of str to object
        Fit for JSON; None for what is not there or cannot be found out.

    Raises
    ------
    ValueError
        If ``started`` has no time zone.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from cfmt.experiment.environment import describe_environment
    >>> started = datetime(2030, 1, 1, tzinfo=UTC)
    >>> found = describe_environment([], command=["cfmt", "train"], started=started, threads=2)
    >>> found["started"], found["threads"]
    ('2030-01-01T00:00:00+00:00', 2)
    """
    if started.tzinfo is None:
        raise ValueError(f"started must have a time zone, got {started}; take datetime.now(UTC)")
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "started": started.astimezone(UTC).isoformat(timespec="seconds"),
        "command": list(command),
        "versions": {
            "cfmt": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "torch": _version("torch"),
        },
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "threads": threads or usable,
        "gpu": _first_line("nvidia-smi", "--query-gpu=name", "--format=csv,noheader"),
        "git": _git(),
        "sources": [asdict(source) for source in sources],
    }


def _version(package: str) -> str | None:
    """Return the version of an installed package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cpu_model() -> str | None:
    """Read the processor's model; Linux alone does not tell it by ``platform``."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or None


def _git() -> dict[str, Any] | None:
    """Find the commit of this package, unless it is installed apart from its repository."""
    if _output("git", "-C", str(_PACKAGE), "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    commit = _first_line("git", "-C", str(_PACKAGE), "rev-parse", "HEAD")
    # Results are written into docs/ while they are made; they are no change to what makes them.
    code = (":(top)", ":(top,exclude)docs")
    changes = _output("git", "-C", str(_PACKAGE), "status", "--porcelain", "--", *code)
    return {"commit": commit, "dirty": None if changes is None else changes != ""}


def _first_line(*command: str) -> str | None:
    """Return the first line that a command prints; None where it fails or prints nothing."""
    lines = (_output(*command) or "").splitlines()
    return lines[0].strip() if lines else None


def _output(*command: str) -> str | None:
    """Return what a command prints within 10 seconds; None where it is not there or fails."""
    try:
        return subprocess.run(command, capture_output=True, check=True, text=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError):
        return None
