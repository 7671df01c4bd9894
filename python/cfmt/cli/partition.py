"""``cfmt partition``: how a split deals the rows out, before anything is trained on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from cfmt import class_counts, gini, imbalance_ratio, jensen_shannon, load_partition, save_partition
from cfmt.cli.errors import tell
from cfmt.cli.options import ConfigFile, takes_keys
from cfmt.cli.tables import make_table, show
from cfmt.config import Tree, build_config, merge, read_toml, with_saved_partition
from cfmt.errors import ConfigError, RunDirectoryError
from cfmt.experiment.clients import client_names, partition_of, split
from cfmt.experiment.traffic import load_tables

__all__ = ["partition"]

_QUANTILES = {"min": 0.0, "10 %": 0.1, "median": 0.5, "90 %": 0.9, "max": 1.0}
_MOST_LISTED = 20
_MOST_FAMILIES = 6

PlotFolder = Annotated[
    Path | None,
    typer.Option(
        "--plot", metavar="DIR", help="Folder for a plot of the clients, as PNG and SVG; needs matplotlib."
    ),
]
PartitionFolder = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="New folder to keep the partition in, for --partition-from."),
]
FirstSeed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="INT",
        min=0,
        help=r"Seed of the split. [dim]\[default: 0, or that of --partition-from][/dim]",
    ),
]


@takes_keys("scenario", "data", "partition")
def partition(
    given: Tree,
    config: ConfigFile = None,
    out: PartitionFolder = None,
    plot: PlotFolder = None,
    seed: FirstSeed = None,
) -> None:
    """Show how the training rows are dealt out to the clients, and keep it: sizes, attacks, skew."""
    tree = with_saved_partition(merge(read_toml(config) if config else {}, given))
    checked = build_config(tree)
    seed = _seed(checked.partition.saved, seed)
    by = checked.partition.clients_by
    train, _ = load_tables(checked.data, tell, clients_by=by)
    parts = split(checked, train, seed)
    from cfmt.experiment.setting import Setting

    counts, spec = class_counts(parts, train.family, len(train.families)), partition_of(checked, train)
    title = Setting(train.name, train.synthetic, spec, () if by else (seed,)).describe()
    tables = [*_spread(counts), _families(counts, train.families)]
    names = client_names(checked, train)
    if names or len(counts) <= _MOST_LISTED:
        tables.append(_clients(counts, train.families, names or tuple(map(str, range(len(counts))))))
    show(Text(title, style="bold"), *tables)
    if out is not None:
        family, is_attack = train.family, train.is_attack
        save_partition(out, parts, spec=spec, seed=seed, family=family, is_attack=is_attack, names=names)
        typer.echo(f"kept in {out}", err=True)
    if plot is not None:
        _save_plot(counts, train.families, title, plot, names)


def _seed(saved: Path | None, given: int | None) -> int:
    """Return the seed of the split, which is a saved partition's own."""
    if saved is None:
        return given or 0
    own = load_partition(saved).seed
    if given not in (None, own):
        raise ConfigError(
            f"--seed {given}: the partition in {saved} was made with seed {own}; leave the option out, or "
            "make another partition"
        )
    return own


def _spread(counts: npt.NDArray[np.int64]) -> Iterator[RenderableType]:
    """Show the spread over clients of each measure; ``counts`` has shape (n_clients, n_families)."""
    sizes, attacks = counts.sum(axis=1), counts[:, 1:].sum(axis=1)
    by_label = np.stack([counts[:, 0], attacks], axis=1)
    held = sizes > 0
    ratio = imbalance_ratio(by_label)
    finite = np.isfinite(ratio)
    rows = [
        _quantiles("rows", sizes, "{:,.0f}"),
        _quantiles("attacks", attacks, "{:,.0f}"),
        _quantiles("share of attacks", 100 * attacks[held] / sizes[held], "{:.1f} %"),
        _quantiles("imbalance ratio of the two classes", ratio[finite], "{:,.1f}"),
        _quantiles("Jensen-Shannon divergence by family [bit]", jensen_shannon(counts)[held], "{:.3f}"),
    ]
    one_class, empty = int(np.sum(np.isinf(ratio))), int(np.sum(~held))
    yield make_table("Clients", ("", *_QUANTILES, "mean"), rows, numbers=len(_QUANTILES) + 1)
    yield Text(
        f"{sizes.sum():,} rows on {len(counts):,} clients · Gini of the sizes {gini(sizes):.3f} · "
        f"{one_class:,} clients with one class, {empty:,} empty\n"
    )


def _quantiles(name: str, values: npt.NDArray[Any], form: str) -> list[str]:
    """Return a row of the table: a name, quantiles and the mean of values; dashes without values."""
    if len(values) == 0:
        return [name, *("-" for _ in _QUANTILES), "-"]
    found = np.quantile(values, list(_QUANTILES.values())).tolist()
    return [name, *(form.format(value) for value in (*found, float(values.mean())))]


def _families(counts: npt.NDArray[np.int64], families: tuple[str, ...]) -> Table:
    """Tabulate for each family its rows, and how many clients hold some of them."""
    rows = [
        (name, f"{column.sum():,}", f"{int((column > 0).sum()):,}")
        for name, column in zip(families, counts.T, strict=True)
    ]
    return make_table("Families", ("family", "rows", "clients that hold some"), rows, numbers=2)


def _clients(counts: npt.NDArray[np.int64], families: tuple[str, ...], names: tuple[str, ...]) -> Table:
    """Tabulate the rows of the largest clients, in all, and by family where few of these occur."""
    sizes = counts.sum(axis=1)
    listed = np.sort(np.argsort(-sizes, kind="stable")[:_MOST_LISTED])
    title = (
        "Rows of each client" if len(listed) == len(counts) else f"Rows of the {_MOST_LISTED} largest clients"
    )
    if len(families) <= _MOST_FAMILIES:
        rows = [
            (names[client], f"{sizes[client]:,}", *(f"{n:,}" for n in counts[client])) for client in listed
        ]
        return make_table(title, ("client", "rows", *families), rows, numbers=len(families) + 1)
    attacks = counts[:, 1:]
    rows = [
        (
            names[client],
            families[1 + attacks[client].argmax()] if attacks[client].any() else "-",
            f"{sizes[client]:,}",
            f"{attacks[client].sum():,}",
        )
        for client in listed
    ]
    return make_table(title, ("client", "most frequent attack", "rows", "attacks"), rows, numbers=2)


def _save_plot(
    counts: npt.NDArray[np.int64],
    families: tuple[str, ...],
    title: str,
    folder: Path,
    names: tuple[str, ...],
) -> None:
    """Draw the clients' rows into a folder, and name the files that were written."""
    from cfmt.report.clients import plot_clients
    from cfmt.report.figures import save_figure

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunDirectoryError(
            f"{folder}: cannot be made ({error.strerror}); choose another --plot"
        ) from error
    for path in save_figure(plot_clients(counts, families, title=title, names=names), folder, "partition"):
        typer.echo(f"wrote {path}", err=True)
