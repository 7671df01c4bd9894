"""How many threads torch uses, said before it is imported: on the processor most runs never do."""

from __future__ import annotations

import sys

__all__ = ["set_threads", "wanted_threads"]

_wanted: list[int] = []


def set_threads(n_threads: int) -> None:
    """Set how many threads the torch engines that are made from now on use.

    Parameters
    ----------
    n_threads : int
        At least 1. The Rust kernels have a number of their own.

    Raises
    ------
    ValueError
        If the number is below 1.
    """
    if n_threads < 1:
        raise ValueError(f"n_threads must be at least 1, got {n_threads}")
    _wanted[:] = [n_threads]
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(n_threads)


def wanted_threads() -> int | None:
    """Return the number that was set last; None for torch's own choice."""
    return _wanted[0] if _wanted else None
