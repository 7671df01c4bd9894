"""What ``cfmt train`` and ``cfmt compare`` share: an experiment, told of on stderr, and its plots."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cfmt.cli.errors import INTERRUPTED
from cfmt.cli.progress import choose_reporter
from cfmt.config import ExperimentConfig
from cfmt.errors import InterruptedRunError, MissingExtraError

if TYPE_CHECKING:
    from cfmt.experiment.finished import Finished

__all__ = ["carry_out", "save_plots", "say_where"]


def carry_out(
    config: ExperimentConfig, *, command: str, out: Path | None, resume: Path | None, quiet: bool
) -> Finished:
    """Run an experiment; Ctrl-C ends in one line that says how to resume.

    Parameters
    ----------
    config : ExperimentConfig
        What to run.
    command : str
        ``train`` or ``compare``.
    out, resume : Path or None
        Folder to make, or folder to resume in.
    quiet : bool
        Tell nothing on stderr.

    Returns
    -------
    Finished
    """
    from cfmt.experiment.runner import run_experiment

    n_runs = len(config.methods.names) * config.seeds.count
    reporter = choose_reporter(config.training.rounds, n_runs, quiet=quiet)
    try:
        return run_experiment(config, out=out, resume=resume, command=command, events=reporter)
    except InterruptedRunError as error:
        typer.echo(f"interrupted; {error.how_to_resume(command)}", err=True)
        raise typer.Exit(INTERRUPTED) from None


def save_plots(finished: Finished, *, quiet: bool) -> None:
    """Draw clients, curves and, for several methods, intervals; without matplotlib, say what is left out."""
    from cfmt.report.clients import plot_clients
    from cfmt.report.curves import plot_curves, plot_intervals
    from cfmt.report.figures import save_figure

    folder, setting, train = finished.directory.path, finished.setting, finished.train
    try:
        title = finished.first_split.describe()
        counts, names = finished.class_counts(), finished.client_names
        save_figure(plot_clients(counts, train.families, title=title, names=names), folder, "clients")
        save_figure(plot_curves(finished.records, setting), folder, "curves")
        if len(finished.methods) > 1:
            intervals = plot_intervals(finished.methods, setting, test=finished.test)
            save_figure(intervals, folder, "methods")
    except MissingExtraError as error:
        if not quiet:
            typer.echo(f"note: no plots were drawn: {error}", err=True)


def say_where(finished: Finished, *, quiet: bool) -> None:
    """Name the folder that keeps everything."""
    if not quiet:
        typer.echo(f"kept in {finished.directory.path}", err=True)
