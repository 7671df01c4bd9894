"""Quantiles from clients' counts: the same bits for any grouping of clients, close to those of the pool."""

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
from scipy.stats import rankdata
from sklearn.preprocessing import QuantileTransformer

from cfmt.data import Schema, Table, load_nsl_kdd, load_synthetic
from cfmt.errors import DataError
from cfmt.preprocessing import (
    Grid,
    Preprocessor,
    Quantiles,
    Sketch,
    fit_preprocessor,
    sketch_values,
    summarise,
)
from cfmt.preprocessing import (
    sketches as sketch,
)
from cfmt.preprocessing.moments import Moments
from cfmt.ragged import Ragged
from support.tables import partition, table_of, toy

ROOT_12 = np.sqrt(12)
Values = npt.NDArray[np.float64]


def numbers_of(columns: Values) -> Table:
    """A table of numeric features alone, none of them logged."""
    columns = np.atleast_2d(np.asarray(columns, np.float64).T).T
    schema = Schema(tuple(f"x{i}" for i in range(columns.shape[1])), ())
    none = np.zeros((len(columns), 0), np.int64)
    return table_of(columns, none, schema=schema, vocabularies=())


def fitted_to(values: Values, n_bins: int = 4096) -> Quantiles:
    """Fit to one feature."""
    table = numbers_of(values)
    grid = Grid(values.min(keepdims=True), values.max(keepdims=True), n_bins)
    return Quantiles.fit(sketch_values(table, grid))


def ranks(fitted: Quantiles, values: Values) -> Values:
    """The quantiles of one feature, uncentred."""
    return np.asarray(fitted.transform(values[:, None])[:, 0] / ROOT_12 + 0.5)


def mid_ranks(values: Values) -> Values:
    """The mid-distribution function of the pool."""
    return np.asarray((rankdata(values) - 0.5) / len(values))


finite = st.floats(-1e9, 1e9, allow_subnormal=False)
columns_of_values = st.lists(finite | st.integers(-3, 3).map(float), min_size=1, max_size=60).map(np.array)


