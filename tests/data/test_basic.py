"""basic-10: one flow is one row, whichever exporter saw it."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfmt.data.basic import EXPORTERS, as_basic, basic_columns
from cfmt.data.basic.columns import DERIVED, NUMBERS, WORDS
from cfmt.data.columns import Columns
from cfmt.data.flow_stream import stream_flows
from cfmt.data.flow_table import load_flow_tables
from cfmt.data.readers import read_chunks
from cfmt.errors import DataError
from support.exported_flows import WRITERS, Flow, some_flows, write_flows

ALL = (*NUMBERS, *DERIVED, *WORDS)


@st.composite
def flows(draw: st.DrawFn) -> Flow:
    """Draw a flow that can be."""
    proto = draw(st.sampled_from(["tcp", "udp", "icmp"]))
    out, back = draw(st.integers(1, 10**6)), draw(st.integers(0, 10**6))
    letters = st.lists(st.sampled_from("SFRAP"), unique=True).map(lambda found: "".join(sorted(found)))
    return Flow(
        proto=proto,
        port=0 if proto == "icmp" else draw(st.integers(1, 65535)),
        ms=draw(st.integers(0, 10**8)),
        bytes_out=draw(st.integers(28, 1500)) * out,
        bytes_in=draw(st.integers(28, 1500)) * back,
        pkts_out=out,
        pkts_in=back,
        flags_out=draw(letters) if proto == "tcp" else "",
        flags_in=draw(letters) if proto == "tcp" and back else "",
    )


@settings(max_examples=80, deadline=None)
@given(st.lists(flows(), min_size=1, max_size=6))
def test_equal_flows_are_equal_rows(some: list[Flow]) -> None:
    found = {
        name: as_basic(pl.DataFrame([write(flow) for flow in some], infer_schema_length=None))
        .select(ALL)
        .rows()
        for name, write in WRITERS.items()
    }
    for name, rows in found.items():
        assert rows == found["nf-v2"], name


def test_values_are_those_of_the_flow() -> None:
    flow = Flow("tcp", 443, 1500, 600, 400, 6, 4, "ASF", "ASF")
    row = as_basic(pl.DataFrame([WRITERS["suricata"](flow)])).row(0, named=True)
    assert {name: row[name] for name in ALL} == {
        "duration": 1.5, "bytes_out": 600, "bytes_in": 400, "pkts_out": 6, "pkts_in": 4,
        "bytes_per_pkt_out": 100, "bytes_per_pkt_in": 100, "bytes_per_s": pytest.approx(1000 / 1.5),
        "pkts_per_s": pytest.approx(10 / 1.5), "share_out": 0.6, "proto": "tcp", "service": "https",
        "state": "closed", "flags_out": "SF", "flags_in": "SF",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("out", "back", "pkts_in", "state"),
    [
        ("S", "", 0, "no-reply"), ("S", "AR", 1, "rejected"), ("AS", "ASR", 3, "reset"),
        ("ASR", "AS", 3, "reset"),
        ("AFS", "AFS", 3, "closed"), ("AFS", "AS", 3, "half-closed"), ("AS", "AS", 3, "open"),
    ],
)  # fmt: skip
def test_states(out: str, back: str, pkts_in: int, state: str) -> None:
    flow = Flow("tcp", 80, 5, 100, 100 * pkts_in, 2, pkts_in, out, back)
    for name, write in WRITERS.items():
        assert as_basic(pl.DataFrame([write(flow)]))["state"].to_list() == [state], name


def test_what_is_not_given_is_missing() -> None:
    flow = Flow("tcp", 80, 5, 100, 100, 2, 2, "S", "S")
    row = WRITERS["argus"](flow) | {"State": "CON"}
    del row["SrcPkts"]
    made = as_basic(pl.DataFrame([row])).row(0, named=True)
    assert {name for name in ALL if made[name] is None} == {
        "bytes_out", "bytes_in", "pkts_out", "pkts_in", "bytes_per_pkt_out", "bytes_per_pkt_in",
        "bytes_per_s", "pkts_per_s", "share_out", "state", "flags_out", "flags_in",
    }  # fmt: skip
    odd = WRITERS["nf-v2"](flow) | {
        "IN_BYTES": "many",
        "OUT_BYTES": "inf",
    }
    made = as_basic(pl.DataFrame([odd])).row(0, named=True)
    assert made["bytes_out"] is None
    assert made["bytes_in"] is None


def test_other_tables_are_refused_with_a_remedy() -> None:
    with pytest.raises(DataError, match=r"tell no exporter; basic-10 reads flows of zeek, suricata, .*argus"):
        as_basic(pl.DataFrame({"bytes": [1]}))
    row = WRITERS["zeek"](Flow("tcp", 80, 5, 100, 100, 2, 2, "S", "S"))
    del row["history"]
    with pytest.raises(DataError, match="lacks history, which basic-10 takes of zeek"):
        as_basic(pl.DataFrame([row]))
    with pytest.raises(DataError, match="are of cicflowmeter"):
        as_basic(pl.DataFrame({"Flow Duration": [1], "Total Fwd Packets": [1]}))


def test_each_exporter_says_what_it_lacks() -> None:
    for exporter in EXPORTERS.values():
        assert {*exporter.lacks} <= {*NUMBERS, *WORDS}
    assert {*WRITERS} | {"nf-v3"} == {*EXPORTERS}


@pytest.mark.parametrize("name", list(WRITERS))
def test_files_of_each_exporter_give_the_same_table(tmp_path: Path, name: str) -> None:
    some, labels = some_flows(40)
    trained = load_flow_tables(
        write_flows(tmp_path / "nf.csv", "nf-v2", some, labels), label="kind", normal=("ok",), view="basic-10"
    )
    columns = Columns.from_dict(json.loads(json.dumps(trained.columns.to_dict())))
    assert columns.view == "basic-10"
    (chunk,) = stream_flows(columns, write_flows(tmp_path / "flows", name, some))
    assert chunk.table.numeric.tobytes() == trained.train.numeric.tobytes()
    assert chunk.table.categorical.tobytes() == trained.train.categorical.tobytes()
    assert "192.0.2.1" in {cells[0] for cells in chunk.passed.values()}, chunk.passed


def test_real_zeek_logs(zeek_folder: Path) -> None:
    for name in ("conn.log", "json-conn.log"):
        for chunk in read_chunks(zeek_folder / name):
            made = as_basic(chunk.frame)
            assert made["state"].null_count() == 0
            assert made["bytes_out"].null_count() == 0
            assert {*made["proto"].to_list()} <= {"tcp", "udp", "icmp"}
            columns = basic_columns(
                made.with_columns(kind=pl.Series(["a", "n"] * made.height)[: made.height]),
                label="kind",
                normal=("n",),
            )
            assert "https" in columns.words["service"] or name.startswith("json")


def test_the_page_says_what_each_exporter_lacks() -> None:
    page = Path(__file__).parents[2] / "docs" / "basic-10.md"
    lines = {line.split("|")[1].strip(): line.split("|")[3].strip() for line in page.read_text().splitlines()
             if line.startswith("|") and line.count("|") == 4}  # fmt: skip
    for name, exporter in EXPORTERS.items():
        by_reason: dict[str, list[str]] = {}
        for column, reason in exporter.lacks.items():
            by_reason.setdefault(reason, []).append(column)
        assert lines[name] == "; ".join(f"{', '.join(of)}: {reason}" for reason, of in by_reason.items())
