"""What people give to partitions: lists for ranges, and lists of arrays, refused with the remedy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import cfmt
from cfmt.ragged import Ragged

LABELS = np.array([0, 1, 0, 1, 0, 0, 1, 0], np.uint8)
CLASSES = LABELS.astype(np.int64)
LIST = [np.array([0, 1, 2]), np.array([3, 4, 5, 6, 7])]


@pytest.mark.parametrize(
    "call",
    [
        lambda parts: cfmt.impose_prevalence(parts, LABELS, 0.3, seed=0),
        lambda parts: cfmt.split_validation(parts, LABELS, 0.3, seed=0),
        lambda parts: cfmt.class_counts(parts, CLASSES, 2),
    ],
)
def test_a_list_of_arrays_is_taken_as_parts_and_what_is_no_list_is_refused(call: Any) -> None:
    of_list, of_ragged = call(LIST), call(Ragged.from_list(LIST))
    for one, other in zip(of_list, of_ragged, strict=True):
        np.testing.assert_equal(one, other)
    with pytest.raises(TypeError, match=r"parts must be a Ragged, got ndarray; use Ragged\.from_list"):
        call(np.array([0, 1]))


def test_ranges_may_be_lists() -> None:
    spec = cfmt.PartitionSpec(n_clients=3, prevalence=[0.1, 0.4], rows_per_client=[2, 5])  # type: ignore[arg-type] # as JSON has it
    assert (spec.prevalence, spec.rows_per_client) == ((0.1, 0.4), (2, 5))
    assert spec == cfmt.PartitionSpec(n_clients=3, prevalence=(0.1, 0.4), rows_per_client=(2, 5))
    parts = Ragged.from_list(LIST)
    found = [cfmt.impose_prevalence(parts, LABELS, p, seed=0).values for p in ([0.2, 0.4], (0.2, 0.4))]
    np.testing.assert_array_equal(found[0], found[1])


def test_from_list_keeps_clients_without_rows() -> None:
    ragged = Ragged.from_list([[], [5, 6], []])
    assert (ragged.values.tolist(), ragged.offsets.tolist()) == ([5, 6], [0, 0, 2, 2])
    assert Ragged.from_list([]).n_clients == 0
    with pytest.raises(ValueError, match=r"arrays\[0\] must have one dimension"):
        Ragged.from_list([[[1]]])
