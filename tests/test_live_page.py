"""What docs/live.md shows must run, on a detector of Zeek's logs."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import cfmt.data.following.waiting as waiting
from support.detectors import invoke
from support.flows import write_csv

PAGE = (Path(__file__).parents[1] / "docs" / "live.md").read_text()
COMMANDS = re.findall(r"^    cfmt (score [^\n]*)$", PAGE, flags=re.MULTILINE)
COLUMNS = ["ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "service", "duration",
           "orig_bytes", "resp_bytes", "conn_state"]  # fmt: skip


def _log(n_rows: int, seed: int) -> list[list[str]]:
    """Connections, some of them half open."""
    rng = np.random.default_rng(seed)
    rows = []
    for row in range(n_rows):
        is_odd = rng.random() < 0.2
        ends = [
            f"192.0.2.{rng.integers(20)}",
            str(rng.integers(1024, 65536)),
            "198.51.100.7",
            str(rng.choice([53, 443])),
        ]
        kind = (
            ["tcp", "-", "0.0", "0", "0", "S0"]
            if is_odd
            else ["tcp", "ssl", f"{rng.random():.3f}", "900", "4000", "SF"]
        )
        rows.append([f"{1780315200 + row}", f"C{row}", *ends, *kind, "odd" if is_odd else "ok"])
    return rows


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    train = write_csv(tmp_path / "train.csv", [*COLUMNS, "label"], _log(1500, 0))
    labels = ["--label", "label", "--normal", "ok", "--split", "random"]
    code, _, err = invoke(
        "train",
        "--data",
        train,
        *labels,
        "--method",
        "fed-over",
        "--clients",
        2,
        "--rounds",
        5,
        "--out",
        "run",
        "-q",
    )
    assert code == 0, err
    (tmp_path / "run" / "model.safetensors").rename("model.safetensors")
    lines = ["\t".join(row[:-1]) for row in _log(300, 1)]
    (tmp_path / "conn.log").write_text(
        "\n".join(["#separator \\x09", "#fields\t" + "\t".join(COLUMNS), *lines, ""])
    )
    (tmp_path / "allow.txt").write_text("dst 198.51.100.7 port 53\n")
    monkeypatch.setattr(waiting.Waiting, "sleep", lambda self: False)  # what follows a file ends with it
    for command in COMMANDS:
        code, _, err = invoke(*shlex.split(command))
        assert code == 0, f"{command}: {err}"
        assert "300 rows scored" in err
    assert len(COMMANDS) == 5
    for name in ("alerts.jsonl", "eve.json", "alerts.json"):
        assert all(json.loads(line) for line in (tmp_path / name).read_text().splitlines())
    assert json.loads((tmp_path / "state.json").read_text())["place"]["line"] == 302
