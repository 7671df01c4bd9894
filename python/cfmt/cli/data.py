"""``cfmt data``: which data sets there are, and whether files are what they should be."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cfmt.cli.errors import FAILED, OneLineErrors
from cfmt.cli.tables import make_table, show
from cfmt.config import DataConfig
from cfmt.experiment.traffic import load_tables

__all__ = ["app"]

Traffic = Annotated[
    str, typer.Argument(metavar="DIR|synthetic", help="Folder with NSL-KDD's files, or 'synthetic'.")
]

app = typer.Typer(cls=OneLineErrors, no_args_is_help=True, help="Look at data sets and check their files.")


@app.command("list")
def list_data_sets() -> None:
    """List the data sets that cfmt knows, and the files that they consist of."""
    from cfmt.data import DATA_SETS

    rows = [
        (
            known.name,
            known.title,
            "yes" if known.loadable else "check only",
            "\n".join(file.name + (" (optional)" if file.optional else "") for file in known.files) or "none",
        )
        for known in DATA_SETS
    ]
    show(make_table("Data sets", ("name", "what", "loads", "files"), rows))


@app.command()
def inspect(
    source: Traffic,
) -> None:
    """Count rows, attack families and attack types of the training and test parts."""
    from cfmt.data import describe

    train, tests = load_tables(DataConfig(source=source), lambda text: typer.echo(text, err=True))
    found = [describe(table) for table in (train, *tests)]
    titles = ("", "train", *("test" for _ in tests))
    synthetic = " (SYNTHETIC)" if train.synthetic else ""
    families = [
        (name, *(f"{dict(part.families)[name]:,}" for part in found)) for name, _ in found[0].families
    ]
    totals = [("rows", *(f"{part.n_rows:,}" for part in found))]
    totals += [("attacks", *(_share(part.n_attacks, part.n_rows) for part in found))]
    counts = [{name: n for name, _, n in part.attack_types} for part in found]
    family_of = {name: family for part in reversed(found) for name, family, _ in part.attack_types}
    types = [
        (name, family, *(f"{count.get(name, 0):,}" for count in counts))
        for name, family in sorted(family_of.items(), key=lambda item: -counts[0].get(item[0], 0))
    ]
    show(
        make_table(f"{found[0].name}{synthetic}: rows", titles, totals + families, numbers=len(found)),
        make_table("Attack types", ("type", "family", *titles[1:]), types, numbers=len(found)),
    )


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that holds the files.")],
    name: Annotated[str, typer.Option(help="Data set, as 'cfmt data list' names it.")] = "nsl-kdd",
) -> None:
    """Compare files with the published ones by SHA-256; exit code 1 if one is missing or differs."""
    from cfmt.data import verify as check_files

    checks = check_files(folder, name)
    rows = [(c.file, c.status, "" if c.n_rows is None else f"{c.n_rows:,}", c.note) for c in checks]
    show(make_table(f"{name} in {folder}", ("file", "status", "rows", "note"), rows))
    if not checks:
        sys.stderr.write(f"note: {name} has no files to check\n")
    if any(check.status != "ok" for check in checks):
        raise typer.Exit(FAILED)


def _share(part: int, whole: int) -> str:
    """Write a count with its percentage of a whole; the count alone where the whole is 0."""
    return f"{part:,} ({100 * part / whole:.1f} %)" if whole else f"{part:,}"
