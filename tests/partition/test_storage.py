"""Saved partitions: the same rows back, mapped and not read, and every damage named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cfmt import PartitionSpec, SavedPartition, load_partition, save_partition
from cfmt.errors import DataError
from cfmt.partition import check_parts
from cfmt.ragged import Ragged

RNG = np.random.default_rng(0)
FAMILY = RNG.integers(0, 4, 500)
IS_ATTACK = (FAMILY > 0).astype(np.uint8)
SPEC = PartitionSpec(n_clients=40, rows_per_client=(3, 9), prevalence=(0.1, 0.3))
PARTS = SPEC.split(FAMILY, IS_ATTACK, seed=5)


def save(folder: Path, parts: Ragged[np.int64] = PARTS) -> SavedPartition:
    return save_partition(folder, parts, spec=SPEC, seed=5, family=FAMILY, is_attack=IS_ATTACK)


def test_the_same_rows_come_back_mapped_and_read_only(tmp_path: Path) -> None:
    save(tmp_path / "parts")
    saved = load_partition(tmp_path / "parts")
    assert (saved.spec, saved.seed) == (SPEC, 5)
    parts = saved.parts(FAMILY, IS_ATTACK)
    for array, expected in zip(parts, PARTS, strict=True):
        np.testing.assert_array_equal(array, expected)
        assert isinstance(array.base, np.memmap)
        assert not array.flags.writeable
    assert sorted(p.name for p in saved.folder.iterdir()) == ["offsets.npy", "partition.json", "rows.npy"]


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    save(tmp_path / "parts")
    with pytest.raises(DataError, match="is not empty; name a new folder"):
        save(tmp_path / "parts")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        save(tmp_path / "file" / "parts")


def test_clients_without_rows_are_kept(tmp_path: Path) -> None:
    spec = PartitionSpec(n_clients=3, min_size=0)
    parts = Ragged(np.empty(0, np.int64), np.zeros(4, np.int64))
    saved = save_partition(tmp_path / "p", parts, spec=spec, seed=0, family=FAMILY, is_attack=IS_ATTACK)
    assert saved.parts(FAMILY, IS_ATTACK).sizes.tolist() == [0, 0, 0]


def test_a_partition_of_another_table_is_refused(tmp_path: Path) -> None:
    saved = save(tmp_path / "parts")
    for table in ((FAMILY[:-1], IS_ATTACK[:-1]), (FAMILY[::-1], IS_ATTACK[::-1])):
        with pytest.raises(DataError, match="is a partition of another table"):
            saved.parts(*table)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("rows", np.full(len(PARTS.values), 500), "values must be rows of the table, 0..499, got 500..500"),
        ("rows", PARTS.values.astype(np.int32), "values must be int64, got int32"),
        ("rows", PARTS.values[:-1], "offsets must run from 0 to the"),
        ("offsets", PARTS.offsets[::-1], "offsets must run from 0"),
        ("offsets", np.insert(PARTS.offsets, 1, 10**6), "offsets must not fall"),
        ("offsets", np.insert(PARTS.offsets, 0, 0), "has 41 clients, partition.json says 40"),
        ("offsets", np.empty(0, np.int64), "offsets must run from 0"),
    ],
)
def test_damaged_arrays_are_named(tmp_path: Path, name: str, array: Any, message: str) -> None:
    saved = save(tmp_path)
    np.save(tmp_path / f"{name}.npy", array)
    with pytest.raises(DataError, match=message):
        saved.parts(FAMILY, IS_ATTACK)


def test_a_missing_or_truncated_array_is_named(tmp_path: Path) -> None:
    saved = save(tmp_path)
    path = tmp_path / "rows.npy"
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(DataError, match=r"rows\.npy: is not whole"):
        saved.parts(FAMILY, IS_ATTACK)
    path.unlink()
    with pytest.raises(DataError, match=r"rows\.npy: cannot be read"):
        saved.parts(FAMILY, IS_ATTACK)


def test_a_page_that_cannot_be_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be read.*cfmt partition --out"):
        load_partition(tmp_path)
    save(tmp_path)
    page = json.loads((tmp_path / "partition.json").read_text())
    for changed, message in (
        (page | {"format": 2}, "must have format 1, got 2"),
        ([], "must have format 1, got None"),
        ({"format": 1}, "is damaged"),
        (page | {"spec": {"n_clients": 0}}, "is damaged"),
    ):
        (tmp_path / "partition.json").write_text(json.dumps(changed))
        with pytest.raises(DataError, match=message):
            load_partition(tmp_path)
    (tmp_path / "partition.json").write_text("{")
    with pytest.raises(DataError, match="is damaged"):
        load_partition(tmp_path)


def test_an_error_while_writing_leaves_no_finished_partition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", fail)
    with pytest.raises(DataError, match="No space left"):
        save(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_parts_of_two_dimensions_are_refused() -> None:
    with pytest.raises(ValueError, match="one dimension"):
        check_parts(Ragged(PARTS.values[:, None], PARTS.offsets), 500)


def test_an_array_cut_to_nothing_is_named(tmp_path: Path) -> None:
    saved = save(tmp_path)
    (tmp_path / "rows.npy").write_bytes(b"")
    with pytest.raises(DataError, match=r"rows\.npy: is not whole .* make the partition anew"):
        saved.parts(FAMILY, IS_ATTACK)


def test_what_does_not_belong_together_is_not_saved(tmp_path: Path) -> None:
    other = PartitionSpec(n_clients=41, rows_per_client=(3, 9))
    for spec, is_attack, message in (
        (other, IS_ATTACK, "parts must be of the spec's 41 clients, got 40"),
        (SPEC, IS_ATTACK[:-1], "is_attack must have 500 elements, as family has, got 499"),
    ):
        with pytest.raises(ValueError, match=message):
            save_partition(tmp_path, PARTS, spec=spec, seed=5, family=FAMILY, is_attack=is_attack)
    assert not list(tmp_path.iterdir())


def test_folders_may_be_text(tmp_path: Path) -> None:
    folder = str(tmp_path / "parts")
    save_partition(folder, PARTS, spec=SPEC, seed=5, family=FAMILY, is_attack=IS_ATTACK)
    assert load_partition(folder).seed == 5
