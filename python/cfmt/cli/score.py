"""``cfmt score``: what a trained detector says of flows; needs neither torch nor matplotlib."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cfmt.cli.files import DetectorFile
from cfmt.cli.options import Quiet
from cfmt.files import atomic_file

if TYPE_CHECKING:
    from cfmt.data import Flows
    from cfmt.detector import Detector, Scored

__all__ = ["score"]


class Form(StrEnum):
    """How scores are written."""

    CSV = "csv"
    JSONL = "jsonl"


FlowFile = Annotated[
    Path,
    typer.Argument(metavar="INPUT", help="Flows in NSL-KDD's format, plain or gzipped; no labels needed."),
]
OutputForm = Annotated[Form, typer.Option("--output", help="csv with a header, or one JSON object a line.")]
ScoresFile = Annotated[
    Path | None, typer.Option("--out", metavar="PATH", help="File for the scores; stdout if not given.")
]


def score(
    detector: DetectorFile,
    flows: FlowFile,
    output: OutputForm = Form.CSV,
    out: ScoresFile = None,
    quiet: Quiet = False,
) -> None:
    """Score flows with a trained detector, in bounded memory.

    Each flow gets its row number, its score (the probability of an attack),
    whether it is an alert, and its attack type where the file names one.
    Counts of rows, alerts and unknown words go to stderr.
    """
    from cfmt.detector import Detector

    found = Detector.load(detector)
    counts = {"rows": 0, "alerts": 0, "rows with unknown words": 0}
    lines = _lines(found, flows, output, counts)
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


def _lines(detector: Detector, path: Path, form: Form, counts: dict[str, int]) -> Iterator[str]:
    """Score a file chunk by chunk, and count what was scored."""
    from cfmt.data import read_flows

    for chunk in read_flows(path):
        scored = detector.score(chunk.table)
        counts["rows"] += len(scored.scores)
        counts["alerts"] += int(scored.alerts.sum())
        counts["rows with unknown words"] += scored.n_unknown
        yield _csv(chunk, scored) if form is Form.CSV else _json_lines(chunk, scored)


def _csv(chunk: Flows, scored: Scored) -> str:
    """Write a chunk as CSV, the first one under its header."""
    text, labels = io.StringIO(), chunk.attack_type
    writer = csv.writer(text, lineterminator="\n")
    if chunk.first == 0:
        writer.writerow(["row", "score", "alert", *(["attack_type"] if labels else [])])
    for row, (value, alert) in enumerate(zip(scored.scores.tolist(), scored.alerts.tolist(), strict=True)):
        writer.writerow([chunk.first + row, f"{value:.9g}", int(alert), *([labels[row]] if labels else [])])
    return text.getvalue()


def _json_lines(chunk: Flows, scored: Scored) -> str:
    """Write a chunk as one JSON object a line."""
    lines, labels = [], chunk.attack_type
    for row, (value, alert) in enumerate(zip(scored.scores.tolist(), scored.alerts.tolist(), strict=True)):
        entry = {"row": chunk.first + row, "score": float(f"{value:.9g}"), "alert": alert}
        lines.append(json.dumps(entry | ({"attack_type": labels[row]} if labels else {})) + "\n")
    return "".join(lines)
