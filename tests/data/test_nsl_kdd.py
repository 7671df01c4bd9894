"""The loader: what it reads, and what it refuses."""

from __future__ import annotations

import gzip
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from cfmt.data import DataWarning, describe, load_nsl_kdd, load_nsl_kdd_file, novel_rows
from cfmt.data.nsl_kdd import Part
from cfmt.data.nsl_kdd_schema import ATTACK_TYPES, COLUMNS, FAMILY_OF, ONLY_IN_TEST, ONLY_IN_TRAINING, SCHEMA
from cfmt.errors import DataError

DEFAULTS = {
    "protocol_type": "tcp",
    "service": "http",
    "flag": "SF",
    "attack_type": "normal",
    "difficulty": "20",
}


def line(**changes: str) -> str:
    values = dict.fromkeys(COLUMNS, "0") | DEFAULTS | changes
    return ",".join(values.values())


def write(folder: Path, *lines: str, name: str = "KDDTrain+.txt") -> Path:
    path = folder / name
    path.write_text("".join(f"{text}\n" for text in lines), newline="")
    return path


def test_labels_are_the_published_ones() -> None:
    assert len(ATTACK_TYPES) == 40
    assert len(ONLY_IN_TEST) == 17
    assert FAMILY_OF.keys() > ONLY_IN_TRAINING
    assert len(SCHEMA.numeric) == 38
    assert len(COLUMNS) == 43
    assert "difficulty" not in SCHEMA.numeric + SCHEMA.categorical


def test_values_land_where_they_belong(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        line(duration="7", service="smtp", dst_host_srv_rerror_rate="0.25", attack_type="neptune"),
        line(protocol_type="udp", src_bytes="1e3", attack_type="rootkit", difficulty="0"),
        line(num_outbound_cmds=".5"),
    )
    with pytest.warns(DataWarning):
        table = load_nsl_kdd_file(path)
    assert table.numeric.flags.c_contiguous
    assert table.numeric[:, 0].tolist() == [7, 0, 0]
    assert table.numeric[0, -1] == 0.25
    assert table.numeric[1, SCHEMA.numeric.index("src_bytes")] == 1000
    assert table.numeric[2, SCHEMA.numeric.index("num_outbound_cmds")] == 0.5
    assert table.vocabularies == (("tcp", "udp"), ("http", "smtp"), ("SF",))
    assert table.categorical.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert [table.attack_types[code] for code in table.attack_type] == ["neptune", "rootkit", "normal"]
    assert [table.families[code] for code in table.family] == ["dos", "u2r", "normal"]
    assert table.is_attack.tolist() == [1, 1, 0]
    assert not table.synthetic


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends(tmp_path: Path, end: str, last: bool) -> None:
    path = tmp_path / "rows.txt"
    path.write_text(end.join([line(), line(duration="3")]) + end * last, newline="")
    with pytest.warns(DataWarning):
        table = load_nsl_kdd_file(path)
    assert table.numeric[:, 0].tolist() == [0, 3]


