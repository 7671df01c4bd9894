"""Errors as one line on stderr, with an exit code that scripts can tell apart."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from typing import Any, TextIO

import typer
from typer.core import TyperGroup

from cfmt.errors import CfmtError, ConfigError, printable

__all__ = ["DRIFTED", "FAILED", "INTERRUPTED", "MISUSED", "OneLineErrors", "print_error", "tell"]

FAILED, MISUSED, DRIFTED, INTERRUPTED = 1, 2, 3, 130

_NO_SPACE, _NO_RIGHT = "; free some space there", "; name a folder that you may write in"
_REMEDIES = {
    errno.ENOSPC: _NO_SPACE,
    errno.EDQUOT: _NO_SPACE,
    errno.EROFS: _NO_RIGHT,
    errno.EACCES: _NO_RIGHT,
}
_NO_MEMORY = "out of memory; take fewer clients, a smaller --hidden or --group-size, or fewer --threads"
_TORCH_NO_MEMORY = ("can't allocate memory", "out of memory")  # torch has no MemoryError
_RENAMED = {"run": "train", "search": "tune"}
_EXTRAS = {"matplotlib": "plots", "onnx": "onnx", "torch": "torch"}


class OneLineErrors(TyperGroup):
    """A group of commands whose errors end in one line; ``CFMT_DEBUG=1`` shows where they come from."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that is named; one that has another name now gets a hint."""
        if args and args[0] in _RENAMED and args[0] not in self.commands:
            print_error(f"unknown command {args[0]}: {args[0]} is now {_RENAMED[args[0]]}")
            raise typer.Exit(MISUSED)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        before, warnings.showwarning = warnings.showwarning, _show_warning
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo("interrupted", err=True)
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            if _is_typers(error) or isinstance(error, BrokenPipeError) or os.environ.get("CFMT_DEBUG") == "1":
                raise
            print_error(_line(error))
            raise typer.Exit(MISUSED if isinstance(error, ConfigError) else FAILED) from error
        finally:
            warnings.showwarning = before


def print_error(message: str) -> None:
    """Print ``error: message`` on stderr, on one line."""
    sys.stderr.write(f"error: {' '.join(message.split())}\n")


def tell(text: str) -> None:
    """Print a line for people on stderr; what a terminal would obey is written out: it may be out of a file.

    Parameters
    ----------
    text : str
        Without its end.
    """
    typer.echo(printable(text), err=True)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Tell what is odd about data in one line; other warnings are shown with where they come from."""
    from cfmt.data.reading import DataWarning

    if issubclass(category, DataWarning):
        tell(f"warning: {message}")
    else:
        sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, line))


def _is_typers(error: Exception) -> bool:
    """Whether typer itself ends the program by it: an exit, a wrong option, an abort."""
    return isinstance(error, typer.Exit | typer.Abort) or hasattr(error, "exit_code")


def _line(error: Exception) -> str:
    """Word an error in one line, with what to do about it where that is known."""
    match error:
        case ModuleNotFoundError(name=str(name)) if name.split(".")[0] in _EXTRAS:
            package = name.split(".")[0]
            return f"this needs {package}, which is not installed: pip install 'cfmt[{_EXTRAS[package]}]'"
        case CfmtError():
            return str(error)
        case OSError(filename=str(filename), strerror=str(reason)):
            return f"{filename}: {reason}{_REMEDIES.get(error.errno or 0, '')}"
        case MemoryError():
            return _NO_MEMORY
        case RuntimeError() if any(words in str(error) for words in _TORCH_NO_MEMORY):
            return _NO_MEMORY
    return f"{type(error).__name__}: {error} (a fault of cfmt; CFMT_DEBUG=1 shows where)"
