"""Tables refuse what does not fit together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cfmt.data import Schema, Table, novel_rows

SCHEMA = Schema(("rate", "bytes"), ("service",), ("bytes",))


def table(**changes: Any) -> Table:
    values: dict[str, Any] = {
        "schema": SCHEMA,
        "numeric": np.array([[0.5, 10.0], [-1.0, 0.0], [0.0, 3.0]]),
        "categorical": np.array([[0], [1], [1]]),
        "vocabularies": (("dns", "http"),),
        "attack_type": np.array([0, 1, 2]),
        "attack_types": ("normal", "satan", "smurf"),
        "family": np.array([0, 1, 2]),
        "families": ("normal", "probe", "dos"),
        "is_attack": np.array([0, 1, 1], np.uint8),
        "name": "toy",
    }
    return Table(**values | changes)


def test_take_copies_rows_in_order() -> None:
    taken = table().take(np.array([2, 0, 2]))
    assert taken.n_rows == 3
    assert taken.numeric[:, 1].tolist() == [3, 10, 3]
    assert taken.categorical[:, 0].tolist() == [1, 0, 1]
    assert taken.attack_type.tolist() == [2, 0, 2]
    assert taken.family.tolist() == [2, 0, 2]
    assert taken.is_attack.tolist() == [1, 0, 1]


def test_novel_rows_compare_names_not_codes() -> None:
    test = table(attack_types=("smurf", "normal", "mscan"))
    assert novel_rows(table(), test).tolist() == [False, False, True]
    assert novel_rows(table().take(np.array([0])), test).tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"numeric": np.zeros((3, 2), np.float32)},
            TypeError,
            r"numeric must have dtype float64, got float32; use",
        ),
        ({"is_attack": np.zeros(3, np.bool_)}, TypeError, r"is_attack.astype\(np.uint8\)"),
        ({"numeric": np.zeros((3, 3))}, ValueError, r"numeric must have shape \(3, 2\), got \(3, 3\)"),
        ({"family": np.zeros(2, np.int64)}, ValueError, r"family must have shape \(3,\)"),
        (
            {"categorical": np.array([[0], [2], [1]])},
            ValueError,
            r"service\[1\] must be a code in 0..1, got 2",
        ),
        (
            {"attack_type": np.array([0, 1, -1])},
            ValueError,
            r"attack_type\[2\] must be a code in 0..2, got -1",
        ),
        ({"is_attack": np.array([0, 1, 2], np.uint8)}, ValueError, r"is_attack\[2\] must be a code in 0..1"),
        ({"vocabularies": ()}, ValueError, "one entry for each of the 1 categorical features, got 0"),
        (
            {"numeric": np.array([[0, 0], [0, 0], [np.nan, 0]])},
            ValueError,
            "rate in row 2 must be finite, got nan",
        ),
        (
            {"numeric": np.array([[0, 0], [0, -2.0], [0, 0]])},
            ValueError,
            "bytes in row 1 must be .*not negative",
        ),
    ],
)
def test_what_does_not_fit(changes: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        table(**changes)


def test_schema_refuses() -> None:
    with pytest.raises(ValueError, match="got a more than once"):
        Schema(("a", "b"), ("a",))
    with pytest.raises(ValueError, match="log1p must name numeric features, got c"):
        Schema(("a",), ("c",), ("c",))


def test_logged_copies() -> None:
    numeric = table().numeric
    logged = SCHEMA.logged(numeric)
    np.testing.assert_array_equal(logged[:, 0], numeric[:, 0])
    np.testing.assert_array_equal(logged[:, 1], np.log1p(numeric[:, 1]))
    assert numeric[0, 1] == 10
