"""``cfmt score``: what a trained detector says of flows; needs neither torch nor matplotlib."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cfmt.cli.files import DetectorFile, InputFormat
from cfmt.cli.options import Quiet
from cfmt.files import atomic_file

if TYPE_CHECKING:
    from cfmt.alerts import AllowList
    from cfmt.data.flow_stream import FlowChunk
    from cfmt.detector import Detector, Reason, Scored

__all__ = ["score"]


class Form(StrEnum):
    """How scores are written."""

    CSV = "csv"
    JSONL = "jsonl"


FlowSource = Annotated[
    str,
    typer.Argument(
        metavar="INPUT", help="Flows like those of training: a file, a pattern, or - for standard input."
    ),
]
OutputForm = Annotated[Form, typer.Option("--output", help="csv with a header, or one JSON object a line.")]
Reasons = Annotated[
    int,
    typer.Option(
        "--top", min=0, metavar="K", help="Tell for each alert the K columns that raised its score most."
    ),
]
AllowFile = Annotated[
    Path | None,
    typer.Option(
        "--allow",
        metavar="PATH",
        help="File of networks, ports and services whose flows never alert.",
    ),
]
ScoresFile = Annotated[
    Path | None, typer.Option("--out", metavar="PATH", help="File for the scores; stdout if not given.")
]


def score(
    detector: DetectorFile,
    flows: FlowSource,
    format: InputFormat = "auto",
    output: OutputForm = Form.CSV,
    out: ScoresFile = None,
    top: Reasons = 0,
    allow: AllowFile = None,
    quiet: Quiet = False,
) -> None:
    """Score flows with a trained detector, in bounded memory.

    Each flow gets its row number, its score (the probability of an attack),
    whether it is an alert, and the columns that are no features: addresses,
    times, ids, labels. Counts of rows, alerts and dropped rows go to stderr.
    With --top, an alert also gets the columns that raised its log-odds most
    against typical traffic, each with its value and by how much. With --allow,
    flows that meet a rule are scored, counted, and no alerts.
    """
    from cfmt.alerts import AllowList
    from cfmt.detector import Detector

    found = Detector.load(detector)
    rules = AllowList.load(allow) if allow else AllowList()
    counts = Counter({"rows": 0, "alerts": 0, "rows with unknown words": 0, "rows dropped": 0})
    if allow:
        counts["allowed"] = 0
    lines = _lines(found, flows, format, output, counts, allow=rules, top=top, quiet=quiet)
    if out is None:
        for text in lines:
            sys.stdout.write(text)
        sys.stdout.flush()
    else:
        with atomic_file(out) as file:
            for text in lines:
                file.write(text.encode())
    if not quiet:
        typer.echo(", ".join(f"{count:,} {what}" for what, count in counts.items()), err=True)


def _lines(
    detector: Detector,
    source: str,
    format: str,
    form: Form,
    counts: Counter[str],
    *,
    allow: AllowList,
    top: int,
    quiet: bool,
) -> Iterator[str]:
    """Score a source chunk by chunk, and count what was read, scored and dropped."""
    from cfmt.alerts import without_allowed
    from cfmt.data.flow_stream import stream_like
    from cfmt.detector import alert_reasons

    write = _csv if form is Form.CSV else _json_lines
    for place, chunk in enumerate(stream_like(detector.columns, source, format=format)):
        scored = detector.score(chunk.table)
        if place == 0 and detector.columns is not None and detector.columns.view and not quiet:
            typer.echo(f"note: flows of {chunk.exporter}, mapped to {detector.columns.view}", err=True)
        if chunk.fault and not counts["rows dropped"] and not quiet:
            typer.echo(f"warning: {chunk.fault}; such rows are dropped and counted", err=True)
        counts["rows"] += len(scored.scores) + chunk.n_dropped
        if allow.rules:
            left = without_allowed(chunk, scored.alerts, allow)
            counts["allowed"] += int(scored.alerts.sum() - left.sum())
            scored = scored._replace(alerts=left)
        counts["alerts"] += int(scored.alerts.sum())
        counts["rows with unknown words"] += scored.n_unknown
        counts["rows dropped"] += chunk.n_dropped
        reasons = alert_reasons(detector, chunk.table, scored.alerts, top) if top else None
        yield write(chunk, scored, reasons, first=place == 0)


def _csv(chunk: FlowChunk, scored: Scored, reasons: list[list[Reason]] | None, *, first: bool) -> str:
    """Write a chunk as CSV, the first one under its header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if first:
        writer.writerow(
            ["row", "score", "alert", *(["reasons"] if reasons is not None else []), *chunk.passed]
        )
    told = (
        [["; ".join(f"{why.column}={why.value} {why.part:+.3g}" for why in row) for row in reasons]]
        if reasons is not None
        else []
    )
    scores = (f"{value:.9g}" for value in scored.scores.tolist())
    alerts = scored.alerts.astype(int).tolist()
    writer.writerows(zip(chunk.rows.tolist(), scores, alerts, *told, *chunk.passed.values(), strict=True))
    return text.getvalue()


def _json_lines(chunk: FlowChunk, scored: Scored, reasons: list[list[Reason]] | None, *, first: bool) -> str:
    """Write a chunk as one JSON object a line."""
    names = ("row", "score", "alert", *(["reasons"] if reasons is not None else []), *chunk.passed)
    told = [[[why._asdict() for why in row] for row in reasons]] if reasons is not None else []
    scores = (float(f"{value:.9g}") for value in scored.scores.tolist())
    alerts = scored.alerts.tolist()
    rows = zip(chunk.rows.tolist(), scores, alerts, *told, *chunk.passed.values(), strict=True)
    return "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows)
