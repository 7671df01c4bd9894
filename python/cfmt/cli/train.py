"""``cfmt train``: one method on one seed, in detail."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from cfmt.cli.carry_out import carry_out, save_plots, say_where
from cfmt.cli.options import ConfigFile, JsonFlag, OutFolder, Quiet, ResumeFolder, TunedFolder, takes_keys
from cfmt.cli.session import read_config, with_tuned
from cfmt.cli.tables import show
from cfmt.config import Tree, merge
from cfmt.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cfmt.experiment.finished import Finished

__all__ = ["train"]

_DEFAULTS = {"methods": {"names": ["cfmt"]}}
LocalFlag = Annotated[
    bool,
    typer.Option(
        "--local-models", help="Also train each client's own model, and tell whom the shared one harms."
    ),
]
_ONE_SEED = {"seeds": {"count": 1}}


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
    defaults=_DEFAULTS,
    without=("count", "local_models"),  # the latter is a flag of its own
)
def train(
    given: Tree,
    config: ConfigFile = None,
    out: OutFolder = None,
    resume: ResumeFolder = None,
    tuned: TunedFolder = None,
    local_models: LocalFlag = False,
    json_only: JsonFlag = False,
    quiet: Quiet = False,
) -> None:
    """Train one method on one seed and show every figure of the finished model.

    A new folder keeps the trained detector, its figures and plots.
    """
    asked: Tree = {"evaluation": {"local_models": True}} if local_models else {}
    one_seed = merge(with_tuned(given, tuned), _ONE_SEED, asked)
    from cfmt.experiment.run_directory import RunDirectory

    checked = read_config(_DEFAULTS, one_seed, file=config, out=out, resume=resume)
    if len(checked.methods.names) > 1:
        named = ", ".join(checked.methods.names)
        raise ConfigError(f"train takes one method, got {named}; name one with --method, or use cfmt compare")
    had_them = resume is not None and "local_models" in RunDirectory.open(resume).read_summary()
    finished = carry_out(checked, command="train", out=out, resume=resume, quiet=quiet)
    from cfmt.report.run_table import run_tables

    beside = None
    if checked.evaluation.local_models or had_them:
        finished, beside = _with_local_models(finished)
    if json_only:
        typer.echo(json.dumps(finished.summary, allow_nan=False))
    else:
        show(run_tables(finished.records[0], finished.setting), *([] if beside is None else [beside]))
    save_plots(finished, quiet=quiet)
    say_where(finished, quiet=quiet)


def _with_local_models(finished: Finished) -> tuple[Finished, RenderableType]:
    """Compare the model with each client's own, and keep that in the summary."""
    from cfmt.detector import Detector
    from cfmt.experiment.local_models import compare_with_local_models
    from cfmt.report.local_models import local_models_table

    directory, seed = finished.directory, finished.records[0].seed
    detector = Detector.load(directory.model_path())
    found = compare_with_local_models(finished.config, finished.train, detector, seed=seed)
    summary = finished.summary | {"local_models": found.to_dict()}
    directory.write_summary(summary)
    return replace(finished, summary=summary), local_models_table(found)
