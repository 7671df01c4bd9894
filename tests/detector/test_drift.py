"""Drift: none where there is none, the right feature where one has moved, and the index as its formula."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfmt.data import Table, load_synthetic
from cfmt.detector import Detector, Reference, measure_drift, population_stability
from cfmt.errors import DataError
from cfmt.mlp import MLP
from cfmt.preprocessing import fit_preprocessor

TRAIN, TEST = load_synthetic(6000, 3000, seed=2)
COUNTS = st.lists(st.integers(1, 1000), min_size=2, max_size=12)


def normal(table: Table) -> Table:
    return table.take(np.flatnonzero(table.is_attack == 0))


@pytest.fixture(scope="module")
def detector() -> Detector:
    preprocessor = fit_preprocessor(TRAIN)
    mlp = MLP(preprocessor.n_features, hidden=8)
    return Detector(mlp, mlp.initial(seed=0), preprocessor, threshold=0.5)


@given(COUNTS)
def test_equal_shares_are_stable(counts: list[int]) -> None:
    assert population_stability(counts, [3 * count for count in counts]) == pytest.approx(0, abs=1e-12)


@given(st.lists(st.tuples(st.integers(1, 99), st.integers(1, 99)), min_size=2, max_size=9))
def test_the_index_is_its_formula(pairs: list[tuple[int, int]]) -> None:
    expected, found = zip(*pairs, strict=True)
    p, q = np.array(expected) / sum(expected), np.array(found) / sum(found)
    by_hand = sum((one - other) * np.log(one / other) for one, other in zip(p, q, strict=True))
    assert population_stability(expected, found) == pytest.approx(by_hand, abs=1e-9)
    assert population_stability(found, expected) == pytest.approx(by_hand, abs=1e-9)
    assert by_hand >= -1e-12


def test_an_empty_bin_gives_a_finite_index() -> None:
    assert 0 < population_stability([5, 0], [0, 5]) < 20


def test_traffic_like_that_of_training_has_not_drifted(detector: Detector) -> None:
    reference = Reference.of(detector, TRAIN)
    drift = measure_drift(detector, reference, [(normal(TEST), 0)])
    assert drift.past(0.1) == ()
    assert drift.n_rows == normal(TEST).n_rows
    assert drift.reference_rows == normal(TRAIN).n_rows
    assert len(drift.features) == len(TRAIN.schema.numeric) + len(TRAIN.schema.categorical) + 1


def test_few_rows_are_not_called_drift_by_chance(detector: Detector) -> None:
    reference = Reference.of(detector, TRAIN)
    few = normal(TEST).take(np.arange(12))
    drift = measure_drift(detector, reference, [(few, 0)])
    assert max(one.psi for one in drift.features) > 0.1
    assert len(drift.past(0.1)) <= len(drift.features) // 4


def test_a_feature_that_moves_is_named(detector: Detector) -> None:
    reference = Reference.of(detector, TRAIN)
    moved, place = normal(TEST), TRAIN.schema.numeric.index("src_bytes")
    numeric = moved.numeric.copy()
    numeric[:, place] = numeric[:, place] * 40 + 5000
    drift = measure_drift(detector, reference, [(replace(moved, numeric=numeric), 3)])
    assert drift.features[0].feature == "src_bytes"
    assert "src_bytes" in {one.feature for one in drift.past(0.25)}
    assert drift.n_dropped == 3


def test_words_that_training_never_had_are_counted_and_drift(detector: Detector) -> None:
    reference = Reference.of(detector, TRAIN)
    place = TRAIN.schema.categorical.index("service")
    own = normal(TEST)
    words = list(own.vocabularies)
    words[place] = tuple(f"new-{word}" for word in words[place])
    drift = measure_drift(detector, reference, [(replace(own, vocabularies=tuple(words)), 0)])
    assert drift.n_unknown == own.n_rows
    assert "service" in {one.feature for one in drift.past(0.25)}


def test_chunks_change_nothing(detector: Detector) -> None:
    reference, own = Reference.of(detector, TRAIN), normal(TEST)
    parts = [own.take(rows) for rows in np.array_split(np.arange(own.n_rows), 7)]
    whole = measure_drift(detector, reference, [(own, 0)])
    assert measure_drift(detector, reference, [(part, 0) for part in parts]) == whole


def test_a_reference_comes_back_from_json(detector: Detector) -> None:
    reference = Reference.of(detector, TRAIN)
    assert Reference.from_dict(json.loads(json.dumps(reference.to_dict()))) == reference


@pytest.mark.parametrize("damage", [None, [], {}, {"numeric": {}, "words": {}, "n_rows": 1, "n_alerts": 0}])
def test_a_damaged_reference_is_refused(damage: object) -> None:
    with pytest.raises(DataError, match=r"reference is not whole .*; train it again"):
        Reference.from_dict(damage)


def test_no_row_cannot_be_compared(detector: Detector) -> None:
    with pytest.raises(DataError, match="there is no row"):
        measure_drift(detector, Reference.of(detector, TRAIN), [])
