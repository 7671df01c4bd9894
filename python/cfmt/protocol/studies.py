"""The studies of docs/results.md: what is run in each, and running what is missing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cfmt.config import SCENARIOS, ExperimentConfig, Tree, build_config, for_method, merge, read_tuned
from cfmt.files import append_line, read_json_lines, write_atomic
from cfmt.protocol.fingerprint import decisive, fingerprint
from cfmt.protocol.plan import Planned, plan_methods
from cfmt.protocol.traffic import load_tables

if TYPE_CHECKING:
    from cfmt.data import Table
    from cfmt.federated.simulation import Run
    from cfmt.report.study import Heading

__all__ = ["IN_DISTRIBUTION", "PlannedStudy", "Progress", "plan_studies", "run_study"]

IN_DISTRIBUTION = "in-distribution"
_ABLATED = ("prevalence-5", "mixed-prevalence")
_QUICK: Tree = {"training": {"rounds": 20}, "seeds": {"count": 2}}
_RULES: Tree = {"evaluation": {"threshold": ["fpr:0.05", "f1", "cost:fn=10,fp=1"]}}

Progress = Callable[[str], None]


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


def plan_studies(given: Tree, *, tuned: Path | None, quick: bool) -> tuple[PlannedStudy, ...]:
    """Plan every scenario, and the split within the training file.

    Parameters
    ----------
    given : mapping of str to mapping of str to object
        Keys that win over those of the scenarios, such as the data's source.
    tuned : Path or None
        Folder with a folder of tuned settings for each scenario, or with one for all of them.
    quick : bool
        Few rounds and seeds and no ablations; for a look, and to see that everything runs.

    Returns
    -------
    tuple of PlannedStudy

    Raises
    ------
    ConfigError
        If keys do not go together.
    """
    from cfmt.federated.methods import METHODS

    planned = []
    for name, scenario in SCENARIOS.items():
        named: Tree = {"protocol": {"scenario": name}, "methods": {"names": list(METHODS)}}
        shared = merge(named, _RULES, _QUICK if quick else {}, _settings_for(tuned, name))
        config = build_config(merge(shared, given))
        ablated = _ablations(config) if name in _ABLATED and not quick else ()
        whole = build_config(merge(shared, {"methods": {"names": [*METHODS, *ablated]}}, given))
        planned.append(PlannedStudy(name, scenario.summary, whole, ablated, quick))
    summary = "the scenario natural-dirichlet-0.5, judged on a random fifth of the training file"
    inside = {"data": {"split": "random"}}
    first = planned[0].config.model_dump()
    planned.append(PlannedStudy(IN_DISTRIBUTION, summary, build_config(merge(first, inside)), (), quick))
    return tuple(planned)


def run_study(study: PlannedStudy, folder: Path, *, tell: Progress, again: Collection[str] = ()) -> Path:
    """Run what a file of results lacks.

    Runs are kept by method, seed and settings: those under other settings, or that lack a figure which runs
    have today, are dropped from the file. What the code does with the settings is not known to the file:
    after a change to a method, run it again.

    Parameters
    ----------
    study : PlannedStudy
        What to run.
    folder : Path
        Gets the file, called by the study's name.
    tell : callable
        Gets a line for each run, without any figure of it.
    again : collection of str, default=()
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
    from cfmt.report.study import ResultRow

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{study.name}.jsonl"
    train, tests = load_tables(study.config.data, tell)
    planned = plan_methods(study.config, train, tests, lambda _: None)
    prints = {one.method.name: _fingerprint(one.config, (train, *tests)) for one in planned}
    lines = read_json_lines(path)[1:]
    wanted = {(name, seed, its) for name, its in prints.items() for seed in study.config.seed_range}
    kept = [line for line in lines if _key(line) in wanted and _has_all(line)]
    kept = [line for line in kept if not _is_of(line["method"], again)]
    if len(kept) < len(lines):
        tell(f"{study.name}: {len(lines) - len(kept)} runs under other settings or to run again are dropped")
    _rewrite(path, _heading(study, train, tests), kept)
    done = {(line["method"], line["seed"]) for line in kept}
    for number, run in enumerate(_missing(planned, study.config, done), start=len(done) + 1):
        name = run.method.name
        append_line(path, _dumps(ResultRow.of(run, prints[name]).to_entry()))
        seconds = sum(report.seconds for report in run.reports)
        tell(f"{study.name} [{number}/{len(wanted)}] {name} seed {run.seed}: {seconds:.1f} s")
    order = list(prints)
    rows = sorted(read_json_lines(path)[1:], key=lambda line: (order.index(line["method"]), line["seed"]))
    _rewrite(path, _heading(study, train, tests), rows)
    return path


def _key(line: dict[str, Any]) -> tuple[str, int, str]:
    return line["method"], line["seed"], line["fingerprint"]


def _has_all(line: dict[str, Any]) -> bool:
    """Whether a run has every figure that runs have today; one of an older cfmt is run again."""
    from cfmt.report import METRICS

    return all(figures.keys() >= set(METRICS) for figures in line["metrics"].values())


def _is_of(method: str, names: Collection[str]) -> bool:
    """Whether a method is one of some, or an ablation of one."""
    return any(method == name or method.startswith(f"{name}-") for name in names)


def _settings_for(tuned: Path | None, scenario: str) -> Tree:
    """Read the settings found for a scenario, else those found for all, if there are any."""
    if tuned is None:
        return {}
    own = tuned / scenario
    return read_tuned(own if any(own.glob("*.toml")) else tuned)


def _ablations(config: ExperimentConfig) -> tuple[str, ...]:
    from cfmt.federated.methods import ablations

    (base,) = for_method(config, "cfmt").method_values()
    return tuple(name for name, one in ablations(base).items() if replace(one, name=base.name) != base)


def _missing(
    planned: tuple[Planned, ...], config: ExperimentConfig, done: set[tuple[str, int]]
) -> Iterator[Run]:
    from cfmt.federated.simulation import compare

    for seed in config.seed_range:
        for one in planned:
            if (one.method.name, seed) not in done:
                yield from compare(one.build, [one.method], one.settings, seeds=[seed])


def _fingerprint(config: ExperimentConfig, tables: tuple[Table, ...]) -> str:
    """Of a run's settings and data; which other seeds are run, or under what name, makes no difference."""
    content = decisive(config, tables)
    for section in ("seeds", "protocol"):
        content["config"].pop(section)
    return fingerprint(content)


def _heading(study: PlannedStudy, train: Table, tests: tuple[Table, ...]) -> Heading:
    from cfmt.report import describe_environment
    from cfmt.report.study import Heading

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
    )


def _rewrite(path: Path, heading: Heading, lines: list[dict[str, Any]]) -> None:
    write_atomic(path, "".join(_dumps(entry) + "\n" for entry in (heading.to_entry(), *lines)))


def _dumps(entry: dict[str, Any]) -> str:
    from cfmt.report.strict_json import dumps

    return dumps(entry)
