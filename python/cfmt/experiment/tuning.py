"""Tuning of a method: settings at random, then near the best, scored on folds of the training rows alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cfmt.config import ExperimentConfig, build_config, merge, sections_to_toml, tree_of
from cfmt.errors import ConfigError, DivergedError, RunDirectoryError
from cfmt.experiment.fingerprint import decisive
from cfmt.experiment.fold_score import CRITERION, FoldScore, score_of
from cfmt.experiment.folding import split_fold
from cfmt.experiment.log import append_entry, open_log
from cfmt.experiment.plan import plan_methods
from cfmt.experiment.spaces import describe_space, draw_near, draw_trial, space_of
from cfmt.experiment.traffic import load_training
from cfmt.experiment.trial import Trial
from cfmt.federated.simulation import compare
from cfmt.files import write_atomic

if TYPE_CHECKING:
    from cfmt.data import Table

__all__ = [
    "Split",
    "attempt",
    "evaluate_folds",
    "folds_of",
    "search",
    "winner",
    "with_keys",
]

Split = tuple["Table", tuple["Table", ...]]
"""Rows to train on, and rows to judge by in the place of the test tables."""


def folds_of(config: ExperimentConfig, train: Table) -> list[Split]:
    """Hold every fold out in its turn.

    Parameters
    ----------
    config : ExperimentConfig
        Names the kind of folds.
    train : Table
        Training rows as published.

    Returns
    -------
    list of (Table, tuple of Table)
        Rows to train on, and the rows of the fold in the place of the test tables.

    Examples
    --------
    >>> from cfmt.config import build_config
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.experiment.tuning import folds_of
    >>> config = build_config({"data": {"split": "random", "folds": 3, "fold_share": 0.2}})
    >>> [train.n_rows for train, _ in folds_of(config, load_synthetic(500, 0, seed=0)[0])]
    [400, 400, 400]
    """
    folds = range(config.data.folds)
    return [split_fold(config.data.model_copy(update={"fold": fold}), train) for fold in folds]


def evaluate_folds(config: ExperimentConfig, splits: Sequence[Split]) -> tuple[FoldScore, ...]:
    """Run the one method of a configuration on every split and seed.

    Parameters
    ----------
    config : ExperimentConfig
        Names the method.
    splits : sequence of (Table, tuple of Table)
        Rows to train on and rows to judge by.

    Returns
    -------
    tuple of FoldScore

    Examples
    --------
    >>> from cfmt.config import build_config
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.experiment.tuning import evaluate_folds
    >>> config = build_config(
    ...     {
    ...         "data": {"train_rows": 600, "test_rows": 100},
    ...         "partition": {"clients": 5},
    ...         "training": {"rounds": 1, "steps": 2, "hidden": 4, "device": "cpu"},
    ...         "methods": {"names": ["fedavg"]},
    ...         "seeds": {"count": 1},
    ...     }
    ... )
    >>> train, test = load_synthetic(600, 100, seed=0)
    >>> [(found.fold, found.seed) for found in evaluate_folds(config, [(train, (test,)), (train, (test,))])]
    [(0, 0), (1, 0)]
    """
    found: list[FoldScore] = []
    for fold, (train, tests) in enumerate(splits):
        (one,) = plan_methods(config, train, tests, lambda _: None)
        runs = compare(one.build, [one.method], one.settings, seeds=config.seed_range)
        found += [FoldScore.of(fold, run) for run in runs]
    return tuple(found)


def attempt(config: ExperimentConfig, splits: Sequence[Split]) -> tuple[tuple[FoldScore, ...], str]:
    """Run as :func:`evaluate_folds` does, settings under which a training may diverge.

    Parameters
    ----------
    config, splits
        As for :func:`evaluate_folds`.

    Returns
    -------
    runs : tuple of FoldScore
        Empty where a training diverged: the mean of the others would be too good.
    reason : str
        What happened then, and nothing otherwise.

    Examples
    --------
    >>> from cfmt.config import build_config
    >>> from cfmt.data import load_synthetic
    >>> from cfmt.experiment.tuning import attempt, with_keys
    >>> config = build_config(
    ...     {
    ...         "data": {"train_rows": 600, "test_rows": 100},
    ...         "partition": {"clients": 5},
    ...         "training": {"rounds": 1, "steps": 2, "hidden": 4, "device": "cpu"},
    ...         "methods": {"names": ["fedavg"]},
    ...         "seeds": {"count": 1},
    ...     }
    ... )
    >>> train, test = load_synthetic(600, 100, seed=0)
    >>> runs, reason = attempt(with_keys(config, {"training.learning_rate": 1e30}), [(train, (test,))])
    >>> runs, "diverged" in reason
    ((), True)
    """
    try:
        return evaluate_folds(config, splits), ""
    except DivergedError as error:
        return (), str(error)


def search(
    config: ExperimentConfig,
    folder: Path,
    *,
    trials: int,
    refine: int = 0,
    seed: int,
    note: Callable[[str], None],
) -> Iterator[tuple[str, Trial]]:
    """Try settings for each method of a configuration, and write down what was best.

    Settings are drawn at random first; then, if asked for, by changing some values of the best so far.

    A log ``METHOD.jsonl`` gets a line for each trial as it ends; trials that it has are not run again. The
    best settings are in ``METHOD.toml`` from the moment that the last trial of the method is over.

    Parameters
    ----------
    config : ExperimentConfig
        What the settings are tried in; its data split must be types or random.
    folder : Path
        Gets the files.
    trials : int
        Trials of each method that are drawn at random.
    refine : int, default=0
        Further trials of each, near the best so far.
    seed : int
        Seed of the settings that are drawn.
    note : callable
        Gets what a person should know of the data.

    Yields
    ------
    method : str
        Name of the method.
    trial : Trial
        As each ends, or is found in the log.

    Raises
    ------
    ConfigError
        If the split is that of the test files, or values do not go together.
    RunDirectoryError
        If the folder holds a log under other conditions, or with another number of random trials.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.config import build_config
    >>> from cfmt.experiment.tuning import search, with_keys
    >>> config = build_config(
    ...     {
    ...         "data": {"train_rows": 600, "test_rows": 100},
    ...         "partition": {"clients": 5},
    ...         "training": {"rounds": 1, "steps": 2, "hidden": 4, "device": "cpu"},
    ...         "methods": {"names": ["fedavg"]},
    ...         "seeds": {"count": 1},
    ...     }
    ... )
    >>> config = with_keys(config, {"data.split": "types", "data.folds": 2})
    >>> with TemporaryDirectory() as folder:
    ...     found = list(search(config, Path(folder), trials=2, seed=0, note=lambda text: None))
    ...     [(method, trial.trial) for method, trial in found], Path(folder, "fedavg.toml").exists()
    ([('fedavg', 0), ('fedavg', 1)], True)
    """
    if config.data.split == "official":
        raise ConfigError(
            "data.split must be types or random for a search, got official: the test chooses nothing"
        )
    config.method_values()  # names first, before anything is read
    train = load_training(config.data, note, clients_by=config.partition.clients_by)
    splits = folds_of(config, train)
    for method in config.methods.names:
        alone = with_keys(config, {"methods.names": [method]})
        path = folder / f"{method}.jsonl"
        header = _header(method, seed) | decisive(alone, [train])
        done = {entry["trial"]: entry for entry in open_log(path, header)}
        found: list[Trial] = []
        for number in range(trials + refine):
            best = winner(found) if number >= trials else None
            parent = None if best is None else best.trial
            if number not in done:
                keys = _draw(method, number, best, seed)
                done[number] = _try(with_keys(alone, keys), splits, number, keys, parent).to_entry()
                append_entry(path, done[number])
            found.append(Trial.from_entry(done[number]))
            _check_parent(found[-1], parent, path)
            yield method, found[-1]
        write_atomic(folder / f"{method}.toml", _as_toml(winner(found), method, trials + refine))


def winner(trials: Sequence[Trial]) -> Trial:
    """Pick the trial with the highest score, the earlier one of equals; one without a score never wins.

    Parameters
    ----------
    trials : sequence of Trial
        In order.

    Returns
    -------
    Trial

    Raises
    ------
    ConfigError
        If no trial has a score.

    Examples
    --------
    >>> from cfmt.experiment.trial import Trial
    >>> from cfmt.experiment.tuning import winner
    >>> scores = (0.7, None, 0.8, 0.8)
    >>> winner([Trial(number, {}, score, (), 1.0) for number, score in enumerate(scores)]).trial
    2
    """
    scored = [trial for trial in trials if trial.score is not None]
    if not scored:
        reasons = [trial.reason for trial in trials if trial.reason]
        todo = reasons[0] if reasons else "the rows of every fold must have both classes"
        raise ConfigError(f"no trial has a score: {todo}")
    return max(scored, key=lambda trial: (trial.score, -trial.trial))


def _header(method: str, seed: int) -> dict[str, Any]:
    """Say what a search draws and by what it scores; a log with other figures is not resumed."""
    space = describe_space(space_of(method))
    return {"method": method, "search_seed": seed, "criterion": list(CRITERION), "space": space}


def _draw(method: str, number: int, best: Trial | None, seed: int) -> dict[str, Any]:
    """Draw the values of a trial: at random, or near those of the best so far."""
    if best is None:
        return draw_trial(space_of(method), number, seed=seed)
    return draw_near(space_of(method), best.keys, number, seed=seed)


def _try(
    config: ExperimentConfig,
    splits: Sequence[Split],
    number: int,
    keys: dict[str, Any],
    parent: int | None,
) -> Trial:
    """Run a trial."""
    started = time.perf_counter()
    runs, reason = attempt(config, splits)
    seconds = round(time.perf_counter() - started, 3)
    return Trial(number, keys, score_of(runs), runs, seconds, reason, parent)


def _check_parent(trial: Trial, parent: int | None, path: Path) -> None:
    """Refuse a log that went from random trials to refined ones elsewhere."""
    if trial.parent != parent:
        was = "drawn at random" if trial.parent is None else f"made near trial {trial.parent}"
        raise RunDirectoryError(
            f"{path}: trial {trial.trial} was {was}; give as many --trials as at first, or another --out"
        )


def with_keys(config: ExperimentConfig, keys: Mapping[str, Any]) -> ExperimentConfig:
    """Lay the settings of a trial over a configuration.

    Parameters
    ----------
    config : ExperimentConfig
        What the trial is part of.
    keys : mapping of str to object
        Values by section and key, with a point between.

    Returns
    -------
    ExperimentConfig

    Raises
    ------
    ConfigError
        If a key or a value cannot be.

    Examples
    --------
    >>> from cfmt.config import build_config
    >>> from cfmt.experiment.tuning import with_keys
    >>> with_keys(build_config({}), {"training.learning_rate": 0.2}).training.learning_rate
    0.2
    """
    return build_config(merge(config.model_dump(), tree_of(keys)))


def _as_toml(best: Trial, method: str, n_trials: int) -> str:
    """Write the settings of a trial as a file that --tuned and --config read."""
    score = f"score {best.score:.4f} on folds of the training rows, macro average over attack types"
    comment = f"# {method}: trial {best.trial} of {n_trials}, {score}"
    return "\n".join([comment, "", sections_to_toml(tree_of(best.keys))])
