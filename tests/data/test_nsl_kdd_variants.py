"""NSL-KDD as it lies in people's folders gives the same table as the plain text, and tells what differs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cfmt.data import DataWarning, Table, load_nsl_kdd, load_nsl_kdd_file, load_synthetic, to_nsl_kdd_text
from cfmt.data.nsl_kdd_schema import COLUMNS
from cfmt.errors import DataError

ROWS = [line.split(",") for line in to_nsl_kdd_text(load_synthetic(60, 0, seed=5)[0]).splitlines()]
Change = Callable[[list[list[str]]], str]


def joined(rows: list[list[str]], separator: str = ",", end: str = "\n") -> str:
    return "".join(separator.join(row) + end for row in rows)


def quoted(rows: list[list[str]], quote: str) -> list[list[str]]:
    return [
        [f"{quote}{v}{quote}" if place in (1, 2, 3, 41) else v for place, v in enumerate(row)] for row in rows
    ]


def two_labels(rows: list[list[str]]) -> str:
    header = [*COLUMNS[:41], "class", "attack"]
    return joined(
        [header, *([*row[:41], "normal" if row[41] == "normal" else "anomaly", row[41]] for row in rows)]
    )


def arff(rows: list[list[str]]) -> str:
    names = "".join(f"@attribute '{name}' real\n" for name in COLUMNS[:41])
    return f"@relation 'KDDTrain'\n{names}@attribute 'class' {{...}}\n@data\n" + joined(
        [row[:42] for row in rows]
    )


VARIANTS: dict[str, tuple[Change, str]] = {
    "header": (lambda rows: joined([list(COLUMNS), *rows]), "a header"),
    "no difficulty": (lambda rows: joined([row[:42] for row in rows]), "no difficulty"),
    "kdd99": (lambda rows: joined([[*row[:41], row[41] + "."] for row in rows]), "end in a dot"),
    "two labels": (two_labels, "a header"),
    "arff": (arff, "the layout of ARFF"),
    "double quotes": (lambda rows: joined(quoted(rows, '"')), "quoted cells"),
    "single quotes": (lambda rows: joined(quoted(rows, "'")), "quoted cells"),
    "semicolons": (lambda rows: joined(rows, ";"), "';' between cells"),
    "tabs": (lambda rows: joined(rows, "\t"), "between cells"),
    "index": (lambda rows: joined([[str(n), *row] for n, row in enumerate(rows)]), "an index column"),
    "upper case": (
        lambda rows: joined([[*row[:41], row[41].upper(), row[42]] for row in rows]),
        "letter case",
    ),
    "comma at the end": (lambda rows: joined([[*row, ""] for row in rows]), "a comma at the end"),
}


def load(path: Path, text: str) -> Table:
    path.write_text(text)
    return load_nsl_kdd_file(path)


def same(one: Table, other: Table) -> None:
    assert np.array_equal(one.numeric, other.numeric)
    assert np.array_equal(one.categorical, other.categorical)
    assert np.array_equal(one.attack_type, other.attack_type)
    assert (one.vocabularies, one.attack_types) == (other.vocabularies, other.attack_types)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_gives_the_same_table_and_is_told(tmp_path: Path, name: str) -> None:
    change, difference = VARIANTS[name]
    with pytest.warns(DataWarning, match="is not the published"):
        plain = load(tmp_path / "plain.txt", joined(ROWS))
    with pytest.warns(DataWarning) as caught:
        found = load(tmp_path / "variant.txt", change(ROWS))
    told = [str(warning.message) for warning in caught]
    assert any("is read as NSL-KDD with" in line and difference in line for line in told), told
    same(plain, found)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_and_a_blank_last_line_change_nothing(tmp_path: Path, end: str) -> None:
    with pytest.warns(DataWarning, match="is not the published"):
        plain = load(tmp_path / "plain.txt", joined(ROWS))
    with pytest.warns(DataWarning, match="is not the published"):
        same(plain, load(tmp_path / "other.txt", joined(ROWS, end=end)))


@pytest.mark.parametrize(("attack", "normal"), [("anomaly", "normal"), ("1", "0"), ("Attack", "Normal")])
def test_binary_labels_are_two_classes(tmp_path: Path, attack: str, normal: str) -> None:
    rows = [[*row[:41], normal if row[41] == "normal" else attack, row[42]] for row in ROWS]
    with pytest.warns(DataWarning) as caught:
        table = load(tmp_path / "binary.txt", joined(rows))
    assert any("binary labels" in str(warning.message) for warning in caught)
    assert table.attack_types == table.families == ("normal", "attack")
    assert table.is_attack.tolist() == [int(row[41] != "normal") for row in ROWS]


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("kddtrain+.txt", "kddtest+.txt"),
        ("KDDTrain+.csv", "KDDTest+.csv"),
        ("KDDTrain+_20Percent.txt", "KDDTest+.txt"),
        ("kddcup.data_10_percent", "corrected"),
        ("NSL-KDD/KDDTrain+.txt", "NSL-KDD/KDDTest+.txt"),
    ],
)
def test_files_are_found_by_the_names_that_people_give_them(tmp_path: Path, train: str, test: str) -> None:
    for name in (train, test):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(joined([row for row in ROWS if row[41] not in ("warezclient", "spy")]))
    with pytest.warns(DataWarning) as caught:
        tables = load_nsl_kdd(tmp_path)
    assert any("stands for KDDTrain" in str(warning.message) for warning in caught)
    assert tables[0].n_rows == tables[1].n_rows


def test_one_binary_part_does_not_go_with_one_that_names_types(tmp_path: Path) -> None:
    (tmp_path / "KDDTrain+.txt").write_text(joined(ROWS))
    (tmp_path / "KDDTest+.txt").write_text(joined([[*row[:41], "normal", row[42]] for row in ROWS[:3]]))
    binary = [[*row[:41], "normal" if row[41] == "normal" else "anomaly", row[42]] for row in ROWS]
    (tmp_path / "KDDTest+.txt").write_text(joined(binary))
    with pytest.warns(DataWarning), pytest.raises(DataError, match="one part has binary labels"):
        load_nsl_kdd(tmp_path)


def test_one_file_is_no_test_of_itself(tmp_path: Path) -> None:
    (tmp_path / "KDDTrain+.txt").write_text(joined(ROWS))
    with pytest.raises(DataError, match="is one file, and a test on training rows says nothing"):
        load_nsl_kdd(tmp_path / "KDDTrain+.txt")


def test_a_folder_without_them_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(DataError, match=r"holds neither KDDTrain\+\.txt nor .*; it holds notes\.txt"):
        load_nsl_kdd(tmp_path)


def test_a_fault_in_a_variant_is_named_as_in_the_plain_text(tmp_path: Path) -> None:
    broken = joined([*ROWS[:4], [*ROWS[4][:4], "lots", *ROWS[4][5:]], *ROWS[5:]])
    with pytest.raises(DataError, match="line 5: column src_bytes must be a number, got 'lots'"):
        load(tmp_path / "plain.txt", broken)
    with pytest.raises(DataError, match="line 1: has 1 columns"):
        load(tmp_path / "semicolons.txt", broken.replace(",", ";"))
