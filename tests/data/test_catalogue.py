"""What is known of data sets, and what a folder holds of them."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest

from cfmt.data import DATA_SETS, data_set, describe, identify, load_synthetic, verify
from cfmt.errors import DataError


def test_catalogue_is_consistent() -> None:
    names = [known.name for known in DATA_SETS]
    assert len({*names}) == len(names) == 16
    files = [file for known in DATA_SETS for file in known.files]
    assert len({file.sha256 for file in files}) == len({file.name for file in files}) == len(files)
    assert all(len(file.sha256) == 64 and int(file.sha256, 16) for file in files)
    assert identify(files[0].sha256) == files[0]
    assert identify("0" * 64) is None


def test_unknown_data_set() -> None:
    with pytest.raises(DataError, match=r"must be one of nsl-kdd, kdd-cup-99, .*n-baiot, got 'kdd'"):
        data_set("kdd")


def test_real_folder_is_ok(nsl_kdd_folder: Path) -> None:
    checks = {check.file: check for check in verify(nsl_kdd_folder)}
    rows = {name: check.n_rows for name, check in checks.items()}
    assert rows == {"KDDTrain+.txt": 125_973, "KDDTest+.txt": 22_544, "KDDTest-21.txt": 11_850}
    assert {check.status for check in checks.values()} == {"ok"}
    assert all(check.got == check.expected and not check.note for check in checks.values())


def test_what_is_wrong_with_a_folder(nsl_kdd_folder: Path, tmp_path: Path) -> None:
    shutil.copy(nsl_kdd_folder / "KDDTest-21.txt.gz", tmp_path / "KDDTest+.txt.gz")
    (tmp_path / "KDDTest-21.txt.gz").write_bytes(gzip.compress(b"1,2\n" * 99)[:-9])
    (tmp_path / "KDDTrain+_20Percent.txt").write_bytes(b"a\nb")
    checks = {check.file: check for check in verify(tmp_path)}
    assert {name: check.status for name, check in checks.items()} == {
        "KDDTrain+.txt": "missing",
        "KDDTest+.txt": "differs",
        "KDDTest-21.txt": "damaged",
        "KDDTrain+_20Percent.txt": "differs",
    }
    assert checks["KDDTest+.txt"].note == "holds the published KDDTest-21.txt"
    assert checks["KDDTest+.txt"].n_rows == 11_850
    assert checks["KDDTrain+_20Percent.txt"].note == "expected 25192 rows"
    assert checks["KDDTrain+_20Percent.txt"].n_rows == 2
    assert checks["KDDTrain+.txt"].got is None
    assert "cut off" in checks["KDDTest-21.txt"].note


def test_header_is_not_a_row(tmp_path: Path) -> None:
    (tmp_path / "train_test_network.csv").write_text("a,b\n1,2\n3,4\n")
    (check,) = verify(tmp_path, "ton-iot")
    assert (check.status, check.n_rows, check.note) == ("differs", 2, "expected 211043 rows")


def test_generated_data_has_no_files(tmp_path: Path) -> None:
    assert verify(tmp_path, "synthetic") == ()


def test_folder_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder; give the folder that holds the files of nsl-kdd"):
        verify(tmp_path / "absent")


def test_description_counts_rows() -> None:
    train, _ = load_synthetic(500, 0, seed=2)
    found = describe(train)
    assert (found.name, found.synthetic, found.n_rows) == ("synthetic", True, 500)
    assert found.n_attacks == train.is_attack.sum()
    assert sum(n for _, n in found.families) == sum(n for *_, n in found.attack_types) == 500
    counts = [n for *_, n in found.attack_types]
    assert counts == sorted(counts, reverse=True)
    assert ("normal", "normal", 500 - found.n_attacks) in found.attack_types
    assert dict(found.vocabularies)["protocol_type"] == len(np.unique(train.categorical[:, 0]))
    assert "num_outbound_cmds" in found.constant


def test_description_of_no_rows() -> None:
    _, test = load_synthetic(0, 0, seed=2)
    found = describe(test)
    assert (found.n_rows, found.attack_types, found.constant) == (0, (), ())
    assert found.families == tuple((name, 0) for name in test.families)
