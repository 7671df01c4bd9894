"""The scoring kernel against the obvious pipeline, at the edges of cells and anywhere else."""

from __future__ import annotations

import pickle
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfmt import _core
from cfmt.data import Schema, Table, load_synthetic
from cfmt.detector import Detector
from cfmt.mlp import MLP
from cfmt.preprocessing import Quantiles, fit_preprocessor, steps_of

TRAIN, TEST = load_synthetic(2000, 300, seed=3)


def detector_of(train: Table, *, scaling: str, seed: int, hidden: int) -> Detector:
    preprocessor = fit_preprocessor(train, scaling="quantile" if scaling == "quantile" else "zscore")
    mlp = MLP(preprocessor.n_features, hidden=hidden)
    return Detector(mlp, 2 * mlp.initial(seed=seed), preprocessor, threshold=0.5)


def obvious(detector: Detector, table: Table) -> npt.NDArray[np.float64]:
    """Preprocess, multiply, take the logistic function: in float64."""
    w1, b1, w2, b2 = (layer.astype(np.float64) for layer in detector._layers())
    X = detector.preprocessor.transform(table).astype(np.float64)
    logits = np.maximum(X @ w1.T + b1, 0) @ w2[0] + b2[0]
    return np.asarray(1 / (1 + np.exp(-logits)), np.float64)


def with_numbers(table: Table, numeric: npt.NDArray[np.float64]) -> Table:
    return replace(table, numeric=numeric)


@given(
    scaling=st.sampled_from(["zscore", "quantile"]),
    seed=st.integers(0, 1000),
    hidden=st.integers(1, 70),
    exponent=st.floats(-12, 12),
)
@settings(max_examples=40, deadline=None)
def test_scores_are_the_obvious_ones(scaling: str, seed: int, hidden: int, exponent: float) -> None:
    detector = detector_of(TRAIN, scaling=scaling, seed=seed, hidden=hidden)
    table = TEST
    if scaling == "quantile":  # far from training, z-scores are as large as what float32 cannot hold apart
        table = with_numbers(table, table.numeric * 10.0**exponent)
    np.testing.assert_allclose(detector.predict_proba(table), obvious(detector, table), atol=1e-6)


def test_edges_of_cells_are_on_the_right_side() -> None:
    detector = detector_of(TRAIN, scaling="quantile", seed=1, hidden=9)
    scaling, schema = detector.preprocessor.scaling, TRAIN.schema
    assert isinstance(scaling, Quantiles)
    n_tried = 0
    for column in np.flatnonzero(detector.preprocessor.kept).tolist():
        edges = steps_of(scaling, column, logged=column in schema.log1p_columns).edges[1:]
        values = np.concatenate([edges, np.nextafter(edges, -np.inf), np.nextafter(edges, np.inf)])
        values = values[(values >= 0) & (values < 1e100)][:20_000]
        table = TRAIN.take(np.arange(len(values)) % TRAIN.n_rows)
        numeric = table.numeric.copy()
        numeric[:, column] = values
        table = with_numbers(table, numeric)
        np.testing.assert_allclose(detector.predict_proba(table), obvious(detector, table), atol=1e-6)
        n_tried += len(values)
    assert n_tried > 10_000


def test_a_negative_range_has_edges_too() -> None:
    schema = Schema(("t",), (), ())
    numeric = np.linspace(-50, 3, 200)[:, np.newaxis]
    table = replace(
        TRAIN.take(np.arange(200)),
        schema=schema,
        numeric=numeric,
        categorical=np.zeros((200, 0), np.int64),
        vocabularies=(),
    )
    detector = detector_of(table, scaling="quantile", seed=0, hidden=5)
    tried = with_numbers(table, np.linspace(-60, 10, 200)[:, np.newaxis])
    np.testing.assert_allclose(detector.predict_proba(tried), obvious(detector, tried), atol=1e-6)


@pytest.mark.parametrize("scaling", ["zscore", "quantile"])
def test_parts_add_up_to_the_difference_of_logits(scaling: str) -> None:
    detector = detector_of(TRAIN, scaling=scaling, seed=2, hidden=24)
    explained = detector.explain(TEST)
    sums = explained.baseline + explained.parts.sum(axis=1)
    np.testing.assert_allclose(sums, detector.decision_function(TEST), rtol=1e-4, atol=1e-4)
    n_kept = int(detector.preprocessor.kept.sum())
    assert explained.columns[n_kept:] == TEST.schema.categorical
    assert explained.parts.shape == (TEST.n_rows, len(explained.columns))
    foremost = explained.top(3)
    assert (explained.parts[np.arange(TEST.n_rows), foremost[:, 0]] == explained.parts.max(axis=1)).all()


def test_a_column_without_weight_has_no_part() -> None:
    detector = detector_of(TRAIN, scaling="quantile", seed=2, hidden=8)
    params = detector.params.copy()
    params[: 8 * detector.mlp.n_features].reshape(8, -1)[:, 0] = 0
    explained = replace(detector, params=params).explain(TEST)
    assert not explained.parts[:, 0].any()
    assert explained.parts[:, 1].any()


def test_a_used_detector_can_be_pickled() -> None:
    detector = detector_of(TRAIN, scaling="quantile", seed=2, hidden=8)
    expected = detector.predict_proba(TEST)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(detector)).predict_proba(TEST), expected)


def test_arrays_that_do_not_fit_each_other_are_refused() -> None:
    one, two = np.array([0.5]), np.array([0.5, 1.0])
    columns, logged, words = np.array([0]), np.array([0], np.uint8), np.array([], np.int64)
    params = np.ones(4, np.float32)
    make = partial(_core.Scorer.z_scores, n_words=words, params=params, n_numeric=1, hidden=1)
    assert make(columns, logged, one, one).baseline == 2
    for wrong in ((columns, np.zeros(2, np.uint8), one, one), (columns, logged, one, two)):
        with pytest.raises(ValueError, match="must have 1 elements"):
            make(*wrong)


def test_another_schema_is_refused() -> None:
    detector = detector_of(TRAIN, scaling="zscore", seed=0, hidden=4)
    schema = replace(TEST.schema, log1p=())
    with pytest.raises(ValueError, match="log1p"):
        detector.predict_proba(replace(TEST, schema=schema))
