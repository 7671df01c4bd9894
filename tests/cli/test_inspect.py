"""``cfmt inspect``: a card that says what is known of a detector, and what is not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cfmt.data import load_nsl_kdd
from cfmt.detector import Detector
from support.detectors import invoke, saved_detector, untrained

TINY = ["--train-rows", 2000, "--test-rows", 300, "--clients", 8, "--rounds", 2, "--steps", 4]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("train") / "run"
    code, _, err = invoke("train", *TINY, "--method", "cfmt-mu-0.25", "--seed", 3, "--out", folder)
    assert code == 0, err
    return folder / "model.safetensors"


def card_of(path: Path) -> dict[str, Any]:
    code, out, err = invoke("inspect", path, "--json")
    assert (code, err) == (0, "")
    card: dict[str, Any] = json.loads(out)
    return card


def test_the_card_says_what_was_trained(model: Path) -> None:
    card, detector = card_of(model), Detector.load(model)
    assert (card["data"], card["synthetic"], card["method"], card["seed"]) == (
        "synthetic",
        True,
        "cfmt-mu-0.25",
        3,
    )
    run = json.loads((model.parent / "runs" / "cfmt-mu-0.25-seed3.json").read_text())
    (figures,) = card["figures"].values()
    (expected,) = run["evaluation"]["tests"].values()
    assert expected.items() <= figures.items()
    assert figures["recall"] == run["evaluation"]["decisions"][0]["tests"]["synthetic"]["recall"]
    assert card["threshold"] == card["trained_threshold"] == detector.threshold
    assert card["rule"] == "fpr:0.05"
    assert card["settings"]["training"]["steps"] == 4
    sampler = card["settings"]["method"]["sampler"]  # the ablation's, not the section's
    assert sampler["policy"] == {"is": "FixedMu", "mu": 0.25}
    assert card["words"]["protocol_type"] == 3
    assert "normal" not in card["attack_types"]
    assert card["limits"][0] == "It was trained on SYNTHETIC traffic: no result counts."
    assert {source["part"] for source in card["sources"]} == {"train", "test"}


def test_a_person_can_read_it(model: Path) -> None:
    code, out, err = invoke("inspect", model)
    assert (code, err) == (0, "")
    text = " ".join(out.split())
    for part in (
        "synthetic (SYNTHETIC: no result counts)",
        "cfmt-mu-0.25, seed 3",
        "by fpr:0.05 on the clients' validation rows",
        "protocol_type (3 words)",
        "ROC-AUC",
        "of u2r",
        "sampler MetaSampler(",
        "no result counts.",
    ):
        assert part in text
    shown = [line for line in out.splitlines() if not line.startswith(str(model))]
    assert max(map(len, shown)) <= 80


def test_no_place_and_no_time_is_in_it(model: Path, tmp_path: Path) -> None:
    assert "/" not in json.dumps(Detector.load(model).metadata)
    words = ["train", *TINY, "--method", "cfmt-mu-0.25", "--seed", 3, "--out", tmp_path / "elsewhere"]
    words += ["--engine", "native", "--threads", 2, "--group-size", 1]
    command = [sys.executable, "-m", "cfmt", *map(str, words)]
    subprocess.run(command, check=True, capture_output=True)  # threads are set once in a process
    assert (tmp_path / "elsewhere" / "model.safetensors").read_bytes() == model.read_bytes()


def test_a_calibrated_detector_says_so(model: Path, tmp_path: Path) -> None:
    from cfmt.data import load_synthetic, to_nsl_kdd_text

    flows, site = tmp_path / "flows.txt", tmp_path / "site.safetensors"
    flows.write_text(to_nsl_kdd_text(load_synthetic(10, 500, seed=3)[1]))
    assert invoke("calibrate", model, flows, "--fpr", 0.1, "--out", site)[0] == 0
    card = card_of(site)
    assert card["calibration"]["rule"] == card["rule"] == "fpr:0.1"
    assert card["trained_threshold"] == card["calibration"]["old_threshold"] != card["threshold"]
    text = " ".join(invoke("inspect", site)[1].split())
    assert "before it was calibrated" in text
    assert "figures at the threshold are those of the old one" in text


def test_an_old_file_is_shown(tmp_path: Path) -> None:
    metadata = {"data": "x", "synthetic": False, "method": "m", "seed": 1}
    old = saved_detector(tmp_path / "old", metadata=metadata)
    card = card_of(old)
    assert card["figures"] is card["settings"] is card["version"] is card["attack_types"] is None
    out = invoke("inspect", old)[1]
    assert out.count("not recorded") >= 6
    assert "SYNTHETIC" not in out


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"figures": 3, "settings": [], "sources": [1], "attack_types": [1], "training": "x", "threshold": 1},
        {"figures": [{"test": 1}], "calibration": {"rule": 1}, "synthetic": "yes", "seed": True},
        {"figures": [{"test": "a", "roc_auc": "x"}, {"test": "b"}], "sources": [{"published": []}]},
        {"calibration": {"fpr_interval": ["a", None], "rows": "many", "old_threshold": "Infinity"}},
    ],
)
def test_whatever_the_metadata_are(tmp_path: Path, metadata: dict[str, Any]) -> None:
    path = saved_detector(tmp_path / "odd", metadata=metadata)
    assert card_of(path)["method"] is None
    code, out, err = invoke("inspect", path)
    assert (code, err) == (0, "")
    assert "not recorded" in out


def test_a_deaf_detector_says_so(tmp_path: Path) -> None:
    path = saved_detector(tmp_path / "deaf", threshold=float("inf"))
    assert card_of(path)["threshold"] == "Infinity"
    assert "it NEVER alerts" in invoke("inspect", path)[1]
    assert untrained().threshold == 0.5


def test_on_the_real_files(nsl_kdd_folder: Path, tmp_path: Path) -> None:
    tiny = ["--data", nsl_kdd_folder, "--clients", 8, "--rounds", 1, "--steps", 2, "--method", "fedavg"]
    code, _, err = invoke("train", *tiny, "--out", tmp_path / "run")
    assert code == 0, err
    card = card_of(tmp_path / "run" / "model.safetensors")
    assert next(iter(card["figures"])) == "KDDTest+"
    assert all(source["published"] for source in card["sources"])
    assert str(nsl_kdd_folder) not in json.dumps(card)
    train, _ = load_nsl_kdd(nsl_kdd_folder)
    assert set(card["attack_types"]) <= set(train.attack_types)
    assert "as published" in invoke("inspect", tmp_path / "run" / "model.safetensors")[1]


def test_no_file_steers_the_terminal(tmp_path: Path) -> None:
    path = saved_detector(
        tmp_path / "sly", metadata={"data": "x\x1b[2J", "sources": [{"name": "\x1b]0;y\x07"}]}
    )
    assert "\x1b" not in invoke("inspect", path)[1] + json.dumps(card_of(path), ensure_ascii=False)


def test_torch_is_not_imported(model: Path, tmp_path: Path) -> None:
    for command in (["inspect", model], ["export", model, "--out", tmp_path / "model.onnx"]):
        code = f"""
import atexit, sys
atexit.register(lambda: print({{"torch", "matplotlib"}} & set(sys.modules), file=sys.stderr))
sys.argv = ["cfmt", *{list(map(str, command))!r}]
from cfmt.__main__ import main
main()
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stderr.splitlines()[-1] == "set()"
