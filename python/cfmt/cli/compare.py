"""``cfmt compare``: methods side by side, on the same clients, over several seeds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from cfmt.cli.carry_out import carry_out, save_plots, say_where
from cfmt.cli.options import ConfigFile, JsonFlag, OutFolder, Quiet, ResumeFolder, TunedFolder, takes_keys
from cfmt.cli.session import read_config, with_tuned
from cfmt.cli.tables import show
from cfmt.config import Tree, near_matches
from cfmt.errors import ConfigError

if TYPE_CHECKING:
    from cfmt.experiment.finished import Finished

__all__ = ["compare"]

SortMetric = Annotated[
    str,
    typer.Option(
        "--sort", metavar="METRIC", hidden=True, help="Metric by which the methods are sorted, best first."
    ),
]


@takes_keys(
    "scenario",
    "data",
    "partition",
    "preprocessing",
    "training",
    "methods",
    "cfmt",
    "evaluation",
    "seeds",
    without=("local_models",),
)
def compare(
    given: Tree,
    config: ConfigFile = None,
    out: OutFolder = None,
    resume: ResumeFolder = None,
    tuned: TunedFolder = None,
    sort: SortMetric = "roc_auc",
    json_only: JsonFlag = False,
    quiet: Quiet = False,
) -> None:
    """Compare methods on the same clients, seeds and test rows.

    Prints means with 95 % intervals over seeds, and paired differences from
    FedAvg. A new folder keeps all results; --resume takes up an interrupted one.
    """
    checked = read_config({}, with_tuned(given, tuned), file=config, out=out, resume=resume)
    _check_metric(sort)
    finished = carry_out(checked, command="compare", out=out, resume=resume, quiet=quiet)
    if json_only:
        typer.echo(json.dumps(finished.summary, allow_nan=False))
    else:
        _show(finished, sort)
    save_plots(finished, quiet=quiet)
    say_where(finished, quiet=quiet)


def _check_metric(name: str) -> None:
    """Refuse an unknown metric before anything is trained; families are known only then."""
    from cfmt.report.labels import METRICS

    if name not in METRICS and not name.startswith("recall_"):
        known = f"{', '.join(METRICS)}, or recall_<family>"
        raise ConfigError(f"--sort must be one of {known}; got {name!r}{near_matches(name, METRICS)}")


def _show(finished: Finished, sort: str) -> None:
    """Print the tables of a comparison; a metric to sort by that is not there is a ``ConfigError``."""
    from cfmt.experiment.finished import BASELINE
    from cfmt.report.tables import comparison_tables

    try:
        tables = comparison_tables(
            finished.methods,
            finished.differences,
            finished.setting,
            test=finished.test,
            sort_by=sort,
            baseline=BASELINE,
        )
    except ValueError as error:
        raise ConfigError(f"--sort {sort}: {error}") from error
    show(tables)
