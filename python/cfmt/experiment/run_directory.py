"""The directory of a run: what is in it, and that it is readable whenever the run is cut off."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfmt.data import Source
from cfmt.errors import RunDirectoryError
from cfmt.experiment.record import RunRecord, round_entry
from cfmt.federated.evaluation import CurvePoint
from cfmt.federated.state import RoundReport
from cfmt.files import append_line, read_json_lines, sha256_of, write_atomic
from cfmt.strict_json import dumps, loads

__all__ = ["RunDirectory"]

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


@dataclass(frozen=True)
class RunDirectory:
    """Files of one ``cfmt train`` or ``cfmt compare``.

    ``config.toml``, ``environment.json``, ``metrics.jsonl`` with one line a round, ``runs/`` with one file
    for each finished run, ``summary.json``, the models and the plots. Every file is either whole or absent;
    only the last line of ``metrics.jsonl`` can be torn, and is then ignored.

    Parameters
    ----------
    path : Path
        The directory; use :meth:`create` or :meth:`open`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from cfmt.experiment.run_directory import RunDirectory
    >>> with TemporaryDirectory() as folder:
    ...     directory = RunDirectory.create(Path(folder, "run"))
    ...     directory.write_config("[training]")
    ...     RunDirectory.open(directory.path).config_path.name, directory.read_runs()
    ...     directory.model_path("fedavg", seed=3).name
    ('config.toml', [])
    'fedavg-seed3.safetensors'
    """

    path: Path

    @classmethod
    def create(cls, path: Path) -> RunDirectory:
        """Make a new directory, with its parents.

        Parameters
        ----------
        path : Path
            Must not exist, or be an empty directory.

        Returns
        -------
        RunDirectory

        Raises
        ------
        RunDirectoryError
            If there is something already, or the directory cannot be made.
        """
        try:
            path.mkdir(parents=True, exist_ok=True)
            occupied = next(path.iterdir(), None) is not None
        except OSError as error:
            reason = error.strerror or error
            raise RunDirectoryError(f"{path}: cannot be made ({reason}); choose another --out") from error
        if occupied:
            raise RunDirectoryError(f"{path}: is not empty; choose another --out, or resume it with --resume")
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> RunDirectory:
        """Open the directory of a run that was begun, to read it or to go on.

        Parameters
        ----------
        path : Path
            A directory with a ``config.toml``.

        Returns
        -------
        RunDirectory

        Raises
        ------
        RunDirectoryError
            If there is no such directory.
        """
        directory = cls(path)
        if not directory.config_path.is_file():
            raise RunDirectoryError(
                f"{path}: holds no config.toml, so no run began there; start one with --out {path}"
            )
        return directory

    @property
    def config_path(self) -> Path:
        """Where the effective configuration is, as TOML."""
        return self.path / "config.toml"

    def write_config(self, text: str) -> None:
        """Write the effective configuration, as TOML."""
        write_atomic(self.config_path, text)

    def write_environment(self, environment: Mapping[str, Any]) -> None:
        """Write what :func:`cfmt.experiment.environment.describe_environment` returns."""
        write_atomic(self.path / "environment.json", dumps(environment, indent=2) + "\n")

    def check_unchanged(self, sources: Sequence[Source]) -> None:
        """Raise unless a run was begun on the same data, and with the configuration that is there now.

        Parameters
        ----------
        sources : sequence of Source
            What the rows come from now.

        Raises
        ------
        RunDirectoryError
            If a file has another SHA-256 than ``environment.json`` says, or that is missing or damaged; or if
            ``config.toml`` was edited.
        """
        path = self.path / "environment.json"
        try:
            environment = loads(path.read_bytes())
            begun = [source["sha256"] for source in environment["sources"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunDirectoryError(
                f"{path}: cannot be read, so the data of the run are unknown; start anew without --resume"
            ) from error
        if begun != [source.sha256 for source in sources]:
            given = ", ".join(f"{source.name} {source.sha256[:12]}" for source in sources)
            raise RunDirectoryError(
                f"{self.path}: was begun on other data (sha256 {', '.join(key[:12] for key in begun)}), got "
                f"{given}; give the data of then, or start anew without --resume"
            )
        if environment.get("config_sha256") not in (None, sha256_of(self.config_path.read_bytes())):
            raise RunDirectoryError(
                f"{self.config_path}: was changed since the run began, and finished runs are of the old; "
                "change it back, or start anew with --config"
            )

    def read_summary(self) -> dict[str, Any]:
        """Read what :meth:`write_summary` wrote; nothing where that is missing or damaged: it comes anew."""
        try:
            summary = loads((self.path / "summary.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return summary if isinstance(summary, dict) else {}

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """Write what :func:`cfmt.experiment.summary.summary_dict` returns."""
        write_atomic(self.path / "summary.json", dumps(summary, indent=2) + "\n")

    def append_round(self, method: str, seed: int, report: RoundReport, point: CurvePoint) -> None:
        """Add the line of a round to ``metrics.jsonl`` as soon as it is over.

        Parameters
        ----------
        method : str
            Name of the method.
        seed : int
            Seed of the run.
        report : RoundReport
            What happened.
        point : CurvePoint
            How the model then did on the main test set.
        """
        line = dumps({"method": method, "seed": seed} | round_entry(report, point))
        append_line(self._metrics, line)

    def read_rounds(self) -> list[dict[str, Any]]:
        """Read the lines of ``metrics.jsonl``; one that was cut off by the end of the file is left out.

        Returns
        -------
        list of dict of str to object
            With None for NaN; empty where no round was finished yet.

        Raises
        ------
        RunDirectoryError
            If a line before the last is damaged.
        """
        entries = read_json_lines(self._metrics)
        for number, entry in enumerate(entries, start=1):
            if not (isinstance(entry, dict) and {"method", "seed"} <= entry.keys()):
                raise RunDirectoryError(f"{self._metrics}, line {number}: is no round; remove the line")
        return entries

    def write_run(self, record: RunRecord) -> None:
        """Write a finished run; from now on :meth:`drop_unfinished` skips it."""
        path = self._named("runs", record.method, record.seed, "json")
        write_atomic(path, record.to_json() + "\n")

    def read_runs(self) -> list[RunRecord]:
        """Read the finished runs.

        Returns
        -------
        list of RunRecord
            In the order of their first rounds in ``metrics.jsonl``: that in which they were run.

        Raises
        ------
        RunDirectoryError
            If the file of a run is damaged.
        """
        records = [self._read_run(path) for path in sorted((self.path / "runs").glob("*.json"))]
        order = {_key(entry): place for place, entry in reversed(list(enumerate(self.read_rounds())))}
        return sorted(records, key=lambda record: order.get((record.method, record.seed), len(order)))

    def drop_unfinished(self) -> list[RunRecord]:
        """Make ready to go on: forget the rounds of runs that were cut off, which then start anew.

        Returns
        -------
        list of RunRecord
            The finished runs, which need not be run again.

        Raises
        ------
        RunDirectoryError
            If a file is damaged.
        """
        records = self.read_runs()
        finished = {(record.method, record.seed) for record in records}
        kept = [dumps(entry) + "\n" for entry in self.read_rounds() if _key(entry) in finished]
        if self._metrics.exists():
            write_atomic(self._metrics, "".join(kept))
        return records

    def model_path(self, method: str | None = None, seed: int = 0) -> Path:
        """Say where a trained detector belongs.

        Parameters
        ----------
        method : str or None, default=None
            Method of a comparison; None for the only model of ``cfmt train``.
        seed : int, default=0
            Seed of the method's run.

        Returns
        -------
        Path
            In a folder that exists.

        Raises
        ------
        ValueError
            If the method's name cannot be part of a file's name.
        """
        if method is None:
            return self.path / "model.safetensors"
        return self._named("models", method, seed, "safetensors")

    @property
    def _metrics(self) -> Path:
        """The file with one line for each round."""
        return self.path / "metrics.jsonl"

    def _named(self, folder: str, method: str, seed: int, suffix: str) -> Path:
        """Return the path ``FOLDER/METHOD-seedSEED.SUFFIX``, and make the folder."""
        if not _FILE_NAME.fullmatch(method):
            raise ValueError(f"method must be letters, digits and . _ + - to name a file, got {method!r}")
        (self.path / folder).mkdir(exist_ok=True)
        return self.path / folder / f"{method}-seed{seed}.{suffix}"

    def _read_run(self, path: Path) -> RunRecord:
        """Read a finished run; the error for a damaged file says how to run it again."""
        try:
            return RunRecord.from_json(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise RunDirectoryError(
                f"{path}: {error}; remove the file and --resume to run it again"
            ) from error


def _key(entry: Mapping[str, Any]) -> tuple[str, int]:
    """Return the method and the seed of a round, which tell runs apart."""
    return entry["method"], entry["seed"]
