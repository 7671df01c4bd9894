from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cfmt.mlp import MLP
from cfmt.nn.cuda.grouping import PLAN_BYTES, SHARE, bytes_per_client, cut, group_size_for, rounded
from cfmt.nn.cuda.stack import Stack
from cfmt.nn.cuda.upload import upload

DETECTOR = MLP(121)  # as on NSL-KDD
GIB = 1 << 30


def test_a_group_fills_half_of_the_free_memory() -> None:
    each = bytes_per_client(DETECTOR, 32, 20)
    assert 2 * 4 * DETECTOR.n_params < each < 4 * 4 * DETECTOR.n_params
    assert group_size_for(4 * GIB, DETECTOR, 32, 20) == int(SHARE * 4 * GIB) // each
    sizes = [group_size_for(free * GIB, DETECTOR, 32, 20) for free in (1, 2, 4, 8)]
    assert sizes == sorted(sizes)
    assert sizes[3] == pytest.approx(8 * sizes[0], rel=0.01)


def test_a_group_is_smaller_where_clients_take_more() -> None:
    size = group_size_for(4 * GIB, DETECTOR, 32, 20)
    assert group_size_for(4 * GIB, MLP(121, hidden=256), 32, 20) < size
    assert group_size_for(4 * GIB, DETECTOR, 256, 20) < size
    assert group_size_for(4 * GIB, DETECTOR, 32, 200) < size


def test_the_plan_of_a_group_stays_small() -> None:
    for n_steps in (1, 20, 5000):
        size = group_size_for(1000 * GIB, DETECTOR, 32, n_steps)
        assert size * n_steps * 32 * 8 <= PLAN_BYTES
    assert size == PLAN_BYTES // (5000 * 32 * 8)


def test_there_is_always_room_for_one() -> None:
    assert group_size_for(0, DETECTOR, 32, 20) == 1
    assert group_size_for(GIB, DETECTOR, 32, 10**9) == 1
    assert group_size_for(GIB, DETECTOR, 32, 0) >= 1


def test_buffers_are_as_large_as_counted() -> None:
    stack = Stack(DETECTOR, torch.zeros(1, 121), torch.zeros(1, dtype=torch.uint8), 100, 32, None)
    held = sum(t.numel() * t.element_size() for t in vars(stack).values() if isinstance(t, torch.Tensor))
    counted = 100 * bytes_per_client(DETECTOR, 32, 1)
    assert 0.5 * counted < held < counted  # the rest is for what a step makes


@given(st.lists(st.integers(0, 40)), st.integers(1, 60))
def test_groups_are_cut_by_their_first_client(extents: list[int], most: int) -> None:
    ordered = np.sort(np.array(extents, np.int64))[::-1]
    groups = list(cut(ordered, lambda first: max(1, most // max(first, 1))))
    assert [i for group in groups for i in range(group.start, group.stop)] == list(range(len(extents)))
    for group in groups:
        assert group.stop == group.start + 1 or (group.stop - group.start) * ordered[group.start] <= most


@given(st.integers(1, 10**9))
def test_few_extents_little_above(n: int) -> None:
    assert n <= rounded(n) <= 1.25 * n
    assert rounded(rounded(n)) == rounded(n)
    assert len({rounded(k) for k in range(1, 1025)}) == 36


def test_upload_keeps_shapes_types_and_values() -> None:
    arrays = [
        np.arange(12).reshape(2, 3, 2)[:, :, :1],
        np.zeros((0, 4), np.int64),
        np.array([[0.1, -np.inf], [np.nan, 3.0]]).T,
        np.arange(3),
    ]
    arrays[3].flags.writeable = False
    for array, tensor in zip(arrays, upload(torch.device("cpu"), *arrays), strict=True):
        assert tensor.numpy().dtype == array.dtype
        np.testing.assert_array_equal(tensor.numpy(), array)
