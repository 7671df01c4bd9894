"""What a detector says: the engine's scores, the obvious pipeline's, and nothing that trains."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cfmt.data import Table, load_nsl_kdd, load_synthetic
from cfmt.detector import Detector
from cfmt.mlp import MLP
from cfmt.nn import NativeEngine
from cfmt.preprocessing import fit_preprocessor


def trained(train: Table, scaling: str = "zscore") -> Detector:
    preprocessor = fit_preprocessor(train, scaling="quantile" if scaling == "quantile" else "zscore")
    mlp = MLP(preprocessor.n_features, hidden=16)
    return Detector(mlp, 3 * mlp.initial(seed=2), preprocessor, threshold=0.5)


@pytest.fixture(scope="module", params=["zscore", "quantile"])
def pair(request: pytest.FixtureRequest) -> tuple[Detector, Table]:
    train, test = load_synthetic(2000, 700, seed=0)
    return trained(train, request.param), test


def test_scores_are_the_engines_to_the_bit(pair: tuple[Detector, Table]) -> None:
    detector, test = pair
    X = detector.preprocessor.transform(test)
    engine = NativeEngine(detector.mlp, X, test.is_attack)
    expected = engine.scores(detector.params[np.newaxis])[0]
    np.testing.assert_array_equal(detector.predict_proba(test), expected)


def test_scores_are_those_of_the_obvious_pipeline(pair: tuple[Detector, Table]) -> None:
    detector, test = pair
    X = detector.preprocessor.transform(test).astype(np.float64)
    n, d = detector.mlp.hidden, detector.mlp.n_features
    w1, b1 = detector.params[: n * d].reshape(n, d), detector.params[n * d : n * d + n]
    w2, b2 = detector.params[n * d + n : -1], detector.params[-1]
    logits = np.maximum(X @ w1.T.astype(np.float64) + b1, 0) @ w2 + b2
    np.testing.assert_allclose(detector.decision_function(test), logits, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(detector.predict_proba(test), 1 / (1 + np.exp(-logits)), atol=1e-6)
    np.testing.assert_array_equal(detector.predict(test), detector.predict_proba(test) >= 0.5)


def test_a_stream_is_scored_piece_by_piece(pair: tuple[Detector, Table]) -> None:
    detector, test = pair
    pieces = [test.take(rows) for rows in np.array_split(np.arange(test.n_rows), 7)]
    asked: list[int] = []

    def tables() -> object:
        for number, piece in enumerate(pieces):
            asked.append(number)
            yield piece

    stream = detector.score_stream(tables())  # type: ignore[arg-type] # a generator is an iterable
    first = next(stream)
    assert asked == [0]  # no more is read than was asked for
    scores = np.concatenate([first.scores, *(found.scores for found in stream)])
    np.testing.assert_array_equal(scores, detector.predict_proba(test))
    assert detector.predict_proba(test.take(np.zeros(0, np.int64))).shape == (0,)


def test_unknown_words_count_as_none(pair: tuple[Detector, Table]) -> None:
    detector, test = pair
    words = list(test.vocabularies)
    words[1] = ("never-seen", *words[1][1:])
    other = replace(test, vocabularies=tuple(words))
    rows = test.categorical[:, 1] == 0
    np.testing.assert_array_equal(detector.unknown_words(other), rows | detector.unknown_words(test))
    assert detector.score(other).n_unknown >= rows.sum()


def test_another_schema_is_refused(pair: tuple[Detector, Table]) -> None:
    detector, test = pair
    fewer = replace(test, schema=replace(test.schema, log1p=()))
    with pytest.raises(ValueError, match="must have the same schema"):
        detector.predict(fewer)


def test_on_the_real_files(nsl_kdd_folder: Path) -> None:
    train, test = load_nsl_kdd(nsl_kdd_folder)
    detector = trained(train.take(np.arange(0, train.n_rows, 10)))
    assert np.isfinite(detector.decision_function(test)).all()
    assert detector.predict_proba(test).shape == (22_544,)


def test_nothing_that_trains_is_imported() -> None:
    code = (
        "import sys, cfmt.detector; print(*(m for m in sys.modules if m.startswith('cfmt') or m == 'torch'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "torch" not in loaded
    assert not [name for name in loaded if name.startswith(("cfmt.nn", "cfmt.federated", "cfmt.config"))]
