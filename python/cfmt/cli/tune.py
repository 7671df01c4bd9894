"""``cfmt tune``: settings of a method, found on folds of the training rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cfmt.cli.errors import tell
from cfmt.cli.options import ConfigFile, Quiet, takes_keys
from cfmt.cli.tables import make_table, show
from cfmt.config import ExperimentConfig, Tree, build_config, merge, read_toml
from cfmt.experiment.threads import use_threads

if TYPE_CHECKING:
    from cfmt.experiment.trial import Trial

__all__ = ["tune"]

# The seeds are others than those of a comparison: what is tuned to a partition is not judged on it.
_DEFAULTS: Tree = {
    "data": {"split": "types"},
    "methods": {"names": ["cfmt"]},
    "seeds": {"first": 1000, "count": 2},
}
_SHOWN = 10

SearchFolder = Annotated[
    Path,
    typer.Option("--out", metavar="DIR", help="Folder for logs and settings; a started search is resumed."),
]
TrialCount = Annotated[
    int, typer.Option("--trials", metavar="INT", min=1, help="Trials of each method, drawn at random.")
]
RefinedCount = Annotated[
    int,
    typer.Option(
        "--refine",
        metavar="INT",
        min=0,
        help="Further trials of each, with some values of the best so far changed.",
    ),
]
SearchSeed = Annotated[
    int, typer.Option("--search-seed", metavar="INT", min=0, help="Seed of the settings that are drawn.")
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
    defaults=_DEFAULTS,
    without=("local_models",),
)
def tune(
    given: Tree,
    out: SearchFolder,
    config: ConfigFile = None,
    trials: TrialCount = 16,
    refine: RefinedCount = 0,
    search_seed: SearchSeed = 0,
    quiet: Quiet = False,
) -> None:
    """Search for the settings of methods; the test files are not opened.

    Trials are drawn at random, then near the best. A trial's score is the mean,
    over folds of attack types that training lacks and over seeds, of
    (ROC-AUC + F1 at the threshold) / 2, macro-averaged over attack types.
    DIR/METHOD.jsonl gets a line for each trial; the same command resumes.
    The best go to DIR/METHOD.toml; cfmt compare --tuned DIR takes them up.
    """
    from cfmt.experiment.tuning import search

    checked = _read(given, config)
    use_threads(checked.training.threads)
    found: dict[str, list[Trial]] = {}

    def note(text: str) -> None:
        """Print a line on the error stream, unless ``--quiet`` is given."""
        if not quiet:
            tell(text)

    for method, trial in search(checked, out, trials=trials, refine=refine, seed=search_seed, note=note):
        found.setdefault(method, []).append(trial)
        place = f"{method} [{len(found[method])}/{trials + refine}]"
        why = f": {trial.reason}" if trial.reason else ""
        note(f"{place} {_score(trial)} {trial.seconds:.1f} s {_settings(trial)}{why}")
    show(*(_table(method, done) for method, done in found.items()))


def _read(given: Tree, file: Path | None) -> ExperimentConfig:
    """Lay scenario, this command's defaults, file and options over each other."""
    trees: list[Tree] = [read_toml(file) if file else {}, given]
    named = merge(*({"scenario": tree["scenario"]} for tree in trees if "scenario" in tree))
    own = ({section: keys for section, keys in tree.items() if section != "scenario"} for tree in trees)
    return build_config(merge(named, _DEFAULTS, *own))


def _score(trial: Trial) -> str:
    """Write a trial's score with four digits."""
    return "no score" if trial.score is None else f"{trial.score:.4f}"


def _table(method: str, trials: list[Trial]) -> Table:
    """Tabulate the best trials of a method, the highest score first."""
    best = sorted(trials, key=lambda trial: -1.0 if trial.score is None else trial.score, reverse=True)
    rows = [(trial.trial, _score(trial), _settings(trial)) for trial in best[:_SHOWN]]
    return make_table(f"{method}: best of {len(trials)} trials", ("trial", "score", "settings"), rows)


def _settings(trial: Trial) -> str:
    """Write what a trial changed, as ``section.key=value``."""
    return " ".join(f"{key}={value}" for key, value in trial.keys.items()) or "as configured"
