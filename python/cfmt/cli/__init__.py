"""The command line: what is run, compared, tuned and looked at.

Importing it loads neither torch nor polars nor matplotlib: each command imports what it needs.
"""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from cfmt import __version__
from cfmt.cli import data
from cfmt.cli.calibrate import calibrate
from cfmt.cli.compare import compare
from cfmt.cli.errors import OneLineErrors
from cfmt.cli.evaluate import evaluate
from cfmt.cli.export import export
from cfmt.cli.inspect import inspect
from cfmt.cli.monitor import monitor
from cfmt.cli.partition import partition
from cfmt.cli.scenarios import scenarios
from cfmt.cli.score import score
from cfmt.cli.train import train
from cfmt.cli.tune import tune

__all__ = ["app", "main"]

app = typer.Typer(
    name="cfmt",
    cls=OneLineErrors,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    """Print the version and end the program, where the option --version is given."""
    if asked:
        typer.echo(f"cfmt {__version__}")
        raise typer.Exit


@app.callback()
def _describe(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Federated intrusion detection on imbalanced traffic: train, compare, look at data.

    A first look, without any data: cfmt compare --rounds 5 --seeds 2
    """


app.command()(train)
app.command()(compare)
app.command()(score)
app.command()(evaluate)
app.command()(calibrate)
app.command()(monitor)
app.command()(inspect)
app.command()(export)
app.command()(partition)
app.command()(scenarios)
app.command()(tune)
app.add_typer(data.app, name="data")


def main() -> None:
    """Run the command line; a terminal that cannot show a character gets a question mark."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()
