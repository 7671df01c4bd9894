"""Columns: judged by hand-made tables, kept as TOML, enforced row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfmt.data.columns import OTHER, Columns, infer_columns, suspects, tabulate
from cfmt.data.columns.tabulate import label_names
from cfmt.data.columns.values import MISSING_WORDS, numbers
from cfmt.data.schema import LARGEST
from cfmt.errors import DataError

N = 60


def flows(**changed: list[Any]) -> pl.DataFrame:
    """A small table with a column of each kind, all texts, as a reader of CSV gives it."""
    rng = np.random.default_rng(3)
    columns: dict[str, list[Any]] = {
        "Flow ID": [f"f{row}" for row in range(N)],
        "Src IP": ["192.0.2.1"] * N,
        "Dst Port": [str(port) for port in rng.choice([80, 443, 51000], N)],
        "Timestamp": [f"2026-01-01 00:00:{row:02d}" for row in range(N)],
        "Protocol": [str(number) for number in rng.choice([6, 17], N)],
        "Service": rng.choice(["http", "-", "dns"], N).tolist(),
        "Duration": [f"{value:.3f}" for value in rng.exponential(1, N)],
        "Bytes": [str(value) for value in (10 ** rng.uniform(0, 6, N)).astype(int)],
        "Flow Bytes/s": ["Infinity" if row == 7 else "NaN" if row == 8 else str(row) for row in range(N)],
        "Zero": ["0"] * N,
        "peer": [f"192.0.2.{row}" for row in range(N)],
        "session key": [f"k{row:04x}" for row in range(N)],
        "Label": ["BENIGN" if row % 3 else ("DoS" if row % 2 else "Scan") for row in range(N)],
    }
    return pl.DataFrame(columns | changed)


def judged(frame: pl.DataFrame) -> Columns:
    return infer_columns(frame, label="Label", normal=("benign",))


def test_each_column_has_its_use_and_its_reason() -> None:
    columns = judged(flows())
    assert columns.numeric == ("Duration", "Bytes", "Flow Bytes/s")
    assert columns.log1p == ("Bytes",)
    assert columns.missing == ("Flow Bytes/s",)
    assert columns.ports == ("Dst Port",)
    assert columns.words == {
        "Dst Port": ("dynamic", "http", "https"),
        "Protocol": ("17", "6"),
        "Service": ("-", "dns", "http"),
    }
    assert columns.reasons == {
        "Flow ID": "id",
        "Src IP": "address",
        "Timestamp": "time",
        "Zero": "constant: 0",
        "peer": "address",
        "session key": "near-identifier: 60 different values in 60 rows",
    }
    assert columns.kept == tuple(columns.reasons)
    assert (columns.label, columns.normal) == ("Label", ("benign",))


def test_no_second_label_is_a_feature() -> None:
    frame = flows().with_columns(attack_cat=pl.col("Label"), Category=pl.col("Label"))
    columns = infer_columns(frame, label="Label", normal=("BENIGN",), attack_type="attack_cat")
    assert {"attack_cat", "Category"} <= set(columns.kept)


def test_times_and_running_numbers_are_told_by_their_values() -> None:
    frame = flows(
        began=[str(1.7e9 + 1.37 * row) for row in range(N)],
        millis=[str(int(1.7e12 + 1370 * row)) for row in range(N)],
        running=[str(row + 5) for row in range(N)],
        nothing=["-"] * N,
    )
    reasons = judged(frame).reasons
    assert reasons["began"] == reasons["millis"] == "time"
    assert reasons["running"] == "index: it counts the rows"
    assert reasons["nothing"] == "empty"


def test_rare_words_fold() -> None:
    frame = flows(Service=[f"s{row}" if row < 24 else f"common{row % 4}" for row in range(N)])
    columns = judged(frame)
    assert columns.words["Service"] == ("common0", "common1", "common2", "common3")
    made = tabulate(frame, columns)
    place = columns.schema.categorical.index("Service")
    words = made.table.vocabularies[place]
    assert [words[code] for code in made.table.categorical[:2, place]] == [OTHER, OTHER]


def test_normal_values_are_looked_for_whatever_their_case() -> None:
    frame = flows()
    columns = judged(frame)
    names = label_names(frame, columns)
    assert names == ("normal", "DoS", "Scan")
    table = tabulate(frame, columns, types=names).table
    assert table.is_attack.sum() == N / 3
    assert table.attack_type.tolist() == [0 if row % 3 else (1 if row % 2 else 2) for row in range(N)]


def test_a_binary_label_takes_its_types_from_another_column() -> None:
    frame = flows(Label=[str(int(row % 3 == 0)) for row in range(N)]).with_columns(
        attack_cat=pl.Series(["Normal" if row % 3 else ("" if row % 2 else " Fuzzers ") for row in range(N)])
    )
    columns = infer_columns(frame, label="Label", normal=("0",), attack_type="attack_cat")
    assert label_names(frame, columns) == ("normal", "Fuzzers", "attack")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"label": "label"}, r"has no column 'label'; it has Flow ID, Src IP"),
        ({"normal": ("ok",)}, r"no row of column Label is 'ok'; its values are BENIGN \(40\), .*; say which"),
        ({"normal": ("BENIGN", "dos", "scan")}, "every row of column Label is normal traffic"),
        ({"attack_type": "cat"}, "has no column 'cat'"),
    ],
)
def test_labels_that_cannot_be(given: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        infer_columns(flows(), **({"label": "Label", "normal": ("BENIGN",)} | given))


def test_a_table_of_ids_alone_has_nothing_to_learn_from() -> None:
    with pytest.raises(DataError, match=r"no column is left as a feature: Src IP \(address\)"):
        infer_columns(flows().select("Src IP", "Label"), label="Label", normal=("BENIGN",))


@pytest.mark.parametrize("word", [*MISSING_WORDS, "NaN", "Infinity", "NULL", " - "])
def test_a_missing_number_is_flagged_where_training_lacked_some_and_refused_elsewhere(word: str) -> None:
    columns = judged(flows())
    frame = flows()
    rate, bytes_ = frame["Flow Bytes/s"].to_list(), frame["Bytes"].to_list()
    made = tabulate(frame.with_columns(pl.Series("Flow Bytes/s", [word, *rate[1:]])), columns)
    assert made.fault is None
    place = columns.schema.numeric.index("Flow Bytes/s is missing")
    assert made.table.numeric[:9, place].tolist() == [1, 0, 0, 0, 0, 0, 0, 1, 1]
    made = tabulate(frame.with_columns(pl.Series("Bytes", [*bytes_[:5], word, *bytes_[6:]])), columns)
    assert made.table.n_rows == N - 1
    assert made.fault is not None
    assert made.fault[0] == 5
    assert "column Bytes must not be missing" in made.fault[1]


@pytest.mark.parametrize(
    ("cell", "rule"),
    [("12a", "must be a number"), ("1e101", "must be a number"), ("-3", "must not be missing or")],
)
def test_a_wrong_number_is_named_by_row_and_column(cell: str, rule: str) -> None:
    frame = flows()
    cells = frame["Bytes"].to_list()
    made = tabulate(frame.with_columns(pl.Series("Bytes", [*cells[:11], cell, *cells[12:]])), judged(frame))
    assert made.fault is not None
    assert made.fault[0] == 11
    assert f"column Bytes {rule}" in made.fault[1]
    assert repr(cell) in made.fault[1]
    assert 11 not in made.rows


def test_unknown_words_fold_and_a_lacking_column_is_named() -> None:
    columns = judged(flows())
    made = tabulate(flows(Service=["http", "gopher"] * (N // 2)), columns)
    words = np.array(made.table.vocabularies[columns.schema.categorical.index("Service")])
    codes = made.table.categorical[:, columns.schema.categorical.index("Service")]
    assert words[codes].tolist() == ["http", OTHER] * (N // 2)
    with pytest.raises(DataError, match="lacks the column Bytes, Protocol; it has"):
        tabulate(flows().drop("Protocol", "Bytes"), columns)


def test_columns_in_another_order_and_more_of_them_change_nothing() -> None:
    columns, frame = judged(flows()), flows()
    other = frame.select(reversed(frame.columns)).with_columns(more=pl.lit("x"))
    one, two = tabulate(frame, columns).table, tabulate(other, columns).table
    assert np.array_equal(one.numeric, two.numeric)
    assert np.array_equal(one.categorical, two.categorical)


def test_a_feature_that_gives_the_label_away_is_suspect() -> None:
    frame = flows(
        ttl=["252" if row % 3 else "31" for row in range(N)],
        kindly=["up" if row % 3 else "down" for row in range(N)],
    )
    columns = judged(frame)
    found = suspects(tabulate(frame, columns, types=label_names(frame, columns)).table)
    assert [one.feature for one in found] == ["kindly", "ttl"]
    assert all(one.roc_auc == 1 for one in found)


def test_toml_and_json_give_the_same_columns_back(tmp_path: Path) -> None:
    columns = judged(flows(Service=['with "quotes"', "back\\slash", "tab\there", "ünïcode \x7f"] * (N // 4)))
    columns.save(tmp_path / "schema.toml")
    assert Columns.load(tmp_path / "schema.toml") == columns
    assert Columns.from_dict(columns.to_dict()) == columns


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("numeric = 3", "numeric must be a list of texts, got 3"),
        ('numeric = ["a"]\ncolour = ["b"]', "unknown key colour"),
        ('numeric = ["a"]\n[words]\na = ["x"]', "a column must have one use, but a has two"),
        ('numeric = ["a"]\nlog1p = ["b"]', "log1p must name features of its kind, got b"),
        ("numeric = []", "must name at least one feature"),
        ("numeric = [", "schema.toml: "),
    ],
)
def test_a_schema_that_cannot_be(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "schema.toml"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        Columns.load(path)


def test_a_schema_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        Columns.load(tmp_path / "none.toml")


WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), max_size=8)


@given(st.lists(st.one_of(st.none(), WORDS, st.floats().map(repr), st.integers().map(str)), min_size=1))
def test_any_cell_is_a_number_or_missing_or_wrong(cells: list[str | None]) -> None:
    values, wrong = numbers(pl.Series("x", cells, dtype=pl.String))
    assert not np.isinf(values).any()
    assert np.nanmax(np.abs(values), initial=0) <= LARGEST
    for cell, value, bad in zip(cells, values.tolist(), wrong.tolist(), strict=True):
        if cell is None or cell.strip().lower() in MISSING_WORDS:
            assert np.isnan(value)
            assert not bad
        elif bad:
            assert np.isnan(value)
        else:
            assert value == float(cell)


@given(st.lists(st.one_of(st.none(), st.floats(), st.integers(-(2**40), 2**40).map(float)), min_size=1))
def test_numbers_stay_numbers(cells: list[float | None]) -> None:
    values, wrong = numbers(pl.Series("x", cells, dtype=pl.Float64))
    expected = [
        np.nan if cell is None or not np.isfinite(cell) or abs(cell) > LARGEST else cell for cell in cells
    ]
    assert np.array_equal(values, expected, equal_nan=True)
    assert wrong.tolist() == [
        cell is not None and np.isfinite(cell) and abs(cell) > LARGEST for cell in cells
    ]