def test_compressed_by_content_not_by_name(tmp_path: Path) -> None:
    path = tmp_path / "rows.txt"
    path.write_bytes(gzip.compress(f"{line()}\n".encode()))
    with pytest.warns(DataWarning, match="got 1 rows"):
        assert load_nsl_kdd_file(path).n_rows == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"src_bytes": "many"}, r"line 2: column src_bytes must be a number, got 'many'"),
        ({"src_bytes": ""}, r"line 2: column src_bytes must be a number, got ''"),
        ({"src_bytes": "NaN"}, r"line 2: column src_bytes must be finite, got 'NaN'"),
        ({"serror_rate": "inf"}, r"line 2: column serror_rate must be finite, got 'inf'"),
        ({"duration": "1e999"}, r"line 2: column duration must be finite, got '1e999'"),
        ({"serror_rate": "1e101"}, r"line 2: column serror_rate must be at most 1e\+100, got '1e101'"),
        ({"duration": "-1"}, r"line 2: column duration must not be negative, got '-1'"),
        ({"flag": ""}, r"line 2: column flag must not be missing, got ''"),
        ({"attack_type": ""}, r"line 2: column attack_type must not be missing"),
        ({"difficulty": ""}, r"line 2: column difficulty must not be missing"),
        (
            {"attack_type": "Neptune"},
            r"line 2: column attack_type must be one of NSL-KDD's 40.*got 'Neptune'",
        ),
        ({"attack_type": "normal,15"}, r"line 2: has 44 columns, expected 43"),
        ({"service": "\udcff", "duration": "x"}, r"line 2: column duration must be a number"),
    ],
)
def test_faulty_field(tmp_path: Path, changes: dict[str, str], message: str) -> None:
    path = tmp_path / "rows.txt"
    rows = [line(), line(**changes), line(duration="also bad")]
    path.write_bytes("\n".join(rows).encode(errors="surrogateescape"))
    with pytest.raises(DataError, match=rf"rows\.txt: {message}"):
        load_nsl_kdd_file(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (line().rsplit(",", 1)[0], "line 2: has 42 columns, expected 43"),
        ("", "line 2: is blank"),
        (",".join(COLUMNS), "line 2: column duration must be a number, got 'duration'"),
    ],
)
def test_faulty_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_nsl_kdd_file(write(tmp_path, line(), text, line()))


