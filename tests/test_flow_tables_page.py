"""What docs/flow-tables.md shows must run, in its order, on tables with the columns that it speaks of."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from support.detectors import invoke
from support.flows import write_csv

PAGE = (Path(__file__).parents[1] / "docs" / "flow-tables.md").read_text()
COMMANDS = re.findall(r"^    cfmt ([^\n]*)$", PAGE, flags=re.MULTILINE)
DRIFTED = 3


def _month(path: Path, n_rows: int, seed: int, kinds: tuple[str, ...] = ("BENIGN", "flood")) -> Path:
    """Write a table of four devices."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n_rows):
        kind = kinds[int(rng.random() < 0.2) % len(kinds)]
        size = rng.exponential(4000 if kind == "BENIGN" else 200)
        device, proto = f"camera {rng.integers(4)}", str(rng.choice(["tcp", "udp"]))
        rows.append([device, f"192.0.2.{rng.integers(200)}", f"{size:.0f}", proto, kind])
    return write_csv(path, ["Device", "Src IP", "Bytes", "Proto", "Label"], rows)


def test_the_page_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for seed, month in enumerate(("june", "july", "today", "sites/oslo", "sites/rome")):
        _month(tmp_path / f"{month}.csv", 1200, seed)
    for seed, name in enumerate(("benign", "lastweek")):
        _month(tmp_path / f"{name}.csv", 2000, 10 + seed, ("BENIGN",))
    for command in COMMANDS:
        words = shlex.split(command.split(" > ")[0], comments=True)
        code, out, err = invoke(*words)
        assert code in ({0, DRIFTED} if words[0] == "monitor" else {0}), f"{command}: {err}"
        assert "Traceback" not in out + err
    assert len(COMMANDS) >= 10
    assert {path.name for path in tmp_path.iterdir()} >= {"run", "site.safetensors", "devices", "by-file"}
