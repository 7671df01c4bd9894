"""Files that commands on detectors read and write: their options, and no overwriting by mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cfmt.errors import ConfigError

__all__ = ["DetectorFile", "Force", "InputFormat", "check_new", "write_notes"]

DetectorFile = Annotated[Path, typer.Argument(metavar="DETECTOR", help="A model.safetensors of cfmt train.")]
InputFormat = Annotated[
    str, typer.Option("--format", metavar="NAME", help="Format of a flow table; auto tells it by content.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace the --out file if it is there.")]


def check_new(out: Path, *, force: bool) -> None:
    """Refuse a file that is there already, before any work is done for it.

    Parameters
    ----------
    out : Path
        File to write.
    force : bool
        Whether it may be replaced.

    Raises
    ------
    ConfigError
        If it is there and must stay, or is a folder.
    """
    if out.is_dir():
        raise ConfigError(f"--out {out}: is a folder; name a file in it")
    if out.exists() and not force:
        raise ConfigError(f"--out {out}: is there already; choose another name, or replace it with --force")


def write_notes(out: Path) -> None:
    """Name the file that was written, on stderr."""
    typer.echo(f"wrote {out}", err=True)
