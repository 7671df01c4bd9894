"""The detector's file: the same bits back, and no file that is not whole."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from cfmt.data import load_synthetic
from cfmt.detector.file import load_detector, save_detector
from cfmt.errors import DataError, MissingExtraError
from cfmt.mlp import MLP
from cfmt.preprocessing import Preprocessor, fit_preprocessor


@pytest.fixture(scope="module", params=["zscore", "quantile"])
def preprocessor(request: pytest.FixtureRequest) -> Preprocessor:
    train, _ = load_synthetic(500, 10, seed=0)
    return fit_preprocessor(train, scaling=request.param)


@pytest.fixture
def mlp(preprocessor: Preprocessor) -> MLP:
    return MLP(preprocessor.n_features, hidden=8)


@pytest.fixture
def saved(tmp_path: Path, mlp: MLP, preprocessor: Preprocessor) -> Path:
    path = tmp_path / "model.safetensors"
    save_detector(path, mlp.initial(seed=1), mlp, preprocessor, 1 / 3, {"method": "cfmt", "seed": 1})
    return path


def header_of(path: Path) -> dict[str, Any]:
    with safe_open(path, framework="numpy") as file:
        header: dict[str, Any] = json.loads(file.metadata()["cfmt_detector"])
    return header


def rewrite(path: Path, **changes: Any) -> None:
    """Save the file again with other entries in its header."""
    with safe_open(path, framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    save_file(tensors, path, metadata={"cfmt_detector": json.dumps(header_of(path) | changes)})


def test_the_same_bits_come_back(saved: Path, mlp: MLP, preprocessor: Preprocessor) -> None:
    detector = load_detector(saved)
    assert detector.mlp == mlp
    assert detector.params.dtype == np.float32
    assert detector.params.tobytes() == mlp.initial(seed=1).tobytes()
    assert detector.threshold == 1 / 3
    assert detector.metadata == {"method": "cfmt", "seed": 1}
    _, test = load_synthetic(500, 50, seed=0)
    assert detector.preprocessor.transform(test).tobytes() == preprocessor.transform(test).tobytes()


def test_equal_detectors_are_equal_files(saved: Path, mlp: MLP, preprocessor: Preprocessor) -> None:
    again = saved.with_name("again.safetensors")
    save_detector(again, mlp.initial(seed=1), mlp, preprocessor, 1 / 3, {"seed": 1, "method": "cfmt"})
    assert again.read_bytes() == saved.read_bytes()


def test_other_readers_find_layers_and_labels(saved: Path, mlp: MLP) -> None:
    with safe_open(saved, framework="numpy") as file:
        shapes = {name: file.get_tensor(name).shape for name in file.keys()}  # noqa: SIM118 - no mapping
    assert shapes == {
        "hidden.weight": (8, mlp.n_features),
        "hidden.bias": (8,),
        "output.weight": (1, 8),
        "output.bias": (1,),
    }
    assert header_of(saved)["labels"] == {"1": "attack", "0": "normal"}


def test_an_infinite_threshold_comes_back(saved: Path, mlp: MLP, preprocessor: Preprocessor) -> None:
    save_detector(saved, mlp.initial(seed=1), mlp, preprocessor, float("inf"), {})
    assert load_detector(saved).threshold == float("inf")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "has detector format 99, this cfmt reads 1"),
        ({"format": None}, "has detector format None"),
        ({"labels": {"0": "attack", "1": "normal"}}, "has labels"),
        ({"mlp": {"n_features": 3, "hidden": 8, "n_outputs": 1}}, "is not a whole detector"),
        ({"mlp": {"depth": 3}}, "is not a whole detector"),
        ({"threshold": "nan"}, "threshold must be a number"),
        ({"preprocessor": {}}, "is not a whole detector"),
    ],
)
def test_what_does_not_fit_is_refused(saved: Path, changes: dict[str, Any], message: str) -> None:
    rewrite(saved, **changes)
    with pytest.raises(DataError, match=rf"model\.safetensors: .*{message}"):
        load_detector(saved)


def test_what_is_no_detector_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    with pytest.raises(DataError, match="is not there"):
        load_detector(path)
    path.write_bytes(b"PK\x03\x04 not safetensors")
    with pytest.raises(DataError, match="is not a safetensors file, or is damaged"):
        load_detector(path)
    save_file({"w": np.zeros(2, np.float32)}, path)
    with pytest.raises(DataError, match="no detector that cfmt saved"):
        load_detector(path)


def test_a_truncated_file_is_refused(saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[:-10])
    with pytest.raises(DataError, match="damaged"):
        load_detector(saved)


def test_parts_that_do_not_fit_are_not_saved(saved: Path, mlp: MLP, preprocessor: Preprocessor) -> None:
    before, model = saved.read_bytes(), mlp.initial(seed=1)
    wide = MLP(mlp.n_features + 1, hidden=8)
    with pytest.raises(TypeError, match=r"model must be float32, got float64"):
        save_detector(saved, model.astype(np.float64), mlp, preprocessor, 0.5, {})
    with pytest.raises(ValueError, match="model must have shape"):
        save_detector(saved, model[1:], mlp, preprocessor, 0.5, {})
    with pytest.raises(ValueError, match="preprocessor must give"):
        save_detector(saved, wide.initial(seed=1), wide, preprocessor, 0.5, {})
    with pytest.raises(ValueError, match="threshold must be a number"):
        save_detector(saved, model, mlp, preprocessor, float("nan"), {})
    assert saved.read_bytes() == before


def test_a_write_that_fails_leaves_the_old_file(
    saved: Path, mlp: MLP, preprocessor: Preprocessor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = saved.read_bytes()

    def fail(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        save_detector(saved, mlp.initial(seed=2), mlp, preprocessor, 0.5, {})
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_without_safetensors_the_extra_is_named(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'cfmt\[train\]'"):
        load_detector(saved)
