"""Does a hold-out predict the test file? A report about the protocol, which chooses nothing.

The trials of a search are run again, now judged on a random hold-out and on the official test file. Rank
correlations over the trials tell which of the two hold-outs would have ordered them as the test file does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cfmt.config import DataConfig, ExperimentConfig, build_config
from cfmt.errors import ConfigError
from cfmt.files import read_json_lines
from cfmt.protocol.log import append_entry, open_log
from cfmt.protocol.search import Split, Trial, folds_of, judge, score_of, with_keys
from cfmt.protocol.traffic import load_tables, load_training
from cfmt.streams import generator

__all__ = ["LOG", "Correlation", "Scored", "correlations", "score_trials"]

LOG = "hold-out-check.jsonl"
SPLITS = ("types", "random", "official")
_RESAMPLES = 2000


@dataclass(frozen=True)
class Scored:
    """A trial under one split.

    Parameters
    ----------
    method : str
        Method that was tried.
    trial : int
        Number of the trial.
    split : {"types", "random", "official"}
        What it was judged on.
    score : float or None
        As in :class:`cfmt.protocol.search.Trial`.
    """

    method: str
    trial: int
    split: str
    score: float | None


@dataclass(frozen=True)
class Correlation:
    """How a hold-out orders trials, beside how the test file does.

    Parameters
    ----------
    split : {"types", "random"}
        The hold-out.
    rho : float
        Spearman's rank correlation with the test file over all trials of all methods.
    low, high : float
        Bounds of its 95 % interval, by resampling trials.
    within : float
        Mean over methods of the correlation among a method's own trials.
    n_trials : int
        Trials with a score everywhere.
    """

    split: str
    rho: float
    low: float
    high: float
    within: float
    n_trials: int


def score_trials(folder: Path, source: str, *, device: str, note: Callable[[str], None]) -> Iterator[Scored]:
    """Score the trials of a search under all three splits; those in the log are not run again.

    Parameters
    ----------
    folder : Path
        Folder of a search on held-out attack types; gets the log ``LOG``.
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
        If there is no search in the folder, or one on other rows than held-out attack types.
    """
    searches = _read_searches(folder)
    first = next(iter(searches.values()))[0]
    _check_files(first, source, note)
    entries = open_log(folder / LOG, {"searches": {name: header for name, (header, _) in searches.items()}})
    done = {(entry["method"], entry["trial"], entry["split"]): Scored(**entry) for entry in entries}
    splits = _splits(_config(first, source, device), note)
    for method, (header, trials) in searches.items():
        config = _config(header, source, device)
        for trial in trials:
            yield Scored(method, trial.trial, "types", trial.score)
            for split, tables in splits.items():
                key = (method, trial.trial, split)
                if key not in done:
                    done[key] = Scored(*key, score_of(judge(with_keys(config, trial.keys), tables)))
                    append_entry(folder / LOG, asdict(done[key]))
                yield done[key]


def correlations(scored: Sequence[Scored], *, seed: int = 0) -> tuple[Correlation, ...]:
    """Correlate what the hold-outs say of trials with what the test file says.

    Parameters
    ----------
    scored : sequence of Scored
        Every trial under all three splits.
    seed : int, default=0
        Seed of the resampling.

    Returns
    -------
    tuple of Correlation
        Of ``types`` and of ``random``.

    Raises
    ------
    ConfigError
        If fewer than three trials have a score everywhere.
    """
    by_trial: dict[tuple[str, int], dict[str, float]] = {}
    for one in scored:
        if one.score is not None:
            by_trial.setdefault((one.method, one.trial), {})[one.split] = one.score
    whole = {key: scores for key, scores in by_trial.items() if len(scores) == len(SPLITS)}
    if len(whole) < 3:
        raise ConfigError(f"a correlation needs at least 3 trials with a score everywhere, got {len(whole)}")
    methods = np.array([method for method, _ in whole])
    values = {split: np.array([scores[split] for scores in whole.values()]) for split in SPLITS}
    return tuple(
        _correlation(split, values[split], values["official"], methods, seed) for split in SPLITS[:2]
    )


def _correlation(
    split: str,
    held_out: npt.NDArray[np.float64],
    official: npt.NDArray[np.float64],
    methods: npt.NDArray[np.str_],
    seed: int,
) -> Correlation:
    from cfmt.federated.statistics import rank_correlation

    draws = generator(seed, "exploration", round=1)  # the search draws its trials in round 0
    picked = (draws.integers(len(official), size=len(official)) for _ in range(_RESAMPLES))
    resampled = [rank_correlation(held_out[rows], official[rows]) for rows in picked]
    low, high = np.nanquantile(resampled, [0.025, 0.975]).tolist()
    own = [rank_correlation(held_out[methods == m], official[methods == m]) for m in np.unique(methods)]
    known = [rho for rho in own if not np.isnan(rho)]
    within = float(np.mean(known)) if known else float("nan")
    return Correlation(split, rank_correlation(held_out, official), low, high, within, len(official))


def _read_searches(folder: Path) -> dict[str, tuple[dict[str, Any], list[Trial]]]:
    """Read header and trials of each method's log."""
    logs = {path.stem: read_json_lines(path) for path in sorted(folder.glob("*.jsonl")) if path.name != LOG}
    found = {
        name: (header, [Trial.from_entry(entry) for entry in entries])
        for name, (header, *entries) in logs.items()
    }
    if not found:
        raise ConfigError(f"{folder}: holds no METHOD.jsonl; make some with: cfmt search --out {folder}")
    for name, (header, _) in found.items():
        split = header["config"]["data"]["split"]
        if split != "types":
            raise ConfigError(f"{folder / name}.jsonl: the search must be on --split types, was on {split}")
    return found


def _config(header: Mapping[str, Any], source: str, device: str) -> ExperimentConfig:
    tree = header["config"]
    run_where = {"training": tree["training"] | {"device": device}, "data": tree["data"] | {"source": source}}
    return build_config(tree | run_where)


def _splits(config: ExperimentConfig, note: Callable[[str], None]) -> dict[str, list[Split]]:
    """Load a random hold-out for each fold that the search had, and the official split."""
    official = config.data.model_copy(update={"split": "official"})
    train, tests = load_tables(official, note)
    random = config.model_copy(update={"data": config.data.model_copy(update={"split": "random"})})
    return {"random": folds_of(random, train), "official": [(train, tests)]}


def _check_files(header: Mapping[str, Any], source: str, note: Callable[[str], None]) -> None:
    """Refuse training rows other than those that were searched on."""
    data = DataConfig(**header["config"]["data"] | {"source": source})
    files = {file.name: file.sha256 for file in load_training(data, note).sources}
    if files != header["files"]:
        raise ConfigError(f"{source}: holds other training rows than the search had; give those to --data")
