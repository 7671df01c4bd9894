"""The cohort of a round: what the server sends to whom, and the clients' rows, a group at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

import numpy as np
import numpy.typing as npt

from cfmt.ragged import Ragged, runs

if TYPE_CHECKING:  # a site that evaluates and trains needs none
    from cfmt.federated.federation import Federation

__all__ = ["ClientGroup", "Cohort", "LabelledRows", "groups"]

ROWS_AT_ONCE = 1 << 17
"""Rows of a group: no result of the native engine depends on it, and an array of them has 1 MB."""


class Key(TypedDict):
    """Keyword arguments that key the random streams of clients."""

    seed: int
    round: int
    clients: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cohort:
    """What the server sends in a round, and to whom.

    Parameters
    ----------
    clients : ndarray of shape (n_cohort,), int64
        Ids, in rising order.
    models : ndarray of shape (n_models, n_params), float32
        The different models that were sent.
    model_index : ndarray of shape (n_cohort,), int64
        The row of ``models`` that each client received.
    seed, round : int
        Key of the round's random streams.
    """

    clients: npt.NDArray[np.int64]
    models: npt.NDArray[np.float32]
    model_index: npt.NDArray[np.int64]
    seed: int
    round: int

    def __len__(self) -> int:
        """Return the number of clients."""
        return len(self.clients)

    @property
    def n_params(self) -> int:
        """Parameters of a model."""
        return int(self.models.shape[1])


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Rows of some clients with their labels.

    Parameters
    ----------
    rows : Ragged of int64
        Rows of the engine's table.
    is_attack : ndarray of shape (n_values,), uint8
        Label of each.
    """

    rows: Ragged[np.int64]
    is_attack: npt.NDArray[np.uint8]

    @property
    def n_attack(self) -> npt.NDArray[np.int64]:
        """Attack rows of each client, shape (n_clients,)."""
        return self.rows.count_flagged(self.is_attack == 1)

    @property
    def n_normal(self) -> npt.NDArray[np.int64]:
        """Normal rows of each client, shape (n_clients,)."""
        return self.rows.sizes - self.n_attack

    def accuracy(self, scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Share of rows that scores of shape (n_values,) decide rightly at 0.5; 0 for an empty client."""
        correct = self.rows.count_flagged((scores >= 0.5) == (self.is_attack == 1))
        return correct / np.maximum(self.rows.sizes, 1)

    def scores(
        self, scores: npt.NDArray[np.float32], model_index: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float32]:
        """Look up each row's score under its client's model.

        Parameters
        ----------
        scores : ndarray of shape (n_models, n_rows), float32
            Scores of the table's rows by each model.
        model_index : ndarray of shape (n_clients,), int64
            The model of each client.

        Returns
        -------
        ndarray of shape (n_values,), float32
        """
        if len(scores) == 1:
            return np.take(scores[0], self.rows.values)
        own: npt.NDArray[np.float32] = scores[np.repeat(model_index, self.rows.sizes), self.rows.values]
        return own

    def errors(self, scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Error |y - f(x)| of each row, shape (n_values,)."""
        errors: npt.NDArray[np.float32] = np.abs(self.is_attack - scores)
        return errors


@dataclass(frozen=True, eq=False)
class ClientGroup:
    """Clients that are handled in one call, few enough to hold everything of theirs at once.

    A site that knows only itself makes one of a single client, over its own table.

    Parameters
    ----------
    positions : ndarray of shape (n_clients,), int64
        Their positions in the cohort.
    clients : ndarray of shape (n_clients,), int64
        Their ids.
    train, validation : LabelledRows
        What each trains on, and its validation rows.
    model_index : ndarray of shape (n_clients,), int64
        The row of the cohort's ``models`` that each received.
    seed, round : int
        Key of the round's random streams.
    """

    positions: npt.NDArray[np.int64]
    clients: npt.NDArray[np.int64]
    train: LabelledRows
    validation: LabelledRows
    model_index: npt.NDArray[np.int64]
    seed: int
    round: int

    @property
    def key(self) -> Key:
        """Key of the clients' random streams, as keyword arguments."""
        return {"seed": self.seed, "round": self.round, "clients": self.clients}


def groups(
    federation: Federation, cohort: Cohort, order: npt.NDArray[np.int64] | None = None
) -> Iterator[ClientGroup]:
    """Go through a cohort, a group of about ``ROWS_AT_ONCE`` rows at a time.

    Parameters
    ----------
    federation : Federation
        Has the clients' rows.
    cohort : Cohort
        Who takes part.
    order : ndarray of shape (n_cohort,), int64, optional
        Positions of the clients in the order in which to go through them; by default as they stand.

    Yields
    ------
    ClientGroup
    """
    order = np.arange(len(cohort)) if order is None else order
    clients = cohort.clients[order]
    sizes = federation.train.sizes[clients] + federation.validation.sizes[clients]
    for run in runs(Ragged.from_sizes(order, sizes).offsets, ROWS_AT_ONCE):
        at, own = order[run], clients[run]
        yield ClientGroup(
            positions=at,
            clients=own,
            train=labelled(federation, federation.train.take(own)),
            validation=labelled(federation, federation.validation.take(own)),
            model_index=cohort.model_index[at],
            seed=cohort.seed,
            round=cohort.round,
        )


def labelled(federation: Federation, rows: Ragged[np.int64]) -> LabelledRows:
    """Look up the labels of some rows."""
    return LabelledRows(rows, federation.is_attack[rows.values])
