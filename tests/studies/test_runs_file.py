"""Files of runs: what is run, kept, and said to have made them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studies.runs_file import WantedRun, complete


def wanted(method: str, seed: int) -> WantedRun:
    line = {"method": method, "seed": seed, "fingerprint": "f", "score": 0.5}
    return WantedRun(method, seed, None, "f", lambda: line)


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def complete_with(path: Path, heading: str, runs: list[WantedRun]) -> list[str]:
    told: list[str] = []
    complete(path, {"commit": heading}, runs, has_all=lambda line: "score" in line, tell=told.append)
    return told


@pytest.fixture
def runs() -> list[WantedRun]:
    return [wanted(method, seed) for seed in (0, 1) for method in ("b", "a")]


def test_runs_stand_by_method_and_seed_below_the_heading(tmp_path: Path, runs: list[WantedRun]) -> None:
    path = tmp_path / "study.jsonl"
    assert len(complete_with(path, "monday", runs)) == 4
    heading, *rows = lines_of(path)
    assert heading == {"commit": "monday"}
    assert [(row["method"], row["seed"]) for row in rows] == [("b", 0), ("b", 1), ("a", 0), ("a", 1)]


def test_a_heading_stays_with_the_runs_that_it_made(tmp_path: Path, runs: list[WantedRun]) -> None:
    path = tmp_path / "study.jsonl"
    complete_with(path, "monday", runs)
    before = path.read_bytes()
    assert complete_with(path, "tuesday", runs) == []
    assert path.read_bytes() == before
    assert len(complete_with(path, "tuesday", [*runs, wanted("c", 0)])) == 1
    assert lines_of(path)[0] == {"commit": "tuesday"}


def test_lines_out_of_order_are_put_in_order(tmp_path: Path, runs: list[WantedRun]) -> None:
    path = tmp_path / "study.jsonl"
    complete_with(path, "monday", runs)
    tidy = lines_of(path)[1:]
    heading, *rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join([heading, *reversed(rows)]))
    assert complete_with(path, "monday", runs) == []
    assert lines_of(path)[1:] == tidy
