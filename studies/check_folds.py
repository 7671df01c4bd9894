"""Which of three criteria on folds of training rows orders settings as the test file does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cfmt.cli.errors import OneLineErrors
from cfmt.cli.options import Quiet
from cfmt.cli.tables import make_table, show

__all__ = ["app", "check"]

app = typer.Typer(cls=OneLineErrors, pretty_exceptions_enable=False, add_completion=False)

SearchFolder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a finished cfmt tune.")]
Traffic = Annotated[
    str, typer.Option("--data", help="'synthetic', or the folder with NSL-KDD's files, as in the search.")
]
Device = Annotated[str, typer.Option("--device", metavar="auto|cpu|cuda", help="What trains.")]
Threads = Annotated[int | None, typer.Option("--threads", min=1, help="Threads of the CPU to use.")]


@app.command("check")
def check(
    folder: SearchFolder,
    data: Traffic = "synthetic",
    device: Device = "auto",
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Correlate what a search says of its trials with what the test file says of them.

    Reruns every trial of DIR on random folds and on the test file. Three criteria are correlated
    with the test file's (ROC-AUC + F1 at the threshold) / 2: that of the search, in which every attack type
    counts the same; the same with every row counting the same; and random rows. This is a report about the
    protocol for the end of a study: whoever chooses settings by it has tuned on the test file. Scores go to
    DIR/fold-check.jsonl; an interrupted check is resumed by the same command.
    """
    from cfmt.experiment.threads import use_threads
    from studies.fold_check import COLUMNS, Scored, cells_of, correlations
    from studies.prediction import score_trials

    use_threads(threads)

    def note(text: str) -> None:
        if not quiet:
            typer.echo(text, err=True)

    scored: list[Scored] = []
    for one in score_trials(folder, data, device=device, note=note):
        scored.append(one)
        score = "no score" if one.score is None else f"{one.score:.4f}"
        note(f"{one.method} trial {one.trial} by {one.criterion}: {score}")
    rows = [cells_of(found) for found in correlations(scored)]
    show(make_table("Scores on folds of the training rows and on the test file", COLUMNS, rows, numbers=4))


@app.callback()
def _describe() -> None:
    """Ask what the protocol itself is worth."""


if __name__ == "__main__":
    app()