def test_first_line_counts_as_line_one(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 1: has 1 columns"):
        load_nsl_kdd_file(write(tmp_path, "hello"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<html><body>404</body></html>", "is a web page, not the data"),
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 19\n",
            "Git LFS pointer.*git lfs pull",
        ),
        ("PK\x03\x04rest", "is a zip archive; unpack it"),
    ],
)
def test_what_is_no_data_is_named(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_nsl_kdd_file(write(tmp_path, content))


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "rows.txt"
    path.write_bytes(line(service="\udcff").encode(errors="surrogateescape"))
    with pytest.raises(DataError, match="not a text of lines with 43 columns"):
        load_nsl_kdd_file(path)


@pytest.mark.parametrize("content", [b"", b"\n\n", gzip.compress(b"")])
def test_empty_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "KDDTrain+.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match="is empty"):
        load_nsl_kdd_file(path)


def test_cut_off_and_damaged_gzip(tmp_path: Path) -> None:
    whole = gzip.compress("\n".join(line(duration=str(i)) for i in range(500)).encode())
    path = tmp_path / "KDDTrain+.txt.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cut off at byte \d+; fetch it again"):
        load_nsl_kdd_file(tmp_path)
    path.write_bytes(whole[:-8] + b"\0" * 8)
    with pytest.raises(DataError, match="damaged"):
        load_nsl_kdd_file(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds neither KDDTrain\+\.txt nor KDDTrain\+\.txt\.gz"):
        load_nsl_kdd(tmp_path)
    with pytest.raises(DataError, match=r"holds neither KDDTest-21\.txt nor"):
        load_nsl_kdd_file(tmp_path, part="test-21")
    with pytest.raises(DataError, match="no such file"):
        load_nsl_kdd_file(tmp_path / "absent.txt")


def test_unknown_part(tmp_path: Path) -> None:
    part: Part = "validation"  # type: ignore[assignment]
    with pytest.raises(DataError, match="part must be train, test or test-21, got 'validation'"):
        load_nsl_kdd_file(tmp_path, part=part)


@pytest.mark.parametrize(
    ("label", "part", "other"),
    [("mscan", "train", "test"), ("spy", "test", "train"), ("spy", "test-21", "train")],
)
def test_attack_types_of_another_part(tmp_path: Path, label: str, part: Part, other: str) -> None:
    path = write(tmp_path, line(), line(attack_type=label))
    with pytest.raises(DataError, match=f"line 2: attack type {label} occurs only in the {other} part"):
        load_nsl_kdd_file(path, part=part)


def test_difference_from_the_published_is_reported(tmp_path: Path) -> None:
    path = write(tmp_path, line())
    with pytest.warns(
        DataWarning, match=r"KDDTrain\+\.txt: is not .* expected 125973 rows.* got 1 rows"
    ) as caught:
        table = load_nsl_kdd_file(path)
    assert caught[0].filename == __file__
    (source,) = table.sources
    assert source.published is False
    assert source.n_rows == 1


def test_import_is_light() -> None:
    code = (
        "import cfmt.data, sys; sys.exit(any(name in sys.modules for name in ('polars', 'torch', 'sklearn')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_official_split(nsl_kdd_folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train, test = load_nsl_kdd(nsl_kdd_folder)
        hard = load_nsl_kdd_file(nsl_kdd_folder, part="test-21")
    assert (train.n_rows, test.n_rows, hard.n_rows) == (125_973, 22_544, 11_850)
    assert [int(table.is_attack.sum()) for table in (train, test, hard)] == [58_630, 12_833, 9_698]
    assert [source.published for table in (train, test, hard) for source in table.sources] == [True] * 3
    assert [len(words) for words in train.vocabularies] == [3, 70, 11]
    train_families = (("normal", 67_343), ("dos", 45_927), ("probe", 11_656), ("r2l", 995), ("u2r", 52))
    test_families = (("normal", 9_711), ("dos", 7_458), ("probe", 2_421), ("r2l", 2_754), ("u2r", 200))
    assert describe(train).families == train_families
    assert describe(test).families == test_families
    assert len(describe(train).attack_types) == 23
    assert len(describe(test).attack_types) == 38
    novel = novel_rows(train, test)
    assert novel.sum() == 3_750
    assert {test.attack_types[code] for code in np.unique(test.attack_type[novel])} == ONLY_IN_TEST


def test_swapped_files(nsl_kdd_folder: Path) -> None:
    train, test = nsl_kdd_folder / "KDDTrain+.txt.gz", nsl_kdd_folder / "KDDTest+.txt.gz"
    with pytest.raises(DataError, match=r"holds the published KDDTest\+\.txt, which is not a train file"):
        load_nsl_kdd_file(test, part="train")
    with pytest.raises(DataError, match=r"holds the published KDDTrain\+\.txt, which is not a test file"):
        load_nsl_kdd_file(train, part="test")
    with pytest.raises(DataError, match=r"holds the published KDDTest\+\.txt, which is not a test-21 file"):
        load_nsl_kdd_file(test, part="test-21")


def test_twenty_percent_file(nsl_kdd_folder: Path, tmp_path: Path) -> None:
    with gzip.open(nsl_kdd_folder / "KDDTrain+.txt.gz") as file:
        lines = [next(file) for _ in range(25_192)]
    own_name, other_name = tmp_path / "KDDTrain+_20Percent.txt", tmp_path / "KDDTrain+.txt"
    for path in (own_name, other_name):
        path.write_bytes(b"".join(lines))
    assert load_nsl_kdd_file(own_name).sources[0].published is True
    with pytest.warns(DataWarning, match=r"got the published KDDTrain\+_20Percent\.txt with 25192 rows"):
        (source,) = load_nsl_kdd_file(other_name).sources
    assert source.name == "KDDTrain+_20Percent.txt"


def test_a_sound_file_is_not_gone_through_line_by_line(
    nsl_kdd_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("looked for a faulty line")

    monkeypatch.setattr("cfmt.data.nsl_kdd_faults._fault", fail)
    assert load_nsl_kdd_file(nsl_kdd_folder).n_rows == 125_973


def test_logged_features_follow_from_the_training_file(nsl_kdd_folder: Path) -> None:
    train, _ = load_nsl_kdd(nsl_kdd_folder)
    centred = train.numeric - train.numeric.mean(axis=0)
    spread = centred.std(axis=0)
    skewness = np.divide((centred**3).mean(axis=0), spread**3, out=np.zeros_like(spread), where=spread > 0)
    whole = (train.numeric == np.floor(train.numeric)).all(axis=0)
    heavy = whole & (skewness > 1) & (train.numeric.max(axis=0) > 5)
    assert [name for name, is_heavy in zip(SCHEMA.numeric, heavy, strict=True) if is_heavy] == list(
        SCHEMA.log1p
    )
