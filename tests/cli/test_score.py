"""``cfmt score``: from a trained detector and a file of flows to scores, without torch."""

from __future__ import annotations

import csv
import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cfmt.cli import app, errors
from cfmt.data import load_nsl_kdd_file, load_synthetic, read_flows, to_nsl_kdd_text
from cfmt.data.flow_stream import stream_like
from cfmt.detector import Detector

TINY = ["--train-rows", 2000, "--test-rows", 300, "--clients", 8, "--rounds", 2, "--steps", 4]


def invoke(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("train") / "run"
    code, _, err = invoke("train", *TINY, "--method", "fedavg", "--out", folder)
    assert code == 0, err
    return folder / "model.safetensors"


@pytest.fixture(scope="module")
def flows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flows") / "flows.txt"
    path.write_text(to_nsl_kdd_text(load_synthetic(10, 400, seed=3)[1]))
    return path


def test_scores_are_the_detectors(model: Path, flows: Path) -> None:
    code, out, err = invoke("score", model, flows)
    assert code == 0, err
    rows = list(csv.DictReader(out.splitlines()))
    detector, (_, test) = Detector.load(model), load_synthetic(10, 400, seed=3)
    np.testing.assert_allclose([float(row["score"]) for row in rows], detector.predict_proba(test), atol=1e-8)
    assert [int(row["alert"]) for row in rows] == detector.predict(test).tolist()
    assert [row["attack_type"] for row in rows] == [test.attack_types[code] for code in test.attack_type]
    assert [int(row["row"]) for row in rows] == list(range(400))
    alerts = int(detector.predict(test).sum())
    assert err.splitlines()[-1].startswith(f"400 rows, 400 rows scored, {alerts} alerts, ")


@pytest.mark.parametrize("n_columns", [41, 42, 43])
def test_labels_are_not_needed(model: Path, flows: Path, tmp_path: Path, n_columns: int) -> None:
    cut = tmp_path / "cut.txt.gz"
    lines = [",".join(line.split(",")[:n_columns]) for line in flows.read_text().splitlines()]
    cut.write_bytes(gzip.compress("\n".join(lines).encode()))
    code, out, err = invoke("score", model, cut, "--output", "jsonl", "--quiet")
    assert (code, err) == (0, "")
    entries = [json.loads(line) for line in out.splitlines()]
    assert len(entries) == 400
    assert ("attack_type" in entries[0]) == (n_columns > 41)
    _, whole, _ = invoke("score", model, flows, "--output", "jsonl")
    assert [e["score"] for e in entries] == [json.loads(line)["score"] for line in whole.splitlines()]


def test_alerts_have_reasons(model: Path, flows: Path) -> None:
    _, out, _ = invoke("score", model, flows, "--output", "jsonl", "--top", 2)
    rows = [json.loads(line) for line in out.splitlines()]
    detector = Detector.load(model)
    (chunk,) = list(stream_like(detector.columns, flows))
    explained = detector.explain(chunk.table)
    assert any(row["alert"] for row in rows)
    assert not all(row["alert"] for row in rows)
    for row, parts in zip(rows, explained.parts, strict=True):
        if not row["alert"]:
            assert row["reasons"] == []
            continue
        found = [why["part"] for why in row["reasons"]]
        assert found == sorted((part for part in parts if part > 0), reverse=True)[:2]
        assert {why["column"] for why in row["reasons"]} <= set(explained.columns)
    _, table, _ = invoke("score", model, flows, "--top", 1)
    header, *lines = table.splitlines()
    assert header.startswith("row,score,alert,reasons")
    alerts = [line.split(",")[3] for line in lines if line.split(",")[2] == "1"]
    assert alerts
    assert all(re.fullmatch(r"\w+=\S+ \+\S+", reason) for reason in alerts)


def test_a_file_is_whole_or_not_there(model: Path, flows: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    assert invoke("score", model, flows, "--out", out)[0] == 0
    assert len(out.read_text().splitlines()) == 401
    broken = tmp_path / "broken.txt"
    broken.write_text(flows.read_text() + "1,2,3\n")
    other = tmp_path / "other.csv"
    code, _, err = invoke("score", model, broken, "--out", other)
    assert code == errors.FAILED
    assert "line 401: has 3 columns, but line 1 has 43" in err
    assert not other.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; give a file with one flow a line"),
        ("a,b,c\n", "line 1: has 3 columns, expected 41 features"),
        (",".join(["x"] * 41) + "\n", "line 1: column duration must be a number, got 'x'"),
        ("z" * 70_000, "line 1: is longer than 65,536 bytes"),
    ],
)
def test_what_is_no_flow_is_named(model: Path, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "flows.txt"
    path.write_text(text)
    code, _, err = invoke("score", model, path)
    assert code == errors.FAILED
    assert message in " ".join(err.split())


def test_a_missing_file_and_a_wrong_detector_are_named(model: Path, flows: Path, tmp_path: Path) -> None:
    code, _, err = invoke("score", model, tmp_path / "nothing.txt")
    assert (code, "no such file" in err) == (errors.FAILED, True)
    code, _, err = invoke("score", flows, flows)
    assert (code, "is not a safetensors file" in err) == (errors.FAILED, True)


def test_chunks_are_read_in_order(flows: Path) -> None:
    chunks = list(read_flows(flows, rows_at_once=150))
    assert [(chunk.first, chunk.table.n_rows) for chunk in chunks] == [(0, 150), (150, 150), (300, 100)]


def test_the_real_test_file(model: Path, nsl_kdd_folder: Path) -> None:
    path = nsl_kdd_folder / "KDDTest+.txt.gz"
    code, out, err = invoke("score", model, path)
    assert code == 0, err
    test = load_nsl_kdd_file(path, part="test")
    rows = list(csv.DictReader(out.splitlines()))
    expected = Detector.load(model).predict_proba(test)
    np.testing.assert_allclose([float(row["score"]) for row in rows], expected, atol=1e-8)


def test_neither_torch_nor_matplotlib_is_imported(model: Path, flows: Path) -> None:
    code = f"""
import atexit, sys
atexit.register(lambda: print({{"torch", "matplotlib"}} & set(sys.modules), file=sys.stderr))
sys.argv = ["cfmt", "score", {str(model)!r}, {str(flows)!r}]
from cfmt.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "set()"
