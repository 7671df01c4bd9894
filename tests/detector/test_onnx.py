"""The ONNX graph decides as the detector does, also at the edges of cells and for what training never had."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest

from cfmt.data import Schema, Table, load_nsl_kdd, load_synthetic
from cfmt.data.flow_table import load_flow_tables
from cfmt.detector import Detector, to_onnx
from cfmt.errors import ConfigError, MissingExtraError
from cfmt.mlp import MLP
from cfmt.preprocessing import Preprocessor, Quantiles, fit_preprocessor, sketch_values, summarise
from cfmt.preprocessing.sketches import Grid
from support.detectors import untrained
from support.tables import SCHEMA, toy

SCALINGS = ("zscore", "quantile")


def inputs(table: Table) -> dict[str, npt.NDArray[Any]]:
    columns = zip(table.schema.categorical, table.vocabularies, table.categorical.T, strict=True)
    words = {name: np.array(known, dtype=object)[codes] for name, known, codes in columns}
    return {"numeric": table.numeric, **words}


def session(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def run(
    model: bytes, table: Table, rows_at_once: int = 10_000
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    found, fed = session(model), inputs(table)
    parts = [
        found.run(["score", "alert"], {name: rows[at : at + rows_at_once] for name, rows in fed.items()})
        for at in range(0, max(table.n_rows, 1), rows_at_once)
    ]
    return np.concatenate([score for score, _ in parts]), np.concatenate([alert for _, alert in parts])


def rounding(detector: Detector, table: Table) -> npt.NDArray[np.float64]:
    """What float32 sums of such terms may be off by, in the logit: large where z-scores go into thousands."""
    w1, _, w2, _ = detector._layers()
    terms = np.abs(detector.preprocessor.transform(table).astype(np.float64)) @ np.abs(w1.T) @ np.abs(w2[0])
    return np.asarray(2.0**-24 * terms)


def check(detector: Detector, table: Table) -> None:
    score, alert = run(to_onnx(detector), table)
    expected = detector.score(table)
    assert score.dtype == np.float32
    off = np.abs(score - expected.scores)
    assert (off <= np.maximum(1e-6, rounding(detector, table))).all()
    assert (off > 1e-6).mean() < 0.001
    np.testing.assert_array_equal(alert, expected.alerts)


def odd_rows(n_rows: int) -> Table:
    """Generated rows, a third with unknown words and a third with numbers that training never had."""
    _, table = load_synthetic(10, n_rows, seed=7)
    rng = np.random.default_rng(0)
    words = tuple((*known, "never-seen", "") for known in table.vocabularies)
    categorical, numeric = table.categorical.copy(), table.numeric.copy()
    for column, known in enumerate(table.vocabularies):
        rows = rng.random(n_rows) < 0.3
        categorical[rows, column] = len(known) + rng.integers(0, 2, rows.sum())
    rows = rng.random(numeric.shape) < 0.01
    numeric[rows] = numeric[rows] * 10.0 ** rng.integers(-3, 4, rows.sum()) + 10.0 ** rng.integers(
        -8, 7, rows.sum()
    )
    return replace(table, vocabularies=words, categorical=categorical, numeric=numeric)


@pytest.mark.parametrize("scaling", SCALINGS)
def test_scores_and_decisions_on_100_000_rows(scaling: Any) -> None:
    check(untrained(scaling), load_synthetic(10, 100_000, seed=7)[1])
    check(untrained(scaling, threshold=0.3), odd_rows(100_000))


def at_edges(detector: Detector, n_columns: int = 38) -> Table:
    """Rows with one number each at, just below or just above an edge of a quantile cell."""
    scaling = detector.preprocessor.scaling
    assert isinstance(scaling, Quantiles)
    grid, schema = scaling.grid, detector.preprocessor.schema
    shares = np.concatenate([np.arange(grid.n_bins + 1) / grid.n_bins, [-1e-9, 1e-9, 1 - 1e-9, 1 + 1e-9, 2]])
    _, table = load_synthetic(10, 1, seed=7)
    blocks = []
    for column in range(n_columns):
        values = grid.minimum[column] + shares * (grid.maximum[column] - grid.minimum[column])
        if column in schema.log1p_columns:
            values = np.expm1(values)
        for away in (-np.inf, None, np.inf):
            near = values if away is None else np.nextafter(values, away)
            if column in schema.log1p_columns:
                near = np.maximum(near, 0)
            block = np.repeat(table.numeric, len(near), axis=0)
            block[:, column] = near
            blocks.append(block)
    rows = np.zeros(sum(map(len, blocks)), np.int64)
    return replace(table.take(rows), numeric=np.concatenate(blocks))


def test_values_at_the_edges_of_cells() -> None:
    detector = untrained("quantile")
    check(detector, at_edges(detector))


def test_a_logarithm_alone_would_move_cells() -> None:
    """Else the correction in the graph would be for nothing."""
    detector = untrained("quantile")
    scaling, schema = detector.preprocessor.scaling, detector.preprocessor.schema
    assert isinstance(scaling, Quantiles)
    numeric = at_edges(detector).numeric
    naive = numeric.copy()
    naive[:, schema.log1p_columns] = np.log(1 + naive[:, schema.log1p_columns])
    assert (scaling.grid.cells(naive) != scaling.grid.cells(schema.logged(numeric))).any()


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("drop_constant", [True, False])
def test_constants_dropped_or_not(scaling: str, drop_constant: bool) -> None:
    table = toy(400)
    summary = summarise(table)
    sketch = sketch_values(table, Grid.spanning(summary.moments)) if scaling == "quantile" else None
    preprocessor = Preprocessor.fit(summary, sketch, drop_constant=drop_constant)
    mlp = MLP(preprocessor.n_features, hidden=8)
    check(Detector(mlp, 3 * mlp.initial(seed=2), preprocessor, 0.5), toy(500, seed=1))


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("log1p", [(), SCHEMA.numeric[1:]])
@pytest.mark.parametrize("with_words", [True, False])
def test_other_schemas(scaling: Any, log1p: tuple[str, ...], with_words: bool) -> None:
    whole = toy(400)
    places = slice(None) if with_words else slice(0, 0)
    table = replace(
        whole,
        schema=Schema(SCHEMA.numeric[1:], SCHEMA.categorical[places], log1p),
        numeric=np.ascontiguousarray(whole.numeric[:, 1:]),
        categorical=np.ascontiguousarray(whole.categorical[:, places]),
        vocabularies=whole.vocabularies[places],
    )
    preprocessor = fit_preprocessor(table, scaling=scaling)
    mlp = MLP(preprocessor.n_features, hidden=8)
    check(Detector(mlp, 3 * mlp.initial(seed=2), preprocessor, 0.5), table)


def test_a_feature_without_words() -> None:
    preprocessor = fit_preprocessor(toy(400))
    preprocessor = replace(preprocessor, categories=(preprocessor.categories[0], ()))
    mlp = MLP(preprocessor.n_features, hidden=8)
    check(Detector(mlp, 3 * mlp.initial(seed=2), preprocessor, 0.5), toy(400, seed=1))


def test_an_infinite_threshold_never_alerts() -> None:
    detector = untrained(threshold=float("inf"))
    detector = replace(detector, params=detector.params + 100)
    table = load_synthetic(10, 500, seed=7)[1]
    score, alert = run(to_onnx(detector), table)
    assert score.max() == 1
    assert not alert.any()
    assert run(to_onnx(replace(detector, threshold=1.0)), table)[1].any()
    assert run(to_onnx(replace(detector, threshold=0.0)), table)[1].all()


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, -1.0])
def test_what_a_table_refuses_is_no_alert(scaling: Any, bad: float) -> None:
    detector = untrained(scaling, threshold=0.0)
    table = load_synthetic(10, 60, seed=7)[1]
    numeric = table.numeric.copy()
    columns = detector.preprocessor.schema.log1p_columns if bad == -1 else np.arange(38)
    rows = np.arange(len(columns))
    numeric[rows, columns] = bad
    score, alert = session(to_onnx(detector)).run(["score", "alert"], inputs(table) | {"numeric": numeric})
    assert np.isnan(score[rows]).all()
    assert not alert[rows].any()
    np.testing.assert_allclose(score[len(rows) :], detector.predict_proba(table)[len(rows) :], atol=1e-6)
    assert alert[len(rows) :].all()


def test_no_rows() -> None:
    score, alert = run(to_onnx(untrained("quantile")), load_synthetic(10, 5, seed=0)[1].take(np.arange(0)))
    assert score.shape == alert.shape == (0,)


@pytest.mark.parametrize("scaling", SCALINGS)
def test_the_model_is_sound_and_says_what_it_is(scaling: Any) -> None:
    detector = untrained(scaling, threshold=1 / 3)
    content = to_onnx(detector, sha256="abc")
    model = onnx.load_from_string(content)
    onnx.checker.check_model(model, full_check=True)
    assert model.ir_version == 10
    assert {(one.domain, one.version) for one in model.opset_import} == {("", 21), ("ai.onnx.ml", 4)}
    kept = {one.key: one.value for one in model.metadata_props}
    assert tuple(json.loads(kept["numeric"])) == detector.preprocessor.schema.numeric
    assert float(kept["threshold"]) == 1 / 3
    assert kept["detector_sha256"] == "abc"
    assert len(content) < 1_000_000
    assert to_onnx(detector, sha256="abc") == content


def test_on_the_real_files(nsl_kdd_folder: Path) -> None:
    train, test = load_nsl_kdd(nsl_kdd_folder)
    preprocessor = fit_preprocessor(train, scaling="quantile")
    mlp = MLP(preprocessor.n_features)
    detector = Detector(mlp, 3 * mlp.initial(seed=2), preprocessor, 0.5)
    check(detector, test)
    assert len(to_onnx(detector)) < 1_000_000


def test_a_wide_table_fits_into_a_megabyte(rt_iot2022: Path) -> None:
    table = load_flow_tables(rt_iot2022).train
    preprocessor = fit_preprocessor(table, scaling="quantile")
    mlp = MLP(preprocessor.n_features)
    detector = Detector(mlp, 3 * mlp.initial(seed=2), preprocessor, 0.5)
    assert len(to_onnx(detector)) < 1_000_000
    check(detector, table.take(np.arange(0, table.n_rows, 5)))


def test_a_sensor_needs_onnxruntime_alone(tmp_path: Path) -> None:
    detector, table = untrained("quantile"), odd_rows(2000)
    (tmp_path / "model.onnx").write_bytes(to_onnx(detector))
    fed = {name: rows.astype(str) if rows.dtype == object else rows for name, rows in inputs(table).items()}
    np.savez(tmp_path / "rows.npz", **fed)  # type: ignore[arg-type] # keywords are arrays
    code = """
