"""``cfmt export``: a detector for runtimes that know nothing of cfmt."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cfmt.cli.files import DetectorFile, Force, check_new, write_notes
from cfmt.errors import printable

__all__ = ["export"]


class Form(StrEnum):
    """What a detector is written as."""

    ONNX = "onnx"


AsForm = Annotated[Form, typer.Option("--format", help="onnx: one graph, from raw values to alerts.")]
ModelFile = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FILE", help=r"File to write. [dim]\[default: beside DETECTOR, as .onnx][/dim]"
    ),
]


def export(
    detector: DetectorFile, form: AsForm = Form.ONNX, out: ModelFile = None, force: Force = False
) -> None:
    """Write a detector as one ONNX graph, which scores raw flows without cfmt.

    It takes numbers and words as they are, and gives each row a score and
    whether it is an alert. Needs the extra onnx.
    """
    from cfmt.detector import Detector, to_onnx
    from cfmt.files import sha256_of, write_atomic

    out = out or detector.with_suffix(f".{form.value}")
    found = Detector.load(detector)
    check_new(out, force=force)
    content = to_onnx(found, sha256=sha256_of(detector.read_bytes()))
    write_atomic(out, content)
    schema = found.preprocessor.schema
    typer.echo(f"{form.value} model of {len(content):,} bytes")
    typer.echo(f"inputs   numeric: float64, (n, {len(schema.numeric)}), columns as its metadata names them")
    for name in schema.categorical:
        typer.echo(f"         {printable(name)}: string, (n,)")
    typer.echo("outputs  score: float32, (n,)\n         alert: bool, (n,)")
    write_notes(out)
