"""Golden bits: partitions, detectors and figures of every method, as they were when they were written down.

``python tests/test_golden.py`` writes ``golden.json`` anew; that is for a change that means to move bits.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "golden.json"
SYNTHETIC = [
    ("native", "methods"),
    ("native", "torch-free"),
    ("native", "ablations"),
    ("native", "other-settings"),
    ("torch", "methods"),
    ("torch", "other-settings"),
]
REAL = [("native", "methods"), ("torch", "methods")]


def hashes(data: str, engine: str, threads: int, which: str) -> dict[str, Any]:
    """Run in a process of its own, in which the kernels' threads can be set."""
    command = [sys.executable, str(HERE / "support" / "golden_runs.py"), data, engine, str(threads), which]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def check(kind: str, data: str, engine: str, threads: int, which: str) -> None:
    golden = json.loads(GOLDEN.read_text())[f"{kind} {engine} {which}"]
    found = hashes(data, engine, threads, which)
    same = {key: value for key, value in golden["hashes"].items() if key.startswith("partition")}
    assert {key: found["hashes"][key] for key in same} == same
    for library, bits in found["probe"].items():
        if golden["probe"].get(library, bits) != bits:
            pytest.skip(
                f"{library}'s elementary functions round differently here than where golden.json was made"
            )
    assert found["hashes"] == golden["hashes"]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("engine", "which"), SYNTHETIC)
def test_bits_on_synthetic_traffic(engine: str, which: str, threads: int) -> None:
    check("synthetic", "synthetic", engine, threads, which)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("engine", "which"), REAL)
def test_bits_on_nsl_kdd(nsl_kdd_folder: Path, engine: str, which: str, threads: int) -> None:
    check("nsl-kdd", str(nsl_kdd_folder), engine, threads, which)


if __name__ == "__main__":
    kinds = {"synthetic": ("synthetic", SYNTHETIC), "nsl-kdd": (sys.argv[1], REAL)}
    golden = {
        f"{kind} {engine} {which}": hashes(data, engine, 2, which)
        for kind, (data, sets) in kinds.items()
        for engine, which in sets
    }
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")