@settings(max_examples=100, deadline=None)
@given(n_rows=st.integers(1, 80), n_clients=st.integers(1, 40), seed=st.integers(0, 2**32))
def test_any_grouping_of_clients_gives_the_same_bits(n_rows: int, n_clients: int, seed: int) -> None:
    table, rows = toy(n_rows, seed), partition(n_rows, n_clients, seed)
    # What a deployment does: every client has its own rows; extremes first, then counts.
    own = [table.take(rows.of(client)) for client in range(n_clients)]
    order = np.random.default_rng(seed).permutation(n_clients)
    summary = summarise(table, rows)
    sketches = [sketch_values(part, Grid.spanning(summary.moments)) for part in own]
    forward = Preprocessor.fit((summarise(part) for part in own), (part for part in sketches))
    shuffled = Preprocessor.fit((summarise(own[k]) for k in order), (sketches[k] for k in order))
    pooled = fit_preprocessor(table, scaling="quantile")
    for fitted in (shuffled, pooled, fit_preprocessor(table, rows, scaling="quantile")):
        assert fitted.to_dict() == forward.to_dict()
        assert fitted.transform(table).tobytes() == forward.transform(table).tobytes()


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32), cuts=st.tuples(st.integers(0, 60), st.integers(0, 60)))
def test_merging_is_associative_and_commutative(seed: int, cuts: tuple[int, int]) -> None:
    table, (low, high) = toy(60, seed), sorted(cuts)
    grid = Grid.spanning(summarise(table).moments)
    pieces = np.split(np.random.default_rng(seed).permutation(60), [low, high])
    a, b, c = (sketch_values(table.take(piece), grid) for piece in pieces)
    for merged in (a.merge(b).merge(c), a.merge(b.merge(c)), c.merge(a).merge(b)):
        np.testing.assert_array_equal(merged.counts, sketch_values(table, grid).counts)
        assert merged.n_rows == 60


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_chunks_do_not_matter(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    table, rows = toy(60), partition(60, 9, seed=1)
    grid = Grid.spanning(summarise(table).moments)
    whole = sketch_values(table, grid)
    monkeypatch.setattr(sketch, "_CHUNK_ROWS", chunk)
    np.testing.assert_array_equal(sketch_values(table, grid, rows).counts, whole.counts)


@pytest.mark.parametrize("shape", ["uniform", "normal", "exponential"])
def test_continuous_values_are_near_those_of_scikit_learn(shape: str) -> None:
    rng = np.random.default_rng(0)
    train, test = (getattr(rng, shape)(size=20_000) for _ in range(2))
    fitted = fitted_to(train, n_bins=4096)
    theirs = QuantileTransformer(n_quantiles=5000, subsample=None).fit(train[:, None])
    fullest = fitted.counts.max() / len(train)
    assert fullest < 20 / 4096
    # Half of the fullest bin, the steps between scikit-learn's quantiles, and the ranks at the ends.
    allowed = fullest / 2 + 1 / 5000 + 1 / len(train)
    np.testing.assert_allclose(
        ranks(fitted, test), theirs.transform(test[:, None])[:, 0], rtol=0, atol=allowed
    )


@settings(max_examples=200, deadline=None)
@given(train=columns_of_values, test=columns_of_values)
def test_it_never_falls_and_stays_in_range(train: Values, test: Values) -> None:
    found = ranks(fitted_to(train, n_bins=16), np.sort(test))
    assert (np.diff(found) >= 0).all()
    assert found.min() >= 0
    assert found.max() <= 1
    if train.min() < train.max():
        assert (found[np.sort(test) < train.min() - 4] == 0).all()
        assert (found[np.sort(test) > train.max() + 4] == 1).all()


@settings(max_examples=200, deadline=None)
@given(values=columns_of_values, n_bins=st.sampled_from([1, 2, 64]))
def test_the_mean_is_0_and_the_variance_at_most_1(values: Values, n_bins: int) -> None:
    found = fitted_to(values, n_bins).transform(values[:, None])
    np.testing.assert_allclose(found.mean(), 0, atol=1e-12)
    assert found.var() <= 1


@pytest.mark.parametrize("step", [0.01, 1.0])
def test_ties_are_in_the_middle_of_their_mass(step: float) -> None:
    rng = np.random.default_rng(0)
    values = np.round(rng.beta(0.2, 0.3, 5_000) * 100) * step
    np.testing.assert_allclose(ranks(fitted_to(values), values), mid_ranks(values), rtol=0, atol=1e-12)
    theirs = QuantileTransformer(n_quantiles=5000, subsample=None).fit_transform(values[:, None])[:, 0]
    inside = (values > values.min()) & (values < values.max())  # where scikit-learn does not clip
    np.testing.assert_allclose(ranks(fitted_to(values), values)[inside], theirs[inside], rtol=0, atol=1e-3)


def test_whole_numbers_stay_apart_after_log1p() -> None:
    values = np.log1p(np.arange(600.0))
    np.testing.assert_allclose(ranks(fitted_to(values), values), mid_ranks(values), rtol=0, atol=1e-12)


def test_a_rare_flag_stays_bounded() -> None:
    flag = np.zeros(100_000)
    flag[7] = 1
    found = fitted_to(flag).transform(np.array([[0.0], [1.0], [2.0]]))[:, 0]
    np.testing.assert_allclose(found, [0, np.sqrt(3), np.sqrt(3)], rtol=0, atol=1e-4)


def test_values_outside_clip_and_the_last_digit_does_not_count() -> None:
    values = np.log1p(np.array([3.0, 3, 3, 9, 1000, 1000]))
    fitted = fitted_to(values)
    unseen = np.array([-1e300, 0, values[0] - 1e-3, values[-1] + 1e-3, 1e300])
    assert ranks(fitted, unseen).tolist() == [0, 0, 0, 1, 1]
    near = np.concatenate([np.nextafter(values, -np.inf), np.nextafter(values, np.inf)])
    np.testing.assert_array_equal(ranks(fitted, near), ranks(fitted, np.tile(values, 2)))
    np.testing.assert_allclose(ranks(fitted, values), mid_ranks(values), rtol=0, atol=1e-12)


def test_constant_features_and_one_row() -> None:
    table = toy(20)
    summary = summarise(table)
    counted = sketch_values(table, Grid.spanning(summary.moments))
    assert Preprocessor.fit(summary, counted).feature_names[:3] == ("rate", "bytes", "service=dns")
    zeroed = Preprocessor.fit(summary, counted, drop_constant=False)
    other = table_of(table.numeric + np.array([0.0, 0.0, 5.0]), table.categorical)
    assert zeroed.feature_names[2] == "fixed"
    assert not zeroed.transform(other)[:, 2].any()
    assert fit_preprocessor(toy(1), scaling="quantile").transform(toy(1)).tolist() == [[1, 1]]
    one = fit_preprocessor(toy(1), scaling="quantile")
    assert one.transform(toy(1).take(np.zeros(0, np.int64))).shape == (0, 2)


def test_rows_owned_twice_count_twice() -> None:
    table = toy(10)
    rows = Ragged.from_sizes(np.array([3, 3, 5, 7, 7, 7]), np.array([2, 0, 4]))
    fitted = fit_preprocessor(table, rows, scaling="quantile")
    found = fitted.transform(table.take(rows.values))[:, 0] / ROOT_12 + 0.5
    np.testing.assert_allclose(found, mid_ranks(table.numeric[rows.values, 0]), rtol=0, atol=1e-6)


def test_a_table_without_numeric_features() -> None:
    table = table_of(
        np.zeros((3, 0)),
        np.array([[0], [1], [0]]),
        schema=Schema((), ("flag",)),
        vocabularies=(("a", "b"),),
    )
    fitted = fit_preprocessor(table, scaling="quantile")
    assert fitted.transform(table).tolist() == [[1, 0], [0, 1], [1, 0]]


def test_real_file_has_the_ranks_of_the_pool(nsl_kdd_folder: Path) -> None:
    train, _ = load_nsl_kdd(nsl_kdd_folder)
    fitted = fit_preprocessor(train, partition(train.n_rows, 3_000, seed=0), scaling="quantile")
    features = fitted.transform(train)
    assert features.shape == (125_973, 121)
    assert features.dtype == np.float32
    assert features.flags.c_contiguous
    assert np.abs(features[:, : fitted.kept.sum()]).max() <= np.float32(np.sqrt(3))
    logged = train.schema.logged(train.numeric)
    kept = np.flatnonzero(fitted.kept)
    for column, feature in enumerate(kept):
        # Bins of bytes and durations hold several values; all other features have a bin for each.
        wide = train.schema.numeric[feature] in ("src_bytes", "dst_bytes", "duration")
        np.testing.assert_allclose(
            features[:, column] / ROOT_12 + 0.5,
            mid_ranks(logged[:, feature]),
            rtol=0,
            atol=0.01 if wide else 1e-6,
        )


def test_a_million_clients_stay_small() -> None:
    table = toy(1_000)
    rng = np.random.default_rng(0)
    rows = Ragged.from_sizes(rng.integers(0, 1_000, 3_000_000), np.full(1_000_000, 3))
    grid = Grid.spanning(summarise(table).moments)
    sketch_values(table, grid)
    tracemalloc.start()
    found = sketch_values(table, grid, rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.n_rows == 3_000_000
    assert peak < 10e6, "the gathered rows alone would be 72 MB"


def test_a_client_sends_what_its_rows_occupy() -> None:
    table = toy(1_000)
    grid = Grid.spanning(summarise(table).moments)
    assert sketch_values(table.take(np.array([4, 4])), grid).n_bytes == 3 * 8
    assert sketch_values(table.take(np.arange(50)), grid).n_bytes <= 3 * 50 * 8
    coarse = Grid(grid.minimum, grid.maximum, n_bins=8)
    assert sketch_values(table, coarse).n_bytes <= 3 * coarse.n_cells * 4


def test_dictionary_and_back() -> None:
    train, test = load_synthetic(2_000, 500, seed=3)
    fitted = fit_preprocessor(train, scaling="quantile")
    again = Preprocessor.from_dict(json.loads(json.dumps(fitted.to_dict())))
    assert isinstance(again.scaling, Quantiles)
    assert again.transform(test).tobytes() == fitted.transform(test).tobytes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "ranks"}, "scaling must be z-score or quantile, got 'ranks'"),
        ({"minimum": [0.0]}, "minimum and maximum must be one number for each feature"),
        ({"minimum": [0.0], "maximum": [1.0]}, "must be 3 numbers each, got 1"),
        ({"maximum": [-1e9] * 3}, "maximum must exceed minimum by a finite number or equal it"),
        ({"minimum": [-1e308] * 3, "maximum": [1e308] * 3}, "by a finite number"),
        ({"n_bins": 0}, "n_bins must be at least 1, got 0"),
        ({"cells": [0]}, "cells must be one number from 0 to 12299 for each of the counts"),
        ({"cells": [-1], "counts": [1]}, "cells must be one number"),
        ({"cells": [1], "counts": [1]}, "each feature must have some"),
    ],
)
def test_damaged_dictionary(changes: dict[str, Any], message: str) -> None:
    values = fit_preprocessor(toy(9), scaling="quantile").to_dict()
    with pytest.raises(DataError, match=message):
        Preprocessor.from_dict(values | {"scaling": values["scaling"] | changes})
    del values["scaling"]["counts"]
    with pytest.raises(DataError, match="'counts' is missing"):
        Preprocessor.from_dict(values)