import sys
import numpy as np, onnxruntime
rows = dict(np.load("rows.npz"))
fed = {name: a.astype(object) if a.dtype.kind == "U" else a for name, a in rows.items()}
found = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
np.save("alert.npy", found.run(["alert"], fed)[0])
print({"cfmt", "torch", "onnx"} & set(sys.modules))
"""
    command = [sys.executable, "-I", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.stdout.strip() == "set()", done.stderr
    np.testing.assert_array_equal(np.load(tmp_path / "alert.npy"), detector.score(table).alerts)


def test_without_onnx_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'cfmt\[onnx\]'"):
        to_onnx(untrained())


def test_names_do_not_clash() -> None:
    table = toy(200)
    table = replace(table, schema=replace(SCHEMA, categorical=("score", "flag")))
    preprocessor = fit_preprocessor(table)
    mlp = MLP(preprocessor.n_features, hidden=4)
    with pytest.raises(ConfigError, match="must not be called score"):
        to_onnx(Detector(mlp, mlp.initial(seed=0), preprocessor, 0.5))


@pytest.mark.parametrize("scaling", SCALINGS)
def test_words_alone(scaling: Any) -> None:
    table = toy(300)
    table = replace(table, numeric=np.ones_like(table.numeric))
    preprocessor = fit_preprocessor(table, scaling=scaling)
    assert not preprocessor.kept.any()
    mlp = MLP(preprocessor.n_features, hidden=8)
    check(Detector(mlp, 3 * mlp.initial(seed=2), preprocessor, 0.5), toy(300, seed=1))
