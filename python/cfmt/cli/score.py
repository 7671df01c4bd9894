"""``cfmt score``: what a trained detector says of flows; needs neither torch nor matplotlib."""

from __future__ import annotations

import sys
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cfmt.cli.durations import duration
from cfmt.cli.errors import tell
from cfmt.cli.files import DetectorFile, InputFormat
from cfmt.cli.follow import Follow
from cfmt.cli.follow import follow as stay_at_work
from cfmt.cli.options import Quiet
from cfmt.errors import ConfigError
from cfmt.files import atomic_file

if TYPE_CHECKING:
    from cfmt.alerts import ScoreWriter

__all__ = ["score"]


class Form(StrEnum):
    """How scores are written."""

    CSV = "csv"
    JSONL = "jsonl"


class AlertForm(StrEnum):
    """How alerts are written."""

    JSONL = "jsonl"
    EVE = "eve"
    ECS = "ecs"
    OCSF = "ocsf"


FlowSource = Annotated[
    str,
    typer.Argument(
        metavar="INPUT", help="Flows like those of training: a file, a pattern, or - for standard input."
    ),
]
OutputForm = Annotated[
    Form | None, typer.Option("--output", help="csv with a header (default), or one JSON object a line.")
]
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
Alerts = Annotated[
    AlertForm | None,
    typer.Option("--alerts", help="Write the alerts alone, one JSON object a line, in this format."),
]
Aggregate = Annotated[
    str,
    typer.Option(
        "--aggregate", metavar="KEYS", help="With --alerts: those with the same src,dst,service ... are one."
    ),
]
Window = Annotated[
    str, typer.Option("--window", metavar="TIME", help="For how long they are one: 30s, 5m, 1h.")
]
Following = Annotated[
    bool, typer.Option("--follow", help="Go on with a file that grows, a folder that fills, or a pipe.")
]
Poll = Annotated[str, typer.Option("--poll", metavar="TIME", help="With --follow: look for more this often.")]
Every = Annotated[
    str, typer.Option("--every", metavar="TIME", help="With --follow: tell the counts this often.")
]
StateFile = Annotated[
    Path | None,
    typer.Option(
        "--state", metavar="PATH", help="With --follow: file that keeps how far it is, to go on there."
    ),
]
FromEnd = Annotated[bool, typer.Option("--from-end", help="With --follow: leave out what is there already.")]
ScoresFile = Annotated[
    Path | None, typer.Option("--out", metavar="PATH", help="File for the scores; stdout if not given.")
]


def score(
    detector: DetectorFile,
    flows: FlowSource,
    format: InputFormat = "auto",
    output: OutputForm = None,
    out: ScoresFile = None,
    top: Reasons = 0,
    allow: AllowFile = None,
    alerts: Alerts = None,
    aggregate: Aggregate = "",
    window: Window = "",
    follow: Following = False,
    poll: Poll = "1s",
    every: Every = "10s",
    state: StateFile = None,
    from_end: FromEnd = False,
    quiet: Quiet = False,
) -> None:
    """Score flows with a trained detector, in bounded memory.

    Each flow gets its row number, its score (the probability of an attack),
    whether it is an alert, and the columns that are no features: addresses,
    times, ids, labels. Counts of rows, alerts and dropped rows go to stderr.
    With --top, an alert also gets the columns that raised its log-odds most
    against typical traffic, each with its value and by how much. With --allow,
    flows that meet a rule are scored, counted, and no alerts. With --alerts,
    only alerts are written, as other tools read them. With --follow, it stays
    at work until SIGTERM or Ctrl-C, and --out is appended to.
    """
    from cfmt.alerts import AlertLines, AllowList, ScoreRun
    from cfmt.data.flow_stream import stream_like
    from cfmt.detector import Detector

    if alerts and output:
        raise ConfigError(
            f"--output {output} and --alerts {alerts} exclude each other; --alerts writes the alerts alone"
        )
    found = Detector.load(detector)
    if state and not follow:
        raise ConfigError(f"--state {state}: keeps the place in a file that is followed; add --follow")
    writer = _writer(
        output,
        alerts,
        _keys(aggregate, window, alerts),
        window,
        found.threshold,
    )
    run = ScoreRun(
        found,
        writer,
        allow=AllowList.load(allow) if allow else AllowList(),
        top=top,
        note=(lambda text: None) if quiet else tell,
    )
    if follow:
        asked = Follow(detector, flows, format, out, state, poll, every, from_end, quiet)
        stay_at_work(run, asked)
        return
    texts = run.over(stream_like(found.columns, flows, format=format))
    if out is None:
        for text in texts:
            sys.stdout.write(text)
        sys.stdout.flush()
    else:
        with atomic_file(out) as file:
            for text in texts:
                file.write(text.encode())
    if not quiet:
        if isinstance(writer, AlertLines) and aggregate:
            run.counts.written = writer.n_written
        typer.echo(run.counts.line(), err=True)


def _keys(aggregate: str, window: str, alerts: AlertForm | None) -> tuple[str, ...]:
    """Read the keys by which alerts are one; refuse options that would do nothing."""
    if aggregate and alerts is None:
        raise ConfigError(f"--aggregate {aggregate}: takes alerts together; add --alerts jsonl")
    if window and not aggregate:
        raise ConfigError(f"--window {window}: says how long alerts are one; add --aggregate src,dst,service")
    keys = tuple(key.strip() for key in aggregate.split(",")) if aggregate else ()
    if not all(keys) or len({*keys}) < len(keys):
        raise ConfigError(
            f"--aggregate {aggregate!r}: must be names, each once; write --aggregate src,dst,service"
        )
    return keys


def _writer(
    output: Form | None,
    alerts: AlertForm | None,
    keys: tuple[str, ...],
    window: str,
    threshold: float,
) -> ScoreWriter:
    """Choose what writes."""
    from cfmt.alerts import ALERT_FORMATS, AlertGroups, AlertLines, CsvScores, JsonLinesScores

    if alerts is None:
        return JsonLinesScores() if output is Form.JSONL else CsvScores()
    length = duration("--window", window) if window else timedelta(minutes=5)
    return AlertLines(ALERT_FORMATS[alerts], threshold, AlertGroups(keys, length) if keys else None)
