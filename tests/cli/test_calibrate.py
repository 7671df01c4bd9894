"""``cfmt calibrate``: from a detector and benign flows to a detector with a threshold of the site's own."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from cfmt.cli import errors
from cfmt.data import load_synthetic, to_nsl_kdd_text
from cfmt.detector import Detector
from support.detectors import invoke, saved_detector


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_detector(tmp_path_factory.mktemp("model") / "model.safetensors")


@pytest.fixture(scope="module")
def flows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flows") / "flows.txt"
    path.write_text(to_nsl_kdd_text(load_synthetic(10, 2000, seed=3)[1]))
    return path


@pytest.fixture(scope="module")
def benign(flows: Path) -> Path:
    path = flows.with_name("benign.txt")
    lines = [line for line in flows.read_text().splitlines() if ",normal," in line]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_new_detector_scores_by_the_new_threshold(model: Path, benign: Path, tmp_path: Path) -> None:
    site = tmp_path / "site.safetensors"
    code, out, err = invoke("calibrate", model, benign, "--fpr", 0.05, "--out", site)
    assert code == 0, err
    n_rows = len(benign.read_text().splitlines())
    assert f"{n_rows:,} benign flows; allowed: fpr:0.05" in out
    assert err.splitlines()[-1] == f"wrote {site}"
    code, scored, _ = invoke("score", site, benign, "--quiet")
    alerts = sum(int(row["alert"]) for row in csv.DictReader(scored.splitlines()))
    assert alerts == Detector.load(site).metadata["calibration"]["alerts"] <= 0.05 * n_rows
    old, new = Detector.load(model), Detector.load(site)
    assert f"{old.threshold:.6g}" in out
    assert f"{new.threshold:.6g}" in out
    np.testing.assert_array_equal(old.params, new.params)


def test_labelled_attacks_are_left_out(model: Path, flows: Path, benign: Path, tmp_path: Path) -> None:
    paths = [tmp_path / "of-all", tmp_path / "of-benign"]
    for path, given in zip(paths, (flows, benign), strict=True):
        code, _, err = invoke("calibrate", model, given, "--fpr", 0.05, "--out", path)
        assert code == 0, err
        assert ("flows with other labels: neptune" in err) == (given == flows)
    thresholds = [Detector.load(path).threshold for path in paths]
    assert thresholds[0] == thresholds[1]


def test_alerts_a_day(model: Path, benign: Path, tmp_path: Path) -> None:
    site, n_rows = tmp_path / "site", len(benign.read_text().splitlines())
    code, out, err = invoke("calibrate", model, benign, "--alerts-per-day", 10, "--out", site)
    assert code == 0, err
    assert "note: BENIGN counts as one day" in err
    assert "alerts a day." in out
    assert Detector.load(site).metadata["calibration"]["alerts"] <= 10
    code, out, err = invoke(
        "calibrate", model, benign, "--alerts-per-day", 10, "--flows-per-day", 500, "--out", site, "--force"
    )
    assert code == 0, err
    assert "one day" not in err
    assert 0.01 * n_rows < Detector.load(site).metadata["calibration"]["alerts"] <= 0.02 * n_rows


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give one of --fpr and --alerts-per-day, got neither"),
        (["--fpr", 0.1, "--alerts-per-day", 3], "got --fpr 0.1 and --alerts-per-day 3"),
        (["--fpr", 1], "--fpr must lie in (0, 1), got 1"),
        (["--fpr", "nan"], "--fpr must lie in (0, 1), got nan"),
        (["--fpr", 0.1, "--flows-per-day", 9], "--flows-per-day 9 goes with --alerts-per-day"),
        (["--alerts-per-day", 0], "--alerts-per-day must be a finite number above 0, got 0"),
        (["--alerts-per-day", 5, "--flows-per-day", "inf"], "--flows-per-day must be a finite number"),
        (["--alerts-per-day", 5, "--flows-per-day", 5], "--alerts-per-day 5 is not fewer than the 5 benign"),
    ],
)
def test_options_that_cannot_be(
    model: Path, benign: Path, tmp_path: Path, options: list[object], message: str
) -> None:
    code, _, err = invoke("calibrate", model, benign, *options, "--out", tmp_path / "site")
    assert code == errors.MISUSED
    assert message in err
    assert not (tmp_path / "site").exists()


def test_no_file_is_replaced_by_mistake(model: Path, benign: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.write_text("precious")
    code, _, err = invoke("calibrate", model, benign, "--fpr", 0.05, "--out", site)
    assert (code, "is there already" in err) == (errors.MISUSED, True)
    assert site.read_text() == "precious"
    assert invoke("calibrate", model, benign, "--fpr", 0.05, "--out", tmp_path)[0] == errors.MISUSED
    assert invoke("calibrate", model, benign, "--fpr", 0.05, "--out", site, "--force")[0] == 0
    assert Detector.load(site).threshold != Detector.load(model).threshold


def test_too_few_flows_are_told(model: Path, benign: Path, tmp_path: Path) -> None:
    code, _, err = invoke("calibrate", model, benign, "--fpr", 1e-5, "--out", tmp_path / "site")
    assert code == errors.FAILED
    assert "are too few for a share of 1e-05 to alert" in err
    assert not (tmp_path / "site").exists()
