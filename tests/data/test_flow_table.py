"""Flow tables of any exporter: read, judged, split; nothing that was trained on is tested on unsaid."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cfmt.data.columns import OTHER, Columns
from cfmt.data.flow_stream import stream_flows
from cfmt.data.flow_table import FlowTables, load_flow_tables, load_labelled, survey
from cfmt.data.overlap import overlap
from cfmt.data.registry import DATA_SETS, recognise
from cfmt.errors import DataError
from support.flows import HEADERS, known_rows, own_rows, write_csv

LABEL: dict[str, Any] = {"label": "verdict", "normal": ("ok",)}


def labelled(path: Path) -> FlowTables:
    return load_flow_tables(path, **LABEL)


def own(path: Path, n_rows: int = 200, seed: int = 0) -> Path:
    return write_csv(path, *own_rows(n_rows, seed))


def test_an_own_table_with_its_test_part(tmp_path: Path) -> None:
    train, test = own(tmp_path / "june.csv"), own(tmp_path / "july.csv", 80, seed=1)
    tables = load_flow_tables(train, test=test, **LABEL)
    assert (tables.train.n_rows, tables.train.name) == (200, "june")
    assert tables.test is not None
    assert tables.test.n_rows == 80
    assert tables.train.families == tables.test.families == ("normal", "flood", "scan")
    assert tables.columns.kept == ("uid", "src")
    assert [source.n_rows for source in tables.train.sources] == [200]
    assert tables.known is None


def test_files_of_a_folder_are_one_table(tmp_path: Path) -> None:
    header, rows = own_rows(200, 0)
    write_csv(tmp_path / "days" / "1.csv", header, rows[:70])
    write_csv(tmp_path / "days" / "2.csv", header, rows[70:])
    (tmp_path / "days" / "README.md").write_text("what these are")
    whole = labelled(write_csv(tmp_path / "whole.csv", header, rows)).train
    parts = load_flow_tables(tmp_path / "days", **LABEL).train
    assert np.array_equal(whole.numeric, parts.numeric)
    assert np.array_equal(whole.categorical, parts.categorical)
    assert [source.name for source in parts.sources] == ["1.csv", "2.csv"]


def test_files_of_two_exporters_are_refused(tmp_path: Path) -> None:
    header, rows = own_rows(20, 0)
    write_csv(tmp_path / "1.csv", header, rows)
    write_csv(tmp_path / "2.csv", header[1:], [row[1:] for row in rows])
    with pytest.raises(DataError, match=r"2\.csv: has other columns than .*1\.csv"):
        load_flow_tables(tmp_path, **LABEL)


@pytest.mark.parametrize("compressed", [False, True])
def test_the_same_bytes_are_no_test(tmp_path: Path, compressed: bool) -> None:
    train = own(tmp_path / "a.csv")
    test = tmp_path / "b.csv"
    test.write_bytes(gzip.compress(train.read_bytes()) if compressed else train.read_bytes())
    with pytest.raises(
        DataError, match=r"b\.csv holds the same bytes as the training file a\.csv; .*another file"
    ):
        load_flow_tables(train, test=test, **LABEL)


def test_what_must_be_said_of_the_labels(tmp_path: Path) -> None:
    path = own(tmp_path / "own.csv")
    with pytest.raises(DataError, match=r"is no published table.*--label.*its columns are uid, src, bytes"):
        load_flow_tables(path)
    with pytest.raises(DataError, match=r"nothing says which of its values are normal.*--normal"):
        load_flow_tables(path, label="verdict")
    with pytest.raises(
        DataError, match=r"own\.csv: no row of column verdict is 'fine'; its values are ok \("
    ):
        load_flow_tables(path, label="verdict", normal=("fine",))
    with pytest.raises(DataError, match=r"own\.csv: has no column 'verdicts'"):
        load_flow_tables(path, label="verdicts", normal=("ok",))


def test_a_schema_is_enforced_with_file_line_and_column(tmp_path: Path) -> None:
    header, rows = own_rows(100, 0)
    columns = labelled(write_csv(tmp_path / "a.csv", header, rows)).columns
    columns.save(tmp_path / "schema.toml")
    rows[41][header.index("bytes")] = "lots"
    broken = write_csv(tmp_path / "b.csv", header, rows)
    kept = Columns.load(tmp_path / "schema.toml")
    with pytest.raises(DataError, match=r"b\.csv: line 43: column bytes must be a number, got 'lots'; mend"):
        load_flow_tables(broken, columns=kept)
    with pytest.raises(DataError, match=r"b\.csv: line 43: column bytes"):
        load_labelled(broken, kept)


def test_a_schema_without_a_label_cannot_train(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the schema names no label"):
        load_flow_tables(own(tmp_path / "a.csv"), columns=Columns(("bytes",), {}))


def test_a_stream_drops_and_counts_what_it_cannot_score(tmp_path: Path) -> None:
    header, rows = own_rows(100, 0)
    columns = labelled(write_csv(tmp_path / "a.csv", header, rows)).columns
    rows[7][header.index("bytes")] = "lots"
    rows[9][header.index("proto")] = "sctp"
    (chunk,) = stream_flows(columns, write_csv(tmp_path / "b.csv", header, rows))
    assert chunk.table.n_rows == 99
    assert chunk.rows.tolist() == [row for row in range(100) if row != 7]
    assert chunk.n_dropped == 1
    words = np.array(chunk.table.vocabularies[0])
    assert (words[chunk.table.categorical[:, 0]] == OTHER).sum() == 1
    assert chunk.fault is not None
    assert chunk.fault.startswith(f"{tmp_path / 'b.csv'}: line 9: column bytes must be a number")
    assert list(chunk.passed) == ["uid", "src", "verdict"]
    assert chunk.passed["uid"][:3] == ["C0", "C1", "C2"]


def test_a_stream_of_unlabelled_flows(tmp_path: Path) -> None:
    header, rows = own_rows(50, 0)
    columns = labelled(write_csv(tmp_path / "a.csv", header, rows)).columns
    unlabelled = write_csv(tmp_path / "b.csv", header[:-1], [row[:-1] for row in rows])
    (chunk,) = stream_flows(columns, unlabelled)
    assert list(chunk.passed) == ["uid", "src"]
    lacking = write_csv(tmp_path / "c.csv", header[3:], [row[3:] for row in rows])
    with pytest.raises(DataError, match=r"c\.csv: lacks the column bytes"):
        list(stream_flows(columns, lacking))


@pytest.mark.parametrize("name", [known.name for known in DATA_SETS if known.name in HEADERS])
def test_published_tables_are_recognised_by_their_headers(tmp_path: Path, name: str) -> None:
    header, rows = known_rows(name, 120)
    known = recognise(header)
    assert known is not None
    assert known.name == name
    assert len(known.flaws[0]) > 20
    tables = load_flow_tables(write_csv(tmp_path / "table.csv", header, rows))
    assert tables.train.name == name
    assert 0 < tables.train.is_attack.sum() < 120
    assert tables.train.attack_types[0] == "normal"
    features = {*tables.columns.features}
    for column in header:
        plain = column.strip().lower()
        if re.search("_addr|(src|dst)[ _]ip$|label|attack|category", plain):
            assert column.strip() not in features


def test_a_survey_needs_no_label(tmp_path: Path) -> None:
    found = survey(own(tmp_path / "own.csv"))
    assert found.labels == ()
    assert found.layout.format == "csv"
    found = survey(tmp_path / "own.csv", **LABEL)
    assert sum(count for _, count in found.labels) == 200


def test_rt_iot2022_is_recognised(rt_iot2022: Path) -> None:
    tables = load_flow_tables(rt_iot2022)
    assert tables.train.n_rows == 123_117
    assert tables.known is not None
    assert tables.known.name == "rt-iot2022"
    assert int((tables.train.is_attack == 0).sum()) == 12_507
    assert set(tables.columns.kept) == {"index", "id.orig_p", "bwd_URG_flag_count"}
    assert tables.columns.ports == ("id.resp_p",)
    assert tables.train.sources[0].sha256.startswith("956956c09c17")


def test_overlap_counts_by_hand(tmp_path: Path) -> None:
    header, rows = own_rows(60, 0)
    test = [*rows[:10], *[[*row[:3], "sctp", *row[4:]] for row in rows[10:15]]]
    train_path = write_csv(tmp_path / "a.csv", header, rows)
    tables = load_flow_tables(train_path, test=write_csv(tmp_path / "b.csv", header, test), **LABEL)
    assert tables.test is not None
    found = overlap(tables.train, tables.test)
    assert (found.n_test, found.n_repeated, found.n_unknown) == (15, 10, 5)


def test_headers_are_as_published() -> None:
    own = {"nsl-kdd", "kdd-cup-99", "synthetic", "n-baiot"}  # they have tests of their own
    assert {name.split("/")[0] for name in HEADERS} == {known.name for known in DATA_SETS} - own
