"""``cfmt check-hold-out``: whether held-out attack types predict the test file better than random rows do."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cfmt.cli.options import Quiet
from cfmt.cli.tables import make_table, show

__all__ = ["check_hold_out"]

SearchFolder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a finished cfmt search.")]
Traffic = Annotated[
    str, typer.Option("--data", help="'synthetic', or the folder with NSL-KDD's files, as in the search.")
]
Device = Annotated[str, typer.Option("--device", metavar="auto|cpu|cuda", help="What trains.")]
Threads = Annotated[int | None, typer.Option("--threads", min=1, help="Threads of the CPU to use.")]


def check_hold_out(
    folder: SearchFolder,
    data: Traffic = "synthetic",
    device: Device = "auto",
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Correlate what a search says of its trials with what the test file says of them.

    Runs every trial of DIR again, judged on random held-out rows and on the test file, and writes
    DIR/hold-out-check.json. This is a report about the protocol for the end of a study: whoever chooses
    settings by it has tuned on the test file. An interrupted check goes on where it stopped.
    """
    from cfmt.files import write_atomic
    from cfmt.protocol.prediction import Scored, correlations, score_trials
    from cfmt.protocol.threads import use_threads
    from cfmt.report.strict_json import dumps

    use_threads(threads)

    def note(text: str) -> None:
        if not quiet:
            typer.echo(text, err=True)

    scored: list[Scored] = []
    for one in score_trials(folder, data, device=device, note=note):
        scored.append(one)
        score = "no score" if one.score is None else f"{one.score:.4f}"
        note(f"{one.method} trial {one.trial} on {one.split}: {score}")
    found = correlations(scored)
    content = {"correlations": [asdict(one) for one in found], "scores": [asdict(one) for one in scored]}
    write_atomic(folder / "hold-out-check.json", dumps(content, indent=1) + "\n")
    rows = [
        (x.split, f"{x.rho:+.2f}", f"{x.low:+.2f} to {x.high:+.2f}", f"{x.within:+.2f}", x.n_trials)
        for x in found
    ]
    columns = ("hold-out", "rank correlation", "95 % interval", "within a method", "trials")
    show(make_table("Scores on held-out training rows and on the test file", columns, rows, numbers=4))