def test_sketches_that_do_not_fit_are_refused() -> None:
    table = toy(9)
    summary = summarise(table)
    grid = Grid.spanning(summary.moments)
    whole, part = sketch_values(table, grid), sketch_values(table.take(np.arange(4)), grid)
    with pytest.raises(DataError, match="must count the 9 rows that were summarised, got 4"):
        Preprocessor.fit(summary, part)
    with pytest.raises(DataError, match="sketches must be at least one"):
        Preprocessor.fit(summary, iter(()))
    wider = Grid(grid.minimum, grid.maximum + 1)
    with pytest.raises(DataError, match="on the grid that spans the merged summaries"):
        Preprocessor.fit(summary, sketch_values(table, wider))
    with pytest.raises(ValueError, match="same grid"):
        whole.merge(sketch_values(table, wider))
    with pytest.raises(ValueError, match="same schema"):
        whole.merge(Sketch(Schema((), ()), grid, whole.counts, 9))


def test_values_and_rows_that_cannot_be_counted_are_refused() -> None:
    table = toy(9)
    grid = Grid.spanning(summarise(table).moments)
    beyond = table_of(table.numeric + np.array([100.0, 0.0, 0.0]), table.categorical)
    with pytest.raises(ValueError, match=r"rate must lie in the grid's range \[.*\], got .*; lay the grid"):
        sketch_values(beyond, grid)
    with pytest.raises(ValueError, match="grid must be for 3 numeric features, got 1"):
        sketch_values(table, Grid(np.zeros(1), np.ones(1)))
    with pytest.raises(IndexError, match="from 0 to 8, got -1"):
        sketch_values(table, grid, Ragged.from_sizes(np.array([-1]), np.array([1])))
    with pytest.raises(DataError, match="at least one row in all"):
        Grid.spanning(Moments.of_nothing(3))
    with pytest.raises(ValueError, match="scaling must be 'zscore' or 'quantile', got 'minmax'"):
        fit_preprocessor(table, scaling="minmax")  # type: ignore[arg-type]
