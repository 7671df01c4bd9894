"""Many damaged files in a row: what came of each, and the first of every kind of fault."""

from __future__ import annotations

import logging
import os
import random
import resource
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

N_FILES = int(os.environ.get("CFMT_FUZZ", 200))
MOST_SECONDS = 20.0  # of processor time for one file, read three times
MOST_GROWTH = 600 << 10  # KiB of resident memory over all files, polars' own among them

log = logging.getLogger("cfmt.fuzz")


def go_through(
    name: str, path: Path, make: Callable[[random.Random], bytes], read: Callable[[], str], n: int = N_FILES
) -> Counter[str]:
    """Write and read damaged files; each can be made again by its name and number.

    ``read`` says in a word what came of a file; every exception is a fault.
    """
    outcomes, faults = Counter[str](), dict[str, str]()
    before = _peak()
    for number in range(n):
        path.write_bytes(make(random.Random(f"{name} {number}")))
        started = time.process_time()
        try:
            outcomes[read()] += 1
            assert time.process_time() - started < MOST_SECONDS, "takes long"
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            kind = f"{type(error).__name__} in {Path(place.filename).name}:{place.lineno}, "
            kind += str(error).split(":")[0][:80]
            outcomes[kind] += 1
            faults.setdefault(kind, f"{name} {number}: {str(error)[:1500]}")
    grown = _peak() - before
    log.info("%s: %d files, %s; memory grew by %d KiB", name, n, dict(outcomes), grown)
    if faults:
        pytest.fail("\n".join(f"{outcomes[kind]} x {kind}: {faults[kind]}" for kind in faults), False)
    assert grown < MOST_GROWTH
    return outcomes


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
