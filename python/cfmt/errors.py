"""Errors that a user can mend: each message names what was wrong, its value and the remedy."""

import shlex
from collections.abc import Sequence
from pathlib import Path

__all__ = [
    "CfmtError",
    "ConfigError",
    "DataError",
    "DivergedError",
    "InterruptedRunError",
    "MissingExtraError",
    "RunDirectoryError",
    "listed",
    "printable",
    "shortened",
    "shown",
]

_MOST_LETTERS = 900  # of a message
_END = 300  # of them, at least, from its end: there stands the remedy


def printable(text: str) -> str:
    r"""Write out what a terminal would obey or swallow, such as line ends and escape sequences.

    Parameters
    ----------
    text : str
        Anything, such as a name out of a file.

    Returns
    -------
    str

    Examples
    --------
    >>> from cfmt.errors import printable
    >>> print(printable("red: \x1b[31m, new line: \n"))
    red: \x1b[31m, new line: \n
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def shortened(text: str, most: int, end: int = 0) -> str:
    """Leave out the middle of a long text.

    Parameters
    ----------
    text : str
        The text.
    most : int
        Letters that stay, at most; a few more stand for the others.
    end : int, default=0
        How many of them stay at the end.

    Returns
    -------
    str

    Examples
    --------
    >>> from cfmt.errors import shortened
    >>> shortened("abcdefghij", 4), shortened("abcdefghij", 4, end=1)
    ('abcd...', 'abc...j')
    """
    if len(text) <= most:
        return text
    return f"{text[: most - end]}...{text[len(text) - end :]}"


def shown(value: object) -> str:
    """Show a value of a file in a message: quoted if it is a text, in one short line.

    Parameters
    ----------
    value : object
        Such as a cell.

    Returns
    -------
    str

    Examples
    --------
    >>> from cfmt.errors import shown
    >>> shown("many"), shown(7), len(shown("x" * 10_000)) < 80
    ("'many'", '7', True)
    """
    if isinstance(value, str):
        return repr(shortened(value, 60))
    return printable(shortened(repr(value), 60))


def listed(names: Sequence[str], most: int = 12) -> str:
    """List names of a file in a message: the first of them, and how many more there are.

    Parameters
    ----------
    names : sequence of str
        Such as columns.
    most : int, default=12
        How many are named.

    Returns
    -------
    str

    Examples
    --------
    >>> from cfmt.errors import listed
    >>> listed(["uid", "bytes", "proto"], 2)
    'uid, bytes and 1 more'
    """
    named = ", ".join(printable(shortened(name, 40)) for name in names[:most])
    return named + (f" and {len(names) - most:,} more" if len(names) > most else "")


class CfmtError(Exception):
    """Base of the errors that the command line prints as one line.

    Parameters
    ----------
    message : str
        What is wrong, and the remedy. The middle of an overlong one is left out, and what cannot be printed
        is written out: parts of it may come from a file of which nothing is known.

    Examples
    --------
    >>> from cfmt.errors import CfmtError
    >>> str(CfmtError("a column is named " + "x" * 5000 + "; rename it"))[-30:]
    'xxxxxxxxxxxxxxxxxxx; rename it'
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(printable(shortened(message, _MOST_LETTERS, _END)))


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
