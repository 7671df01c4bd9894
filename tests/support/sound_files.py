"""Sound files of flows in every format that is read, to be damaged."""

from __future__ import annotations

import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import polars as pl

from cfmt.data.columns import Columns
from cfmt.data.flow_stream import flow_chunk
from cfmt.data.flow_table import load_flow_tables
from cfmt.data.readers import read_chunks
from cfmt.detector import Detector
from cfmt.mlp import MLP
from cfmt.preprocessing import fit_preprocessor
from support.damage import BINARY, JSON, TEXT, Damage
from support.exported_flows import some_flows, write_flows

_NAMES = ("uid", "bytes", "proto", "rate", "note", "label")
_COLUMNS = Columns(
    ("bytes", "rate"),
    {"proto": ("tcp", "udp")},
    kept=("uid",),
    missing=("rate",),
    log1p=("bytes",),
    label="label",
    normal=("ok",),
)
_HEADLESS = Columns(
    ("column_2", "column_4"), {"column_3": ("tcp", "udp")}, kept=("column_1",), missing=("column_4",)
)


class Sound(NamedTuple):
    """A sound file, how to damage its kind, and what a detector takes of it."""

    content: bytes
    damages: tuple[Damage, ...]
    columns: Columns


def _rows() -> list[tuple[str, ...]]:
    protos, rates = ("tcp", "udp", "icmp"), ("1.5", "", "0.25", "7e3")
    return [
        (f"C{n}", str(10 + 7 * n), protos[n % 3], rates[n % 4], f"n{n % 2} x", ("ok", "bad")[n % 2])
        for n in range(9)
    ]


def delimited(separator: str = ",", *, quoted: bool = False) -> bytes:
    """Rows below a header."""
    rows = [_NAMES, *_rows()]
    if quoted:
        rows = [tuple(f'"{cell}"' if n % 2 else cell for n, cell in enumerate(row)) for row in rows]
    return "".join(separator.join(row) + "\n" for row in rows).encode()


def arff() -> bytes:
    """The same rows for Weka."""
    kinds = ("string", "real", "{tcp,udp,icmp}", "numeric", "string", "{ok,bad}")
    head = [f"@attribute {name} {kind}" for name, kind in zip(_NAMES, kinds, strict=True)]
    rows = [",".join(f"'{cell}'" if " " in cell else cell or "?" for cell in row) for row in _rows()]
    return "\n".join(["% flows", "@relation 'some flows'", *head, "", "@data", *rows, ""]).encode()


def json_lines() -> bytes:
    """The same rows as objects, one of them nested."""
    rows = [dict(zip(_NAMES, row, strict=True)) for row in _rows()]
    made = [row | {"bytes": int(row["bytes"]), "more": {"a": [1, {}], "b": n}} for n, row in enumerate(rows)]
    return "".join(json.dumps(row) + "\n" for row in made).encode()


def parquet() -> bytes:
    """The same rows in two row groups, with a nested column and dictionaries."""
    frame = pl.DataFrame([dict(zip(_NAMES, row, strict=True)) for row in _rows() * 4])
    number = pl.col("rate").cast(pl.Float64, strict=False)
    frame = frame.with_columns(pl.col("bytes").cast(pl.Int64), number, nested=pl.struct(d="bytes", e="note"))
    file = io.BytesIO()
    frame.write_parquet(file, row_group_size=20)
    return file.getvalue()


def exported(name: str) -> tuple[bytes, Columns]:
    """Flows as an exporter writes them, and the columns of a detector for all exporters."""
    with TemporaryDirectory() as folder:
        flows, labels = some_flows(9)
        labelled = write_flows(Path(folder, "labelled"), name, flows, labels)
        tables = load_flow_tables(labelled, label="kind", normal=("ok",), view="basic-10")
        return write_flows(Path(folder, "flows"), name, flows).read_bytes(), tables.columns


def zeek_json() -> tuple[bytes, Columns]:
    """Zeek's own JSON, where what is unset is not there."""
    content, columns = exported("zeek")
    names, *rows = [line.split("\t") for line in content.decode().splitlines()[1:]]
    made = [
        {name: cell for name, cell in zip(names[1:], row, strict=True) if cell != "-"} | {"local": True}
        for row in rows
    ]
    return "".join(json.dumps(row) + "\n" for row in made).encode(), columns


def eve() -> tuple[bytes, Columns]:
    """Suricata's flow events among others."""
    content, columns = exported("suricata")
    other = b'{"timestamp":"2026-06-01T12:00:00.0+0000","event_type":"stats","stats":{"uptime":8,"l":[1]}}\n'
    return other + content.replace(b"\n", b"\n" + other, 2), columns


def _damaged_as(damages: tuple[Damage, ...], content: bytes, columns: Columns) -> Sound:
    return Sound(content, damages, columns)


SOUND = {
    "csv": Sound(delimited(), TEXT, _COLUMNS),
    "quoted": Sound(delimited(quoted=True), TEXT, _COLUMNS),
    "tsv": Sound(delimited("\t"), TEXT, _COLUMNS),
    "headless": Sound(delimited().split(b"\n", 1)[1], TEXT, _HEADLESS),
    "utf-16": Sound(delimited(";").decode().encode("utf-16"), TEXT, _COLUMNS),
    "argus": _damaged_as(TEXT, *exported("argus")),
    "zeek": _damaged_as(TEXT, *exported("zeek")),
    "zeek-json": _damaged_as(JSON, *zeek_json()),
    "eve": _damaged_as(JSON, *eve()),
    "jsonl": Sound(json_lines(), JSON, _COLUMNS),
    "arff": Sound(arff(), TEXT, _COLUMNS),
    "parquet": Sound(parquet(), BINARY, _COLUMNS),
}


def detector_of(sound: Sound, path: Path) -> Detector:
    """Make a detector that takes the file's rows; its weights are random."""
    path.write_bytes(sound.content)
    (chunk,) = read_chunks(path)
    table = flow_chunk(sound.columns, chunk).table
    preprocessor = fit_preprocessor(table, scaling="quantile")
    mlp = MLP(preprocessor.n_features, hidden=4)
    return Detector(mlp, 3 * mlp.initial(seed=0), preprocessor, 0.5, columns=sound.columns)
