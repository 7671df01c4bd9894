"""Do folds predict the test file? A report about the protocol, which chooses nothing.

The trials of a search are run again, scored on random folds and on the official test file. Rank
correlations over the trials tell which criterion would have ordered them as the test file does: that of the
search (types left out, macro average), the same as a micro average, or random rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cfmt.config import DataConfig, ExperimentConfig, build_config
from cfmt.errors import ConfigError, RunDirectoryError
from cfmt.experiment.fold_score import CRITERION, MICRO, score_of
from cfmt.experiment.log import append_entry, open_log
from cfmt.experiment.traffic import load_tables, load_training
from cfmt.experiment.trial import Trial
from cfmt.experiment.tuning import Split, attempt, folds_of, with_keys
from cfmt.files import read_json_lines
from studies.fold_check import LOG, OFFICIAL, Scored

__all__ = ["score_trials"]

Searches = Mapping[str, tuple[Mapping[str, Any], list[Trial]]]
"""For each method, header and trials of its log."""


def score_trials(folder: Path, source: str, *, device: str, note: Callable[[str], None]) -> Iterator[Scored]:
    """Score the trials of a search by every criterion; those in the log are not run again.

    Parameters
    ----------
    folder : Path
        Folder of a search on attack types left out of training; gets the log ``LOG``.
    source : str
        Where the traffic comes from; must be what the search had.
    device : str
        What trains, as in the configuration.
    note : callable
        Gets what a person should know of the data.

    Yields
    ------
    Scored

    Raises
    ------
    ConfigError
        If there is no search in the folder, or one on other rows or by other figures than the criterion.
    RunDirectoryError
        If the log was begun under other conditions, or with other trials.
    """
    searches = _read_searches(folder)
    first = next(iter(searches.values()))[0]
    _check_files(first, source, note)
    log = folder / LOG
    entries = open_log(log, {"searches": {name: header for name, (header, _) in searches.items()}})
    done = {(entry["method"], entry["trial"], entry["criterion"]): Scored(**entry) for entry in entries}
    yield from _of_the_search(searches, done, log)
    splits = _splits(_config(first, source, device), note)
    for method, (header, trials) in searches.items():
        config = _config(header, source, device)
        for trial in trials:
            for split, tables in splits.items():
                key = (method, trial.trial, split)
                if key not in done:
                    runs, _ = attempt(with_keys(config, trial.keys), tables)
                    done[key] = Scored(*key, score_of(runs, MICRO))
                    append_entry(log, asdict(done[key]))
                yield done[key]


def _of_the_search(
    searches: Searches, done: Mapping[tuple[str, int, str], Scored], log: Path
) -> Iterator[Scored]:
    """Take over what the search found; it comes first, so that a log tells which trials it lacks."""
    for method, (_, trials) in searches.items():
        for trial in trials:
            for criterion, figures in (("types", CRITERION), ("types-micro", MICRO)):
                found = Scored(method, trial.trial, criterion, score_of(trial.runs, figures))
                kept = done.get((method, trial.trial, criterion))
                if kept is None:
                    append_entry(log, asdict(found))
                elif kept != found:
                    raise RunDirectoryError(
                        f"{log}: {method} trial {trial.trial} has another score in the search; remove the log"
                    )
                yield found


def _read_searches(folder: Path) -> Searches:
    """Read header and trials of each method's log."""
    logs = {path.stem: read_json_lines(path) for path in sorted(folder.glob("*.jsonl")) if path.name != LOG}
    begun = {name: lines for name, lines in logs.items() if lines}
    if not begun:
        raise ConfigError(f"{folder}: holds no METHOD.jsonl; make some with: cfmt tune --out {folder}")
    for name, (header, *_) in begun.items():
        split, criterion = header["config"]["data"]["split"], header.get("criterion")
        if split != "types":
            raise ConfigError(f"{folder / name}.jsonl: the search must be on --split types, was on {split}")
        if criterion != list(CRITERION):
            raise ConfigError(
                f"{folder / name}.jsonl: the search must be by {', '.join(CRITERION)}, was by "
                f"{', '.join(criterion or MICRO)}; search anew with this cfmt"
            )
    # Refined trials crowd around the best, and would count one setting many times.
    return {
        name: (header, [Trial.from_entry(entry) for entry in entries if entry.get("parent") is None])
        for name, (header, *entries) in begun.items()
    }


def _config(header: Mapping[str, Any], source: str, device: str) -> ExperimentConfig:
    tree = header["config"]
    run_where = {"training": tree["training"] | {"device": device}, "data": tree["data"] | {"source": source}}
    return build_config(tree | run_where)


def _splits(config: ExperimentConfig, note: Callable[[str], None]) -> dict[str, list[Split]]:
    """Load a random fold for each that the search had, and the official split."""
    official = config.data.model_copy(update={"split": "official"})
    train, tests = load_tables(official, note)
    random = config.model_copy(update={"data": config.data.model_copy(update={"split": "random"})})
    return {"random": folds_of(random, train), OFFICIAL: [(train, tests)]}


def _check_files(header: Mapping[str, Any], source: str, note: Callable[[str], None]) -> None:
    """Refuse training rows other than those that were searched on."""
    data = DataConfig(**header["config"]["data"] | {"source": source})
    files = {file.name: file.sha256 for file in load_training(data, note).sources}
    if files != header["files"]:
        raise ConfigError(f"{source}: holds other training rows than the search had; give those to --data")
