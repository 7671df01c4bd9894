"""``cfmt data``: which data sets there are, and whether files are what they should be."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cfmt.cli.errors import FAILED, OneLineErrors, tell
from cfmt.cli.files import Force, InputFormat, check_new, write_notes
from cfmt.cli.options import JsonFlag
from cfmt.cli.tables import make_table, show
from cfmt.config import DataConfig
from cfmt.experiment.traffic import is_flow_table, load_tables
from cfmt.strict_json import dumps

if TYPE_CHECKING:
    from cfmt.data.columns import Columns
    from cfmt.data.flow_table import Survey

__all__ = ["app"]

Traffic = Annotated[
    str,
    typer.Argument(
        metavar="PATH|synthetic", help="Folder with NSL-KDD's files, a flow table, or 'synthetic'."
    ),
]

_PUBLISHED = {True: "as published", False: "NOT as published", None: "not known here"}

app = typer.Typer(cls=OneLineErrors, no_args_is_help=True, help="Look at data sets and check their files.")


@app.command("list")
def list_data_sets() -> None:
    """List the data sets that cfmt knows, and the files that they consist of."""
    from cfmt.data import DATA_SETS

    rows = [
        (
            known.name,
            known.title,
            known.split,
            "\n".join(file.name + (" (optional)" if file.optional else "") for file in known.files) or "-",
        )
        for known in DATA_SETS
    ]
    show(make_table("Data sets", ("name", "what", "split", "files"), rows))


LabelColumn = Annotated[
    str, typer.Option("--label", metavar="COLUMN", help="Column that tells attacks from normal traffic.")
]
NormalValues = Annotated[
    str, typer.Option("--normal", metavar="VALUES", help="Its values that are normal traffic, with commas.")
]
TypeColumn = Annotated[
    str, typer.Option("--attack-type", metavar="COLUMN", help="Column that names the attack.")
]


@app.command()
def inspect(
    source: Traffic,
    label: LabelColumn = "",
    normal: NormalValues = "",
    attack_type: TypeColumn = "",
    format: InputFormat = "auto",
    json_only: JsonFlag = False,
) -> None:
    """Say what is in NSL-KDD's folder or in a flow table: rows, labels, and what each column is for."""
    config = DataConfig(source=source, label=label, format=format)
    if is_flow_table(config):
        surveyed = _survey(source, label, normal, attack_type, format)
        if json_only:
            typer.echo(dumps(survey_dict(surveyed)))
        else:
            _show_survey(surveyed)
        return
    from cfmt.data import describe

    train, tests = load_tables(config, tell)
    found = [describe(table) for table in (train, *tests)]
    if json_only:
        parts = [
            asdict(part) | {"files": [asdict(file) for file in table.sources]}
            for part, table in zip(found, (train, *tests), strict=True)
        ]
        typer.echo(dumps({"data_set": train.name, "parts": parts}))
        return
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
def schema(
    source: Annotated[
        str, typer.Argument(metavar="PATH", help="A flow table: a file, a pattern or a folder.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="TOML file to write.")],
    label: LabelColumn = "",
    normal: NormalValues = "",
    attack_type: TypeColumn = "",
    format: InputFormat = "auto",
    force: Force = False,
) -> None:
    """Write down what each column is judged to be for; change it, and give it to --schema."""
    check_new(out, force=force)
    found = _survey(source, label, normal, attack_type, format)
    found.columns.save(out)
    _show_survey(found)
    write_notes(out)


def _survey(source: str, label: str, normal: str, attack_type: str, format: str) -> Survey:
    """Look at a flow table as the options say."""
    from cfmt.data.flow_table import survey

    values = [word.strip() for word in normal.split(",") if word.strip()]
    return survey(source, label=label, normal=values, attack_type=attack_type, format=format)


def _show_survey(found: Survey) -> None:
    """Print layout, files, columns and labels."""
    layout, columns = found.layout, found.columns
    exporter = f", written by {layout.exporter}" if layout.exporter else ""
    known = f"; recognised as {found.known.name}: {'; '.join(found.known.flaws)}" if found.known else ""
    typer.echo(f"{layout.format}{exporter}, {len(layout.columns)} columns{known}", err=True)
    files = [
        (file.name, f"{file.n_rows:,}", file.sha256[:16], _PUBLISHED[file.published])
        for file in found.sources
    ]
    uses = [(name, _use(name, columns), columns.reasons.get(name, "")) for name in layout.columns]
    tables = [
        make_table("Files", ("file", "rows", "sha256", "bytes"), files),
        make_table("Columns", ("column", "use", "why"), uses),
    ]
    if found.labels:
        normal = {word.lower() for word in columns.normal}
        counts = [
            (name, "normal" if name.lower() in normal else _family(name, found), f"{n:,}")
            for name, n in found.labels
        ]
        tables.append(make_table(f"Values of {columns.label}", ("value", "is", "rows"), counts, numbers=1))
        if len({is_normal == "normal" for _, is_normal, _ in counts}) < 2:
            typer.echo("note: all rows are of one class; a detector needs rows of both", err=True)
    show(*tables)


def survey_dict(found: Survey) -> dict[str, Any]:
    """Return what is shown of a flow table, for JSON.

    Parameters
    ----------
    found : Survey
    """
    columns, layout = found.columns, found.layout
    normal = {word.lower() for word in columns.normal}
    return {
        "data_set": found.known and found.known.name,
        "flaws": list(found.known.flaws) if found.known else [],
        "format": layout.format,
        "exporter": layout.exporter,
        "files": [asdict(file) for file in found.sources],
        "columns": [
            {"name": name, "use": _use(name, columns), "why": columns.reasons.get(name, "")}
            for name in layout.columns
        ],
        "label": columns.label,
        "values": [
            {
                "value": name,
                "is_normal": name.lower() in normal,
                "family": "normal" if name.lower() in normal else _family(name, found),
                "rows": n,
            }
            for name, n in found.labels
        ],
    }


def _family(name: str, found: Survey) -> str:
    """Say of what kind an attack is, where the data set is known and the label names it."""
    family = found.known.family(name) if found.known and not found.columns.attack_type else name
    return "attack" if family == name else f"attack: {family}"


def _use(name: str, columns: Columns) -> str:
    """Say in a few words what a column is for."""
    if name == columns.label:
        return "label"
    if name in columns.words:
        kind = "service buckets" if name in columns.ports else "words"
        return f"{kind} ({len(columns.words[name]):,})"
    if name in columns.numeric:
        marks = (("log1p", columns.log1p), ("may be missing", columns.missing))
        return ", ".join(["number", *(mark for mark, names in marks if name in names)])
    return "passed through"


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
