"""A detector of nProbe's flows scores those of other exporters."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from support.exported_flows import WRITERS, some_flows, write_flows


def cfmt(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    command = [sys.executable, "-m", "cfmt", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("basic")
    some, labels = some_flows(300)
    source = write_flows(folder / "nf.csv", "nf-v2", some, labels)
    done = cfmt(
        *("train", "--data", source, "--label", "kind", "--normal", "ok", "--schema", "basic-10"),
        *("--split", "random", "--clients", "3", "--rounds", "2", "--method", "fed-over"),
        *("--out", folder / "run"),
    )
    assert done.returncode == 0, done.stderr
    return folder / "run" / "model.safetensors"


@pytest.mark.parametrize("name", list(WRITERS))
def test_scores_are_those_of_the_same_flows(detector: Path, tmp_path: Path, name: str) -> None:
    some, _ = some_flows(60)
    own = cfmt("score", detector, write_flows(tmp_path / "nf.csv", "nf-v2", some))
    other = cfmt("score", detector, write_flows(tmp_path / "flows", name, some))
    assert f"note: flows of {name}, mapped to basic-10" in other.stderr
    scores = [[row["score"] for row in csv.DictReader(done.stdout.splitlines())] for done in (own, other)]
    assert len(scores[0]) == 60
    assert scores[0] == scores[1]
    assert "192.0.2.1" in other.stdout


def test_another_table_is_refused(detector: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("bytes,kind\n1,ok\n2,bad\n")
    done = cfmt("score", detector, path)
    assert done.returncode != 0
    assert "tell no exporter; basic-10 reads flows of zeek" in done.stderr
    assert "Traceback" not in done.stderr
