"""Threads whose number does not change a bit of the result.

MKL cuts one matrix product differently for different numbers of threads, and torch cuts an element-wise
kernel into vectors and a scalar rest where a thread's share ends: both change the last bits. So every
product here runs on one thread, and what runs in parallel are whole pieces of work of fixed extent.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

from cfmt.nn.threads import wanted_threads

__all__ = ["map_in_order", "one_thread"]

T = TypeVar("T")
R = TypeVar("R")

_setting = threading.Lock()

if (_wanted := wanted_threads()) is not None:
    torch.set_num_threads(_wanted)


@contextmanager
def one_thread() -> Iterator[None]:
    """Have torch use one thread per operation, and afterwards as many as before.

    The setting belongs to the whole process, so a second caller waits for the first.
    """
    with _setting:
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def map_in_order(function: Callable[[T], R], items: Iterable[T], n_threads: int) -> Iterator[R]:
    """Apply a function to each item, on as many threads, and yield the results in the items' order.

    Works ahead by at most ``n_threads`` items, and on none while the caller holds a result.

    Parameters
    ----------
    function : callable
        Applied to one item, on one thread; must not use :func:`one_thread`.
    items : iterable
        Pieces of work.
    n_threads : int
        Items in work at once.

    Yields
    ------
    object
        What the function returned.
    """
    remaining = iter(items)
    with ThreadPoolExecutor(n_threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        while wave := list(itertools.islice(remaining, n_threads)):
            with one_thread():
                results = list(pool.map(function, wave))
            yield from results
