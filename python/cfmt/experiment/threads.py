"""How many threads compute."""

from __future__ import annotations

from cfmt import _core
from cfmt.errors import ConfigError
from cfmt.nn.threads import set_threads

__all__ = ["use_threads"]


def use_threads(threads: int | None) -> None:
    """Set the threads of the kernels and of torch, before either has begun.

    Parameters
    ----------
    threads : int or None
        None leaves all cores to them.

    Raises
    ------
    ConfigError
        If the kernels run already with another number.

    Examples
    --------
    >>> from cfmt.errors import ConfigError
    >>> from cfmt.experiment.threads import use_threads
    >>> try:
    ...     use_threads(0)
    ... except ConfigError as error:
    ...     print(error)
    threads must be at least 1, got 0
    """
    if threads is None:
        return
    try:
        _core.set_threads(threads)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    set_threads(threads)
