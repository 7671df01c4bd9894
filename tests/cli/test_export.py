"""``cfmt export``: an ONNX model beside the detector, which it names by its SHA-256."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from cfmt.cli import errors
from cfmt.data import load_synthetic
from cfmt.detector import Detector
from cfmt.files import sha256_of
from support.detectors import invoke, saved_detector


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return saved_detector(tmp_path / "model.safetensors", "quantile")


def test_the_model_scores_as_the_detector(model: Path) -> None:
    code, out, err = invoke("export", model, "--format", "onnx")
    written = model.with_suffix(".onnx")
    assert (code, err) == (0, f"wrote {written}\n")
    assert "numeric: float64, (n, 38)" in out
    kept = {one.key: one.value for one in onnx.load(written).metadata_props}
    assert kept["detector_sha256"] == sha256_of(model.read_bytes())
    _, test = load_synthetic(10, 200, seed=4)
    fed = {
        name: np.array(words, dtype=object)[codes]
        for name, words, codes in zip(
            test.schema.categorical, test.vocabularies, test.categorical.T, strict=True
        )
    }
    session = onnxruntime.InferenceSession(written, providers=["CPUExecutionProvider"])
    score, alert = session.run(["score", "alert"], {"numeric": test.numeric, **fed})
    scored = Detector.load(model).score(test)
    np.testing.assert_allclose(score, scored.scores, atol=1e-6)
    np.testing.assert_array_equal(alert, scored.alerts)


def test_no_file_is_replaced_by_mistake(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "site.onnx"
    out.write_text("precious")
    code, _, err = invoke("export", model, "--out", out)
    assert (code, "replace it with --force" in err) == (errors.MISUSED, True)
    assert out.read_text() == "precious"
    assert invoke("export", model, "--out", out, "--force")[0] == 0
    onnx.checker.check_model(onnx.load(out))


def test_without_onnx_the_extra_is_named(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    code, _, err = invoke("export", model)
    assert code == errors.FAILED
    assert err == "error: an ONNX model needs onnx: pip install 'cfmt[onnx]'\n"
    assert not model.with_suffix(".onnx").exists()


def test_what_is_no_detector_is_named(tmp_path: Path) -> None:
    code, _, err = invoke("export", tmp_path / "nothing.safetensors")
    assert (code, "is not there" in err) == (errors.FAILED, True)
