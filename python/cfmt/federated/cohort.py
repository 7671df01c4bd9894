"""The clients of one round: the models that they received, and their rows, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from cfmt.federated.federation import Federation, count_per_client
from cfmt.federated.methods import Method
from cfmt.federated.state import State
from cfmt.ragged import Ragged, runs

__all__ = ["Cohort", "Part", "Rows", "receive"]

ROWS_AT_ONCE = 1 << 17
"""Rows of a part: no result of the native engine depends on it, and an array of them has 1 MB."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of some clients with their labels.

    Parameters
    ----------
    rows : Ragged of int64
        Rows of the federation's table.
    is_attack : ndarray of shape (n_values,), uint8
        Label of each.
    """

    rows: Ragged[np.int64]
    is_attack: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, federation: Federation, rows: Ragged[np.int64]) -> Rows:
        """Look the labels of some rows up."""
        return cls(rows, federation.is_attack[rows.values])

    @property
    def n_attack(self) -> npt.NDArray[np.int64]:
        """Attack rows of each client, shape (n_cohort,)."""
        return count_per_client(self.rows, self.is_attack == 1)

    @property
    def n_normal(self) -> npt.NDArray[np.int64]:
        """Normal rows of each client, shape (n_cohort,)."""
        return self.rows.sizes - self.n_attack

    def accuracy(self, scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Share of rows that scores of shape (n_values,) decide rightly at 0.5; 0 for an empty client."""
        correct = count_per_client(self.rows, (scores >= 0.5) == (self.is_attack == 1))
        return correct / np.maximum(self.rows.sizes, 1)

    def scores(
        self, scores: npt.NDArray[np.float32], which: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float32]:
        """Look up each row's score under its client's model.

        Parameters
        ----------
        scores : ndarray of shape (n_models, n_rows), float32
            Scores of the table's rows by each model.
        which : ndarray of shape (n_clients,), int64
            The model of each client.

        Returns
        -------
        ndarray of shape (n_values,), float32
        """
        if len(scores) == 1:
            return np.take(scores[0], self.rows.values)
        own: npt.NDArray[np.float32] = scores[np.repeat(which, self.rows.sizes), self.rows.values]
        return own

    def errors(self, scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Error |y - f(x)| of each row, shape (n_values,)."""
        errors: npt.NDArray[np.float32] = np.abs(self.is_attack - scores)
        return errors


class Key(TypedDict):
    """Keyword arguments that key the random streams of clients."""

    seed: int
    round: int
    clients: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Part:
    """Some clients of a cohort, few enough to hold everything of theirs at once.

    Parameters
    ----------
    at : ndarray of shape (n_part,), int64
        Their positions in the cohort.
    clients : ndarray of shape (n_part,), int64
        Their ids.
    train, validation : Rows
        What each trains on and what it holds out.
    which : ndarray of shape (n_part,), int64
        The row of the cohort's ``models`` that each received.
    seed, round : int
        Key of the round's random streams.
    """

    at: npt.NDArray[np.int64]
    clients: npt.NDArray[np.int64]
    train: Rows
    validation: Rows
    which: npt.NDArray[np.int64]
    seed: int
    round: int

    @property
    def key(self) -> Key:
        """Key of the clients' random streams, as keyword arguments."""
        return {"seed": self.seed, "round": self.round, "clients": self.clients}


@dataclass(frozen=True, eq=False)
class Cohort:
    """Who takes part in a round, and with which model.

    Parameters
    ----------
    federation : Federation
        Has the clients' rows.
    clients : ndarray of shape (n_cohort,), int64
        Ids, in rising order.
    models : ndarray of shape (n_models, n_params), float32
        The different models that were sent.
    which : ndarray of shape (n_cohort,), int64
        The row of ``models`` that each client received.
    seed, round : int
        Key of the round's random streams.
    """

    federation: Federation
    clients: npt.NDArray[np.int64]
    models: npt.NDArray[np.float32]
    which: npt.NDArray[np.int64]
    seed: int
    round: int

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Training rows of each client, shape (n_cohort,)."""
        return self.federation.train.sizes[self.clients]

    def parts(self, order: npt.NDArray[np.int64] | None = None) -> Iterator[Part]:
        """Go through the cohort, a part of about ``ROWS_AT_ONCE`` rows at a time.

        Parameters
        ----------
        order : ndarray of shape (n_cohort,), int64, optional
            Positions of the clients in the order in which to go through them; by default as they stand.

        Yields
        ------
        Part
        """
        order = np.arange(len(self.clients)) if order is None else order
        sizes = self.sizes + self.federation.validation.sizes[self.clients]
        offsets = Ragged.from_sizes(order, sizes[order]).offsets
        for run in runs(offsets, ROWS_AT_ONCE):
            yield self._part(order[run])

    def _part(self, at: npt.NDArray[np.int64]) -> Part:
        clients = self.clients[at]
        return Part(
            at=at,
            clients=clients,
            train=Rows.of(self.federation, self.federation.train.take(clients)),
            validation=Rows.of(self.federation, self.federation.validation.take(clients)),
            which=self.which[at],
            seed=self.seed,
            round=self.round,
        )


def receive(
    federation: Federation, method: Method, state: State, clients: npt.NDArray[np.int64], *, seed: int
) -> Cohort:
    """Send each client its model: the global one, or a mixture with its cluster's.

    Parameters
    ----------
    federation : Federation
        Clients and rows.
    method : Method
        Says what clients receive.
    state : State
        After the round before.
    clients : ndarray of shape (n_cohort,), int64
        Who takes part.
    seed : int
        Seed of the run.

    Returns
    -------
    Cohort
    """
    mixture = 0.0 if method.clustering is None else method.clustering.mixture
    models, which = state.model[np.newaxis], np.zeros(len(clients), np.int64)
    if mixture > 0:
        mixed = (1 - mixture) * state.model + mixture * state.clusters.models
        models = np.vstack([models, mixed.astype(np.float32)])
        which = state.clusters.membership[clients] + 1  # a newcomer, at -1, gets the global model
    return Cohort(
        federation=federation,
        clients=clients,
        models=models,
        which=which,
        seed=seed,
        round=state.round + 1,
    )
