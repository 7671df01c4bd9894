"""Preprocessing fitted from clients' summaries equals preprocessing fitted to the pool."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from cfmt.data import Schema, Table, load_nsl_kdd, load_synthetic
from cfmt.errors import DataError
from cfmt.preprocessing import Preprocessor, Summary, ZScore, summaries, summarise
from cfmt.preprocessing.moments import Moments
from cfmt.ragged import Ragged
from support.tables import SCHEMA, partition, table_of, toy


def pooled(train: Table, test: Table) -> npt.NDArray[np.float64]:
    """The same features by scikit-learn, fitted to all rows at once."""
    words = [
        np.array(words, dtype=object)[codes]
        for words, codes in zip(train.vocabularies, train.categorical.T, strict=True)
    ]
    test_words = [
        np.array(words, dtype=object)[codes]
        for words, codes in zip(test.vocabularies, test.categorical.T, strict=True)
    ]
    encoder = OneHotEncoder(sparse_output=False, handle_unknown="ignore").fit(np.stack(words, axis=1))
    scaler = StandardScaler().fit(train.schema.logged(train.numeric))
    scaled = scaler.transform(test.schema.logged(test.numeric))
    return np.hstack([scaled, encoder.transform(np.stack(test_words, axis=1))])


@settings(max_examples=150, deadline=None)
@given(n_rows=st.integers(1, 80), n_clients=st.integers(1, 120), seed=st.integers(0, 2**32))
def test_any_partition_equals_the_pool(n_rows: int, n_clients: int, seed: int) -> None:
    table = toy(n_rows, seed)
    fitted = Preprocessor.fit(summarise(table, partition(n_rows, n_clients, seed)), drop_constant=False)
    np.testing.assert_allclose(fitted.transform(table), pooled(table, table), rtol=0, atol=1e-6)


@settings(max_examples=50, deadline=None)
@given(n_clients=st.integers(1, 30), seed=st.integers(0, 2**32), chunk=st.sampled_from([1, 7, 64, 1000]))
def test_chunks_and_single_summaries_agree(n_clients: int, seed: int, chunk: int) -> None:
    table, rows = toy(60, seed), partition(60, n_clients, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(summaries, "_CHUNK_ROWS", chunk)
        chunked = Preprocessor.fit(summarise(table, rows))
    # What a deployment does: every client has its own rows, and sends its own summary.
    sent = (summarise(table.take(rows.of(client))) for client in range(n_clients))
    merged = Preprocessor.fit(sent)
    assert chunked.feature_names == merged.feature_names
    np.testing.assert_allclose(chunked.transform(table), merged.transform(table), rtol=0, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_real_file_equals_the_pool(nsl_kdd_folder: Path, seed: int) -> None:
    train, test = load_nsl_kdd(nsl_kdd_folder)
    fitted = Preprocessor.fit(summarise(train, partition(train.n_rows, 3_000, seed)))
    assert fitted.n_features == len(fitted.feature_names) == 121
    assert "num_outbound_cmds" not in fitted.feature_names
    features = fitted.transform(test)
    assert features.shape == (22_544, 121)
    assert features.dtype == np.float32
    assert features.flags.c_contiguous
    expected = np.delete(pooled(train, test), train.schema.numeric.index("num_outbound_cmds"), axis=1)
    # One part in a million: rare flags reach z-scores of some hundreds, where float32 has no more digits.
    np.testing.assert_allclose(features, expected, rtol=1e-6, atol=1e-6)


def test_transform_is_the_same_in_pieces() -> None:
    train, test = load_synthetic(3_000, 40_000, seed=1)
    fitted = Preprocessor.fit(summarise(train))
    pieces = [
        fitted.transform(test.take(np.arange(start, start + 10_000))) for start in range(0, 40_000, 10_000)
    ]
    np.testing.assert_array_equal(np.concatenate(pieces), fitted.transform(test))


def test_constant_features() -> None:
    table = toy(20)
    rows = partition(20, 4, seed=0)
    dropped = Preprocessor.fit(summarise(table, rows))
    assert dropped.feature_names[:3] == ("rate", "bytes", "service=dns")
    zeroed = Preprocessor.fit(summarise(table, rows), drop_constant=False)
    assert zeroed.feature_names[:4] == ("rate", "bytes", "fixed", "service=dns")
    other = table_of(table.numeric + np.array([0.0, 0.0, 5.0]), table.categorical)
    assert not zeroed.transform(other)[:, 2].any()


def test_a_feature_constant_on_each_client_alone_is_kept() -> None:
    numeric = np.array([[0, 0, 1], [0, 0, 1], [0, 0, 2], [0, 0, 2]], dtype=np.float64)
    rows = Ragged.from_sizes(np.arange(4), np.array([2, 2]))
    fitted = Preprocessor.fit(summarise(table_of(numeric, np.zeros((4, 2), np.int64)), rows))
    assert fitted.feature_names == ("fixed", "service=dns", "flag=ok")
    assert isinstance(fitted.scaling, ZScore)
    np.testing.assert_array_equal(fitted.scaling.mean, [0, 0, 1.5])
    np.testing.assert_array_equal(fitted.scaling.scale, [0, 0, 0.5])


def test_one_row() -> None:
    table = toy(1)
    fitted = Preprocessor.fit(summarise(table))
    assert fitted.transform(table).tolist() == [[1, 1]]
    assert fitted.transform(table.take(np.zeros(0, np.int64))).shape == (0, 2)


def test_unknown_words_are_all_zeros() -> None:
    train = table_of(np.zeros((2, 3)), np.array([[0, 0], [2, 0]]))
    test = table_of(
        np.zeros((3, 3)),
        np.array([[0, 0], [1, 1], [2, 0]]),
        vocabularies=(("http", "gopher", "dns"), ("ok", "new")),
    )
    fitted = Preprocessor.fit(summarise(train))
    assert fitted.feature_names == ("service=dns", "service=http", "flag=ok")
    assert fitted.transform(test).tolist() == [[0, 1, 1], [0, 0, 0], [1, 0, 1]]


def test_rows_owned_twice_count_twice() -> None:
    table = toy(10)
    rows = Ragged.from_sizes(np.array([3, 3, 5, 7, 7, 7]), np.array([2, 0, 4]))
    fitted = Preprocessor.fit(summarise(table, rows))
    expected = table.numeric[rows.values, 0]
    assert isinstance(fitted.scaling, ZScore)
    np.testing.assert_allclose(fitted.scaling.mean[0], expected.mean(), rtol=1e-12)
    np.testing.assert_allclose(fitted.scaling.scale[0], expected.std(), rtol=1e-12)


def test_large_offset_keeps_its_digits() -> None:
    """Where sums of squares would have lost the variance."""
    numeric = np.zeros((1000, 3))
    numeric[:, 0] = 1e9 + np.arange(1000) % 2
    table = table_of(numeric, np.zeros((1000, 2), np.int64))
    fitted = Preprocessor.fit(summarise(table, partition(1000, 37, seed=3)))
    assert isinstance(fitted.scaling, ZScore)
    np.testing.assert_allclose(fitted.scaling.scale[0], 0.5, rtol=1e-6)


def test_summarising_stays_small() -> None:
    table = toy(1_000)
    rng = np.random.default_rng(0)
    rows = Ragged.from_sizes(rng.integers(0, 1_000, 3_000_000), np.full(150_000, 20))
    summarise(table)
    tracemalloc.start()
    summarise(table, rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8e6, "the gathered rows alone would be 72 MB"


@pytest.mark.parametrize("through_json", [True, False])
def test_dictionary_and_back(through_json: bool) -> None:
    train, test = load_synthetic(2_000, 500, seed=3)
    fitted = Preprocessor.fit(summarise(train))
    values = fitted.to_dict()
    again = Preprocessor.from_dict(json.loads(json.dumps(values)) if through_json else values)
    assert again.feature_names == fitted.feature_names
    np.testing.assert_array_equal(again.transform(test), fitted.transform(test))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scaling": {"kind": "minmax"}}, "scaling must be z-score or quantile, got 'minmax'"),
        ({"scaling": {"kind": "z-score", "mean": [0], "scale": [1]}}, "must be 3 finite numbers each"),
        ({"kept": [True]}, "kept must be 3 flags, got shape"),
        ({"categories": []}, "categories must be 2 lists, got 0"),
        ({"numeric": ["a", "a", "b"], "log1p": []}, "different names"),
        ({"scaling": None}, "preprocessing: "),
    ],
)
def test_damaged_dictionary(changes: dict[str, Any], message: str) -> None:
    values = Preprocessor.fit(summarise(toy(9))).to_dict()
    with pytest.raises(DataError, match=message):
        Preprocessor.from_dict(values | changes)
    del values["kept"]
    with pytest.raises(DataError, match="'kept' is missing"):
        Preprocessor.from_dict(values)


def test_refusals() -> None:
    table = toy(5)
    nobody: Ragged[np.int64] = Ragged(np.zeros(0, np.int64), np.zeros(4, np.int64))
    with pytest.raises(DataError, match="at least one row in all"):
        Preprocessor.fit(summarise(table, nobody))
    with pytest.raises(DataError, match="summaries must be at least one"):
        Preprocessor.fit(iter(()))
    with pytest.raises(IndexError, match="from 0 to 4, got -1"):
        summarise(table, Ragged.from_sizes(np.array([0, -1]), np.array([2])))
    with pytest.raises(IndexError):
        summarise(table, Ragged.from_sizes(np.array([5]), np.array([1])))
    other = Summary(Schema(("x",), ()), Moments.of_nothing(1), ())
    with pytest.raises(
        ValueError, match="same schema; the two differ in bytes, fixed, flag, rate, service, x"
    ):
        Preprocessor.fit([summarise(table), other])
    fitted = Preprocessor.fit(summarise(table))
    unlogged = Schema(SCHEMA.numeric, SCHEMA.categorical)
    with pytest.raises(ValueError, match="their order or log1p"):
        fitted.transform(table_of(table.numeric, table.categorical, schema=unlogged))
