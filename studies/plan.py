"""The studies of docs/results.md: what is run in each, and running what is missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cfmt.config import SCENARIOS, ExperimentConfig, Tree, build_config, for_method, merge, read_tuned
from cfmt.experiment.environment import describe_environment
from cfmt.experiment.fingerprint import decisive, fingerprint
from cfmt.experiment.fold_score import FoldScore
from cfmt.experiment.plan import Planned, plan_methods
from cfmt.experiment.traffic import load_tables, load_training
from cfmt.experiment.tuning import folds_of, with_keys
from cfmt.federated.methods import METHODS, ablations
from cfmt.federated.simulation import compare
from studies.leave_types_out import FoldRow, leave_types_out_name
from studies.runs_file import Progress, WantedRun, complete
from studies.study import Heading, ResultRow

if TYPE_CHECKING:
    from cfmt.data import Table

__all__ = ["IN_DISTRIBUTION", "LEAVE_TYPES_OUT", "PlannedStudy", "plan_studies", "run_study"]

IN_DISTRIBUTION = "in-distribution"
_ABLATED = ("prevalence-5", "mixed-prevalence")
LEAVE_TYPES_OUT = tuple(leave_types_out_name(scenario) for scenario in _ABLATED)
"""Names of the studies on attack types left out of training, which open no test file."""
_QUICK: Tree = {"training": {"rounds": 20}, "seeds": {"count": 2}}
_RULES: Tree = {"evaluation": {"threshold": ["fpr:0.05", "f1", "cost:fn=10,fp=1"]}}
# Other seeds than a search has, and than the studies on the test file.
_ON_FOLDS: Tree = {"data": {"split": "types"}, "seeds": {"first": 2000}}


@dataclass(frozen=True)
class PlannedStudy:
    """A study that is to be run.

    Parameters
    ----------
    name, summary : str
        What it is called, and what is particular about it.
    config : ExperimentConfig
        What is run, ablations among it.
    ablations : tuple of str
        Names of the ablations.
    quick : bool
        Whether this is the short form.
    """

    name: str
    summary: str
    config: ExperimentConfig
    ablations: tuple[str, ...]
    quick: bool

    @property
    def is_on_folds(self) -> bool:
        """Whether it is scored on every fold of attack types, and not on the test files."""
        return self.config.data.split == "types"


def plan_studies(given: Tree, *, tuned: Path | None, quick: bool) -> tuple[PlannedStudy, ...]:
    """Plan every scenario, the split within the training file, and what is run on folds of attack types.

    Parameters
    ----------
    given : mapping of str to mapping of str to object
        Keys that win over those of the scenarios, such as the data's source.
    tuned : Path or None
        Folder with a folder of tuned settings for each scenario, or with one for all of them.
    quick : bool
        Few rounds and seeds, no ablations and nothing on folds of attack types; for a look, and to see that
        everything runs.

    Returns
    -------
    tuple of PlannedStudy

    Raises
    ------
    ConfigError
        If keys do not go together.
    """
    planned = []
    for name in SCENARIOS:
        ours = merge(_RULES, _QUICK if quick else {}, _settings_for(tuned, name), given)
        planned.append(_plan(name, name, ours, ablate=name in _ABLATED and not quick, quick=quick))
    summary = "the scenario natural-dirichlet-0.5, judged on a random fifth of the training file"
    inside = {"data": {"split": "random"}}
    first = planned[0].config.model_dump()
    planned.append(PlannedStudy(IN_DISTRIBUTION, summary, build_config(merge(first, inside)), (), quick))
    for name in () if quick else _ABLATED:
        ours = merge(_ON_FOLDS, _settings_for(tuned, name), given)
        planned.append(_plan(leave_types_out_name(name), name, ours, ablate=True, quick=False))
    return tuple(planned)


def _plan(name: str, scenario: str, ours: Tree, *, ablate: bool, quick: bool) -> PlannedStudy:
    """Plan every method in a scenario, over which keys of ours are laid."""
    named: Tree = {"scenario": {"name": scenario}, "methods": {"names": list(METHODS)}}
    config = build_config(merge(named, ours))
    ablated = _ablations(config) if ablate else ()
    whole = with_keys(config, {"methods.names": [*config.methods.names, *ablated]})
    return PlannedStudy(name, SCENARIOS[scenario].summary, whole, ablated, quick)


def run_study(study: PlannedStudy, folder: Path, *, tell: Progress, rerun: Collection[str] = ()) -> Path:
    """Run what a file of results lacks; :func:`studies.runs_file.complete` says what is kept.

    Parameters
    ----------
    study : PlannedStudy
        What to run.
    folder : Path
        Gets the file, called by the study's name.
    tell : callable
        Gets a line for each run, without any figure of it.
    rerun : collection of str, default=()
        Methods to run again, with their ablations.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ConfigError, DataError
        If settings or data are not as they should be.
    """
    splits = list(_splits(study, tell))
    heading = _heading(study, *splits[0][1:]).to_entry()
    path = folder / f"{study.name}.jsonl"
    has_all = FoldRow.has_all if study.is_on_folds else ResultRow.has_all
    complete(path, heading, _wanted(study, splits), has_all=has_all, tell=tell, rerun=rerun)
    return path


def _splits(
    study: PlannedStudy, tell: Progress
) -> Iterator[tuple[ExperimentConfig, Table, tuple[Table, ...]]]:
    """Load the one split of a study, or that of each of its folds; no test file is opened for folds."""
    if not study.is_on_folds:
        yield study.config, *load_tables(study.config.data, tell)
        return
    for fold, split in enumerate(folds_of(study.config, load_training(study.config.data, tell))):
        yield with_keys(study.config, {"data.fold": fold}), *split


def _wanted(
    study: PlannedStudy, splits: Iterable[tuple[ExperimentConfig, Table, tuple[Table, ...]]]
) -> list[WantedRun]:
    """List the runs of a study: seed after seed, so that equal methods share a seed's federations."""
    planned = [
        (one, config.data.fold if study.is_on_folds else None, _fingerprint(one.config, (train, *tests)))
        for config, train, tests in splits
        for one in plan_methods(config, train, tests, lambda _: None)
    ]
    return [
        WantedRun(one.method.name, seed, fold, its, partial(_run, one, seed, fold, its))
        for seed in study.config.seed_range
        for one, fold, its in planned
    ]


