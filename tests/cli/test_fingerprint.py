"""A detector notices flows of another exporter, and in other units, before it scores them wrongly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cfmt.alerts import CsvScores, ScoreRun
from cfmt.data.flow_stream import stream_flows
from cfmt.detector import Detector
from support.detectors import invoke
from support.flows import write_csv

ZEEK = ["uid", "id.orig_h", "id.resp_h", "id.resp_p", "proto", "duration", "orig_bytes", "conn_state"]


def flows(n: int, seed: int, *, ms: bool = False) -> list[list[str]]:
    rng = np.random.default_rng(seed)
    rows = []
    for row in range(n):
        is_odd = rng.random() < 0.3
        duration = rng.exponential(0.2 if is_odd else 3.0) * (1000 if ms else 1)
        cells = [f"C{row}", "192.0.2.1", "192.0.2.2", "443", "tcp", f"{duration:.4f}"]
        size = rng.exponential(60.0 if is_odd else 5000.0)
        rows.append([*cells, f"{size:.0f}", "S0" if is_odd else "SF", "odd" if is_odd else "ok"])
    return rows


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    table = write_csv(folder / "train.csv", [*ZEEK, "label"], flows(1500, 0))
    labels = ["--label", "label", "--normal", "ok", "--split", "random"]
    small = ["--method", "fedavg", "--clients", 2, "--rounds", 2, "-q"]
    code, _, err = invoke("train", "--data", table, *labels, *small, "--out", folder / "run")
    assert code == 0, err
    return folder / "run" / "model.safetensors"


def score(model: Path, path: Path, header: list[str], rows: list[list[str]]) -> str:
    code, _, err = invoke("score", model, write_csv(path, header, rows))
    assert code == 0, err
    return err


def test_the_detector_keeps_the_exporter(model: Path) -> None:
    assert Detector.load(model).metadata["exporter"] == "zeek"


def test_the_same_flows_are_no_reason_to_warn(model: Path, tmp_path: Path) -> None:
    assert "warning" not in score(model, tmp_path / "a.csv", [*ZEEK, "label"], flows(500, 1))
    few = score(model, tmp_path / "b.csv", [*ZEEK, "label"], flows(20, 1, ms=True))
    assert "warning" not in few  # too few to tell


def test_another_unit_is_told_by_column_and_factor(model: Path, tmp_path: Path) -> None:
    err = score(model, tmp_path / "a.csv", [*ZEEK, "label"], flows(500, 1, ms=True))
    assert "power of 1,000 times those of training in duration (" in err
    assert "orig_bytes" not in err


def test_another_exporter_is_told(model: Path, tmp_path: Path) -> None:
    detector = Detector.load(model)
    assert detector.columns is not None
    path = write_csv(tmp_path / "a.csv", [*ZEEK, "label"], flows(60, 1))
    (chunk,) = stream_flows(detector.columns, path)
    for exporter, n_told in (("zeek", 0), ("nfstream", 1), ("", 0)):
        told: list[str] = []
        ScoreRun(detector, CsvScores(), note=told.append).one(replace(chunk, exporter=exporter))
        assert len(told) == n_told
        assert all("flows of nfstream, but the detector was trained on those of zeek" in one for one in told)
