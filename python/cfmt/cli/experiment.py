"""What ``cfmt run`` and ``cfmt compare`` share: methods on seeds, kept in a folder as they finish."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer

from cfmt.cli.errors import INTERRUPTED
from cfmt.cli.progress import Reporter, choose_reporter
from cfmt.cli.session import begin
from cfmt.config import ExperimentConfig, departures, for_method, tuned_name
from cfmt.errors import CfmtError, ConfigError, DivergedError, RunDirectoryError
from cfmt.experiment.plan import Planned, plan_methods
from cfmt.experiment.threads import use_threads
from cfmt.experiment.traffic import load_tables, split

if TYPE_CHECKING:
    from cfmt.data import Table
    from cfmt.experiment.record import RunRecord
    from cfmt.experiment.run_directory import RunDirectory
    from cfmt.experiment.setting import Setting
    from cfmt.experiment.statistics import Interval
    from cfmt.federated.evaluation import CurvePoint
    from cfmt.federated.methods import Method
    from cfmt.federated.simulation import Settings
    from cfmt.federated.state import RoundReport

__all__ = ["Finished", "carry_out"]

BASELINE = "fedavg"


@dataclass(frozen=True)
class Finished:
    """All runs of an experiment, summarised.

    Parameters
    ----------
    directory : RunDirectory
        Where everything is kept.
    records : tuple of RunRecord
        The runs.
    methods, differences : dict of str to dict of str to Interval
        Means over seeds, and paired differences against FedAvg.
    setting : Setting
        For titles.
    summary : dict of str to object
        The same as one JSON object.
    """

    directory: RunDirectory
    records: tuple[RunRecord, ...]
    methods: dict[str, dict[str, Interval]]
    differences: dict[str, dict[str, Interval]]
    setting: Setting
    summary: dict[str, Any]

    @property
    def test(self) -> str:
        """Name of the main test set."""
        return next(iter(self.records[0].metrics))

    def tell_where(self, *, quiet: bool) -> None:
        """Name the folder on stderr."""
        if not quiet:
            typer.echo(f"kept in {self.directory.path}", err=True)


def carry_out(
    config: ExperimentConfig, *, command: str, out: Path | None, resume: Path | None, quiet: bool
) -> Finished:
    """Run every method on every seed, but for those that are finished already.

    Parameters
    ----------
    config : ExperimentConfig
        What to run.
    command : str
        ``run`` or ``compare``.
    out, resume : Path or None
        Folder to make, or folder to go on in.
    quiet : bool
        Tell nothing on stderr.

    Returns
    -------
    Finished

    Raises
    ------
    ConfigError
        If values do not go together.
    DataError, RunDirectoryError
        If data or folder are not as they should be.
    """
    use_threads(config.training.threads)
    methods = config.method_values()
    _check_engine(config.settings())
    n_runs = len(methods) * config.seeds.count
    reporter = choose_reporter(config.training.rounds, n_runs, quiet=quiet)
    _tell_what_is_odd(config, reporter)
    train, tests = load_tables(config.data, reporter.note)
    planned = plan_methods(config, train, tests, reporter.note)
    if resume is None:
        planned[0].build(config.seeds.first)  # before the folder is made: an impossible split leaves none
    directory = begin(config, train, tests, command=command, out=out, resume=resume)
    done = {(record.method, record.seed) for record in directory.drop_unfinished()}
    reporter.skip(len(done))
    try:
        with reporter:
            for seed in config.seed_range:
                missing = [one for one in planned if (one.method.name, seed) not in done]
                _run_seed(missing, seed, directory, reporter, alone=n_runs == 1)
        return _finish(config, train, directory)
    except KeyboardInterrupt:
        typer.echo(f"interrupted; {_how_to_go_on(directory, command, n_runs)}", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except OSError as error:
        if isinstance(error, CfmtError) or error.filename is None:
            raise
        todo = _how_to_go_on(directory, command, n_runs)
        raise RunDirectoryError(f"{error.filename}: {error.strerror}; {todo}") from error


def _how_to_go_on(directory: RunDirectory, command: str, n_runs: int) -> str:
    return (
        f"{len(directory.read_runs())} of {n_runs} runs are finished in {directory.path}; "
        f"go on with: cfmt {command} --resume {shlex.quote(str(directory.path))}"
    )


def _tell_what_is_odd(config: ExperimentConfig, reporter: Reporter) -> None:
    """Name what differs from the scenario, and methods that nobody tuned among tuned ones."""
    for key in departures(config):
        reporter.note(f"note: otherwise than in scenario {config.protocol.scenario}: {key}")
    tuned = config.tuned.settings
    for name in config.methods.names if tuned else ():
        if tuned_name(name, tuned) is None:
            reporter.note(f"note: {name} is not tuned; it takes the shared settings")
    if config.partition.saved is not None and config.seeds.count > 1:
        reporter.note(
            f"note: all seeds share the split in {config.partition.saved}; intervals over seeds leave "
            "out what another split would change"
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
        raise ConfigError(f"training: {error}") from error


def _run_seed(
    planned: list[Planned],
    seed: int,
    directory: RunDirectory,
    reporter: Reporter,
    *,
    alone: bool,
) -> None:
    """Run methods on one seed, and write each down as it finishes."""
    from cfmt.detector.file import save_detector
    from cfmt.experiment.record import RunRecord
    from cfmt.federated.simulation import compare
    from cfmt.mlp import MLP

    def on_round(method: Method, seed: int, report: RoundReport, point: CurvePoint) -> None:
        directory.append_round(method.name, seed, report, point)
        reporter.on_round(method, seed, report, point)

    for one in planned:
        try:
            (run,) = compare(
                one.build,
                [one.method],
                one.settings,
                seeds=[seed],
                on_round=on_round,
                on_clients=reporter.on_clients,
            )
        except DivergedError as error:
            raise DivergedError(f"{one.method.name} seed {seed}: {error}") from error
        except ValueError as error:  # a kernel's: it has the remedy
            if isinstance(error, CfmtError):
                raise
            raise ConfigError(f"{one.method.name} seed {seed}: {error}") from error
        federation = one.build(seed)
        save_detector(
            directory.model_path(None if alone else run.method.name, seed),
            run.state.model,
            MLP(federation.n_features, one.settings.hidden),
            federation.preprocessor,
            run.evaluation.threshold,
            {
                "data": federation.name,
                "synthetic": federation.synthetic,
                "method": run.method.name,
                "seed": seed,
            },
        )
        directory.write_run(RunRecord.of(run))
        reporter.on_run(run.method, seed)


def _finish(config: ExperimentConfig, train: Table, directory: RunDirectory) -> Finished:
    """Summarise the runs in their folder."""
    from cfmt.experiment.record import metrics_by_method
    from cfmt.experiment.setting import Setting
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
    directory.write_summary(summary)
    _plot_clients(config, train, directory)
    scalings = {for_method(config, name).preprocessing.scaling for name in config.methods.names}
    setting = Setting(
        train.name,
        train.synthetic,
        config.partition_spec(),
        tuple(config.seed_range),
        scalings.pop() if len(scalings) == 1 else "",
        saved=config.partition.saved is not None,
    )
    return Finished(directory, tuple(records), methods, differences, setting, summary)


def _plot_clients(config: ExperimentConfig, train: Table, directory: RunDirectory) -> None:
    """Draw what the clients of the first seed hold."""
    from cfmt.experiment.setting import Setting
    from cfmt.partition import class_counts
    from cfmt.report.clients import plot_clients
    from cfmt.report.figures import save_figure

    seed = config.seeds.first
    seeds = () if config.partition.saved else (seed,)  # a saved split is not of this seed
    counts = class_counts(split(config, train, seed), train.family, len(train.families))
    setting = Setting(train.name, train.synthetic, config.partition_spec(), seeds)
    save_figure(plot_clients(counts, train.families, title=setting.describe()), directory.path, "clients")
