"""Ragged arrays: what belongs to clients, without a Python object per client."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

__all__ = ["Ragged", "as_ragged", "runs"]

T = TypeVar("T", bound=np.generic)


class Ragged(NamedTuple, Generic[T]):
    """Values of clients, one client after the other.

    Client ``k`` owns ``values[offsets[k]:offsets[k + 1]]``.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
        All clients' values.
    offsets : ndarray of shape (n_clients + 1,), int64
        Where each client's values start, and the end.

    Examples
    --------
    >>> from cfmt.ragged import Ragged
    >>> ragged = Ragged(np.array([5, 6, 7]), np.array([0, 2, 2, 3]))
    >>> ragged.of(0), ragged.sizes, ragged.clients
    (array([5, 6]), array([2, 0, 1]), array([0, 0, 2]))
    """

    values: npt.NDArray[T]
    offsets: npt.NDArray[np.int64]

    @classmethod
    def from_sizes(cls, values: npt.NDArray[T], sizes: npt.NDArray[np.int64]) -> Ragged[T]:
        """Lay ``values`` out over clients of the given sizes.

        Parameters
        ----------
        values : ndarray of shape (n_values,)
            All clients' values, client by client.
        sizes : ndarray of shape (n_clients,), int64
            How many values each client has.

        Returns
        -------
        Ragged
        """
        return cls(values, np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)]))

    @classmethod
    def from_list(cls, arrays: Sequence[npt.ArrayLike]) -> Ragged[Any]:
        """Lay the arrays of clients out one after the other.

        Parameters
        ----------
        arrays : sequence of array_like
            One for each client, of one dimension; whole numbers become int64.

        Returns
        -------
        Ragged

        Raises
        ------
        ValueError
            If an array has more than one dimension.

        Examples
        --------
        >>> from cfmt.ragged import Ragged
        >>> Ragged.from_list([[3, 1], [], [2]]).offsets
        array([0, 2, 2, 3])
        """
        found = [np.asarray(array) for array in arrays]
        for place, array in enumerate(found):
            if array.ndim != 1:
                raise ValueError(f"arrays[{place}] must have one dimension, got shape {array.shape}")
        held = [array for array in found if len(array)]
        values: npt.NDArray[Any] = np.concatenate(held) if held else np.zeros(0, np.int64)
        if values.dtype.kind in "iu":
            values = values.astype(np.int64)
        ragged: Ragged[Any] = Ragged.from_sizes(values, np.array([len(array) for array in found], np.int64))
        return ragged

    @property
    def n_clients(self) -> int:
        """Number of clients."""
        return len(self.offsets) - 1

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Number of values of each client, shape (n_clients,)."""
        return np.diff(self.offsets)

    @property
    def clients(self) -> npt.NDArray[np.int64]:
        """The client of each value, shape (n_values,)."""
        return np.repeat(np.arange(self.n_clients), self.sizes)

    def of(self, client: int) -> npt.NDArray[T]:
        """Return a view of one client's values; there is no counting from the end."""
        if not 0 <= client < self.n_clients:
            raise IndexError(f"client must be in 0..{self.n_clients}, got {client}")
        return self.values[self.offsets[client] : self.offsets[client + 1]]

    def take(self, clients: npt.NDArray[np.int64]) -> Ragged[T]:
        """Copy the values of some clients, in the order asked for.

        Parameters
        ----------
        clients : ndarray of shape (n_taken,), int64
            Clients to take; one may be taken more than once.

        Returns
        -------
        Ragged
            With ``n_taken`` clients.
        """
        starts = self.offsets[:-1][clients]
        sizes = self.offsets[1:][clients] - starts
        taken = Ragged.from_sizes(self.values[:0], sizes)
        shift = np.repeat(starts - taken.offsets[:-1], sizes)
        return Ragged(self.values[np.arange(taken.offsets[-1]) + shift], taken.offsets)

    def count_flagged(self, flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Count the flagged values of each client.

        Parameters
        ----------
        flags : ndarray of shape (n_values,), bool
            One flag for each value.

        Returns
        -------
        ndarray of shape (n_clients,), int64

        Examples
        --------
        >>> from cfmt.ragged import Ragged
        >>> Ragged(np.arange(3), np.array([0, 2, 3])).count_flagged(np.array([True, False, True]))
        array([1, 1])
        """
        running = np.concatenate([np.zeros(1, np.int64), np.cumsum(flags, dtype=np.int64)])
        return np.diff(running[self.offsets])

    def with_values(self, values: npt.NDArray[Any]) -> Ragged[Any]:
        """Lay other values over the same clients.

        Parameters
        ----------
        values : ndarray of shape (n_values,)
            One value for each of these values.

        Returns
        -------
        Ragged
        """
        return Ragged(values, self.offsets)


def as_ragged(name: str, value: Any) -> Ragged[Any]:
    """Take a ragged array, or make one of a list of arrays; anything else is a ``TypeError``.

    Examples
    --------
    >>> from cfmt.ragged import as_ragged
    >>> as_ragged("parts", [[0], [1, 2]]).sizes
    array([1, 2])
    """
    if isinstance(value, Ragged):
        return value
    if isinstance(value, list | tuple):
        return Ragged.from_list(value)
    kind = type(value).__name__
    raise TypeError(f"{name} must be a Ragged, got {kind}; use Ragged.from_list(arrays), one for each client")


def runs(offsets: npt.NDArray[np.int64], most_values: int) -> Iterator[slice]:
    """Cut clients into runs that are small enough to work on at once.

    Parameters
    ----------
    offsets : ndarray of shape (n_clients + 1,), int64
        Where each client's values start, and the end.
    most_values : int
        Most values of a run; a client with more than that is a run of its own.

    Yields
    ------
    slice
        The clients of a run; the runs together are all clients, in their order.

    Examples
    --------
    >>> from cfmt.ragged import runs
    >>> list(runs(np.array([0, 2, 3, 9, 10]), most_values=4))
    [slice(0, 2, None), slice(2, 3, None), slice(3, 4, None)]
    """
    first, n_clients = 0, len(offsets) - 1
    while first < n_clients:
        fits = int(np.searchsorted(offsets, offsets[first] + most_values, side="right")) - 1
        last = max(first + 1, fits)
        yield slice(first, last)
        first = last
