"""Whose rows a table holds: named by a column, by files, or by a feature."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cfmt.data import Table, load_synthetic
from cfmt.data.clients import NO_CLIENT, present_clients, with_clients, with_clients_by_feature
from cfmt.data.columns import Columns
from cfmt.data.flow_table import load_flow_tables, load_labelled
from cfmt.errors import DataError
from support.flows import known_rows, own_rows, write_csv

LABEL: dict[str, Any] = {"label": "verdict", "normal": ("ok",)}


def owners(table: Table) -> list[str]:
    assert table.client is not None
    return [table.client_names[code] for code in table.client]


def test_a_passed_through_column_names_clients_and_is_no_feature(tmp_path: Path) -> None:
    header, rows = own_rows(200, 0)
    table = load_flow_tables(write_csv(tmp_path / "a.csv", header, rows), clients_by="src", **LABEL).train
    assert owners(table) == [row[1] for row in rows]
    assert list(table.client_names) == sorted({row[1] for row in rows})
    assert "src" not in table.schema.categorical


def test_a_column_that_would_be_a_feature_is_none_unless_the_schema_says_so(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", *own_rows(200, 0))
    plain = load_flow_tables(path, **LABEL)
    assert plain.columns.words.keys() == {"proto"}
    assert plain.train.client is None
    named = load_flow_tables(path, clients_by="proto", **LABEL)
    assert named.columns.words == {}
    assert named.columns.reasons["proto"] == "client"
    kept = load_flow_tables(path, columns=plain.columns, clients_by="proto")
    assert kept.columns.words.keys() == {"proto"}
    assert owners(kept.train) == owners(named.train)


def test_nf_tables_name_their_clients_by_dataset(tmp_path: Path) -> None:
    header, rows = known_rows("nf-v2", 120)
    sets = ["NF-BoT-IoT-v2", "NF-ToN-IoT-v2", ""]
    header, rows = [*header, "Dataset"], [[*row, sets[i % 3]] for i, row in enumerate(rows)]
    tables = load_flow_tables(write_csv(tmp_path / "nf.csv", header, rows), clients_by="dataset")
    assert tables.known is not None
    assert tables.columns.reasons["Dataset"] == "client"
    assert tables.train.client_names == ("(none)", "NF-BoT-IoT-v2", "NF-ToN-IoT-v2")
    assert Counter(owners(tables.train)).most_common() == [(name or NO_CLIENT, 40) for name in sets]


def test_rows_without_a_value_are_one_client(tmp_path: Path) -> None:
    header, rows = own_rows(60, 0)
    for place, word in ((0, ""), (1, "-"), (2, "  ")):
        rows[place][1] = word
    table = load_flow_tables(write_csv(tmp_path / "a.csv", header, rows), clients_by="src", **LABEL).train
    assert owners(table)[:3] == ["(none)"] * 3
    assert table.client_names[0] == "(none)"


def test_files_are_clients_by_as_much_of_their_path_as_tells_them_apart(tmp_path: Path) -> None:
    for seed, place in enumerate(("a.csv", "b.csv")):
        write_csv(tmp_path / "days" / place, *own_rows(30 + seed, seed))
    table = load_flow_tables(tmp_path / "days", clients_by="file", **LABEL).train
    assert table.client_names == ("a.csv", "b.csv")
    assert Counter(owners(table)) == {"a.csv": 30, "b.csv": 31}
    for seed, site in enumerate(("berlin", "oslo")):
        write_csv(tmp_path / "sites" / site / "flows.csv", *own_rows(30, seed))
    pattern = f"{tmp_path}/sites/*/flows.csv"
    table = load_flow_tables(pattern, clients_by="file", **LABEL).train
    assert table.client_names == ("berlin/flows.csv", "oslo/flows.csv")


def test_a_column_called_file_wins(tmp_path: Path) -> None:
    header, rows = own_rows(30, 0)
    path = write_csv(
        tmp_path / "a.csv", ["file", *header[1:]], [[f"f{i % 2}", *row[1:]] for i, row in enumerate(rows)]
    )
    assert load_flow_tables(path, clients_by="file", **LABEL).train.client_names == ("f0", "f1")


def test_labels_and_unknown_columns_name_no_clients(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", *own_rows(30, 0))
    with pytest.raises(DataError, match="column verdict is the label"):
        load_flow_tables(path, clients_by="verdict", **LABEL)
    with pytest.raises(DataError, match=r"no column 'sr' .* such as src, or file for one client per file"):
        load_flow_tables(path, clients_by="sr", **LABEL)


def test_labelled_rows_of_a_detector_have_clients(tmp_path: Path) -> None:
    header, rows = own_rows(40, 0)
    columns = Columns(("bytes",), {}, label="verdict", normal=("ok",))
    table = load_labelled(write_csv(tmp_path / "a.csv", header, rows), columns, clients_by="src")
    assert owners(table) == [row[1] for row in rows]


def test_names_are_fit_for_terminals_and_no_two_are_alike() -> None:
    table = with_clients(load_synthetic(5, 0, seed=0)[0], ["-", "(none)", "a\x1b[31m", "b\0", "b"])
    assert table.client_names == ("(none)", "a\ufffd[31m", "b", "b\ufffd")
    assert owners(table) == ["(none)", "(none)", "a\ufffd[31m", "b\ufffd", "b"]


def test_only_clients_with_rows_are_present() -> None:
    table = with_clients_by_feature(load_synthetic(300, 0, seed=0)[0], "protocol_type")
    words = table.vocabularies[0]
    assert owners(table) == [words[code] for code in table.categorical[:, 0]]
    some = table.take(np.flatnonzero(np.array(owners(table)) == "udp"))
    names, client = present_clients(some)
    assert names == ("udp",)
    assert not client.any()
    with pytest.raises(DataError, match="give one of protocol_type, service, flag"):
        with_clients_by_feature(table, "src_bytes")
