"""The detector's file: the same bits back, and no file that is not whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from cfmt.data import load_synthetic
from cfmt.detector import Detector
from cfmt.errors import DataError
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
    Detector(mlp, mlp.initial(seed=1), preprocessor, 1 / 3, {"method": "cfmt", "seed": 1}).save(path)
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
    detector = Detector.load(saved)
    assert detector.mlp == mlp
    assert detector.params.dtype == np.float32
    assert detector.params.tobytes() == mlp.initial(seed=1).tobytes()
    assert detector.threshold == 1 / 3
    assert detector.metadata == {"method": "cfmt", "seed": 1}
    _, test = load_synthetic(500, 50, seed=0)
    assert detector.preprocessor.transform(test).tobytes() == preprocessor.transform(test).tobytes()


def test_equal_detectors_are_equal_files(saved: Path, mlp: MLP, preprocessor: Preprocessor) -> None:
    again = saved.with_name("again.safetensors")
    Detector(mlp, mlp.initial(seed=1), preprocessor, 1 / 3, {"seed": 1, "method": "cfmt"}).save(again)
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
    Detector(mlp, mlp.initial(seed=1), preprocessor, float("inf"), {}).save(saved)
    assert Detector.load(saved).threshold == float("inf")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "has detector format 99, this cfmt reads 1"),
        ({"format": None}, "has detector format None"),
        ({"labels": {"0": "attack", "1": "normal"}}, "has labels"),
        ({"mlp": {"n_features": 3, "hidden": 8, "n_outputs": 1}}, "is not a whole detector"),
        ({"mlp": {"depth": 3}}, "is not a whole detector"),
        ({"threshold": "nan"}, "threshold must lie in"),
        ({"preprocessor": {}}, "is not a whole detector"),
    ],
)
def test_what_does_not_fit_is_refused(saved: Path, changes: dict[str, Any], message: str) -> None:
    rewrite(saved, **changes)
    with pytest.raises(DataError, match=rf"model\.safetensors: .*{message}"):
        Detector.load(saved)


def test_what_is_no_detector_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    with pytest.raises(DataError, match="is not there"):
        Detector.load(path)
    path.write_bytes(b"PK\x03\x04 not safetensors")
    with pytest.raises(DataError, match="is not a safetensors file, or is damaged"):
        Detector.load(path)
    save_file({"w": np.zeros(2, np.float32)}, path)
    with pytest.raises(DataError, match="no detector; give one that cfmt saved"):
        Detector.load(path)


def test_a_truncated_file_is_refused(saved: Path) -> None:
    saved.write_bytes(saved.read_bytes()[:-10])
    with pytest.raises(DataError, match="damaged"):
        Detector.load(saved)


def test_parts_that_do_not_fit_are_not_saved(saved: Path, mlp: MLP, preprocessor: Preprocessor) -> None:
    before, model = saved.read_bytes(), mlp.initial(seed=1)
    wide = MLP(mlp.n_features + 1, hidden=8)
    with pytest.raises(TypeError, match=r"params must be float32, got float64"):
        Detector(mlp, model.astype(np.float64), preprocessor, 0.5, {}).save(saved)
    with pytest.raises(ValueError, match="params must have shape"):
        Detector(mlp, model[1:], preprocessor, 0.5, {}).save(saved)
    with pytest.raises(ValueError, match="preprocessor must give"):
        Detector(wide, wide.initial(seed=1), preprocessor, 0.5, {}).save(saved)
    with pytest.raises(ValueError, match="threshold must lie in"):
        Detector(mlp, model, preprocessor, float("nan"), {}).save(saved)
    assert saved.read_bytes() == before


def test_a_write_that_fails_leaves_the_old_file(
    saved: Path, mlp: MLP, preprocessor: Preprocessor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = saved.read_bytes()

    def fail(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        Detector(mlp, mlp.initial(seed=2), preprocessor, 0.5, {}).save(saved)
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_parameter_that_is_no_number_is_refused(
    saved: Path, mlp: MLP, preprocessor: Preprocessor, bad: float
) -> None:
    params = mlp.initial(seed=1)
    params[7] = bad
    with pytest.raises(ValueError, match=r"params must be finite, but params\[7\] is"):
        Detector(mlp, params, preprocessor, 0.5)
    with safe_open(saved, framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    tensors["hidden.bias"][0] = bad
    save_file(tensors, saved, metadata={"cfmt_detector": json.dumps(header_of(saved))})
    with pytest.raises(DataError, match="params must be finite"):
        Detector.load(saved)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"threshold": "-0.5"}, "threshold must lie in"),
        ({"threshold": "7"}, "threshold must lie in"),
        ({"mlp": {"n_features": 91, "hidden": 10**9, "n_outputs": 1}}, "mlp.hidden is out of range"),
        ({"mlp": []}, "mlp must be an object"),
        ({"metadata": 3}, "metadata must be an object"),
    ],
)
def test_values_that_cannot_be_are_refused(saved: Path, changes: dict[str, Any], message: str) -> None:
    rewrite(saved, **changes)
    with pytest.raises(DataError, match=message):
        Detector.load(saved)


def test_a_negative_scale_is_refused(tmp_path: Path) -> None:
    train, _ = load_synthetic(500, 10, seed=0)
    preprocessor = fit_preprocessor(train)
    mlp, path = MLP(preprocessor.n_features, hidden=4), tmp_path / "model.safetensors"
    Detector(mlp, mlp.initial(seed=0), preprocessor, 0.5).save(path)
    values = preprocessor.to_dict()
    values["scaling"]["scale"][3] = -1.0
    rewrite(path, preprocessor=values)
    with pytest.raises(DataError, match="scale must not be negative, got -1"):
        Detector.load(path)


@pytest.mark.parametrize("text", ["[" * 100_000, "3", "{"])
def test_a_damaged_header_is_one_clear_error(saved: Path, text: str) -> None:
    with safe_open(saved, framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    save_file(tensors, saved, metadata={"cfmt_detector": text})
    with pytest.raises(DataError, match="save the model again"):
        Detector.load(saved)


def test_a_transposed_layer_is_refused(saved: Path) -> None:
    with safe_open(saved, framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    tensors["hidden.weight"] = np.ascontiguousarray(tensors["hidden.weight"].T)
    save_file(tensors, saved, metadata={"cfmt_detector": json.dumps(header_of(saved))})
    with pytest.raises(DataError, match="must have shape"):
        Detector.load(saved)
