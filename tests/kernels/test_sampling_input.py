"""What the samplers refuse, each with an error of its own, and what they accept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cfmt import sampling

OFFSETS = np.array([0, 3, 6])
ERRORS = np.linspace(0, 1, 6, dtype=np.float32)
LABELS = np.array([0, 1, 0, 1, 1, 0], np.uint8)
MU = np.array([0.5, 0.5])
WEIGHTS = np.array([1.0, 2.0, 0.0, 1.0, 2.0, 3.0])
SIZES = np.array([2, 1])

VALID: dict[str, dict[str, Any]] = {
    "error_histograms": {"errors": ERRORS, "offsets": OFFSETS},
    "gaussian_weights": {"errors": ERRORS, "offsets": OFFSETS, "mu": MU},
    "weighted_sample": {"weights": WEIGHTS, "offsets": OFFSETS, "sizes": SIZES, "seed": 1},
    "meta_sample": {"errors": ERRORS, "labels": LABELS, "offsets": OFFSETS, "mu": MU, "seed": 1},
    "oversample": {"labels": LABELS, "offsets": OFFSETS, "seed": 1},
    "undersample": {"labels": LABELS, "offsets": OFFSETS, "seed": 1},
    "batch_plan": {"offsets": OFFSETS, "batch_size": 2, "epochs": 1, "seed": 1},
}


def call(name: str, **changed: Any) -> Any:
    return getattr(sampling, name)(**(VALID[name] | changed))


def altered(array: Any, index: int, value: float) -> Any:
    copy = array.copy()
    copy[index] = value
    return copy


BAD_VALUES: list[tuple[str, dict[str, Any], str]] = [
    *[
        (name, {"errors": altered(ERRORS, 2, bad)}, r"errors\[2\] must be between 0 and 1")
        for name in ("error_histograms", "gaussian_weights", "meta_sample")
        for bad in (np.nan, -0.5, 1.5, np.inf)
    ],
    *[
        ("error_histograms", {"bins": bad}, f"bins must be between 1 and 65536, got {bad}")
        for bad in (0, -1, 70000)
    ],
    *[
        (name, {"mu": altered(MU, 1, bad)}, r"mu\[1\] must be between 0 and 1")
        for name in ("gaussian_weights", "meta_sample")
        for bad in (np.nan, -0.1, 1.1)
    ],
    *[
        (name, {"sigma": bad}, "sigma must be finite and above 0")
        for name in ("gaussian_weights", "meta_sample")
        for bad in (0.0, -1.0, np.nan, np.inf)
    ],
    *[
        (
            "weighted_sample",
            {"weights": altered(WEIGHTS, 3, bad)},
            r"weights\[3\] must be finite and at least 0",
        )
        for bad in (np.nan, -1.0, np.inf)
    ],
    *[
        (
            "weighted_sample",
            {"weights": altered(WEIGHTS, 3, bad), "log": True},
            r"weights\[3\] must be a logarithm",
        )
        for bad in (np.nan, np.inf)
    ],
    ("weighted_sample", {"weights": np.zeros(6)}, "weights of client 0 must have a positive one"),
    (
        "weighted_sample",
        {"weights": np.full(6, -np.inf), "log": True},
        "weights of client 0 must have a positive",
    ),
    (
        "weighted_sample",
        {"weights": np.zeros(6), "replace": True},
        "weights of client 0 must have a positive one",
    ),
    (
        "weighted_sample",
        {"sizes": np.array([3, 1])},
        r"sizes\[0\] must be at most 2, .* draw with replace=True",
    ),
    ("weighted_sample", {"sizes": np.array([1, -1])}, r"sizes\[1\] must be at least 0, got -1"),
    ("weighted_sample", {"sizes": np.array([1])}, "sizes must have 2 elements"),
    (
        "weighted_sample",
        {"sizes": np.array([2**62, 2**62]), "replace": True},
        "sizes must add up to what fits",
    ),
    (
        "meta_sample",
        {"labels": altered(LABELS, 4, 2)},
        r"labels\[4\] must be 1 \(attack\) or 0 \(normal\), got 2",
    ),
    ("meta_sample", {"budget": "over"}, "budget must be 'under' or 'matched', got \"over\""),
    ("meta_sample", {"errors": ERRORS[:5].copy()}, "errors must have 6 elements"),
    ("meta_sample", {"minority_mu": 1.5}, "minority_mu must be between 0 and 1, got 1.5"),
    ("meta_sample", {"minority_mu": float("nan")}, "minority_mu must be between 0 and 1, got NaN"),
    ("meta_sample", {"mu": np.array([0.5])}, "mu must have 2 elements"),
    ("oversample", {"labels": altered(LABELS, 0, 3)}, r"labels\[0\] must be"),
    ("undersample", {"labels": altered(LABELS, 0, 3)}, r"labels\[0\] must be"),
]


@pytest.mark.parametrize(("name", "changed", "message"), BAD_VALUES)
def test_bad_values_are_named(name: str, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(name, **changed)


BAD_LAYOUTS: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda a: np.repeat(a, 2)[::2], ValueError, "C order without gaps"),
    (lambda a: a.astype(np.complex64), TypeError, "must have dtype"),
    (
        lambda a: a.astype(a.dtype.newbyteorder()) if a.itemsize > 1 else a.astype(np.int8),
        TypeError,
        "must have dtype",
    ),
    (lambda a: np.stack([a, a]), ValueError, r"1 dimension\(s\), got 2"),
    (lambda a: np.asfortranarray(np.stack([a, a])), ValueError, r"1 dimension\(s\), got 2"),
    (lambda a: a.tolist(), TypeError, "must be a numpy array"),
]


@pytest.mark.parametrize(
    ("name", "argument"), [(n, a) for n in VALID for a in VALID[n] if hasattr(VALID[n][a], "dtype")]
)
@pytest.mark.parametrize(("change", "error", "message"), BAD_LAYOUTS)
def test_bad_arrays_are_named(
    name: str, argument: str, change: Callable[[Any], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=rf"{argument} must.*{message}|{argument} .*{message}"):
        call(name, **{argument: change(VALID[name][argument])})


@pytest.mark.parametrize("name", VALID)
@pytest.mark.parametrize("offsets", [[], [1, 6], [0, 4, 3, 6]])
def test_bad_offsets_are_named(name: str, offsets: list[int]) -> None:
    with pytest.raises(ValueError, match=r"offsets.* must"):
        call(name, offsets=np.array(offsets, np.int64))


@pytest.mark.parametrize("name", [name for name in VALID if name != "batch_plan"])
def test_offsets_must_end_at_the_rows(name: str) -> None:
    with pytest.raises(ValueError, match=r"must have 9 elements \(the last entry of offsets\), got 6"):
        call(name, offsets=np.array([0, 3, 9]))


@pytest.mark.parametrize("name", VALID)
def test_arguments_are_only_read(name: str) -> None:
    frozen = {
        key: np.array(value) if hasattr(value, "dtype") else value for key, value in VALID[name].items()
    }
    for value in frozen.values():
        if hasattr(value, "dtype"):
            value.setflags(write=False)
    result, expected = getattr(sampling, name)(**frozen), call(name)
    for got, want in zip(np.atleast_1d(result[0]), np.atleast_1d(expected[0]), strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("name", VALID)
def test_no_clients_no_rows(name: str) -> None:
    empty = {key: value[:0].copy() for key, value in VALID[name].items() if hasattr(value, "dtype")}
    result = call(name, **(empty | {"offsets": np.zeros(1, np.int64)}))
    assert len(result if isinstance(result, np.ndarray) else result.values) == 0


def test_sizes_of_zero_need_no_weight() -> None:
    drawn = sampling.weighted_sample(np.zeros(6), OFFSETS, np.array([0, 0]), seed=1)
    assert drawn.sizes.tolist() == [0, 0]


def test_rows_of_weight_zero_are_never_drawn() -> None:
    drawn = sampling.weighted_sample(WEIGHTS, OFFSETS, np.array([2, 3]), seed=1)
    assert drawn.values.tolist() == [0, 1, 3, 4, 5]
    tiny = np.array([5e-324, 0.0, 1e308])
    drawn = sampling.weighted_sample(tiny, np.array([0, 3]), np.array([2]), seed=1)
    assert drawn.values.tolist() == [0, 2]
