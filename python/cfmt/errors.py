"""Errors that a user can mend: each message names what was wrong, its value and the remedy."""

import shlex
from pathlib import Path

__all__ = [
    "CfmtError",
    "ConfigError",
    "DataError",
    "DivergedError",
    "InterruptedRunError",
    "MissingExtraError",
    "RunDirectoryError",
]


class CfmtError(Exception):
    """Base of the errors that the command line prints as one line."""


class ConfigError(CfmtError, ValueError):
    """An option, or a combination of options, that cannot be."""


class DataError(CfmtError, ValueError):
    """A data file that is missing, damaged, or not what it should be."""


class DivergedError(CfmtError, ArithmeticError):
    """A training whose numbers became too large for floats, such as by a learning rate that is too high."""


class InterruptedRunError(KeyboardInterrupt):
    """An experiment that was interrupted, and can be resumed.

    Parameters
    ----------
    folder : Path
        Its folder.
    n_finished, n_runs : int
        Runs that are finished there, and runs in all.
    """

    def __init__(self, folder: Path, n_finished: int, n_runs: int) -> None:
        self.state = f"{n_finished} of {n_runs} runs are finished in {folder}"
        super().__init__(f"interrupted; {self.state}")
        self.folder, self.n_finished, self.n_runs = folder, n_finished, n_runs

    def how_to_resume(self, command: str) -> str:
        """Say what is finished, and the command that resumes it."""
        resume = f"cfmt {command} --resume {shlex.quote(str(self.folder))}"
        return f"{self.state}; resume with: {resume}"


class MissingExtraError(CfmtError, ImportError):
    """A package that belongs to an extra which is not installed."""


class RunDirectoryError(CfmtError, OSError):
    """A run directory that exists, or cannot be written or read."""