def _run(one: Planned, seed: int, fold: int | None, its: str) -> dict[str, Any]:
    """Run a method on a seed, and keep what is worth keeping of it."""
    (run,) = compare(one.build, [one.method], one.settings, seeds=[seed])
    if fold is None:
        return ResultRow.of(run, its).to_entry()
    return FoldRow(run.method.name, its, FoldScore.of(fold, run)).to_entry()


def _settings_for(tuned: Path | None, scenario: str) -> Tree:
    """Read the settings found for a scenario, else those found for all, if there are any."""
    if tuned is None:
        return {}
    own = tuned / scenario
    return read_tuned(own if any(own.glob("*.toml")) else tuned)


def _ablations(config: ExperimentConfig) -> tuple[str, ...]:
    (base,) = for_method(config, "cfmt").method_values()
    return tuple(name for name, one in ablations(base).items() if replace(one, name=base.name) != base)


def _fingerprint(config: ExperimentConfig, tables: tuple[Table, ...]) -> str:
    """Of a run's settings and data; which other seeds are run, or under what name, makes no difference."""
    content = decisive(config, tables)
    for section in ("seeds", "scenario"):
        content["config"].pop(section)
    return fingerprint(content)


def _heading(study: PlannedStudy, train: Table, tests: tuple[Table, ...]) -> Heading:
    config = study.config
    sources = [source for table in (train, *tests) for source in table.sources]
    threads = config.training.threads
    found = describe_environment(sources, command=[], started=datetime.now(UTC), threads=threads)
    kept = ("versions", "system", "cpu", "threads", "gpu", "git", "sources")
    return Heading(
        study=study.name,
        summary=study.summary,
        data=train.name,
        synthetic=train.synthetic,
        partition=asdict(config.partition_spec()),
        seeds=tuple(config.seed_range),
        rounds=config.training.rounds,
        quick=study.quick,
        threshold=config.evaluation.threshold,
        settings=config.tuned.settings,
        ablations=study.ablations,
        environment={key: found[key] for key in kept},
        folds=config.data.folds if study.is_on_folds else 1,
    )
