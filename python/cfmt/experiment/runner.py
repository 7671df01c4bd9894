"""A resumable experiment as a Python call: methods on seeds, kept in a folder as they finish."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from cfmt.config import ExperimentConfig, departures, for_method, key_error, to_toml, tuned_name
from cfmt.errors import CfmtError, ConfigError, DivergedError, InterruptedRunError, RunDirectoryError
from cfmt.experiment.clients import describe_clients, partition_of
from cfmt.experiment.environment import describe_environment
from cfmt.experiment.events import Events, Silence
from cfmt.experiment.finished import BASELINE, Finished
from cfmt.experiment.plan import Planned, plan_methods
from cfmt.experiment.run_directory import RunDirectory
from cfmt.experiment.setting import Setting
from cfmt.experiment.threads import use_threads
from cfmt.experiment.traffic import load_tables
from cfmt.files import sha256_of

if TYPE_CHECKING:
    from cfmt.data import Table
    from cfmt.detector import Detector
    from cfmt.federated.evaluation import CurvePoint
    from cfmt.federated.methods import Method
    from cfmt.federated.simulation import Run, Settings
    from cfmt.federated.state import RoundReport

    OnRound: TypeAlias = Callable[[Method, int, RoundReport, CurvePoint], None]

__all__ = ["run_experiment"]


def run_experiment(
    config: ExperimentConfig,
    *,
    out: Path | None = None,
    resume: Path | None = None,
    command: str = "compare",
    events: Events | None = None,
) -> Finished:
    """Run every method on every seed, but for those that are finished already.

    Parameters
    ----------
    config : ExperimentConfig
        What to run.
    out : Path or None, default=None
        Folder to make; None makes one in ``runs/``.
    resume : Path or None, default=None
        Folder of an interrupted experiment with the same configuration, to resume in; not both.
    command : str, default="compare"
        Part of the folder's name, if none is given.
    events : Events or None, default=None
        Told of progress; None tells nobody.

    Returns
    -------
    Finished

    Raises
    ------
    ConfigError
        If values do not go together.
    DataError, RunDirectoryError
        If data or folder are not as they should be.
    InterruptedRunError
        On Ctrl-C; it names the folder, which can be resumed.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.config import build_config
    >>> from cfmt.experiment.runner import run_experiment
    >>> config = build_config(
    ...     {
    ...         "data": {"train_rows": 600, "test_rows": 100},
    ...         "partition": {"clients": 5},
    ...         "training": {"rounds": 1, "steps": 2, "hidden": 4},
    ...         "methods": {"names": ["fedavg", "fed-over"]},
    ...         "seeds": {"count": 1},
    ...     }
    ... )
    >>> with TemporaryDirectory() as folder:
    ...     finished = run_experiment(config, out=Path(folder) / "run")
    >>> sorted(finished.methods)
    ['fed-over', 'fedavg']
    """
    use_threads(config.training.threads)
    methods = config.method_values()
    _check_engine(config.settings())
    n_runs, told = len(methods) * config.seeds.count, events or Silence()
    _tell_what_is_odd(config, told)
    train, tests = load_tables(config.data, told.note, clients_by=config.partition.clients_by)
    planned = plan_methods(config, train, tests, told.note)
    if resume is None:
        planned[0].build(config.seeds.first)  # before the folder is made: an impossible split leaves none
    directory = _begin(config, train, tests, command=command, out=out, resume=resume)
    done = {(record.method, record.seed) for record in directory.drop_unfinished()}
    told.skip(len(done))
    try:
        with told:
            for seed in config.seed_range:
                missing = [one for one in planned if (one.method.name, seed) not in done]
                _run_seed(missing, seed, (train, tests), directory, told, alone=n_runs == 1)
        return _finish(config, train, directory)
    except KeyboardInterrupt:
        raise _interrupted(directory, n_runs) from None
    except OSError as error:
        if isinstance(error, CfmtError) or error.filename is None:
            raise
        how = _interrupted(directory, n_runs).how_to_resume(command)
        raise RunDirectoryError(f"{error.filename}: {error.strerror}; {how}") from error


def _interrupted(directory: RunDirectory, n_runs: int) -> InterruptedRunError:
    """Say how many runs of a folder are finished."""
    return InterruptedRunError(directory.path, len(directory.read_runs()), n_runs)


def _begin(
    config: ExperimentConfig,
    train: Table,
    tests: tuple[Table, ...],
    *,
    command: str,
    out: Path | None,
    resume: Path | None,
) -> RunDirectory:
    """Make the folder of a run and write down what it is, or open the one to resume in."""
    sources = [source for table in (train, *tests) for source in table.sources]
    if resume is not None:
        directory = RunDirectory.open(resume)
        directory.check_unchanged(sources)
        return directory
    started = datetime.now(UTC)
    directory = RunDirectory.create(out or Path("runs") / f"{started:%Y%m%dT%H%M%SZ}-{command}")
    environment = describe_environment(
        sources, command=["cfmt", *sys.argv[1:]], started=started, threads=config.training.threads
    )
    text = to_toml(config)
    directory.write_environment(environment | {"config_sha256": sha256_of(text.encode())})
    directory.write_config(text)
    return directory


def _tell_what_is_odd(config: ExperimentConfig, told: Events) -> None:
    """Name what differs from the scenario, and methods that nobody tuned among tuned ones."""
    for key in departures(config):
        told.note(f"note: otherwise than in scenario {config.scenario.name}: {key}")
    tuned = config.tuned.settings
    for name in config.methods.names if tuned else ():
        if tuned_name(name, tuned) is None:
            told.note(f"note: {name} is not tuned; it takes the shared settings")
    if config.partition.saved is not None and config.seeds.count > 1:
        told.note(
            f"note: all seeds share the split in {config.partition.saved}; intervals over seeds leave "
            "out what another split would change"
        )
    if config.partition.clients_by and config.seeds.count > 1:
        told.note(
            "note: all seeds share the clients; intervals over seeds leave out what others would change"
        )


def _check_engine(settings: Settings) -> None:
    """Make an engine for one row, so that a device that is not there is told at once."""
    from cfmt.mlp import MLP
    from cfmt.nn import make_engine

    X, is_attack = np.zeros((1, 1), np.float32), np.zeros(1, np.uint8)
    try:
        make_engine(
            settings.engine, MLP(1), X, is_attack, device=settings.device, group_size=settings.group_size
        )
    except ValueError as error:
        raise key_error("training", error) from error


def _run_seed(
    planned: list[Planned],
    seed: int,
    tables: tuple[Table, tuple[Table, ...]],
    directory: RunDirectory,
    told: Events,
    *,
    alone: bool,
) -> None:
    """Run methods on one seed, and write each down as it finishes."""
    from cfmt.experiment.record import RunRecord

    def on_round(method: Method, seed: int, report: RoundReport, point: CurvePoint) -> None:
        """Keep the round on the disk first, then tell of it."""
        directory.append_round(method.name, seed, report, point)
        told.on_round(method, seed, report, point)

    for one in planned:
        run = _run(one, seed, on_round, told)
        detector = _detector(one, run, tables)
        detector.save(directory.model_path(None if alone else run.method.name, seed))
        directory.write_run(RunRecord.of(run))
        told.on_run(run.method, seed)


def _run(one: Planned, seed: int, on_round: OnRound, told: Events) -> Run:
    """Run one method on one seed; errors name both."""
    from cfmt.federated.simulation import compare

    try:
        (run,) = compare(
            one.build,
            [one.method],
            one.settings,
            seeds=[seed],
            on_round=on_round,
            on_clients=told.on_clients,
        )
    except DivergedError as error:
        raise DivergedError(f"{one.method.name} seed {seed}: {error}") from error
    except ValueError as error:  # a kernel's: it has the remedy
        if isinstance(error, CfmtError):
            raise
        raise ConfigError(f"{one.method.name} seed {seed}: {error}") from error
    return run


def _detector(one: Planned, run: Run, tables: tuple[Table, tuple[Table, ...]]) -> Detector:
    """Make the detector of a finished run, with what is worth knowing of its training."""
    from cfmt.detector import Detector, Reference
    from cfmt.experiment.provenance import detector_metadata
    from cfmt.mlp import MLP

    federation = one.build(run.seed)
    detector = Detector(
        mlp=MLP(federation.n_features, one.settings.hidden),
        params=run.state.model,
        preprocessor=federation.preprocessor,
        threshold=run.evaluation.threshold,
        columns=tables[0].columns,
        metadata=detector_metadata(one, run, federation, *tables),
    )
    reference = Reference.of(detector, tables[0]).to_dict()
    return replace(detector, metadata=detector.metadata | {"reference": reference})


def _finish(config: ExperimentConfig, train: Table, directory: RunDirectory) -> Finished:
    """Summarise the runs in their folder."""
    from cfmt.experiment.record import metrics_by_method
    from cfmt.experiment.statistics import summarise_runs
    from cfmt.experiment.summary import summary_dict

    records = directory.read_runs()
    methods, differences = summarise_runs(metrics_by_method(records), baseline=BASELINE)
    summary = summary_dict(
        methods,
        differences,
        data={"name": train.name, "synthetic": train.synthetic},
        config=config.model_dump(),
        baseline=BASELINE,
    )
    summary = {"synthetic": train.synthetic, "directory": str(directory.path)} | summary
    if config.partition.clients_by:
        summary["clients"] = describe_clients(train)
    directory.write_summary(summary)
    scalings = {for_method(config, name).preprocessing.scaling for name in config.methods.names}
    setting = Setting(
        train.name,
        train.synthetic,
        partition_of(config, train),
        tuple(config.seed_range),
        scalings.pop() if len(scalings) == 1 else "",
        saved=config.partition.saved is not None or bool(config.partition.clients_by),
    )
    return Finished(directory, tuple(records), methods, differences, setting, summary, config, train)
